//! NSA-210: set-user-ID programs that it can leave in a directory of the host.

use super::nsa_201_host_files_writable;
use crate::analyse::power::Answer;
use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::inode;
use crate::audit::questions::host_files::{Bind, by_bind, evidence_of_bind, worth};
use crate::audit::rule::{Asks, Check, ESCAPE, GivesWay, How, Rule};
use crate::model::exposure::FileKind;

pub static RULE: Rule = Rule {
    id: "NSA-210",
    title: "set-user-ID programs of root can be left on the host",
    worst: Severity::High,
    why: "The set-user-ID bit counts where a program is executed, not where it was made. Without a \
          user namespace, root in a container can leave a program of root's with that bit in any \
          directory of the host that it may write, and an ordinary user of the host who runs it is \
          root. It takes an account on the host, and a file system that is not mounted nosuid there.",
    remedy: "mount the file system with nosuid on the host, or give it a user namespace",
    remedies: &[],
    references: &[ESCAPE],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
        Need::Containers,
        Need::MountPoints,
    ],
    asks: Asks::Held,
    gives_way: &[
        // Whoever is root of the host already needs no more.
        GivesWay {
            to: &nsa_201_host_files_writable::RULE,
            how: How::Dropped,
            when: |_, other| {
                other.severity == Severity::Critical && other.verdict == Verdict::Exploitable
            },
        },
    ],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_bind(case, &RULE, Severity::High, setuid)
}

/// The set-user-ID bit counts where users of the host run the file: by the host's mount, whatever
/// the process's own says.
fn setuid(case: &Case<'_>, bind: &Bind<'_>) -> Option<Finding> {
    let is_told = worth(&bind.host.path) == Severity::Critical;
    let is_directory = bind.point.file.kind == FileKind::Directory;
    if is_told || !is_directory || bind.mount.read_only || bind.host.mount.has_option("nosuid") {
        return None;
    }
    let ability = Ability::of(case, |credentials| {
        let is_root = credentials.uids.fs == 0 && credentials.ids_are_exact;
        let says = "what it makes does not belong to root of the host";
        Answer::new(is_root, "R7", says, "")
            .and(|| may_access(credentials, inode(bind.point.file), Access::Write))
    });
    if ability.is_no() {
        return None;
    }
    let why = format!(
        "it can make set-user-ID programs of root in {}, and the host's mount is not nosuid",
        bind.host.path
    );
    let verdict = ability
        .verdict(Verdict::Mitigated)
        .min(Verdict::Conditional);
    let finding = Finding::new(&RULE, Severity::High, verdict, why);
    let finding = evidence_of_bind(case, bind, finding).seen(
        "mountinfo of the host",
        format!(
            "{} {}",
            bind.host.mount.mount_point, bind.host.mount.options
        ),
    );
    let reach = format!("a user of the host can get to {}", bind.host.path);
    Some(ability.settle(finding).provided(reach))
}
