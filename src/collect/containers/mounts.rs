//! Mounts that come from the folders of runtimes: an engine binds a few files of its own into each
//! container, so that the mount table holds the id even where the cgroup is hidden.

use std::ops::Deref;

use crate::collect::parse;
use crate::model::container::{RuntimeMount, is_hash};
use crate::model::mount::Mount;
use crate::model::{Author, text};

/// So many are kept of one table: a container with the rights for it could make any number.
const MOST: usize = 32;

/// One line of a mount table, as far as it matters here.
pub struct Line {
    device: String,
    fstype: String,
    root: String,
    mount_point: String,
    /// Options of the file system.
    super_options: String,
}

impl From<&Mount> for Line {
    fn from(mount: &Mount) -> Line {
        Line {
            device: mount.device.clone(),
            fstype: mount.fstype.clone(),
            root: mount.root.clone(),
            mount_point: mount.mount_point.clone(),
            super_options: mount.super_options.clone(),
        }
    }
}

/// The reader's own mount table, which translates a directory of a file system into a path.
pub struct HostPaths(Vec<Line>);

impl HostPaths {
    pub fn new(mountinfo: &[u8]) -> HostPaths {
        HostPaths(lines(mountinfo).collect())
    }

    /// The path that leads to a directory of the file system on a device.
    fn resolve(&self, device: &str, root: &str) -> Option<String> {
        let below = |line: &Line| {
            let rest = match line.root.as_str() {
                "/" => root,
                whole => root.strip_prefix(whole)?,
            };
            let is_below = rest.is_empty() || rest.starts_with('/');
            is_below.then(|| format!("{}{rest}", line.mount_point.trim_end_matches('/')))
        };
        // A path through a file server of some user's may never come to its end.
        let is_served = |line: &&Line| line.fstype.starts_with("fuse");
        let fitting = self
            .0
            .iter()
            .filter(|line| line.device == device && !is_served(line));
        fitting
            .filter_map(|line| Some((line.root.len(), below(line)?)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, path)| path)
    }

    /// Whether what is mounted at a path, on top, keeps its files by itself: neither a file server
    /// nor the kernel answers for them.
    pub fn is_plain_mount(&self, path: &str) -> bool {
        let topmost = self.0.iter().rev().find(|line| line.mount_point == path);
        topmost.is_some_and(|line| PLAIN.contains(&line.fstype.as_str()))
    }
}

/// File systems on disks and in memory. Any other may have effects, or ask somebody for an answer.
const PLAIN: [&str; 12] = [
    "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "tmpfs", "xfs",
    "zfs",
];

/// Those of a process's mounts that seem to come from a folder of a runtime. Who could have made
/// their sources is still to be told.
pub fn of_runtimes(
    lines: impl Iterator<Item = Line>,
    host: &impl Deref<Target = HostPaths>,
) -> Vec<RuntimeMount> {
    lines
        .filter_map(|line| of_bind(&line, host).or_else(|| of_overlay(&line)))
        .take(MOST)
        .collect()
}

/// Reads a mount table.
pub fn lines(mountinfo: &[u8]) -> impl Iterator<Item = Line> {
    mountinfo
        .split(|byte| *byte == b'\n')
        .filter_map(|line| parse_line(&text::from_bytes(line)))
}

/// Words of which the mounts of runtimes have at least one.
const WORDS: [&str; 4] = ["containers/", "/sandboxes/", "/kubelet/", "upperdir="];

/// Those lines of a mount table that are worth reading: mostly none.
pub fn promising_lines(mountinfo: &[u8]) -> impl Iterator<Item = Line> {
    let text = text::from_bytes(mountinfo);
    let is_promising = |line: &&str| WORDS.iter().any(|word| line.contains(word));
    let lines: Vec<Line> = text
        .lines()
        .filter(is_promising)
        .filter_map(parse_line)
        .collect();
    lines.into_iter()
}

/// See proc_pid_mountinfo(5): `ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS … - TYPE SOURCE OPTIONS`.
fn parse_line(line: &str) -> Option<Line> {
    let mut fields = line.split(' ').skip(2);
    let device = fields.next()?.to_owned();
    let root = parse::unmangle(fields.next()?);
    let mount_point = parse::unmangle(fields.next()?);
    let mut tail = fields.skip_while(|field| *field != "-").skip(1);
    Some(Line {
        device,
        fstype: tail.next().unwrap_or_default().to_owned(),
        root,
        mount_point,
        super_options: parse::unmangle(tail.nth(1).unwrap_or_default()),
    })
}

/// A file or folder that an engine has bound from its own.
fn of_bind(line: &Line, host: &impl Deref<Target = HostPaths>) -> Option<RuntimeMount> {
    let parts: Vec<&str> = line.root.split('/').collect();
    let found = parts.windows(2).enumerate().find_map(|(at, pair)| {
        let [folder, id] = *pair else { return None };
        let after = parts.get(at + 2).copied()?;
        let (runtime, is_container) = match folder {
            "containers" if is_hash(id) && BOUND_BY_DOCKER.contains(&after) => ("docker", true),
            // overlay-containers, vfs-containers: the storage library of podman and CRI-O.
            _ if folder.ends_with("-containers") && is_hash(id) && after == "userdata" => {
                ("podman", true)
            }
            "sandboxes" if is_hash(id) => ("containerd", false),
            "pods" if parts[..at].contains(&"kubelet") => ("kubernetes", false),
            _ => return None,
        };
        Some((at, runtime, id, is_container))
    });
    let (at, runtime, id, is_container) = found?;
    let source = host.resolve(&line.device, &line.root);
    // The folder with all containers of the engine is so many levels above.
    let levels = parts.len() - 1 - at;
    let folder = source.as_deref().and_then(|source| above(source, levels));
    Some(RuntimeMount {
        mount_point: line.mount_point.clone(),
        source: source.unwrap_or_else(|| line.root.clone()),
        runtime: runtime.to_owned(),
        id: is_container.then(|| id.to_owned()),
        pod_uid: (runtime == "kubernetes").then(|| id.to_owned()),
        folder,
        author: Author::Anyone,
    })
}

/// What dockerd binds into every container (`containerOperations_unix.go`).
const BOUND_BY_DOCKER: [&str; 4] = ["hostname", "hosts", "resolv.conf", "mounts"];

fn above(path: &str, levels: usize) -> Option<String> {
    let mut path = path;
    for _ in 0..levels {
        path = path.rsplit_once('/')?.0;
    }
    Some(path.to_owned())
}

/// The root file system of a container, by the folder of the engine that its upper layer is in.
/// The id of a layer is not that of the container.
fn of_overlay(line: &Line) -> Option<RuntimeMount> {
    let mut options = line.super_options.split(',');
    let upper = options.find_map(|it| it.strip_prefix("upperdir="))?;
    let mut parts = upper.rsplit('/');
    let (last, layer, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let runtime = match (kind, last) {
        ("overlay2", "diff") => "docker",
        ("overlay", "diff") if is_hash(layer) => "podman",
        ("snapshots", "fs") => "containerd",
        _ => return None,
    };
    let folder = upper.strip_suffix(&format!("/overlay/{layer}/diff"));
    Some(RuntimeMount {
        mount_point: line.mount_point.clone(),
        runtime: runtime.to_owned(),
        id: None,
        pod_uid: None,
        folder: folder
            .filter(|_| runtime == "podman")
            .map(|folder| format!("{folder}/overlay-containers")),
        source: upper.to_owned(),
        author: Author::Anyone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";

    fn read(table: &str, host: &str) -> Vec<(String, String, Option<String>, Option<String>)> {
        let host = HostPaths::new(host.as_bytes());
        let table = table.replace("ID", ID);
        of_runtimes(promising_lines(table.as_bytes()), &&host)
            .into_iter()
            .map(|it| (it.runtime, it.source.replace(ID, "ID"), it.id, it.folder))
            .collect()
    }

    #[test]
    fn the_files_that_engines_bind_hold_the_id_and_lead_to_the_engines_folder() {
        let host = "22 1 8:1 / / rw - ext4 /dev/sda rw\n\
            23 22 8:2 /@/var /var rw - btrfs /dev/sdb rw\n";
        let some = |text: &str| Some(text.to_owned());
        for (line, runtime, source, id, folder) in [
            (
                "92 74 8:1 /data/containers/ID/hostname /etc/hostname rw - ext4 /dev/sda rw",
                "docker",
                "/data/containers/ID/hostname",
                some(ID),
                some("/data/containers"),
            ),
            (
                "92 74 8:2 /@/var/lib/docker/containers/ID/hosts /etc/hosts rw - btrfs x rw",
                "docker",
                "/var/lib/docker/containers/ID/hosts",
                some(ID),
                some("/var/lib/docker/containers"),
            ),
            (
                "92 74 8:1 /s/overlay-containers/ID/userdata/hosts /etc/hosts rw - ext4 x rw",
                "podman",
                "/s/overlay-containers/ID/userdata/hosts",
                some(ID),
                some("/s/overlay-containers"),
            ),
            (
                "92 74 8:1 /lib/io.containerd.grpc.v1.cri/sandboxes/ID/hostname /etc/hostname rw - ext4 x rw",
                "containerd",
                "/lib/io.containerd.grpc.v1.cri/sandboxes/ID/hostname",
                None,
                some("/lib/io.containerd.grpc.v1.cri/sandboxes"),
            ),
            (
                "74 49 0:39 / / rw - overlay overlay rw,lowerdir=/d/l/X,upperdir=/d/overlay2/5a/diff,workdir=/d/w",
                "docker",
                "/d/overlay2/5a/diff",
                None,
                None,
            ),
            (
                "74 49 0:39 / / rw - overlay overlay rw,upperdir=/d/overlay/ID/diff,workdir=/d/w",
                "podman",
                "/d/overlay/ID/diff",
                None,
                some("/d/overlay-containers"),
            ),
        ] {
            let expected = (runtime.to_owned(), source.to_owned(), id, folder);
            assert_eq!(read(line, host), [expected], "{line}");
        }
    }

    #[test]
    fn the_uid_of_a_pod_is_in_what_the_kubelet_binds() {
        let line = "92 74 8:1 /var/lib/kubelet/pods/7c1f-0e/etc-hosts /etc/hosts rw - ext4 x rw";
        let mounts = of_runtimes(promising_lines(line.as_bytes()), &&HostPaths::new(b""));
        assert_eq!(mounts[0].pod_uid.as_deref(), Some("7c1f-0e"));
        assert_eq!(mounts[0].source, "/var/lib/kubelet/pods/7c1f-0e/etc-hosts");
    }

    #[test]
    fn mounts_of_the_users_own_are_not_taken_for_an_engines() {
        for line in [
            "92 74 8:1 /srv/containers/web/hostname /etc/hostname rw - ext4 x rw",
            "92 74 8:1 /srv/containers/ID/data /data rw - ext4 x rw",
            "92 74 8:1 /srv/pods/7c/etc-hosts /etc/hosts rw - ext4 x rw",
            "74 49 0:39 / / rw - overlay overlay rw,upperdir=/home/me/upper",
            "garbage",
        ] {
            assert_eq!(read(line, ""), [], "{line}");
        }
    }
}
