//! The eight kinds of namespace and the ten links below `/proc/PID/ns` that name them.

use std::fmt;
use std::str::FromStr;

/// One of the eight kinds of namespace, in the alphabetical order of `/proc/PID/ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NsKind {
    Cgroup,
    Ipc,
    Mnt,
    Net,
    Pid,
    Time,
    User,
    Uts,
}

/// The lowest inode number that the kernel hands out dynamically (`PROC_DYNAMIC_FIRST` in
/// fs/proc/generic.c): everything below it that names a namespace is an initial namespace.
pub const FIRST_DYNAMIC_INODE: u64 = 0xF000_0000;

impl NsKind {
    /// All eight, in alphabetical order.
    pub const ALL: [NsKind; 8] = [
        NsKind::Cgroup,
        NsKind::Ipc,
        NsKind::Mnt,
        NsKind::Net,
        NsKind::Pid,
        NsKind::Time,
        NsKind::User,
        NsKind::Uts,
    ];

    /// All eight, those first whose sharing costs a container the most.
    pub const BY_WEIGHT: [NsKind; 8] = [
        NsKind::User,
        NsKind::Pid,
        NsKind::Mnt,
        NsKind::Net,
        NsKind::Ipc,
        NsKind::Uts,
        NsKind::Cgroup,
        NsKind::Time,
    ];

    /// The kernel's name, as in `/proc/PID/ns`.
    pub const fn name(self) -> &'static str {
        match self {
            NsKind::Cgroup => "cgroup",
            NsKind::Ipc => "ipc",
            NsKind::Mnt => "mnt",
            NsKind::Net => "net",
            NsKind::Pid => "pid",
            NsKind::Time => "time",
            NsKind::User => "user",
            NsKind::Uts => "uts",
        }
    }

    /// The inode that the initial namespace of this kind has on every kernel where the number is
    /// fixed (include/uapi/linux/nsfs.h). Net and mnt have theirs since Linux 6.17 only; before
    /// that theirs is a dynamic number, but no *other* namespace ever has this one.
    pub const fn initial_inode(self) -> u64 {
        match self {
            NsKind::Ipc => 0xEFFF_FFFF,
            NsKind::Uts => 0xEFFF_FFFE,
            NsKind::User => 0xEFFF_FFFD,
            NsKind::Pid => 0xEFFF_FFFC,
            NsKind::Cgroup => 0xEFFF_FFFB,
            NsKind::Time => 0xEFFF_FFFA,
            NsKind::Net => 0xEFFF_FFF9,
            NsKind::Mnt => 0xEFFF_FFF8,
        }
    }

    /// Whether the initial namespace has had [`NsKind::initial_inode`] on all kernels that know
    /// the kind.
    pub const fn initial_inode_is_old(self) -> bool {
        !matches!(self, NsKind::Net | NsKind::Mnt)
    }

    /// Whether namespaces of this kind nest (`NS_GET_PARENT` has an answer).
    pub const fn is_hierarchical(self) -> bool {
        matches!(self, NsKind::User | NsKind::Pid)
    }
}

impl fmt::Display for NsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text is not one of the eight kinds.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not a kind of namespace; the kinds are cgroup, ipc, mnt, net, pid, time, user and uts"
)]
pub struct UnknownKind(String);

impl FromStr for NsKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<NsKind, UnknownKind> {
        // "mount" and "network" are what people type who know unshare's long options.
        let name = match text {
            "mount" => "mnt",
            "network" => "net",
            other => other,
        };
        NsKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// One of the ten links below `/proc/PID/ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkName {
    /// The namespace that the task is in.
    Own(NsKind),
    /// The pid namespace that its next child will be in (Linux 4.12).
    PidForChildren,
    /// The time namespace that its next child will be in (Linux 5.6).
    TimeForChildren,
}

impl LinkName {
    /// All ten: the eight kinds in alphabetical order, then the two for children.
    pub const ALL: [LinkName; 10] = [
        LinkName::Own(NsKind::Cgroup),
        LinkName::Own(NsKind::Ipc),
        LinkName::Own(NsKind::Mnt),
        LinkName::Own(NsKind::Net),
        LinkName::Own(NsKind::Pid),
        LinkName::Own(NsKind::Time),
        LinkName::Own(NsKind::User),
        LinkName::Own(NsKind::Uts),
        LinkName::PidForChildren,
        LinkName::TimeForChildren,
    ];

    /// The file name below `/proc/PID/ns`.
    pub const fn name(self) -> &'static str {
        match self {
            LinkName::Own(kind) => kind.name(),
            LinkName::PidForChildren => "pid_for_children",
            LinkName::TimeForChildren => "time_for_children",
        }
    }

    /// The kind of namespace that the link points to.
    pub const fn kind(self) -> NsKind {
        match self {
            LinkName::Own(kind) => kind,
            LinkName::PidForChildren => NsKind::Pid,
            LinkName::TimeForChildren => NsKind::Time,
        }
    }
}
