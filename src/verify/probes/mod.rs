//! Experiments: in a forked child that joins the target's namespaces with the target's rights, and
//! works together with one outside. Nothing that the target uses is changed, nothing is left behind,
//! and each has a time limit.

/// What the target sees of cgroups.
pub mod cgroup;
pub mod ipc;
pub mod mnt;
pub mod net;
/// What stands at a path inside.
pub mod path;
pub mod pid;
/// A process that is pinned, and the way to where it is.
pub mod pinned;
/// Every procfs inside.
pub mod procfs;
/// A process that is born in the target's pid namespace.
mod signaller;
pub mod time;
pub mod user;
pub mod uts;
/// The two sides of an experiment.
pub mod worker;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use self::pinned::Pinned;
use self::worker::Place;
pub use self::worker::random_name;
use super::verdict::{Evidence, Verdict};
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

/// What is tried for a claim.
pub struct Experiment {
    /// Who is on the other side; `None`: nsinspect itself.
    pub from: Option<Target>,
    /// It tells something of the host, and so only where nsinspect is in the host's namespace of this
    /// kind.
    pub on_host: Option<NsKind>,
    /// It looks for a way out: one that it finds is one, but where it finds none, there may be another.
    pub is_search: bool,
    /// What is tried is the opposite of the claim.
    is_opposite: bool,
    run: Box<Run>,
}

type Run = dyn Fn(&Sides<'_>) -> Result<Tried, NotTried>;

impl Experiment {
    /// Of this, which is told by both sides.
    pub fn new(run: impl Fn(&Sides<'_>) -> Result<Tried, NotTried> + 'static) -> Experiment {
        Experiment {
            from: None,
            on_host: None,
            is_search: false,
            is_opposite: false,
            run: Box::new(run),
        }
    }

    #[must_use]
    pub fn search(self) -> Experiment {
        Experiment {
            is_search: true,
            ..self
        }
    }

    #[must_use]
    pub fn on_host(self, kind: NsKind) -> Experiment {
        Experiment {
            on_host: Some(kind),
            ..self
        }
    }

    #[must_use]
    pub fn from(self, other: Target) -> Experiment {
        Experiment {
            from: Some(other),
            ..self
        }
    }

    #[must_use]
    pub fn opposite_if(self, is_opposite: bool) -> Experiment {
        Experiment {
            is_opposite,
            ..self
        }
    }
}

/// Why something was not tried, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum NotTried {
    #[error("it gave no answer in time: something in there keeps it waiting, or has stopped it")]
    Late,
    #[error("what is in there has kept experiments waiting for too long already")]
    Impatient,
    #[error("{0}")]
    Because(String),
}

impl From<String> for NotTried {
    fn from(reason: String) -> NotTried {
        NotTried::Because(reason)
    }
}

impl From<&str> for NotTried {
    fn from(reason: &str) -> NotTried {
        NotTried::Because(reason.to_owned())
    }
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
pub fn holds(did: impl Into<String>, evidence: Vec<Evidence>) -> Tried {
    Tried {
        verdict: Verdict::Holds,
        did: did.into(),
        evidence,
    }
}

/// A statement fails.
pub fn fails(did: impl Into<String>, evidence: Vec<Evidence>) -> Tried {
    Tried {
        verdict: Verdict::Fails,
        did: did.into(),
        evidence,
    }
}

/// What came of asking for something: the error is a number.
pub fn said(result: Result<(), i32>) -> String {
    match result {
        Ok(()) => "granted".to_owned(),
        Err(number) => Errno::from_raw(number).to_string(),
    }
}

/// The two sides of an experiment, and until when it may take.
pub struct Sides<'a> {
    pub pinned: &'a Pinned,
    /// Whoever is on the other side; `None`: we.
    pub from: Option<&'a Pinned>,
    pub deadline: Instant,
}

impl Sides<'_> {
    /// Where the target is, with its rights.
    pub fn inside(&self, kinds: &[NsKind]) -> Result<Place, String> {
        self.pinned.place(kinds)
    }

    /// Where the other side is.
    pub fn outside(&self, kinds: &[NsKind]) -> Result<Place, String> {
        match self.from {
            Some(from) => from.place(kinds),
            None => Ok(Place::Here),
        }
    }

    /// Whether both sides are in one namespace of a kind.
    pub fn same(&self, kind: NsKind) -> Result<bool, String> {
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
pub fn try_it(target: &Target, experiment: &Experiment, limit: Duration) -> Tried {
    child::wait_until_alone();
    // Whoever has started us may have it ignored, and then nobody is told how a child ended.
    let _ = signals::default_child();
    let patience = patience_with(target.pid);
    if patience.is_zero() {
        return undecided(&NotTried::Impatient);
    }
    let limit = limit.min(patience);
    attempt(target, experiment, Instant::now() + limit).unwrap_or_else(|reason| {
        if matches!(reason, NotTried::Late) {
            lose_patience(target.pid, limit);
        }
        undecided(&reason)
    })
}

/// Not tried, or not to the end.
fn undecided(reason: &NotTried) -> Tried {
    Tried {
        verdict: Verdict::Undecided,
        did: reason.to_string(),
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

fn attempt(target: &Target, experiment: &Experiment, deadline: Instant) -> Result<Tried, NotTried> {
    let pinned = Pinned::open(target)?;
    let from = experiment.from.as_ref().map(Pinned::open).transpose()?;
    let sides = Sides {
        pinned: &pinned,
        from: from.as_ref(),
        deadline,
    };
    let mut tried = (experiment.run)(&sides)?;
    if tried.verdict == Verdict::Fails {
        tried.evidence.extend(pinned.barriers());
    }
    if experiment.is_opposite {
        tried.verdict = tried.verdict.of_opposite();
    }
    Ok(tried)
}
