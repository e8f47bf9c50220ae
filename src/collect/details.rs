//! What is read of a process only when it is the one asked about. Formats that the procfs crate
//! knows are read by it.

use std::collections::HashMap;

use nix::errno::Errno;
use procfs::process::{MountInfos, MountOptFields};
use procfs::{FromBufRead, ProcError};

use super::parse;
use super::processes::{Depth, MissingLinks, read_links, stat_of};
use crate::model::mount::{Hierarchy, Mount};
use crate::model::process::{
    Capabilities, CgroupEntry, Details, IdRange, Ids, RootDir, Seccomp, Status, Thread, TimeOffsets,
};
use crate::model::{CapabilitySet, LinkName, NsKind, Process, Seen, Why, text};
use crate::sys::procfs::TaskDir;
use crate::sys::why;

/// A mount table beyond this (bytes) is not read: some 100,000 mounts.
const LARGEST_MOUNTINFO: usize = 16 << 20;

/// The details that the depth asks for; the others are skipped. What is the same for all members of a
/// namespace is taken over from the other process where that is in it too.
pub fn read(
    task: &TaskDir,
    process: &Process,
    missing: &MissingLinks,
    depth: Depth,
    other: Option<&Process>,
) -> Details {
    let member = |link| {
        other.and_then(|it| {
            it.details
                .as_deref()
                .filter(|_| are_together(process, it, link))
        })
    };
    let of_user_ns = member(LinkName::Own(NsKind::User));
    let mut details = Details {
        status: status_of(task),
        uid_map: known_or(of_user_ns.map(|it| &it.uid_map), || {
            id_map_of(task, "uid_map")
        }),
        gid_map: known_or(of_user_ns.map(|it| &it.gid_map), || {
            id_map_of(task, "gid_map")
        }),
        files_owner: Seen::from(task.file_owner().map_err(why)),
        setgroups: Seen::Unknown(Why::Skipped),
        lsm: Seen::Unknown(Why::Skipped),
        root: Seen::Unknown(Why::Skipped),
        exe: Seen::Unknown(Why::Skipped),
        mounts: Seen::Unknown(Why::Skipped),
        timens_offsets: Seen::Unknown(Why::Skipped),
        cgroups_inside: Seen::Unknown(Why::Skipped),
        threads: Seen::Unknown(Why::Skipped),
    };
    if depth >= Depth::Everything {
        details.setgroups = known_or(of_user_ns.map(|it| &it.setgroups), || setgroups_of(task));
        details.lsm = lsm_of(task);
        details.root = root_of(task);
        details.exe = match process.is_kernel_thread() {
            // As for one that has none (proc_exe_link in fs/proc/base.c).
            true => Seen::Unknown(Why::Gone),
            false => exe_of(task),
        };
        // Of its table a process sees what is below its root.
        let of_root = member(LinkName::Own(NsKind::Mnt))
            .filter(|it| it.root.is_known() && it.root == details.root);
        details.mounts = known_or(of_root.map(|it| &it.mounts), || mounts_of(task));
        let offsets = member(LinkName::TimeForChildren).map(|it| &it.timens_offsets);
        details.timens_offsets = known_or(offsets, || time_offsets_of(task, process));
        details.threads = threads_of(task, process, missing);
    }
    details
}

/// Whether a link of two processes surely leads to one namespace.
fn are_together(one: &Process, other: &Process, link: LinkName) -> bool {
    let [one, other] = [one, other].map(|it| it.links.get(link));
    one.is_known() && one == other
}

/// What is known already, or what is read.
fn known_or<T: Clone>(known: Option<&Seen<T>>, read: impl FnOnce() -> Seen<T>) -> Seen<T> {
    match known {
        Some(Seen::Known(value)) => Seen::Known(value.clone()),
        _ => read(),
    }
}

/// A file in a format that cannot be missing.
fn parsed<T>(task: &TaskDir, file: &str, parse: impl FnOnce(&[u8]) -> Option<T>) -> Seen<T> {
    understood(file, task.read_records(file, longest_record(file)), parse)
}

fn understood<T>(
    file: &str,
    contents: Result<Vec<u8>, Errno>,
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Seen<T> {
    Seen::from(contents.map_err(why)).and_then(|bytes| {
        parse(&bytes).map_or_else(
            || Seen::Unknown(Why::failed(format!("/proc/PID/{file} has an unknown form"))),
            Seen::Known,
        )
    })
}

/// What the kernel writes into a file in one go: a line of three numbers, or all of it
/// (single_open in fs/seq_file.c).
fn longest_record(file: &str) -> usize {
    match file {
        "uid_map" | "gid_map" => 64,
        _ => 1,
    }
}

/// A file that the kernel has only where the feature is compiled in: absent while the process is
/// there means unsupported.
fn optional<T>(task: &TaskDir, file: &str, parse: impl FnOnce(&[u8]) -> Option<T>) -> Seen<T> {
    match task.read_records(file, longest_record(file)) {
        Err(Errno::ENOENT) if task.task_stat().is_ok() => Seen::Unknown(Why::Unsupported),
        contents => understood(file, contents, parse),
    }
}

/// The cgroups of a process; unsupported on a kernel without cgroups.
pub fn cgroups_of(task: &TaskDir) -> Seen<Vec<CgroupEntry>> {
    optional(task, "cgroup", parse::cgroups)
}

/// Its `uid_map` or `gid_map`; unsupported on a kernel without user namespaces.
pub fn id_map_of(task: &TaskDir, file: &str) -> Seen<Vec<IdRange>> {
    optional(task, file, parse::id_map)
}

/// `allow` or `deny`.
pub fn setgroups_of(task: &TaskDir) -> Seen<String> {
    optional(task, "setgroups", |bytes| {
        Some(text::from_bytes(bytes.trim_ascii()))
    })
}

fn status(contents: &str) -> Option<Status> {
    let raw = procfs::process::Status::from_buf_read(contents.as_bytes()).ok()?;
    Some(Status {
        tgid: raw.tgid,
        uids: Ids {
            real: raw.ruid,
            effective: raw.euid,
            saved: raw.suid,
            fs: raw.fuid,
        },
        gids: Ids {
            real: raw.rgid,
            effective: raw.egid,
            saved: raw.sgid,
            fs: raw.fgid,
        },
        groups: raw.groups,
        nspid: raw.nspid,
        capabilities: Capabilities {
            effective: CapabilitySet(raw.capeff),
            permitted: CapabilitySet(raw.capprm),
            inheritable: CapabilitySet(raw.capinh),
            bounding: CapabilitySet(raw.capbnd?),
            // Linux 4.3.
            ambient: CapabilitySet(raw.capamb.unwrap_or(0)),
        },
        no_new_privs: raw.nonewprivs.map(|flag| flag != 0),
        seccomp: match raw.seccomp {
            Some(0) => Some(Seccomp::Disabled),
            Some(1) => Some(Seccomp::Strict),
            Some(2) => Some(Seccomp::Filter),
            _ => None,
        },
    })
}

/// The offsets that its next child will have, which the initial time namespace is without: they are
/// what others are away from it (proc_timens_show_offsets in kernel/time/namespace.c).
fn time_offsets_of(task: &TaskDir, process: &Process) -> Seen<TimeOffsets> {
    let next = process.links.get(LinkName::TimeForChildren).get();
    match next == Some(NsKind::Time.initial_inode()) {
        true => Seen::Known(TimeOffsets::default()),
        false => optional(task, "timens_offsets", parse::time_offsets),
    }
}

/// The label of the security module in force. Without one, the kernel answers EINVAL
/// (security_getprocattr in security/security.c), or an empty text.
pub fn lsm_of(task: &TaskDir) -> Seen<Option<String>> {
    match task.read("attr/current") {
        Ok(label) => {
            let label = label.trim_ascii_end();
            let label = label.strip_suffix(b"\0").unwrap_or(label);
            Seen::Known((!label.is_empty()).then(|| text::from_bytes(label)))
        }
        Err(Errno::EINVAL) => Seen::Known(None),
        // A kernel without CONFIG_SECURITY has no such file.
        Err(Errno::ENOENT) if task.task_stat().is_ok() => Seen::Known(None),
        Err(errno) => Seen::Unknown(why(errno)),
    }
}

/// The root directory of a task.
pub fn root_of(task: &TaskDir) -> Seen<RootDir> {
    let read = || {
        let path = task.root_path()?;
        let stat = task.root_stat()?;
        Ok(RootDir {
            path: text::from_bytes(&path),
            device: stat.device,
            inode: stat.inode,
        })
    };
    Seen::from(read().map_err(why))
}

/// The path of the program that a task runs, as seen from our root.
pub fn exe_of(task: &TaskDir) -> Seen<String> {
    Seen::from(task.exe_path().map_err(why)).map(|path| text::from_bytes(&path))
}

/// The mount table as the process sees it, below its root directory.
pub fn mounts_of(task: &TaskDir) -> Seen<Vec<Mount>> {
    match task.read_up_to("mountinfo", LARGEST_MOUNTINFO) {
        Ok(bytes) if bytes.len() >= LARGEST_MOUNTINFO => {
            Seen::Unknown(Why::failed("mountinfo is larger than 16 MiB"))
        }
        Ok(bytes) => Seen::from(mounts(&bytes).map_err(|error| Why::failed(error.to_string()))),
        Err(errno) => Seen::Unknown(why(errno)),
    }
}

/// Reads a mount table.
pub fn mounts(contents: &[u8]) -> Result<Vec<Mount>, ProcError> {
    // The crate wants UTF-8 and leaves the octal escapes of paths as they are.
    let infos = MountInfos::from_buf_read(text::from_bytes(contents).as_bytes())?;
    let mount = |info: procfs::process::MountInfo| {
        let mut mount = Mount {
            id: info.mnt_id,
            parent: info.pid,
            device: info.majmin,
            root: parse::unmangle(&info.root),
            mount_point: parse::unmangle(&info.mount_point.to_string_lossy()),
            fstype: parse::unmangle(&info.fs_type),
            source: parse::unmangle(info.mount_source.as_deref().unwrap_or("none")),
            read_only: info.mount_options.contains_key("ro"),
            options: in_one(&info.mount_options),
            super_options: in_one(&info.super_options),
            shared: None,
            master: None,
            unbindable: false,
        };
        for field in &info.opt_fields {
            match field {
                MountOptFields::Shared(group) => mount.shared = Some(*group),
                MountOptFields::Master(group) => mount.master = Some(*group),
                MountOptFields::Unbindable => mount.unbindable = true,
                MountOptFields::PropagateFrom(_) => {}
            }
        }
        mount
    };
    Ok(infos.0.into_iter().map(mount).collect())
}

/// Options as one text again, in the order of their names: the crate does not keep theirs.
fn in_one(options: &HashMap<String, Option<String>>) -> String {
    let mut options: Vec<String> = options
        .iter()
        .map(|(name, value)| match value {
            Some(value) => parse::unmangle(&format!("{name}={value}")),
            None => name.clone(),
        })
        .collect();
    options.sort_unstable();
    options.join(",")
}

/// Options of the file system behind one mount of a task's mount table.
pub fn super_options(task: &TaskDir, id: i32) -> Option<HashMap<String, Option<String>>> {
    let contents = task.read_up_to("mountinfo", LARGEST_MOUNTINFO).ok()?;
    let text = text::from_bytes(&contents);
    let infos = MountInfos::from_buf_read(text.as_bytes()).ok()?;
    let mount = infos.0.into_iter().find(|mount| mount.mnt_id == id)?;
    Some(mount.super_options)
}

/// Where each hierarchy of cgroups is mounted for a task.
pub fn cgroup_hierarchies(task: &TaskDir) -> Seen<Vec<Hierarchy>> {
    let contents = task.read_up_to("mountinfo", LARGEST_MOUNTINFO).map_err(why);
    Seen::from(contents).and_then(|contents| {
        let text = text::from_bytes(&contents);
        match MountInfos::from_buf_read(text.as_bytes()) {
            Ok(infos) => Seen::Known(infos.0.into_iter().filter_map(hierarchy).collect()),
            Err(error) => Seen::Unknown(Why::failed(error.to_string())),
        }
    })
}

fn hierarchy(mount: procfs::process::MountInfo) -> Option<Hierarchy> {
    let controllers = match mount.fs_type.as_str() {
        "cgroup2" => Vec::new(),
        "cgroup" => mount
            .super_options
            .iter()
            .filter_map(|(name, value)| match (name.as_str(), value) {
                ("name", Some(value)) => Some(format!("name={value}")),
                // Options that are no controllers (cgroup1_show_options in kernel/cgroup).
                ("rw" | "ro" | "noprefix" | "xattr" | "clone_children" | "cpuset_v2_mode", _) => {
                    None
                }
                (_, Some(_)) => None,
                (controller, None) => Some(controller.to_owned()),
            })
            .collect(),
        _ => return None,
    };
    Some(Hierarchy {
        controllers,
        root: parse::unmangle(&mount.root),
        mount_point: parse::unmangle(&mount.mount_point.to_string_lossy()),
    })
}

/// Credentials and barriers.
pub fn status_of(task: &TaskDir) -> Seen<Status> {
    parsed(task, "status", |bytes| status(&text::from_bytes(bytes)))
}

/// Threads whose namespaces are not those of the process. setns(2) and unshare(2) are per thread.
fn threads_of(task: &TaskDir, process: &Process, missing: &MissingLinks) -> Seen<Vec<Thread>> {
    if process.nthreads < 2 {
        return Seen::Known(Vec::new());
    }
    // Whoever may not read the process may not read its threads: not to be taken for "none".
    if let Some(why) = process.links.gap() {
        return Seen::Unknown(why.clone());
    }
    let tids = match task.tids() {
        Ok(tids) => tids,
        Err(errno) => return Seen::Unknown(why(errno)),
    };
    let diverging = |tid| {
        // A thread that ended meanwhile is in no namespace at all.
        let thread = task.thread(tid).ok()?;
        let links = read_links(&thread, missing);
        let differs: Vec<_> = links
            .iter()
            .filter_map(|(link, seen)| {
                let inode = seen.get()?;
                let same = process.links.get(link).get() == Some(inode);
                (!same).then_some((link, inode))
            })
            .collect();
        let comm = stat_of(&thread).known().map(|stat| stat.comm.clone());
        (!differs.is_empty()).then_some(Thread {
            tid,
            comm: comm.unwrap_or_default(),
            differs,
        })
    };
    Seen::Known(tids.into_iter().filter_map(diverging).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_table_is_read_with_escapes_propagation_and_bytes_that_are_not_text() {
        let table =
            b"36 35 98:0 /mnt1 /a\\040b\xff rw,noatime shared:3 master:1 - ext3 /dev/root rw\n\
            37 36 0:4 net:[4026532179] /run/netns/x ro unbindable - nsfs nsfs rw\n";
        let read = mounts(table).unwrap();
        assert_eq!(
            read[0],
            Mount {
                id: 36,
                parent: 35,
                device: "98:0".into(),
                root: "/mnt1".into(),
                mount_point: "/a b\\xff".into(),
                fstype: "ext3".into(),
                source: "/dev/root".into(),
                read_only: false,
                options: "noatime,rw".into(),
                super_options: "rw".into(),
                shared: Some(3),
                master: Some(1),
                unbindable: false,
            }
        );
        assert_eq!(read[1].root, "net:[4026532179]");
        assert!(read[1].read_only && read[1].unbindable);
    }
}
