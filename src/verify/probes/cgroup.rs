//! Cgroups: which paths are seen from inside the target's cgroup namespace, and whether anything above
//! its own cgroup can be written. Nothing is written: a file is opened for it and closed.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::unistd::AccessFlags;
use serde::{Deserialize, Serialize};

use super::worker::{Line, Worker};
use super::{Case, Tried, fails, holds, said};
use crate::analyse::diff::main_cgroup_path;
use crate::collect::details;
use crate::model::mount::{Mount, below, join};
use crate::model::process::CgroupEntry;
use crate::model::{NsKind, Pid};
use crate::sys::look;
use crate::sys::procfs::ProcRoot;
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Cgroup];

/// More are not tried, and that is said.
const MOST_FILES: usize = 512;

/// The cgroups of the probe and of the target, as seen from inside.
#[derive(Serialize, Deserialize)]
struct Seen {
    probe: Vec<CgroupEntry>,
    target: Vec<CgroupEntry>,
}

fn seen(case: &Case<'_>) -> Result<Seen, String> {
    let target = case.pinned.pid;
    let read = move |line: &Line| {
        // Our own procfs: only the cgroup namespace has been joined.
        let own = std::process::id().cast_signed();
        line.say(&Seen {
            probe: cgroups_of(own)?,
            target: cgroups_of(target)?,
        })
    };
    Worker::start(&case.inside(&KINDS)?, case.deadline, read)?.hear()
}

fn cgroups_of(pid: Pid) -> Result<Vec<CgroupEntry>, String> {
    let unread = || format!("/proc/{pid}/cgroup cannot be read inside");
    let proc = ProcRoot::open("/proc".as_ref()).map_err(|_| unread())?;
    let task = proc.task(pid).map_err(|_| unread())?;
    details::cgroups_of(&task)
        .known()
        .cloned()
        .ok_or_else(unread)
}

/// The target shares no cgroup namespace with the other side, and sees no path of the host.
pub fn isolated(case: &Case<'_>) -> Result<Tried, String> {
    let seen = seen(case)?;
    let ours = case.pinned.our_cgroups()?;
    let (outside, inside) = (main_cgroup_path(&ours), main_cgroup_path(&seen.probe));
    let own = main_cgroup_path(&seen.target);
    let evidence = vec![
        Evidence::new("cgroup of the probe, seen outside", &outside),
        Evidence::new("cgroup of the probe, seen inside", &inside),
        Evidence::new("cgroup of the target, seen inside", &own),
    ];
    if case.same(NsKind::Cgroup)? {
        return Ok(fails(
            format!("both are in one cgroup namespace: the target sees itself at {own}"),
            evidence,
        ));
    }
    // At the root of all there is nothing to tell two views apart.
    let sees_ours = case.from.is_none() && outside != "/" && ours == seen.probe;
    Ok(match sees_ours {
        true => fails(
            format!("saw the host's paths inside: the probe is at {inside}, as it is outside"),
            evidence,
        ),
        false => holds(
            format!("looked at cgroups inside: the target is at {own}, the probe at {inside}"),
            evidence,
        ),
    })
}

/// The target sees itself at this path.
pub fn is_at(case: &Case<'_>, path: &str) -> Result<Tried, String> {
    let own = main_cgroup_path(&seen(case)?.target);
    let evidence = vec![Evidence::new("cgroup of the target, seen inside", &own)];
    let did = format!("looked at cgroups inside: the target is at {own}");
    Ok(match own == path {
        true => holds(did, evidence),
        false => fails(did, evidence),
    })
}

/// Nothing above the target's own cgroup can be written by it.
pub fn is_not_writable(case: &Case<'_>) -> Result<Tried, String> {
    let cgroups = case.pinned.cgroups()?;
    let mut files = Vec::new();
    for mount in case.pinned.mounts()? {
        files.extend(above_by(&mount, &cgroups)?);
    }
    files.sort_unstable();
    files.dedup();
    if files.is_empty() {
        let did = "looked for cgroups above its own in the mounts inside: there is none";
        return Ok(holds(did, Vec::new()));
    }
    if files.len() > MOST_FILES {
        return Err(format!(
            "more than {MOST_FILES} cgroups above its own are mounted inside"
        ));
    }
    let place = case.pinned.place(&[NsKind::Mnt])?;
    let try_all = {
        let files = files.clone();
        move |line: &Line| {
            let results = files
                .iter()
                .map(|file| may_write(file).map_err(|errno| errno as i32));
            line.say(&results.collect::<Vec<Result<(), i32>>>())
        }
    };
    let results: Vec<Result<(), i32>> = Worker::start(&place, case.deadline, try_all)?.hear()?;
    let mut evidence = Vec::new();
    let mut writable = None;
    let mut untold = None;
    for (file, result) in files.iter().zip(results) {
        evidence.push(Evidence::new(
            format!("to write {file} inside"),
            said(result),
        ));
        match result.map_err(Errno::from_raw) {
            Ok(()) => writable = writable.or(Some(file)),
            Err(Errno::EACCES | Errno::EPERM | Errno::EROFS) => {}
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(_) => untold = untold.or(Some(file)),
        }
    }
    Ok(match (writable, untold) {
        (Some(file), _) => fails(format!("may write {file} inside"), evidence),
        (None, Some(file)) => return Err(format!("{file} could not be looked at inside")),
        (None, None) => holds(
            format!(
                "asked inside to write {} cgroups above its own: refused",
                files.len()
            ),
            evidence,
        ),
    })
}

/// Whether the caller may write it, by its rights and the mount.
fn may_write(file: &str) -> Result<(), Errno> {
    let opened = look::open_path(file)?;
    look::may(opened.as_fd(), AccessFlags::W_OK)
}

/// The files by which processes come into cgroups that a mount shows and that lie above the target's
/// own, or beside it.
fn above_by(mount: &Mount, cgroups: &[CgroupEntry]) -> Result<Vec<String>, String> {
    if !matches!(mount.fstype.as_str(), "cgroup" | "cgroup2") {
        return Ok(Vec::new());
    }
    let is_it = |entry: &&CgroupEntry| match mount.fstype.as_str() {
        "cgroup2" => entry.controllers.is_empty(),
        _ => {
            let mut options = mount.super_options.split(',');
            let names: Vec<&str> = entry.controllers.split(',').collect();
            names
                .iter()
                .all(|name| options.clone().any(|it| it == *name))
                && !entry.controllers.is_empty()
                && options.next().is_some()
        }
    };
    let Some(entry) = cgroups.iter().find(is_it) else {
        return Ok(Vec::new());
    };
    if mount.root.contains("/..") || entry.path.contains("/..") {
        return Err("its cgroup lies outside of what our own cgroup namespace shows".to_owned());
    }
    let file = |below: &str| join(&join(&mount.mount_point, below), "cgroup.procs");
    let Some(own) = below(&mount.root, &entry.path) else {
        // A cgroup that is none of its own.
        return match below(&entry.path, &mount.root) {
            Some(_) => Ok(Vec::new()),
            None => Ok(vec![file("")]),
        };
    };
    let names: Vec<&str> = own.split('/').filter(|name| !name.is_empty()).collect();
    Ok((0..names.len())
        .map(|depth| file(&names[..depth].join("/")))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(root: &str, mount_point: &str) -> Mount {
        Mount {
            id: 1,
            parent: 0,
            device: "0:30".to_owned(),
            root: root.to_owned(),
            mount_point: mount_point.to_owned(),
            fstype: "cgroup".to_owned(),
            source: "cgroup".to_owned(),
            read_only: false,
            options: "rw".to_owned(),
            super_options: "cpu,cpuacct,rw".to_owned(),
            shared: None,
            master: None,
            unbindable: false,
        }
    }

    fn entry(path: &str) -> [CgroupEntry; 1] {
        [CgroupEntry {
            hierarchy: 4,
            controllers: "cpu,cpuacct".to_owned(),
            path: path.to_owned(),
        }]
    }

    #[test]
    fn what_lies_above_is_named_as_far_as_the_mount_shows_it() {
        let above = |root, path| above_by(&mount(root, "/c"), &entry(path)).unwrap();
        assert_eq!(above("/", "/a/b"), ["/c/cgroup.procs", "/c/a/cgroup.procs"]);
        assert_eq!(above("/a", "/a/b"), ["/c/cgroup.procs"]);
        assert_eq!(above("/a/b", "/a/b"), [""; 0]);
        assert_eq!(above("/a/b/c", "/a/b"), [""; 0], "below its own");
        assert_eq!(above("/x", "/a/b"), ["/c/cgroup.procs"], "beside its own");
        assert!(above_by(&mount("/", "/c"), &entry("/../a")).is_err());
    }
}
