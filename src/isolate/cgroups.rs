//! Joining the cgroups of another process, in every hierarchy (cgroups(7)).

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::Mode;
use nix::unistd::Pid;

use super::failure::{During, Failure, Step};
use super::freezer::Freezer;
use super::out_of_memory::OutOfMemory;
use crate::model::mount::Hierarchy;
use crate::model::process::CgroupEntry;

/// A cgroup that has been opened for joining.
pub struct Joinable {
    procs: File,
    path: String,
    freezer: Option<Freezer>,
    memory: Option<OutOfMemory>,
    way_back: Option<WayBack>,
}

/// The way out of a cgroup: into our own of the same hierarchy.
#[derive(Clone)]
pub struct WayBack(Spot);

/// A cgroup, as a path below where its hierarchy is mounted.
#[derive(Clone)]
pub(super) struct Spot {
    pub mount_point: String,
    pub below: String,
}

/// Opens the given cgroups; ours are where a process goes that has to come out again.
///
/// # Errors
/// The first that cannot be joined, since its hierarchy is mounted nowhere, it is not ours to write,
/// or it is frozen.
pub fn open(
    entries: &[CgroupEntry],
    ours: &[CgroupEntry],
    hierarchies: &[Hierarchy],
) -> Result<Vec<Joinable>, Failure> {
    let mut opened = Vec::new();
    for entry in entries {
        let hierarchy = hierarchies.iter().find(|it| it.is_of(entry));
        let hierarchy = hierarchy.ok_or_else(|| {
            let step = Step::JoinCgroup(entry.path.clone());
            let which = match entry.controllers.as_str() {
                "" => "cgroup2",
                names => names,
            };
            Failure::because(
                step,
                format!("its hierarchy ({which}) is mounted nowhere here"),
            )
        })?;
        let own = ours.iter().find(|it| it.controllers == entry.controllers);
        opened.push(open_one(entry, own, hierarchy)?);
    }
    Ok(opened)
}

/// The first of these cgroups that is frozen, and why, in words.
pub fn frozen(entries: &[CgroupEntry], hierarchies: &[Hierarchy]) -> Option<(String, String)> {
    entries.iter().find_map(|entry| {
        let hierarchy = hierarchies.iter().find(|it| it.is_of(entry))?;
        let freezer = Freezer::of(&entry.controllers, Spot::of(entry, hierarchy)?)?;
        Some((entry.path.clone(), freezer.frozen()?))
    })
}

fn open_one(
    entry: &CgroupEntry,
    own: Option<&CgroupEntry>,
    hierarchy: &Hierarchy,
) -> Result<Joinable, Failure> {
    let step = || Step::JoinCgroup(entry.path.clone());
    let spot = Spot::of(entry, hierarchy).ok_or_else(|| {
        Failure::because(
            step(),
            format!(
                "{} shows only what lies below {}",
                hierarchy.mount_point, hierarchy.root
            ),
        )
    })?;
    let procs = spot.open("cgroup.procs", OFlag::O_WRONLY).during(step)?;
    let joinable = Joinable {
        procs,
        path: entry.path.clone(),
        memory: OutOfMemory::of(&entry.controllers, &spot),
        freezer: Freezer::of(&entry.controllers, spot),
        way_back: own.and_then(|own| Spot::of(own, hierarchy)).map(WayBack),
    };
    joinable.must_be_thawed()?;
    Ok(joinable)
}

impl Spot {
    /// `None` where the mount does not show it.
    fn of(entry: &CgroupEntry, hierarchy: &Hierarchy) -> Option<Spot> {
        Some(Spot {
            mount_point: hierarchy.mount_point.clone(),
            below: hierarchy.below(&entry.path)?.trim_matches('/').to_owned(),
        })
    }

    /// Opens one of its files. The path was chosen by whoever made the cgroup: it is followed below
    /// the mount and nowhere else.
    pub fn open(&self, file: &str, flags: OFlag) -> Result<File, Errno> {
        let directory = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mount = nix::fcntl::open(self.mount_point.as_str(), directory, Mode::empty())?;
        let path = format!("{}/{file}", self.below);
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        Ok(openat2(mount, path.trim_start_matches('/'), how)?.into())
    }

    /// What one of its files says; `None` where it is not there, or cannot be read.
    pub fn read(&self, file: &str) -> Option<String> {
        let opened = self.open(file, OFlag::O_RDONLY).ok()?;
        let mut text = String::new();
        opened.take(LONGEST).read_to_string(&mut text).ok()?;
        Some(text)
    }
}

/// No file that is read of a cgroup is longer (bytes).
const LONGEST: u64 = 4096;

impl AsRawFd for Joinable {
    fn as_raw_fd(&self) -> RawFd {
        self.procs.as_raw_fd()
    }
}

impl Joinable {
    /// Moves the calling process into it.
    pub fn join(&self) -> Result<(), Failure> {
        self.take_in(Pid::from_raw(0))
    }

    fn take_in(&self, process: Pid) -> Result<(), Failure> {
        write_number(&self.procs, process).during(|| Step::JoinCgroup(self.path.clone()))
    }

    /// # Errors
    /// It is frozen: who joins it stands still, and with cgroup v1 not even SIGKILL ends it.
    pub fn must_be_thawed(&self) -> Result<(), Failure> {
        match self.frozen() {
            None => Ok(()),
            Some(why) => Err(Failure::because(
                Step::JoinCgroup(self.path.clone()),
                format!(
                    "{why}: whoever joins it stands still until it is thawed (docker unpause, \
                     podman unpause, runc resume)"
                ),
            )),
        }
    }

    /// Why processes in it stand still, in words.
    pub fn frozen(&self) -> Option<String> {
        self.freezer.as_ref()?.frozen()
    }

    /// Whether processes in it can be frozen.
    pub fn can_freeze(&self) -> bool {
        self.freezer.is_some()
    }

    /// Whether the kernel has killed processes in it meanwhile since its memory was used up: in words.
    pub fn ran_out_of_memory(&self) -> Option<String> {
        let killed = self.memory.as_ref()?.killed_since()?;
        Some(format!(
            "the memory of its cgroup {} was used up ({killed})",
            self.path
        ))
    }

    /// The way out of it again; none where our own cgroup is out of sight.
    pub fn way_back(&self) -> Option<WayBack> {
        self.way_back.clone()
    }
}

/// Moves a child into all of them.
///
/// # Errors
/// One cannot be joined, or has been frozen meanwhile. The child is in none of them then, as far as
/// that is ours to say.
pub fn move_in(cgroups: &[Joinable], child: Pid) -> Result<(), Failure> {
    let join = || {
        cgroups.iter().try_for_each(|it| it.take_in(child))?;
        cgroups.iter().try_for_each(Joinable::must_be_thawed)
    };
    join().inspect_err(|_| {
        let ways = cgroups.iter().filter_map(Joinable::way_back);
        ways.for_each(|way| way.take(child));
    })
}

impl WayBack {
    /// Moves a child out again, which thaws it (freezer_attach in kernel/cgroup/legacy_freezer.c).
    /// Where that is refused, it stays where it is.
    pub fn take(&self, child: Pid) {
        let procs = self.0.open("cgroup.procs", OFlag::O_WRONLY);
        let _ = procs.and_then(|procs| write_number(&procs, child));
    }
}

fn write_number(mut procs: &File, process: Pid) -> Result<(), Errno> {
    procs
        .write_all(format!("{process}\n").as_bytes())
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}
