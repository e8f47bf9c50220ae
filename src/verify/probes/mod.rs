//! Experiments: in a forked child that joins the target's namespaces with the target's rights, and
//! works together with one outside. Nothing that the target uses is changed, nothing is left behind,
//! and each has a time limit.

/// What the target sees of cgroups, and may write there.
mod cgroup;
/// Devices.
mod device;
mod ipc;
mod mnt;
mod net;
/// What stands at a path inside.
mod path;
mod pid;
/// A process that is pinned, and the way to where it is.
mod pinned;
/// Every procfs inside.
mod procfs;
/// Sockets that others listen on.
mod reach;
/// A process that is born in the target's pid namespace.
mod signaller;
mod time;
mod user;
mod uts;
/// The two sides of an experiment.
mod worker;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use self::pinned::Pinned;
use self::worker::Place;
pub use self::worker::random_name;
use super::claim::{Access, PathState, Propagation, Socket};
use super::verdict::{Evidence, Verdict};
use crate::model::process::TimeOffsets;
use crate::model::{NsKind, Pid};
use crate::sys::{child, signals};

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

/// A statement holds.
fn holds(did: impl Into<String>, evidence: Vec<Evidence>) -> Tried {
    Tried {
        verdict: Verdict::Holds,
        did: did.into(),
        evidence,
    }
}

/// A statement fails.
fn fails(did: impl Into<String>, evidence: Vec<Evidence>) -> Tried {
    Tried {
        verdict: Verdict::Fails,
        did: did.into(),
        evidence,
    }
}

/// What came of asking for something: the error is a number.
fn said(result: Result<(), i32>) -> String {
    match result {
        Ok(()) => "granted".to_owned(),
        Err(number) => Errno::from_raw(number).to_string(),
    }
}

/// The two sides of an experiment, and until when it may take.
struct Case<'a> {
    pinned: &'a Pinned,
    /// Whoever is on the other side; `None`: we.
    from: Option<&'a Pinned>,
    deadline: Instant,
}

impl Case<'_> {
    /// Where the target is, with its rights.
    fn inside(&self, kinds: &[NsKind]) -> Result<Place, String> {
        self.pinned.place(kinds)
    }

    /// Where the other side is.
    fn outside(&self, kinds: &[NsKind]) -> Result<Place, String> {
        match self.from {
            Some(from) => from.place(kinds),
            None => Ok(Place::Here),
        }
    }

    /// Whether both sides are in one namespace of a kind.
    fn same(&self, kind: NsKind) -> Result<bool, String> {
        let theirs = self.pinned.namespace(kind)?;
        Ok(theirs
            == match self.from {
                Some(from) => from.namespace(kind)?,
                None => self.pinned.our_namespace(kind)?,
            })
    }
}

/// Tries one statement about a process. No other thread may run meanwhile.
///
/// What the seccomp filter or the label of the target forbids is not forbidden to the probe: what it
/// could do is the most that the target can.
pub fn try_it(target: &Target, question: &Question, limit: Duration) -> Tried {
    child::wait_until_alone();
    // Whoever has started us may have it ignored, and then nobody is told how a child ended.
    let _ = signals::default_child();
    let patience = patience_with(target.pid);
    if patience.is_zero() {
        return undecided("what is in there has kept experiments waiting for too long already");
    }
    let limit = limit.min(patience);
    attempt(target, question, Instant::now() + limit).unwrap_or_else(|reason| {
        if reason == worker::late() {
            lose_patience(target.pid, limit);
        }
        undecided(reason)
    })
}

/// Not tried, or not to the end.
fn undecided(reason: impl Into<String>) -> Tried {
    Tried {
        verdict: Verdict::Undecided,
        did: reason.into(),
        evidence: Vec::new(),
    }
}

/// All experiments on one target may wait so long in vain: whoever can keep one waiting can keep a
/// hundred.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long was waited in vain for each target.
static WAITED: Mutex<BTreeMap<Pid, Duration>> = Mutex::new(BTreeMap::new());

fn patience_with(pid: Pid) -> Duration {
    let waited = WAITED.lock().unwrap_or_else(PoisonError::into_inner);
    PATIENCE.saturating_sub(waited.get(&pid).copied().unwrap_or_default())
}

fn lose_patience(pid: Pid, by: Duration) {
    let mut waited = WAITED.lock().unwrap_or_else(PoisonError::into_inner);
    *waited.entry(pid).or_default() += by;
}

/// The error is why it could not be tried, or not to the end.
fn attempt(target: &Target, question: &Question, deadline: Instant) -> Result<Tried, String> {
    let pinned = Pinned::open(target)?;
    let from = match question {
        Question::Isolated {
            from: Some(from), ..
        } => Some(Pinned::open(from)?),
        _ => None,
    };
    let case = Case {
        pinned: &pinned,
        from: from.as_ref(),
        deadline,
    };
    let mut tried = ask(&case, question)?;
    if tried.verdict == Verdict::Fails {
        tried.evidence.extend(pinned.barriers());
    }
    Ok(tried)
}

#[cold] // See build.rs.
fn ask(case: &Case<'_>, question: &Question) -> Result<Tried, String> {
    match question {
        Question::Isolated { kind, .. } => match kind {
            NsKind::Cgroup => cgroup::isolated(case),
            NsKind::Ipc => ipc::isolated(case),
            NsKind::Mnt => mnt::isolated(case),
            NsKind::Net => net::isolated(case),
            NsKind::Pid => pid::isolated(case),
            NsKind::Time => time::isolated(case),
            NsKind::User => user::isolated(case),
            NsKind::Uts => uts::isolated(case),
        },
        Question::Path { path, is } => path::is(case, path, *is),
        Question::Propagation { .. } => {
            Err("to try how mounts propagate would change what the target uses".to_owned())
        }
        Question::DeviceRefused { path, access } => device::is_refused(case, path, *access),
        Question::Unreachable(socket) => reach::is_unreachable(case, socket),
        Question::HostCapabilitiesRefused => user::is_refused_by_host(case),
        Question::Hostname(name) => uts::is_called(case, name),
        Question::OnlyOwnProcesses => pid::sees_only_its_own(case),
        Question::AtMostProcesses(most) => pid::sees_at_most(case, *most),
        Question::Interfaces(names) => net::sees_interfaces(case, names),
        Question::TimeOffsets(offsets) => time::is_ahead_by(case, offsets),
        Question::CgroupPath(path) => cgroup::is_at(case, path),
        Question::CgroupNotWritable => cgroup::is_not_writable(case),
    }
}
