//! How one process is isolated from another: kind by kind, and beside namespaces.

mod beyond;
mod grants;
mod inside;
mod value;

pub use beyond::Beyond;
pub use inside::main_cgroup_path;
pub use value::{Difference, Value};

use super::reference::Reference;
use crate::model::kind::PerKind;
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Process, Seen, Snapshot, Why};

/// Whether two processes are in one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Shared,
    Isolated,
    /// One side could not be read: never to be taken for either of the others.
    Unknown(Why),
}

impl State {
    pub const SHARED: &str = "shared";
    pub const ISOLATED: &str = "isolated";
    pub const UNKNOWN: &str = "unknown";

    pub const fn name(&self) -> &'static str {
        match self {
            State::Shared => State::SHARED,
            State::Isolated => State::ISOLATED,
            State::Unknown(_) => State::UNKNOWN,
        }
    }
}

/// One kind of namespace, of the two processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindDiff {
    pub kind: NsKind,
    pub subject: Seen<u64>,
    pub reference: Seen<u64>,
    pub state: State,
    /// What sharing it hands the subject; empty unless shared.
    pub grants: Vec<String>,
    /// What differs inside; empty unless isolated.
    pub differences: Vec<Difference>,
    /// The differences as a sentence; empty unless isolated.
    pub inside: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff<'a> {
    pub subject: &'a Process,
    pub reference: Reference<'a>,
    /// All eight kinds, those first that weigh most.
    pub kinds: Vec<KindDiff>,
    pub beyond: Vec<Beyond>,
}

impl Diff<'_> {
    /// The kinds in one state.
    pub fn kinds_that_are(&self, state: &str) -> Vec<NsKind> {
        self.kinds
            .iter()
            .filter(|kind| kind.state.name() == state)
            .map(|kind| kind.kind)
            .collect()
    }

    /// Why not one kind could be told, if that is so.
    pub fn hopeless(&self) -> Option<&Why> {
        let mut reasons = self.kinds.iter().map(|kind| match &kind.state {
            State::Unknown(why) => Some(why),
            State::Shared | State::Isolated => None,
        });
        let first = reasons.next()??;
        reasons.all(|why| why.is_some()).then_some(first)
    }

    /// Whether anything at all is known to differ.
    pub fn differs(&self) -> bool {
        let isolated = self.kinds.iter().any(|kind| kind.state == State::Isolated);
        isolated || self.beyond.iter().any(|row| row.same == Some(false))
    }
}

/// Compares a process with a reference.
pub fn diff<'a>(
    snapshot: &'a Snapshot,
    subject: &'a Process,
    reference: Reference<'a>,
) -> Diff<'a> {
    let states = states(subject, &reference);
    let pair = Pair {
        snapshot,
        subject,
        reference: &reference,
        user_shared: states[NsKind::User] == State::Shared,
        noun: reference.noun(),
    };
    let kinds = NsKind::BY_WEIGHT
        .into_iter()
        .map(|kind| pair.kind(kind, states[kind].clone()))
        .collect();
    let beyond = beyond::rows(&pair);
    Diff {
        subject,
        reference,
        kinds,
        beyond,
    }
}

/// The namespaces whose inside a diff tells of, with the process to look through: both sides of
/// every kind that is isolated.
pub fn namespaces_to_look_into(
    snapshot: &Snapshot,
    subject: &Process,
    reference: &Reference<'_>,
) -> Vec<(NsKey, Pid)> {
    let states = states(subject, reference);
    let isolated = NsKind::ALL
        .into_iter()
        .filter(|kind| states[*kind] == State::Isolated);
    let reader = &snapshot.reader;
    let mut wanted = Vec::new();
    for kind in isolated {
        // Where only the numbers of the initial namespaces are known, we may be in them ourselves.
        let theirs = reference.links.own(kind);
        let stand_in = reader
            .pid
            .get()
            .filter(|_| reader.links.own(kind) == theirs);
        let sides = [
            (subject.links.own(kind).get(), Some(subject.task())),
            (
                theirs.get(),
                reference.process.map(Process::task).or(stand_in),
            ),
        ];
        for (inode, member) in sides {
            if let (Some(inode), Some(member)) = (inode, member) {
                wanted.push((NsKey { kind, inode }, member));
            }
        }
    }
    // Counting the processes of the reference's pid namespace would cost more the busier the
    // machine is, and nobody asked.
    wanted.retain(|(key, task)| key.kind != NsKind::Pid || *task == subject.task());
    wanted
}

fn states(subject: &Process, reference: &Reference<'_>) -> PerKind<State> {
    PerKind::of(|kind| {
        match (subject.links.own(kind), reference.links.own(kind)) {
            (Seen::Known(a), Seen::Known(b)) if a == b => State::Shared,
            (Seen::Known(_), Seen::Known(_)) => State::Isolated,
            // A kernel without this kind has one for all, but says so to nobody: not "shared".
            (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) => State::Unknown(why.clone()),
        }
    })
}

/// The two sides, and what all parts of a diff ask about them.
struct Pair<'a> {
    snapshot: &'a Snapshot,
    subject: &'a Process,
    reference: &'a Reference<'a>,
    user_shared: bool,
    /// How sentences call the reference.
    noun: String,
}

impl Pair<'_> {
    fn kind(&self, kind: NsKind, state: State) -> KindDiff {
        let inside = match state {
            State::Isolated => inside::of(self, kind),
            State::Shared | State::Unknown(_) => inside::Inside::default(),
        };
        KindDiff {
            kind,
            subject: self.subject.links.own(kind).clone(),
            reference: self.reference.links.own(kind).clone(),
            grants: match state {
                State::Shared => grants::of(self, kind),
                State::Isolated | State::Unknown(_) => Vec::new(),
            },
            state,
            differences: inside.differences,
            inside: inside.sentence,
        }
    }

    /// Whether a capability of the subject counts where the reference is.
    fn has(&self, capability: u32) -> bool {
        let details = self.subject.details.as_ref();
        let status = details.and_then(|details| details.status.known());
        self.user_shared
            && status.is_some_and(|status| status.capabilities.effective.contains(capability))
    }

    /// Whether both run with one root directory; `None` where that cannot be told.
    fn same_root(&self) -> Option<bool> {
        let subject = self.subject.details.as_ref()?.root.known()?;
        let reference = self.reference.process?.details.as_ref()?.root.known()?;
        Some(subject == reference)
    }
}
