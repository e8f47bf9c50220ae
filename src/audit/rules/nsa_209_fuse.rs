//! NSA-209: a file system in user space whose daemon is the host's: what is written there is for the daemon to act on.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::exposed::merged;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::mount::Mount;

pub static RULE: Rule = Rule {
    id: "NSA-209",
    title: "a file system of a daemon of the host can be written",
    worst: Severity::High,
    why: "A FUSE file system is served by a program. Where that program is the host's and runs as \
          root, what a container writes there is done outside, as root, by a daemon that was rarely \
          written with an enemy in mind. What is lent by design, as the files that lxcfs puts over \
          /proc, is not told.",
    remedy: "mount it read-only, or only the files that are needed",
    remedies: &[(
        "lxc",
        "bind single files of lxcfs, and not its root or cgroup folder",
    )],
    references: &[ESCAPE],
    needs: &[Need::Mounts, Need::HostMounts],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let mounts = case.mounts().unwrap_or_default();
    let found = mounts.iter().filter_map(|mount| judge(case, mount));
    merged(found.collect())
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
    let mut finding = Finding::new(&RULE, Severity::High, Verdict::Conditional, why);
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

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_209_a_file_system_of_a_daemon_of_the_host_that_can_be_written() {
        let at = |fstype: &str, root: &str, read_only: bool| {
            let fuse = Mount {
                id: 7,
                parent: 1,
                device: "0:99".to_owned(),
                root: root.to_owned(),
                mount_point: "/srv/fuse".to_owned(),
                fstype: fstype.to_owned(),
                read_only,
                ..root_mount("/")
            };
            let mut it = container(10, ID, &[]);
            details(&mut it).mounts = Seen::Known(vec![root_mount("/srv/rootfs"), fuse.clone()]);
            let mut snapshot = machine([it]);
            let of_host = Mount {
                root: "/".to_owned(),
                mount_point: "/var/lib/lxcfs".to_owned(),
                ..fuse
            };
            snapshot.host_mounts = Seen::Known(vec![root_mount("/"), of_host]);
            let of_container = judged(&snapshot, 10, "NSA-209");
            // A daemon of the container's own acts for nobody else.
            snapshot.host_mounts = Seen::Known(vec![root_mount("/")]);
            assert_eq!(judged(&snapshot, 10, "NSA-209"), None);
            of_container
        };
        let told = Some((Severity::High, Verdict::Conditional));
        assert_eq!(at("fuse.sshfs", "/", false), told);
        assert_eq!(at("fuse.lxcfs", "/cgroup", false), told);
        assert_eq!(
            at("fuse.lxcfs", "/proc/meminfo", false),
            None,
            "lent by design"
        );
        assert_eq!(at("fuse.sshfs", "/", true), None, "read-only");
        assert_eq!(at("ext4", "/", false), None);
    }
}
