//! Joining the cgroups of another process, in every hierarchy (cgroups(7)).

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use super::failure::{During, Failure, Step};
use super::root::open_directory;
use crate::model::mount::Hierarchy;
use crate::model::process::CgroupEntry;

/// A cgroup that has been opened for joining.
pub struct Joinable {
    procs: File,
    path: String,
}

/// Opens the given cgroups.
///
/// # Errors
/// The first that cannot be joined, since its hierarchy is mounted nowhere, or it is not ours to
/// write.
pub fn open(entries: &[CgroupEntry], hierarchies: &[Hierarchy]) -> Result<Vec<Joinable>, Failure> {
    let mut opened = Vec::new();
    for entry in entries {
        let names: Vec<&str> = entry
            .controllers
            .split(',')
            .filter(|it| !it.is_empty())
            .collect();
        let hierarchy = hierarchies
            .iter()
            .find(|it| it.is_of(entry))
            .ok_or_else(|| {
                let step = Step::JoinCgroup(entry.path.clone());
                let which = match names.is_empty() {
                    true => "cgroup2".to_owned(),
                    false => names.join(","),
                };
                Failure::because(
                    step,
                    format!("its hierarchy ({which}) is mounted nowhere here"),
                )
            })?;
        opened.push(open_one(entry, hierarchy)?);
    }
    Ok(opened)
}

/// The path was chosen by whoever made the cgroup: it is followed below the mount and nowhere else.
fn open_one(entry: &CgroupEntry, hierarchy: &Hierarchy) -> Result<Joinable, Failure> {
    let step = || Step::JoinCgroup(entry.path.clone());
    let below = hierarchy.below(&entry.path).ok_or_else(|| {
        Failure::because(
            step(),
            format!(
                "{} shows only what lies below {}",
                hierarchy.mount_point, hierarchy.root
            ),
        )
    })?;
    let mount = open_directory(hierarchy.mount_point.as_ref())?;
    let file = format!("{}/cgroup.procs", below.trim_matches('/'));
    let how = OpenHow::new()
        .flags(OFlag::O_WRONLY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let procs = openat2(mount, file.trim_start_matches('/'), how).during(step)?;
    Ok(Joinable {
        procs: procs.into(),
        path: entry.path.clone(),
    })
}

impl AsRawFd for Joinable {
    fn as_raw_fd(&self) -> RawFd {
        self.procs.as_raw_fd()
    }
}

impl Joinable {
    /// Moves the calling process into it.
    pub fn join(&self) -> Result<(), Failure> {
        (&self.procs)
            .write_all(b"0\n")
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
            .during(|| Step::JoinCgroup(self.path.clone()))
    }
}
