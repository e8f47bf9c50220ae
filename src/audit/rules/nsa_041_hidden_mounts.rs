//! NSA-041: mounts that are in its mount namespace and that no path of it leads to, because its root was only laid
//! on top of theirs.

use std::collections::BTreeSet;

use crate::analyse::power::Answer;
use crate::analyse::power::capable::ns_capable;
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::unknown;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::HiddenMount;
use crate::model::{CapabilitySet, NsKind, Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-041",
    title: "mounts outside of its root are still in its mount namespace",
    worst: Severity::High,
    why: "A runtime that lays a new root over the host's instead of using pivot_root(2) leaves the \
          host's mounts in the container's mount namespace: --no-pivot does, and so do initramfs set- \
          ups. No path leads to them, but whoever may mount or unmount in there can uncover them, and \
          with them the file system of the host.",
    remedy: "let the runtime use pivot_root(2) and unmount the old root",
    remedies: &[
        ("runc", "drop --no-pivot"),
        ("docker", "unset DOCKER_RAMDISK for dockerd"),
        (
            "containerd",
            "no_pivot = false for the runtime in config.toml",
        ),
    ],
    references: &[ESCAPE],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
        Need::HiddenMounts,
        Need::Containers,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    // There is nothing that it hides in there.
    if case.shares_host(NsKind::Mnt) == Seen::Known(true) {
        return None;
    }
    let hidden = match case.exposure().map(|it| &it.hidden_mounts) {
        Ok(Seen::Known(hidden)) => hidden,
        Ok(Seen::Unknown(why)) => return Some(not_known(why)),
        Err(why) => return Some(not_known(&why)),
    };
    let shown = shown_to_others(case);
    let hidden: Vec<&HiddenMount> = hidden.iter().filter(|it| !shown.contains(&it.id)).collect();
    (!hidden.is_empty()).then(|| judge(case, &hidden))
}

fn not_known(why: &Why) -> Finding {
    let what = "the kernel's list of its mounts";
    unknown(&RULE, Severity::Medium, what, why)
}

/// Mounts that another process of its mount namespace has paths to: it is in a chroot, and they are
/// not.
fn shown_to_others(case: &Case<'_>) -> BTreeSet<i32> {
    let own = case.process.links.own(NsKind::Mnt);
    let neighbours =
        case.snapshot.processes.iter().filter(|other| {
            other.links.own(NsKind::Mnt) == own && other.task() != case.process.task()
        });
    let tables = neighbours.filter_map(|other| other.details.as_deref()?.mounts.known());
    tables.flatten().map(|mount| mount.id).collect()
}

fn judge(case: &Case<'_>, hidden: &[&HiddenMount]) -> Finding {
    let host = case.snapshot.host_mounts.known().into_iter().flatten();
    let devices: BTreeSet<&str> = host.map(|mount| mount.device.as_str()).collect();
    let of_host = hidden
        .iter()
        .filter(|it| devices.contains(it.device.as_str()));
    let to_mount = Ability::to_mount(case);
    let (severity, verdict) = match to_mount {
        Ability::No(_) => (Severity::Medium, Verdict::SharedOnly),
        _ => (Severity::High, to_mount.verdict(Verdict::SharedOnly)),
    };
    let number = hidden.len();
    let says = format!(
        "{number} mounts lie below or beside its root, {} of them of file systems of the host; who \
         may mount in there can uncover them",
        of_host.clone().count()
    );
    let finding = Finding::new(&RULE, severity, verdict, says).seen(
        "listmount and mountinfo",
        format!(
            "{} more than the {} shown",
            number,
            case.mounts().map_or(0, <[_]>::len)
        ),
    );
    let finding = of_host.take(4).fold(finding, |finding, it| {
        let root = it.root.as_deref().unwrap_or("?");
        finding.seen("statmount", format!("{} {} {root}", it.id, it.device))
    });
    let finding = to_mount.settle(finding);
    let leaves = may_leave_root(case);
    match severity {
        Severity::Medium if leaves => Finding {
            verdict: Verdict::Conditional,
            ..finding.provided("CAP_SYS_CHROOT is enough to leave its root directory")
        },
        _ => finding,
    }
}

fn may_leave_root(case: &Case<'_>) -> bool {
    let ability = Ability::of(case, |credentials| match credentials.user_ns {
        Seen::Known(own) => {
            let chroot = CapabilitySet::SYS_CHROOT;
            ns_capable(case.snapshot, credentials, own, chroot)
        }
        Seen::Unknown(ref why) => Answer::unknown("R1", "it", why),
    });
    !ability.is_no()
}
