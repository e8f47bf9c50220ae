//! What was looked at, and what could not be seen.

use std::collections::BTreeMap;

use super::process::Pid;
use super::seen::Why;

/// How one source of facts fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerState {
    Done,
    Denied,
    Unsupported,
    /// The question did not ask for it.
    Skipped,
}

/// The sources of namespaces, by the names that documents give them.
pub const LAYERS: [&str; 10] = [
    "processes",
    "threads",
    "for_children",
    "fds",
    "thread_fds",
    "sockets",
    "mounts",
    "mount_namespaces",
    "relations",
    "kernel_list",
];

impl LayerState {
    /// The state of two looks at one layer: whatever either of them hid is hidden.
    pub fn and(self, other: LayerState) -> LayerState {
        let worst = [
            LayerState::Denied,
            LayerState::Unsupported,
            LayerState::Skipped,
        ];
        let either = |state: &LayerState| self == *state || other == *state;
        worst.into_iter().find(either).unwrap_or(LayerState::Done)
    }

    /// The state that [`LayerState::name`] calls so.
    pub fn named(name: &str) -> Option<LayerState> {
        [
            LayerState::Done,
            LayerState::Denied,
            LayerState::Unsupported,
            LayerState::Skipped,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            LayerState::Done => "done",
            LayerState::Denied => "denied",
            LayerState::Unsupported => "unsupported",
            LayerState::Skipped => "skipped",
        }
    }
}

/// A process that is there and whose namespaces could not all be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub pid: Pid,
    pub why: Why,
}

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Processes of which at least one namespace was read.
    pub seen: usize,
    /// Processes that refused all of their namespaces.
    pub denied: usize,
    /// Processes that vanished while we looked.
    pub gone: usize,
    /// Every process of which a namespace was refused, or failed to be read.
    pub unreadable: Vec<Unreadable>,
    /// The mount option by which this procfs hides processes of others from us (`hidepid=2`); how
    /// many it hides cannot be known.
    pub hidden_by: Option<String>,
    /// File descriptors of anything that were found on their way between sockets, where sockets
    /// were looked at. One of them may be all that holds a namespace.
    pub in_flight: u64,
    /// The layers of discovery, by name.
    pub layers: BTreeMap<&'static str, LayerState>,
}

impl Coverage {
    /// Whether nothing that the question asked for was withheld. Processes that came and went are
    /// no gap: no scan of a running machine is without them.
    pub fn is_complete(&self) -> bool {
        self.unreadable.is_empty()
            && self.hidden_by.is_none()
            && self
                .layers
                .values()
                .all(|state| *state != LayerState::Denied)
    }
}
