//! NSA-202: files of the host's root that it may read, where it may not write them.

use crate::analyse::power::files::{Access, Inode, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::inode;
use crate::audit::questions::host_files::{Bind, by_bind, evidence_of_bind, may_write, worth};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::FileKind;

pub static RULE: Rule = Rule {
    id: "NSA-202",
    title: "secrets of the host can be read",
    worst: Severity::High,
    why: "A read-only mount of / or /etc still shows what is meant for root's eyes: /etc/shadow, \
          private keys, credentials of the kubelet, files of other containers. With these the host, or \
          the next one, is entered by the front door.",
    remedy: "mount only the files that are needed, or give it a user namespace",
    remedies: &[],
    references: &[
        ESCAPE,
        "Kubescape C-0048",
        "Pod Security Standards baseline: hostPath",
    ],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
        Need::Containers,
        Need::MountPoints,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_bind(case, &RULE, Severity::High, readable)
}

/// What only root of the host may read: /etc/shadow, keys, the files of other containers.
const SECRET: Inode = Inode {
    uid: 0,
    gid: 0,
    mode: 0o600,
    is_directory: false,
};

fn readable(case: &Case<'_>, bind: &Bind<'_>) -> Option<Finding> {
    let file = bind.point.file;
    // One file that everybody may read is no secret; of a folder, what root keeps there is.
    let wanted = match file.kind {
        FileKind::Directory => SECRET,
        _ if file.mode & 0o004 != 0 => return None,
        _ => inode(file),
    };
    let (at, path) = (&bind.mount.mount_point, &bind.host.path);
    if worth(path) != Severity::Critical {
        return None;
    }
    // Whoever may write there needs no reading: that is NSA-201.
    if !may_write(case, bind).is_no() {
        return None;
    }
    let ability = Ability::of(case, |credentials| {
        let through = match file.kind {
            FileKind::Directory => may_access(credentials, inode(file), Access::Execute),
            _ => may_access(credentials, wanted, Access::Read),
        };
        through.and(|| may_access(credentials, wanted, Access::Read))
    });
    let why = match &ability {
        Ability::No(reason) => {
            format!("{at} is {path} of the host, but not root's files: {reason}")
        }
        _ => format!("{at} is {path} of the host, and it may read what only root may read"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let finding = Finding::new(&RULE, Severity::High, verdict, why);
    Some(ability.settle(evidence_of_bind(case, bind, finding)))
}
