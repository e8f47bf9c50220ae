//! `nsinspect.diff/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::Unknown;
use super::process::ProcessRecord;
use crate::analyse::diff::{Beyond, Diff, Difference, KindDiff, State, Value};
use crate::model::{NsKind, Pid, Process, Snapshot};

/// How a process is isolated from another.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct DiffBody {
    pub subject: ProcessRecord,
    pub reference: ReferenceRecord,
    /// All eight kinds
    pub namespaces: Vec<KindRecord>,
    /// What isolates beside namespaces
    pub beyond: Vec<BeyondRecord>,
    pub summary: Summary,
}

/// What the process is compared with.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ReferenceRecord {
    /// `null` where only the numbers of the initial namespaces are known
    pub pid: Option<Pid>,
    /// `pid` (given), `pid1`, `kthreadd` (PID 1 was refused), `initial-inodes` (both were)
    pub source: String,
    /// Whether PID 1 here is the init of the host; `null` where that cannot be told
    pub host_init: Option<bool>,
}

/// One kind of namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct KindRecord {
    #[serde(rename = "type")]
    pub kind: String,
    /// Inode of the process's namespace
    pub subject: Option<u64>,
    /// Inode of the reference's
    pub reference: Option<u64>,
    /// `shared`, `isolated` or `unknown`
    pub state: String,
    /// What sharing it hands the process
    pub grants: Vec<String>,
    /// What differs inside an isolated one
    pub differences: Vec<DifferenceRecord>,
    pub unknown: Unknown,
}

/// The same thing inside both namespaces.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct DifferenceRecord {
    pub what: String,
    pub subject: Option<Value>,
    pub reference: Option<Value>,
    pub unknown: Unknown,
}

/// The same thing of both processes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct BeyondRecord {
    pub what: String,
    pub subject: Option<Value>,
    pub reference: Option<Value>,
    /// `null` where one side is not known
    pub same: Option<bool>,
    pub unknown: Unknown,
}

/// The kinds by their state.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Summary {
    pub shared: Vec<String>,
    pub isolated: Vec<String>,
    pub unknown: Vec<String>,
}

impl DiffBody {
    pub fn new(snapshot: &Snapshot, diff: &Diff<'_>) -> DiffBody {
        let names = |state| {
            let kinds: Vec<NsKind> = diff.kinds_that_are(state);
            kinds.iter().map(NsKind::to_string).collect()
        };
        DiffBody {
            subject: ProcessRecord::new(snapshot, diff.subject),
            reference: ReferenceRecord {
                pid: diff.reference.process.map(Process::task),
                source: diff.reference.source.name().to_owned(),
                host_init: diff.reference.host_init,
            },
            namespaces: diff.kinds.iter().map(KindRecord::from).collect(),
            beyond: diff.beyond.iter().map(BeyondRecord::from).collect(),
            summary: Summary {
                shared: names(State::SHARED),
                isolated: names(State::ISOLATED),
                unknown: names(State::UNKNOWN),
            },
        }
    }
}

impl From<&KindDiff> for KindRecord {
    fn from(diff: &KindDiff) -> KindRecord {
        let mut unknown = Unknown::default();
        KindRecord {
            kind: diff.kind.to_string(),
            subject: unknown.note("subject", diff.subject.clone()),
            reference: unknown.note("reference", diff.reference.clone()),
            state: diff.state.name().to_owned(),
            grants: diff.grants.clone(),
            differences: diff
                .differences
                .iter()
                .map(DifferenceRecord::from)
                .collect(),
            unknown,
        }
    }
}

impl From<&Difference> for DifferenceRecord {
    fn from(difference: &Difference) -> DifferenceRecord {
        let mut unknown = Unknown::default();
        DifferenceRecord {
            what: difference.what.to_owned(),
            subject: unknown.note("subject", difference.subject.clone()),
            reference: unknown.note("reference", difference.reference.clone()),
            unknown,
        }
    }
}

impl From<&Beyond> for BeyondRecord {
    fn from(row: &Beyond) -> BeyondRecord {
        let mut unknown = Unknown::default();
        BeyondRecord {
            what: row.what.to_owned(),
            subject: unknown.note("subject", row.subject.clone()),
            reference: unknown.note("reference", row.reference.clone()),
            same: row.same,
            unknown,
        }
    }
}
