//! It can write nothing above its own cgroup. Nothing is written to find that out.

use std::fmt;
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::errno::Errno;
use nix::unistd::AccessFlags;
use serde::Deserialize;

use crate::audit::mounts::is_writable;
use crate::model::mount::{Mount, below, join};
use crate::model::process::CgroupEntry;
use crate::model::{NsKind, Process};
use crate::sys::look;
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::worker::{Line, Worker};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, said};
use crate::verify::reading::{Context, Reading};
use crate::verify::values::No;
use crate::verify::verdict::{Evidence, Verdict};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(No);

impl Spec for Yaml {
    const ABOUT: &'static str = "`false`: it can write nothing above its own cgroup";
    const EXAMPLE: &'static str = "false";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(CgroupNotWritable)])
    }
}

#[derive(Clone, Debug)]
pub struct CgroupNotWritable;

impl fmt::Display for CgroupNotWritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cgroups above its own not writable")
    }
}

impl Claim for CgroupNotWritable {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Cgroup)
    }

    fn explain(&self) -> String {
        "reads its cgroup mounts; asks access(2) as the target for the files above its own cgroup"
            .to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        let table = match context.mounts() {
            Ok(table) => table,
            Err(why) => return Reading::unknown("its mount table", &why),
        };
        let mut writable = table
            .iter()
            .filter(|mount| mount.fstype.starts_with("cgroup") && is_writable(mount));
        match writable.next() {
            None => Reading::new(Verdict::Holds, "it has no writable cgroup file system"),
            Some(mount) => {
                let point = &mount.mount_point;
                Reading::untold(&format!("what it can write below {point}")).seen(
                    context.file("mountinfo"),
                    format!("{point} {} {}", mount.root, mount.options),
                )
            }
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        Some(Experiment::new(try_it))
    }
}

/// More are not tried, and that is said.
const MOST_FILES: usize = 512;

/// Nothing above the target's own cgroup can be written by it.
fn try_it(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let cgroups = sides.pinned.cgroups()?;
    let mut files = Vec::new();
    for mount in sides.pinned.mounts()? {
        files.extend(above_by(&mount, &cgroups)?);
    }
    files.sort_unstable();
    files.dedup();
    if files.is_empty() {
        let did = "looked for cgroups above its own in the mounts inside: there is none";
        return Ok(holds(did, Vec::new()));
    }
    if files.len() > MOST_FILES {
        return Err(
            format!("more than {MOST_FILES} cgroups above its own are mounted inside").into(),
        );
    }
    let place = sides.pinned.place(&[NsKind::Mnt])?;
    let try_all = {
        let files = files.clone();
        move |line: &Line| {
            let results = files
                .iter()
                .map(|file| may_write(file).map_err(|errno| errno as i32));
            line.say(&results.collect::<Vec<Result<(), i32>>>())
        }
    };
    let results: Vec<Result<(), i32>> = Worker::start(&place, sides.deadline, try_all)?.hear()?;
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
        (None, Some(file)) => return Err(format!("{file} could not be looked at inside").into()),
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
