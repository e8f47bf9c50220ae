//! NSA-203: a mount that is in one peer group with a mount of the host hands on to the host what is
//! mounted below it.

use super::ability::Ability;
use super::case::Case;
use super::catalogue::PROPAGATION;
use super::exposed::{merged, no_host_table, unknown};
use super::finding::{Finding, Severity, Verdict};
use crate::model::mount::Mount;
use crate::model::{NsKind, Seen};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.shares_host(NsKind::Mnt) == Seen::Known(true) {
        return;
    }
    let gap = case.mounts().err().or_else(|| no_host_table(case));
    if let Some(why) = gap {
        let what = "which of its mounts are the host's";
        return findings.push(unknown(&PROPAGATION, Severity::Medium, what, &why));
    }
    let to_mount = Ability::to_mount(case);
    let mounts = case.mounts().unwrap_or_default();
    let found = mounts
        .iter()
        .filter_map(|mount| judge(case, mount, &to_mount));
    findings.extend(merged(found.collect()));
}

fn judge(case: &Case<'_>, mount: &Mount, to_mount: &Ability) -> Option<Finding> {
    // Numbers of peer groups are the kernel's, not the namespace's (proc_pid_mountinfo(5)).
    let group = mount.shared?;
    let mut host = case.snapshot.host_mounts.known()?.iter();
    let peer = host.find(|it| it.shared == Some(group))?;
    let (severity, verdict) = match to_mount {
        Ability::No(_) => (Severity::Medium, Verdict::SharedOnly),
        able => (Severity::High, able.verdict(Verdict::SharedOnly)),
    };
    let (at, theirs) = (&mount.mount_point, &peer.mount_point);
    let why = match to_mount {
        Ability::No(reason) => format!("{at} and {theirs} of the host are peers, but {reason}"),
        _ => format!("what it mounts below {at} appears below {theirs} on the host"),
    };
    let finding = Finding::new(&PROPAGATION, severity, verdict, why)
        .seen(
            case.file("mountinfo"),
            format!("{} {at} shared:{group}", mount.id),
        )
        .seen(
            "mountinfo of the host",
            format!("{} {theirs} shared:{group}", peer.id),
        );
    Some(to_mount.settle(finding))
}
