//! What can be claimed of one process.

use std::collections::BTreeSet;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::analyse::audit::finding::Severity;
use crate::model::process::{IdRange, Seccomp, TimeOffsets};
use crate::model::{CapabilitySet, NsKind, Pid, Seen};

/// With whom a kind of namespace is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The host: PID 1, or what stands in for it.
    Host,
    /// Where nsinspect itself is: whoever launches something.
    Caller,
    /// Another process, and what it was called by.
    Task { pid: Pid, name: String },
}

/// Which ids a map is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    Uid,
    Gid,
}

/// A set of capabilities of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapSet {
    Effective,
    Permitted,
    Bounding,
    Inheritable,
    Ambient,
}

/// How much may be in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    AtMost,
    AtLeast,
    Exactly,
}

/// What is claimed of a path inside the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathState {
    /// Nothing is there.
    Absent,
    /// It cannot be read by the target.
    Unreadable,
    /// Nothing can be read through it: an empty directory, /dev/null, or absent.
    Masked,
    /// Its mount is read-only, whoever asks.
    ReadOnly,
    /// The target cannot write there, by whatever barrier.
    NotWritable,
    /// Set-user-ID bits count for nothing there.
    NoSuid,
    /// It is a mount point.
    Mounted,
    /// It is no mount point.
    NotMounted,
}

/// How mounts propagate (mount_namespaces(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Propagation {
    /// Nothing from or to anywhere.
    Private,
    /// From outside only.
    Slave,
    Shared,
    Unbindable,
    /// What is mounted in there does not appear on the host
    NotToHost,
}

/// Something that listens, as the target would name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Socket {
    Path(String),
    /// An abstract unix socket, without the `@`.
    Abstract(String),
    /// A TCP port at the loopback address.
    Tcp(u16),
}

/// What is to be done with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

/// What is done in namespaces that nobody else is in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exercise {
    /// Setting the host name.
    Hostname,
    /// Mounting a file system.
    Mount,
    /// Killing the init of a pid namespace like it.
    Init,
}

/// One statement about a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    Isolated {
        kind: NsKind,
        against: Against,
    },
    Shared {
        kind: NsKind,
        against: Against,
    },
    /// In the namespace that a path led to when the claim was read.
    InNamespace {
        kind: NsKind,
        path: String,
        inode: Seen<u64>,
    },
    /// Root in there is not root on the host, and has none of its rights.
    RootNotHostRoot,
    IdMap {
        ids: IdKind,
        map: Vec<IdRange>,
    },
    /// Whether setgroups(2) is allowed.
    Setgroups(bool),
    /// All of its user ids are this, as it numbers them itself.
    Uid(u32),
    /// None of its user ids is root's, neither in there nor on the host.
    NotRoot,
    Hostname(String),
    Capabilities {
        set: CapSet,
        bound: Bound,
        capabilities: CapabilitySet,
    },
    NoNewPrivs(bool),
    Seccomp(Seccomp),
    /// A security module confines it, by any label or by this one.
    Lsm(Option<String>),
    Path {
        path: String,
        is: PathState,
    },
    Propagation {
        path: String,
        is: Propagation,
    },
    /// Nothing is mounted but at these places, below these, and what the host has below those that
    /// are brought in with all that is mounted on them.
    NoOtherMounts(Places),
    /// No device nodes but these.
    NoOtherDevices(BTreeSet<(u32, u32)>),
    /// It sees no process that is not in its own pid namespace.
    OnlyOwnProcesses,
    AtMostProcesses(usize),
    /// Exactly these interfaces.
    Interfaces(BTreeSet<String>),
    Unreachable(Socket),
    Reachable(Socket),
    Device {
        path: String,
        access: Access,
        allowed: bool,
    },
    /// The path that it sees itself at.
    CgroupPath(String),
    /// It can write nothing above its own cgroup.
    CgroupNotWritable,
    TimeOffsets(TimeOffsets),
    /// What was done in there does not show outside: only for what is launched.
    Stays(Exercise),
    /// No finding of an audit is above this.
    NoFindingAbove(Severity),
}

/// Where something may be mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub at: BTreeSet<String>,
    /// File systems that the runtime mounts in parts (cgroup v1).
    pub below: BTreeSet<String>,
    /// Directories of the host with what is mounted on them (`rbind`).
    pub with_mounts: BTreeSet<String>,
}

impl IdKind {
    pub const fn name(self) -> &'static str {
        match self {
            IdKind::Uid => "uid",
            IdKind::Gid => "gid",
        }
    }
}

impl CapSet {
    pub const fn name(self) -> &'static str {
        match self {
            CapSet::Effective => "effective",
            CapSet::Permitted => "permitted",
            CapSet::Bounding => "bounding",
            CapSet::Inheritable => "inheritable",
            CapSet::Ambient => "ambient",
        }
    }
}

impl Bound {
    pub const fn words(self) -> &'static str {
        match self {
            Bound::AtMost => "at most",
            Bound::AtLeast => "at least",
            Bound::Exactly => "exactly",
        }
    }
}

impl PathState {
    pub const fn words(self) -> &'static str {
        match self {
            PathState::Absent => "absent",
            PathState::Unreadable => "unreadable",
            PathState::Masked => "masked",
            PathState::ReadOnly => "read-only",
            PathState::NotWritable => "not writable",
            PathState::NoSuid => "nosuid",
            PathState::Mounted => "a mount point",
            PathState::NotMounted => "no mount point",
        }
    }
}

impl Propagation {
    pub const fn words(self) -> &'static str {
        match self {
            Propagation::Private => "private",
            Propagation::Slave => "slave",
            Propagation::Shared => "shared",
            Propagation::Unbindable => "unbindable",
            Propagation::NotToHost => "do not reach the host",
        }
    }
}

impl std::fmt::Display for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Socket::Path(path) => f.write_str(path),
            Socket::Abstract(name) => write!(f, "@{name}"),
            Socket::Tcp(port) => write!(f, "tcp:{port}"),
        }
    }
}

impl Access {
    pub const fn name(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

impl Claim {
    /// Whether it takes an audit to judge it.
    pub const fn takes_audit(&self) -> bool {
        matches!(self, Claim::NoFindingAbove(_))
    }

    /// The kind of namespace that it is about, where it is about one.
    pub const fn kind(&self) -> Option<NsKind> {
        Some(match self {
            Claim::Isolated { kind, .. }
            | Claim::Shared { kind, .. }
            | Claim::InNamespace { kind, .. } => *kind,
            Claim::RootNotHostRoot | Claim::IdMap { .. } | Claim::Setgroups(_) => NsKind::User,
            Claim::Hostname(_) | Claim::Stays(Exercise::Hostname) => NsKind::Uts,
            Claim::Stays(Exercise::Mount) => NsKind::Mnt,
            Claim::Stays(Exercise::Init) => NsKind::Pid,
            Claim::Propagation { .. } | Claim::NoOtherMounts(_) => NsKind::Mnt,
            Claim::OnlyOwnProcesses | Claim::AtMostProcesses(_) => NsKind::Pid,
            Claim::Interfaces(_) => NsKind::Net,
            Claim::CgroupPath(_) | Claim::CgroupNotWritable => NsKind::Cgroup,
            Claim::TimeOffsets(_) => NsKind::Time,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let from = |against: &Against, word: &str| match against {
            Against::Host => String::new(),
            Against::Caller => format!(" {word} the caller"),
            Against::Task { name, .. } => format!(" {word} {name}"),
        };
        match self {
            Claim::Isolated { kind, against } => {
                write!(f, "{kind} isolated{}", from(against, "from"))
            }
            Claim::Shared { kind, against } => write!(f, "{kind} shared{}", from(against, "with")),
            Claim::InNamespace { kind, path, .. } => write!(f, "{kind} is {path}"),
            Claim::RootNotHostRoot => f.write_str("root is not the host's root"),
            Claim::IdMap { ids, map } => write!(f, "{} map {}", ids.name(), map_in_words(map)),
            Claim::Setgroups(true) => f.write_str("setgroups allowed"),
            Claim::Setgroups(false) => f.write_str("setgroups denied"),
            Claim::Uid(uid) => write!(f, "uid {uid}"),
            Claim::NotRoot => f.write_str("not root"),
            Claim::Hostname(name) => write!(f, "hostname {name}"),
            Claim::Capabilities {
                set,
                bound,
                capabilities,
            } => match capabilities.is_empty() {
                true => write!(f, "no {} capabilities", set.name()),
                false => {
                    let names: Vec<String> = capabilities.short_names().collect();
                    let names = names.join(" ");
                    write!(f, "{} capabilities {} {names}", set.name(), bound.words())
                }
            },
            Claim::NoNewPrivs(true) => f.write_str("no_new_privs on"),
            Claim::NoNewPrivs(false) => f.write_str("no_new_privs off"),
            Claim::Seccomp(mode) => write!(f, "seccomp {}", mode.name()),
            Claim::Lsm(None) => f.write_str("confined by a security module"),
            Claim::Lsm(Some(label)) => write!(f, "security label {label}"),
            Claim::Path { path, is } => write!(f, "{path} {}", is.words()),
            Claim::Propagation { path, is } => match is {
                Propagation::NotToHost => write!(f, "mounts below {path} {}", is.words()),
                _ => write!(f, "propagation of {path} {}", is.words()),
            },
            Claim::NoOtherMounts(_) => f.write_str("no mounts but those that are configured"),
            Claim::NoOtherDevices(_) => f.write_str("no devices but those that are configured"),
            Claim::OnlyOwnProcesses => f.write_str("sees no processes of others"),
            Claim::AtMostProcesses(count) => write!(f, "sees at most {count} processes"),
            Claim::Interfaces(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                match names.is_empty() {
                    true => f.write_str("no interfaces"),
                    false => write!(f, "interfaces {}", names.join(" ")),
                }
            }
            Claim::Unreachable(socket) => write!(f, "{socket} unreachable"),
            Claim::Reachable(socket) => write!(f, "{socket} reachable"),
            Claim::Device {
                path,
                access,
                allowed,
            } => {
                let verdict = if *allowed { "opens" } else { "does not open" };
                write!(f, "{path} {verdict} to {}", access.name())
            }
            Claim::CgroupPath(path) => write!(f, "cgroup path {path}"),
            Claim::CgroupNotWritable => f.write_str("cgroups above its own not writable"),
            Claim::TimeOffsets(offsets) => write!(
                f,
                "clock offsets {:+} s monotonic, {:+} s boottime",
                offsets.monotonic.seconds, offsets.boottime.seconds
            ),
            Claim::Stays(Exercise::Hostname) => f.write_str("its host name stays inside"),
            Claim::Stays(Exercise::Mount) => f.write_str("its mounts stay inside"),
            Claim::Stays(Exercise::Init) => f.write_str("all ends with its PID 1"),
            Claim::NoFindingAbove(severity) => write!(f, "no finding above {}", severity.name()),
        }
    }
}

/// A map as its file has it, one range after the other.
pub fn map_in_words(map: &[IdRange]) -> String {
    let ranges = map
        .iter()
        .map(|it| format!("{} {} {}", it.inside, it.outside, it.count));
    ranges.collect::<Vec<_>>().join(", ")
}
