//! Being where another process is, with its rights: for a forked child that looks around in there
//! and is never the program of anybody.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::unistd::chdir;

use super::cgroups::{Joinable, WayBack};
use super::credentials::{self, Credentials};
use super::failure::{During, Failure, Step};
use super::join::{self, Wanted};
use super::root::enter_root;
use crate::sys::pidfd::PidFd;
use crate::sys::{child, stub};

/// A place and who we are there, all of it opened before anything is joined.
pub struct Visit {
    /// The process whose namespaces these are.
    pub of: PidFd,
    /// Those that are not our own already.
    pub wanted: Vec<Wanted>,
    /// The root directory, where it is not ours already.
    pub root: Option<OwnedFd>,
    /// Joined first, by our own rights.
    pub cgroups: Vec<Joinable>,
    pub groups_before: Option<Vec<u32>>,
    /// `None`: all rights that joining leaves us, for what is changed in a copy of our own.
    pub credentials: Option<Credentials>,
}

impl Visit {
    /// The descriptors that it takes, which are to be closed once we are there.
    pub fn descriptors(&self) -> Vec<RawFd> {
        let wanted = self.wanted.iter().map(|it| it.fd.as_raw_fd());
        let root = self.root.iter().map(AsRawFd::as_raw_fd);
        let cgroups = self.cgroups.iter().map(AsRawFd::as_raw_fd);
        let of = self.of.as_fd().as_raw_fd();
        wanted.chain(root).chain(cgroups).chain([of]).collect()
    }

    /// The ways out of its cgroups again, for whoever is frozen there.
    pub fn ways_back(&self) -> Vec<WayBack> {
        let ways = self.cgroups.iter().filter_map(Joinable::way_back);
        ways.collect()
    }

    /// Goes there, in a child that was forked for it. A process that is born into a pid namespace
    /// that is joined is a child of ours, so that we ourselves cannot be seen from there.
    ///
    /// # Errors
    /// The first step that the kernel refuses.
    pub fn go(&self) -> Result<(), Failure> {
        for cgroup in &self.cgroups {
            cgroup.join()?;
        }
        if let Some(groups) = &self.groups_before {
            // Where we may not, they are set inside, or nobody may change them.
            let _ = credentials::set_groups(groups);
        }
        let again = |it: &Wanted| {
            let fd = it.fd.try_clone();
            Ok(Wanted {
                key: it.key,
                fd: fd.during(|| Step::Prepare)?,
            })
        };
        let wanted: Result<Vec<Wanted>, Failure> = self.wanted.iter().map(again).collect();
        let wanted = wanted?;
        if !wanted.is_empty() {
            join::all(Some(&self.of), wanted)?;
        }
        if let Some(root) = &self.root {
            enter_root(root, "the target's root directory")?;
        }
        // The directory that we were in is nobody's who may trace us in there.
        chdir("/").during(|| Step::WorkingDirectory("/".to_owned()))?;
        if let Some(credentials) = &self.credentials {
            credentials.take_on()?;
        }
        child::harden();
        Ok(())
    }
}

/// Becomes the stub that makes a process which answers whom it can name ([`stub::Entry::Ask`]): it
/// holds nothing of ours but these two pipes, whatever can trace it in there.
pub fn become_asker(tells: &OwnedFd, gate: &OwnedFd) -> Failure {
    let attempt = || {
        let image = stub::sealed(stub::Entry::Ask)?;
        let nothing: [&std::ffi::CStr; 0] = [];
        stub::execute(&image, &[tells, gate], &[c"nsinspect-asks"], &nothing)
    };
    match attempt() {
        Ok(never) => match never {},
        Err(errno) => Failure::new(Step::Seal, errno),
    }
}
