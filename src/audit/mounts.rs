//! Questions about a mount table that several rules ask.

use std::collections::HashSet;

use crate::model::Snapshot;
use crate::model::mount::{Mount, below, join};

/// The mount that shows what is at a path. As the kernel walks: from the root, always to what is
/// mounted on the mount that it is in, nearest first. The order of the lines tells nothing, and a
/// longer mount point nothing either: another mount may lie above all of it.
pub fn covering<'a>(table: &'a [Mount], path: &str) -> Option<&'a Mount> {
    let ids: HashSet<i32> = table.iter().map(|mount| mount.id).collect();
    let is_first = |mount: &&Mount| mount.id == mount.parent || !ids.contains(&mount.parent);
    let mut at = table
        .iter()
        .filter(is_first)
        .filter(|mount| below(&mount.mount_point, path).is_some())
        .min_by_key(|mount| mount.mount_point.len())?;
    // Each step leads to another mount; a forged table must not make us go in circles.
    for _ in 0..table.len() {
        let on_it = table.iter().filter(|mount| {
            mount.parent == at.id && mount.id != at.id && below(&mount.mount_point, path).is_some()
        });
        match on_it.min_by_key(|mount| mount.mount_point.len()) {
            Some(next) => at = next,
            None => break,
        }
    }
    Some(at)
}

/// Whether neither the mount nor the file system behind it is read-only.
pub fn is_writable(mount: &Mount) -> bool {
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    !mount.read_only && !is_read_only(&mount.super_options)
}

/// Whether it shows a file system that lies on a disk: of such there is one for the whole machine,
/// and its other directories are behind the same superblock. Devices with the major number 0 are
/// made up by the kernel for what is no disk, or is one of several (btrfs).
pub fn is_on_disk(mount: &Mount) -> bool {
    !mount.device.starts_with("0:") || mount.fstype == "btrfs"
}

/// Whether it is a directory of a disk that was brought in beside the root file system.
pub fn is_writable_bind(mount: &Mount) -> bool {
    /// What runtimes bring in for every container.
    const USUAL: [&str; 6] = [
        "/etc/hosts",
        "/etc/hostname",
        "/etc/resolv.conf",
        "/run/.containerenv",
        "/dev/termination-log",
        "/dev/shm",
    ];
    let point = mount.mount_point.as_str();
    point != "/" && is_on_disk(mount) && is_writable(mount) && !USUAL.contains(&point)
}

/// File systems that are windows to the kernel: a mount of them shows no files of the host.
const OF_THE_KERNEL: [&str; 18] = [
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// Where a mount of a process is on the host.
pub struct HostPath<'a> {
    pub path: String,
    /// The mount of the host that leads there.
    pub mount: &'a Mount,
}

/// Where on the host a mount is, by file system and directory; `None`: it is nowhere on the host, or
/// a file system of the kernel.
pub fn on_host<'a>(snapshot: &'a Snapshot, mount: &Mount) -> Option<HostPath<'a>> {
    if OF_THE_KERNEL.contains(&mount.fstype.as_str()) {
        return None;
    }
    let host = snapshot.host_mounts.known()?;
    let fitting = host.iter().filter(|it| it.device == mount.device);
    let (rest, found) = fitting
        .filter_map(|it| Some((below(&it.root, &mount.root)?, it)))
        .min_by_key(|(rest, it)| (rest.len(), it.mount_point.len()))?;
    let path = join(&found.mount_point, rest);
    Some(HostPath { path, mount: found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(id: i32, parent: i32, point: &str, read_only: bool) -> Mount {
        Mount {
            id,
            parent,
            device: "0:41".to_owned(),
            root: "/".to_owned(),
            mount_point: point.to_owned(),
            fstype: "proc".to_owned(),
            source: "proc".to_owned(),
            read_only,
            options: String::new(),
            super_options: "rw".to_owned(),
            shared: None,
            master: None,
            unbindable: false,
        }
    }

    #[test]
    fn of_mounts_at_one_point_the_one_that_nothing_is_mounted_on_is_seen_in_any_order() {
        let below = mount(10, 1, "/proc/sys", false);
        let above = mount(11, 10, "/proc/sys", true);
        for table in [[below.clone(), above.clone()], [above.clone(), below]] {
            let seen = covering(&table, "/proc/sys/kernel/core_pattern");
            assert_eq!(seen, Some(&above));
        }
    }

    #[test]
    fn a_mount_that_lies_above_another_with_a_longer_point_covers_it() {
        let table = [
            mount(2, 1, "/proc", false),
            mount(3, 2, "/proc/sys", true),
            mount(4, 2, "/proc", false),
            mount(1, 0, "/", false),
        ];
        assert_eq!(
            covering(&table, "/proc/sys/kernel").map(|it| it.id),
            Some(4)
        );
    }

    #[test]
    fn a_longer_mount_point_covers_a_shorter_one_and_names_that_only_begin_alike_do_not() {
        let table = [
            mount(1, 0, "/", false),
            mount(2, 1, "/proc", false),
            mount(3, 2, "/proc/sysrq-trigger", true),
        ];
        assert_eq!(covering(&table, "/proc/sys").map(|it| it.id), Some(2));
        assert_eq!(covering(&table, "/process").map(|it| it.id), Some(1));
    }
}
