//! The eight kinds of namespace and the ten links below `/proc/PID/ns` that name them.

use std::fmt;
use std::ops::Index;
use std::str::FromStr;

/// Defines the kinds in one place: all that goes through them goes by [`NsKind::ALL`] or by a `match`
/// without a wildcard, so that the compiler names every place that a further kind concerns.
macro_rules! kinds {
    ($($kind:ident = $name:literal,)+) => {
        /// One of the eight kinds of namespace, in the alphabetical order of `/proc/PID/ns`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum NsKind {
            $($kind,)+
        }

        impl NsKind {
            /// How many there are.
            pub const COUNT: usize = [$($name),+].len();

            /// All eight, in alphabetical order.
            pub const ALL: [NsKind; NsKind::COUNT] = [$(NsKind::$kind),+];

            /// The kernel's name, as in `/proc/PID/ns`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(NsKind::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    Cgroup = "cgroup",
    Ipc = "ipc",
    Mnt = "mnt",
    Net = "net",
    Pid = "pid",
    Time = "time",
    User = "user",
    Uts = "uts",
}

/// The lowest inode number that the kernel hands out dynamically (`PROC_DYNAMIC_FIRST` in
/// fs/proc/generic.c): everything below it that names a namespace is an initial namespace.
pub const FIRST_DYNAMIC_INODE: u64 = 0xF000_0000;

impl NsKind {
    /// All eight, those first whose sharing costs a container the most.
    pub const BY_WEIGHT: [NsKind; NsKind::COUNT] = [
        NsKind::User,
        NsKind::Pid,
        NsKind::Mnt,
        NsKind::Net,
        NsKind::Ipc,
        NsKind::Uts,
        NsKind::Cgroup,
        NsKind::Time,
    ];

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

    /// Whether namespaces of this kind nest (`NS_GET_PARENT` has an answer).
    pub const fn is_hierarchical(self) -> bool {
        match self {
            NsKind::Pid | NsKind::User => true,
            NsKind::Cgroup
            | NsKind::Ipc
            | NsKind::Mnt
            | NsKind::Net
            | NsKind::Time
            | NsKind::Uts => false,
        }
    }
}

/// Something for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerKind<T>([T; NsKind::COUNT]);

impl<T> PerKind<T> {
    /// Makes it, in the order of [`NsKind::ALL`].
    pub fn of(make: impl FnMut(NsKind) -> T) -> PerKind<T> {
        PerKind(NsKind::ALL.map(make))
    }
}

impl<T> Index<NsKind> for PerKind<T> {
    type Output = T;

    fn index(&self, kind: NsKind) -> &T {
        // The only place that counts on the order in which the kinds are defined.
        &self.0[kind as usize]
    }
}

impl fmt::Display for NsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text is not one of the eight kinds.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a kind of namespace; the kinds are {kinds}", kinds = names())]
pub struct UnknownKind(String);

fn names() -> String {
    let [others @ .., last] = NsKind::ALL.map(NsKind::name);
    format!("{} and {last}", others.join(", "))
}

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
    pub fn all() -> impl Iterator<Item = LinkName> {
        let own = NsKind::ALL.into_iter().map(LinkName::Own);
        own.chain([LinkName::PidForChildren, LinkName::TimeForChildren])
    }

    /// The link to the namespace that the children of a task are born into, of the kinds in which a
    /// task itself stays where it is when it makes a new one (unshare(2)).
    pub const fn for_children(kind: NsKind) -> Option<LinkName> {
        match kind {
            NsKind::Pid => Some(LinkName::PidForChildren),
            NsKind::Time => Some(LinkName::TimeForChildren),
            NsKind::Cgroup
            | NsKind::Ipc
            | NsKind::Mnt
            | NsKind::Net
            | NsKind::User
            | NsKind::Uts => None,
        }
    }

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
