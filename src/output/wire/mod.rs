//! The documents for scripts, apart from the model so that that can change.
//!
//! Stability: within `nsinspect.<name>/1` fields are only ever added, never renamed, removed or
//! given another meaning. A field that does not apply is `null`; one that could not be read is
//! `null` and named in its record's `unknown`, with the reason `denied`, `gone`, `unsupported` or
//! `failed: …`, or `skipped` where the question did not need it. Text from the machine that is not UTF-8 has each byte outside UTF-8 written as
//! `\xNN`; a backslash that stands before `xNN` in the original is written `\x5c`.

pub mod audit;
pub mod can;
pub mod container;
pub mod diff;
pub mod doctor;
pub mod exposure;
pub mod namespace;
pub mod pid;
pub mod power;
pub mod process;
pub mod reach;
pub mod rule;
pub mod sarif;
pub mod schema;
pub mod settings;
pub mod snapshot;
pub mod tree;
pub mod verify;
pub mod watch;

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Coverage, LayerState, Pid, Seen, Snapshot, Unreadable, Why};

/// The documents that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DocumentName {
    Namespaces,
    Members,
    Tree,
    Process,
    Diff,
    Pid,
    Can,
    Reach,
    Snapshot,
    Audit,
    Doctor,
    Watch,
    Verify,
    Rule,
    Rules,
    /// Not printed but read: the claims file of `verify`
    Claims,
}

impl DocumentName {
    pub const ALL: [DocumentName; 16] = [
        DocumentName::Namespaces,
        DocumentName::Members,
        DocumentName::Tree,
        DocumentName::Process,
        DocumentName::Diff,
        DocumentName::Pid,
        DocumentName::Can,
        DocumentName::Reach,
        DocumentName::Snapshot,
        DocumentName::Audit,
        DocumentName::Doctor,
        DocumentName::Watch,
        DocumentName::Verify,
        DocumentName::Rule,
        DocumentName::Rules,
        DocumentName::Claims,
    ];

    /// The name in `schema`: `nsinspect.<name>/1`.
    pub const fn name(self) -> &'static str {
        match self {
            DocumentName::Namespaces => "namespaces",
            DocumentName::Members => "members",
            DocumentName::Tree => "tree",
            DocumentName::Process => "process",
            DocumentName::Diff => "diff",
            DocumentName::Pid => "pid",
            DocumentName::Can => "can",
            DocumentName::Reach => "reach",
            DocumentName::Snapshot => "snapshot",
            DocumentName::Audit => "audit",
            DocumentName::Doctor => "doctor",
            DocumentName::Watch => "watch",
            DocumentName::Verify => "verify",
            DocumentName::Rule => "rule",
            DocumentName::Rules => "rules",
            DocumentName::Claims => "claims",
        }
    }
}

/// What every document has, around what only one has.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Document<T> {
    /// `nsinspect.<name>/1`
    pub schema: String,
    pub host: HostRecord,
    /// When the machine was looked at, in RFC 3339
    pub taken_at: String,
    pub coverage: CoverageRecord,
    #[serde(flatten)]
    pub body: T,
}

impl<T> Document<T> {
    /// Wraps a body in what the snapshot says about where and when.
    pub fn new(name: DocumentName, snapshot: &Snapshot, body: T) -> Document<T> {
        Document {
            schema: format!("nsinspect.{}/1", name.name()),
            host: HostRecord::from(snapshot),
            taken_at: snapshot.taken_at.clone(),
            coverage: CoverageRecord::from(&snapshot.coverage),
            body,
        }
    }
}

/// Why fields of a record are `null`, by the names of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Unknown(pub BTreeMap<String, String>);

impl Unknown {
    /// The value for the field; if it is not known, its reason is noted.
    pub fn note<T>(&mut self, field: &str, seen: Seen<T>) -> Option<T> {
        match seen {
            Seen::Known(value) => Some(value),
            Seen::Unknown(why) => {
                self.0.insert(field.to_owned(), why.to_string());
                None
            }
        }
    }

    /// Whether everything is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The way back: the value, or the reason that was noted for its absence.
    pub fn seen<T>(&self, field: &str, value: Option<T>) -> Seen<T> {
        match value {
            Some(value) => Seen::Known(value),
            None => Seen::Unknown(self.why(field).unwrap_or(Why::Gone)),
        }
    }

    /// The same for a field whose `null` may also say that it does not apply.
    pub fn seen_or_none<T>(&self, field: &str, value: Option<T>) -> Seen<Option<T>> {
        match self.why(field) {
            Some(why) => Seen::Unknown(why),
            None => Seen::Known(value),
        }
    }

    fn why(&self, field: &str) -> Option<Why> {
        let Ok(why) = self.0.get(field)?.parse();
        Some(why)
    }
}

/// The machine that was looked at.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct HostRecord {
    /// Name of the reader's uts namespace
    pub hostname: Option<String>,
    /// Release of the running kernel
    pub kernel: Option<String>,
    /// Changes at every boot
    pub boot_id: Option<String>,
    #[serde(default)]
    pub unknown: Unknown,
}

impl From<&Snapshot> for HostRecord {
    fn from(snapshot: &Snapshot) -> HostRecord {
        let host = snapshot.host.clone();
        let mut unknown = Unknown::default();
        HostRecord {
            hostname: unknown.note("hostname", host.hostname),
            kernel: unknown.note("kernel", host.kernel),
            boot_id: unknown.note("boot_id", host.boot_id),
            unknown,
        }
    }
}

/// What the answer rests on.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct CoverageRecord {
    pub processes: ProcessCounts,
    /// Processes of which a namespace was refused or could not be read
    pub unreadable: Vec<UnreadableRecord>,
    /// Sources of namespaces: `done`, `denied`, `unsupported` or `skipped`
    pub layers: BTreeMap<String, String>,
    /// The mount option by which this procfs hides processes from the reader, as `hidepid=2`
    #[serde(default)]
    pub hidden_by: Option<String>,
    /// File descriptors of anything that were on their way between sockets, where sockets were
    /// looked at: only the kernel's list shows a namespace that nothing else holds
    #[serde(default)]
    pub in_flight: u64,
    /// Nothing that the question asked for was withheld
    pub complete: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ProcessCounts {
    /// At least one namespace was read
    pub seen: usize,
    /// All namespaces were refused
    pub denied: usize,
    /// Vanished while they were looked at
    pub gone: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct UnreadableRecord {
    pub pid: Pid,
    pub reason: String,
}

impl From<&Coverage> for CoverageRecord {
    fn from(coverage: &Coverage) -> CoverageRecord {
        CoverageRecord {
            processes: ProcessCounts {
                seen: coverage.seen,
                denied: coverage.denied,
                gone: coverage.gone,
            },
            unreadable: coverage
                .unreadable
                .iter()
                .map(|unreadable| UnreadableRecord {
                    pid: unreadable.pid,
                    reason: unreadable.why.to_string(),
                })
                .collect(),
            layers: coverage
                .layers
                .iter()
                .map(|(layer, state)| ((*layer).to_owned(), state.name().to_owned()))
                .collect(),
            hidden_by: coverage.hidden_by.clone(),
            in_flight: coverage.in_flight,
            complete: coverage.is_complete(),
        }
    }
}

impl CoverageRecord {
    /// The coverage of a saved snapshot; layers that this version does not know are left out.
    pub fn into_model(self) -> Coverage {
        let layers = crate::model::coverage::LAYERS
            .into_iter()
            .filter_map(|layer| {
                let state = self.layers.get(layer)?;
                Some((layer, LayerState::named(state)?))
            });
        Coverage {
            seen: self.processes.seen,
            denied: self.processes.denied,
            gone: self.processes.gone,
            layers: layers.collect(),
            unreadable: self
                .unreadable
                .into_iter()
                .map(|unreadable| {
                    let Ok(why) = unreadable.reason.parse();
                    Unreadable {
                        pid: unreadable.pid,
                        why,
                    }
                })
                .collect(),
            hidden_by: self.hidden_by,
            in_flight: self.in_flight,
        }
    }
}
