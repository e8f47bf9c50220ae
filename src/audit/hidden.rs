//! NSA-041: mounts that are in its mount namespace and that no path of it leads to, because its root
//! was only laid on top of theirs.

use std::collections::BTreeSet;

use super::ability::Ability;
use super::case::Case;
use super::catalogue::HIDDEN_MOUNTS;
use super::exposed::unknown;
use super::finding::{Finding, Severity, Verdict};
use crate::model::exposure::HiddenMount;
use crate::model::{CapabilitySet, NsKind, Seen};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    // There is nothing that it hides in there.
    if case.shares_host(NsKind::Mnt) == Seen::Known(true) {
        return;
    }
    let hidden = match case.exposure().map(|it| &it.hidden_mounts) {
        Ok(Seen::Known(hidden)) => hidden,
        Ok(Seen::Unknown(why)) => return findings.push(not_known(why)),
        Err(why) => return findings.push(not_known(&why)),
    };
    let shown = shown_to_others(case);
    let hidden: Vec<&HiddenMount> = hidden.iter().filter(|it| !shown.contains(&it.id)).collect();
    if !hidden.is_empty() {
        findings.push(judge(case, &hidden));
    }
}

fn not_known(why: &crate::model::Why) -> Finding {
    let what = "the kernel's list of its mounts";
    unknown(&HIDDEN_MOUNTS, Severity::Medium, what, why)
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
    let finding = Finding::new(&HIDDEN_MOUNTS, severity, verdict, says).seen(
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
            crate::analyse::power::capable::ns_capable(case.snapshot, credentials, own, chroot)
        }
        Seen::Unknown(ref why) => crate::analyse::power::Answer::unknown("R1", "it", why),
    });
    !ability.is_no()
}
