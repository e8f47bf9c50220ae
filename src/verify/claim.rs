//! What can be claimed of one process.

use std::collections::BTreeSet;

use crate::analyse::audit::finding::Severity;
use crate::model::process::{IdRange, Seccomp, TimeOffsets};
use crate::model::{CapabilitySet, NsKind, Pid};

/// With whom a kind of namespace is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The host: PID 1, or what stands in for it.
    Host,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// Nothing from or to anywhere.
    Private,
    /// From outside only.
    Slave,
    Shared,
    Unbindable,
    /// Not to the host.
    NotToHost,
}

/// Something that listens, as the target would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    Path(String),
    /// An abstract unix socket, without the `@`.
    Abstract(String),
    /// A TCP port at the loopback address.
    Tcp(u16),
}

/// What is to be done with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
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
    /// Root in there is not root on the host, and has none of its rights.
    RootNotHostRoot,
    IdMap {
        ids: IdKind,
        map: Vec<IdRange>,
    },
    /// `allow` or `deny`.
    Setgroups(bool),
    Uid(u32),
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
    /// No finding of an audit is above this.
    NoFindingAbove(Severity),
}
