//! NSA-203: a mount that is in one peer group with a mount of the host hands on to the host what is mounted below
//! it.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{merged, no_host_table, unknown};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::mount::Mount;
use crate::model::{NsKind, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-203",
    title: "what it mounts appears on the host",
    worst: Severity::High,
    why: "A mount with shared propagation hands on to its peers what is mounted below it. Where a peer \
          is the host's, a container that may mount can lay a file system of its own over a directory \
          that programs of the host trust. It is also how mounts stay behind on the host when a \
          container ends.",
    remedy: "mount it with private or slave propagation",
    remedies: &[
        ("docker", "drop :shared and :rshared from the -v"),
        ("podman", "drop :shared and :rshared from the -v"),
        ("kubernetes", "mountPropagation: None or HostToContainer"),
        ("systemd", "MountFlags=slave"),
    ],
    references: &[ESCAPE, "CIS Docker 5.20"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if case.shares_host(NsKind::Mnt) == Seen::Known(true) {
        return None;
    }
    let gap = case.mounts().err().or_else(|| no_host_table(case));
    if let Some(why) = gap {
        let what = "which of its mounts are the host's";
        return Some(unknown(&RULE, Severity::Medium, what, &why));
    }
    let to_mount = Ability::to_mount(case);
    let mounts = case.mounts().unwrap_or_default();
    let found = mounts
        .iter()
        .filter_map(|mount| judge(case, mount, &to_mount));
    merged(found.collect())
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
    let finding = Finding::new(&RULE, severity, verdict, why)
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
