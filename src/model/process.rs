//! One process (or thread), as `/proc` shows it.
//!
//! The small types that derive `Serialize` appear in documents as they are, so that the promise of
//! [`crate::output::wire`] holds for their fields.

use std::borrow::Borrow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capability::CapabilitySet;
use super::kind::{LinkName, NsKind, PerKind};
use super::mount::Mount;
use super::namespace::NsKey;
use super::seen::{Seen, Why};

/// A process or thread number, in the pid namespace of the procfs that was read.
pub type Pid = i32;

/// The ten links of `/proc/PID/ns`, each with a result of its own. Thousands of processes have the
/// same ones, so a clone shares them: on their own they are more than half of a [`Process`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Links(Arc<EachLink>);

/// The inodes behind the ten links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EachLink {
    /// Of the namespaces that the task itself is in.
    own: PerKind<Seen<u64>>,
    pid_for_children: Seen<u64>,
    time_for_children: Seen<u64>,
}

impl EachLink {
    /// Reads each link by the given function, in the order of [`LinkName::all`].
    pub fn read(mut read: impl FnMut(LinkName) -> Seen<u64>) -> EachLink {
        EachLink {
            own: PerKind::of(|kind| read(LinkName::Own(kind))),
            pid_for_children: read(LinkName::PidForChildren),
            time_for_children: read(LinkName::TimeForChildren),
        }
    }

    /// Inode of the namespace behind one link.
    pub fn get(&self, link: LinkName) -> &Seen<u64> {
        match link {
            LinkName::Own(kind) => &self.own[kind],
            LinkName::PidForChildren => &self.pid_for_children,
            LinkName::TimeForChildren => &self.time_for_children,
        }
    }
}

impl From<EachLink> for Links {
    fn from(each: EachLink) -> Links {
        Links(Arc::new(each))
    }
}

impl Borrow<EachLink> for Links {
    fn borrow(&self) -> &EachLink {
        self.each()
    }
}

impl Links {
    /// All ten.
    pub fn each(&self) -> &EachLink {
        &self.0
    }

    /// Reads each link by the given function.
    pub fn read(read: impl FnMut(LinkName) -> Seen<u64>) -> Links {
        Links::from(EachLink::read(read))
    }

    /// All ten not known, for one reason.
    pub fn unknown(why: &Why) -> Links {
        Links::read(|_| Seen::Unknown(why.clone()))
    }

    /// Where they are in memory: the same for those that share it.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Inode of the namespace behind one link.
    pub fn get(&self, link: LinkName) -> &Seen<u64> {
        self.0.get(link)
    }

    /// Inode of the namespace of this kind that the task itself is in.
    pub fn own(&self, kind: NsKind) -> &Seen<u64> {
        self.get(LinkName::Own(kind))
    }

    pub fn iter(&self) -> impl Iterator<Item = (LinkName, &Seen<u64>)> {
        LinkName::all().map(|link| (link, self.get(link)))
    }

    /// The namespaces that the task itself is in, as far as known.
    pub fn own_keys(&self) -> impl Iterator<Item = NsKey> {
        NsKind::ALL.into_iter().filter_map(|kind| {
            let inode = self.own(kind).get()?;
            Some(NsKey { kind, inode })
        })
    }

    /// The namespaces that it or its children are in, as far as known.
    pub fn keys(&self) -> impl Iterator<Item = NsKey> {
        self.iter().filter_map(|(link, seen)| {
            let (kind, inode) = (link.kind(), seen.get()?);
            Some(NsKey { kind, inode })
        })
    }

    /// The first reason, other than that it is gone or unsupported, why one of the eight own
    /// namespaces is not known.
    pub fn gap(&self) -> Option<&Why> {
        NsKind::ALL
            .into_iter()
            .filter_map(|kind| self.own(kind).why())
            .find(|why| !matches!(why, Why::Gone | Why::Unsupported))
    }
}

/// A line of `/proc/PID/stat`: the part that we use (proc_pid_stat(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    pub comm: String,
    /// `R`, `S`, `Z` …
    pub state: char,
    pub ppid: Pid,
    /// A thread of the kernel itself (PF_KTHREAD); nothing else can have this flag.
    pub kernel_thread: bool,
    /// Start in clock ticks after boot: with the PID, what tells a process from its successor.
    pub start_time: u64,
}

impl Stat {
    /// Dead, and not yet reaped by its parent.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Real, effective, saved and file-system id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Ids {
    pub real: u32,
    pub effective: u32,
    pub saved: u32,
    pub fs: u32,
}

/// How system calls of a process are filtered (seccomp(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seccomp {
    Disabled,
    Strict,
    Filter,
}

impl Seccomp {
    pub const fn name(self) -> &'static str {
        match self {
            Seccomp::Disabled => "disabled",
            Seccomp::Strict => "strict",
            Seccomp::Filter => "filter",
        }
    }
}

/// The five sets of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    pub effective: CapabilitySet,
    pub permitted: CapabilitySet,
    pub inheritable: CapabilitySet,
    pub bounding: CapabilitySet,
    pub ambient: CapabilitySet,
}

impl Capabilities {
    /// The sets with their names, the most telling first.
    pub fn by_name(&self) -> [(&'static str, CapabilitySet); 5] {
        [
            ("effective", self.effective),
            ("permitted", self.permitted),
            ("bounding", self.bounding),
            ("inheritable", self.inheritable),
            ("ambient", self.ambient),
        ]
    }
}

/// Credentials and barriers: the part of `/proc/PID/status` that we use (proc_pid_status(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The process that the task is a thread of.
    pub tgid: Pid,
    /// Ids as the reader's user namespace numbers them.
    pub uids: Ids,
    pub gids: Ids,
    pub groups: Vec<u32>,
    /// The PID in each pid namespace, from the one of the procfs inwards; `None` before Linux 4.1.
    pub nspid: Option<Vec<Pid>>,
    pub capabilities: Capabilities,
    pub no_new_privs: Option<bool>,
    pub seccomp: Option<Seccomp>,
}

/// One line of `uid_map` or `gid_map` (user_namespaces(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct IdRange {
    /// First id inside the user namespace.
    pub inside: u32,
    /// First id outside: as the reader's user namespace numbers it, or for a reader in that very
    /// namespace, as its parent does.
    pub outside: u32,
    pub count: u32,
}

impl IdRange {
    /// The id outside that an id inside stands for, by the whole map.
    pub fn outside_of(map: &[IdRange], inside: u32) -> Option<u32> {
        map.iter().find_map(|range| {
            let offset = inside.checked_sub(range.inside)?;
            (offset < range.count).then(|| range.outside.wrapping_add(offset))
        })
    }

    /// The id inside that stands for an id outside, by the whole map.
    pub fn inside_of(map: &[IdRange], outside: u32) -> Option<u32> {
        map.iter().find_map(|range| {
            let offset = outside.checked_sub(range.outside)?;
            (offset < range.count).then(|| range.inside.wrapping_add(offset))
        })
    }
}

/// One line of `/proc/PID/cgroup` (cgroups(7)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct CgroupEntry {
    /// 0 for the unified hierarchy (cgroup v2).
    pub hierarchy: u32,
    /// Controllers of a v1 hierarchy, or `name=systemd`; empty for v2.
    pub controllers: String,
    /// Path below the root of the reader's cgroup namespace.
    pub path: String,
}

/// How the clocks of a time namespace differ from the initial ones (time_namespaces(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct TimeOffsets {
    /// Of CLOCK_MONOTONIC.
    pub monotonic: Offset,
    /// Of CLOCK_BOOTTIME.
    pub boottime: Offset,
}

/// The offset of one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Offset {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// The root directory of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootDir {
    /// Target of `/proc/PID/root`: `/` for a process whose root is that of its mount namespace.
    pub path: String,
    /// Device and inode of the directory itself: the same for two processes with the same root.
    pub device: u64,
    pub inode: u64,
}

/// A thread that is in other namespaces than the process it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub tid: Pid,
    pub comm: String,
    /// The links in which it differs.
    pub differs: Vec<(LinkName, u64)>,
}

/// Where a thread is, its links read for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadLinks {
    pub tid: Pid,
    pub links: Links,
}

/// What is read of a process only when it is the one asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub status: Seen<Status>,
    pub uid_map: Seen<Vec<IdRange>>,
    pub gid_map: Seen<Vec<IdRange>>,
    /// Owner of its files in /proc: its effective uid, or root where it is not dumpable
    /// (PR_SET_DUMPABLE(2const)).
    pub files_owner: Seen<u32>,
    /// `allow` or `deny`.
    pub setgroups: Seen<String>,
    /// Label of the active security module; `None` where no module is active.
    pub lsm: Seen<Option<String>>,
    pub root: Seen<RootDir>,
    /// The program that it runs, as a path seen from the reader's root; a thread of the kernel has
    /// none.
    pub exe: Seen<String>,
    pub mounts: Seen<Vec<Mount>>,
    pub timens_offsets: Seen<TimeOffsets>,
    /// The cgroup paths as the process itself sees them, below the root of its cgroup namespace.
    pub cgroups_inside: Seen<Vec<CgroupEntry>>,
    /// Threads whose namespaces differ from the process's.
    pub threads: Seen<Vec<Thread>>,
}

/// One process, or one thread where a TID was asked for. A scan holds thousands of them, and of most
/// no more than this: where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: Pid,
    /// Number of threads.
    pub nthreads: u32,
    pub links: Links,
    /// Effective uid, as the reader's user namespace numbers it.
    pub uid: Seen<u32>,
    /// The rest, where somebody has asked for it.
    pub more: Option<Box<More>>,
}

/// What is read of a process beyond where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More {
    /// The thread that was asked for, where it is not the process's first.
    pub tid: Option<Pid>,
    pub stat: Seen<Stat>,
    pub cmdline: Seen<Vec<String>>,
    pub cgroups: Seen<Vec<CgroupEntry>>,
    pub details: Option<Box<Details>>,
}

impl More {
    /// Nobody has asked.
    pub const NOTHING: More = More {
        tid: None,
        stat: Seen::Unknown(Why::Skipped),
        cmdline: Seen::Unknown(Why::Skipped),
        cgroups: Seen::Unknown(Why::Skipped),
        details: None,
    };
}

/// What nobody has asked for was skipped.
impl Deref for Process {
    type Target = More;

    fn deref(&self) -> &More {
        self.more.as_deref().unwrap_or(&More::NOTHING)
    }
}

impl DerefMut for Process {
    fn deref_mut(&mut self) -> &mut More {
        self.more.get_or_insert_with(|| Box::new(More::NOTHING))
    }
}

/// A sleeping child of PID 1, owned by root and in the initial namespaces, for tests to change.
#[cfg(test)]
pub fn sleeping_for_tests(pid: Pid, start_time: u64) -> Process {
    let more = More {
        stat: Seen::Known(Stat {
            comm: "sleep".to_owned(),
            state: 'S',
            ppid: Process::INIT,
            kernel_thread: false,
            start_time,
        }),
        cmdline: Seen::Known(vec!["sleep".to_owned()]),
        cgroups: Seen::Known(Vec::new()),
        ..More::NOTHING
    };
    Process {
        pid,
        nthreads: 1,
        links: Links::read(|link| Seen::Known(link.kind().initial_inode())),
        uid: Seen::Known(0),
        more: Some(Box::new(more)),
    }
}

impl Process {
    /// The init of every pid namespace.
    pub const INIT: Pid = 1;
    /// The thread that makes all other kernel threads; it never leaves the initial namespaces.
    pub const KTHREADD: Pid = 2;

    /// The number under which it was read: its own, or that of the thread that was asked for.
    pub fn task(&self) -> Pid {
        self.tid.unwrap_or(self.pid)
    }

    /// What the process is called: its command line, else its name, as lsns(8) has it.
    pub fn command(&self) -> Option<String> {
        match self.cmdline.known() {
            Some(args) if !args.is_empty() => Some(args.join(" ")),
            _ => self.stat.known().map(|stat| stat.comm.clone()),
        }
    }

    /// Dead, with no thread that lives on and would keep it in its namespaces.
    pub fn is_zombie(&self) -> bool {
        let is_dead = self.stat.known().is_some_and(Stat::is_zombie);
        is_dead && !self.links.own(NsKind::Mnt).is_known()
    }

    pub fn is_kernel_thread(&self) -> bool {
        self.stat.known().is_some_and(|stat| stat.kernel_thread)
    }
}
