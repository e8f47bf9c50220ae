//! NSA-209: a file system in user space whose daemon is the host's: what is written there is for the
//! daemon to act on.

use super::case::Case;
use super::catalogue::FUSE;
use super::exposed::merged;
use super::finding::{Finding, Severity, Verdict};
use crate::model::mount::Mount;

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mounts = case.mounts().unwrap_or_default();
    let found = mounts.iter().filter_map(|mount| judge(case, mount));
    findings.extend(merged(found.collect()));
}

fn judge(case: &Case<'_>, mount: &Mount) -> Option<Finding> {
    let is_fuse = mount.fstype == "fuse" || mount.fstype.starts_with("fuse.");
    let mut host = case.snapshot.host_mounts.known()?.iter();
    let theirs = host.find(|it| it.device == mount.device)?;
    // lxcfs is meant to lend single files of its proc folder; by its cgroup folder it acts as root.
    let is_lent = mount.fstype == "fuse.lxcfs" && mount.root.starts_with("/proc/");
    if !is_fuse || is_lent || mount.read_only {
        return None;
    }
    let (at, kind) = (&mount.mount_point, &mount.fstype);
    let why = format!("{at} is {kind} of a daemon of the host, and writable");
    let mut finding = Finding::new(&FUSE, Severity::High, Verdict::Conditional, why);
    finding.evidence.push(case.mount_line(mount));
    Some(
        finding
            .seen(
                "mountinfo of the host",
                format!("{} {}", theirs.id, theirs.mount_point),
            )
            .provided("the daemon does as root what is written there"),
    )
}
