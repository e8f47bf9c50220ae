//! Experiments: in a forked child that joins the target's namespaces with the target's rights, and
//! works together with one outside. Nothing that the target uses is changed, nothing is left behind,
//! and each has a time limit.

use std::time::Duration;

use super::claim::{Access, PathState, Propagation, Socket};
use super::verdict::{Evidence, Verdict};
use crate::model::process::TimeOffsets;
use crate::model::{NsKind, Pid};

/// A process that a probe looks at, or from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub pid: Pid,
    /// When it was started (clock ticks after boot): a process with this number and another start is
    /// another process, and not tried. `None`: not known.
    pub start_time: Option<u64>,
}

/// A statement that can be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The target is isolated in this kind from a process outside; `None`: from nsinspect itself,
    /// which is where the host is.
    Isolated {
        kind: NsKind,
        from: Option<Target>,
    },
    /// Of a path, as the target names it. `Mounted` and `NotMounted` are not for trying.
    Path {
        path: String,
        is: PathState,
    },
    /// Mounts below this path propagate so, or not to the host.
    Propagation {
        path: String,
        is: Propagation,
    },
    /// The target cannot open this device so.
    DeviceRefused {
        path: String,
        access: Access,
    },
    /// The target cannot connect to this.
    Unreachable(Socket),
    /// What takes a capability over the host is refused to the target.
    HostCapabilitiesRefused,
    Hostname(String),
    /// The target sees no process that is not in its own pid namespace, by any procfs.
    OnlyOwnProcesses,
    AtMostProcesses(usize),
    /// Exactly these interfaces, sorted.
    Interfaces(Vec<String>),
    /// The clocks differ from the host's by this.
    TimeOffsets(TimeOffsets),
    /// The target sees itself at this path.
    CgroupPath(String),
    /// Nothing above the target's own cgroup can be written.
    CgroupNotWritable,
}

/// What came of trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Whether the statement holds.
    pub verdict: Verdict,
    /// What was done, in words that follow "tried: "; for `undecided`, why it was not or not to the
    /// end, in words that follow "not tried: ".
    pub did: String,
    pub evidence: Vec<Evidence>,
}

/// Tries one statement about a process.
pub fn try_it(_target: &Target, _question: &Question, _limit: Duration) -> Tried {
    Tried {
        verdict: Verdict::Undecided,
        did: "there is no experiment for this".to_owned(),
        evidence: Vec::new(),
    }
}
