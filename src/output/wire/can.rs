//! `nsinspect.can/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::Unknown;
use super::container::ContainerRecord;
use super::power::AnswerRecord;
use crate::analyse::containers::identity;
use crate::analyse::power::can::Asked;
use crate::model::{CapabilitySet, Pid, Snapshot};

/// Whether a process has a capability over a user namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct CanBody {
    pub pid: Pid,
    pub command: Option<String>,
    pub container: Option<ContainerRecord>,
    /// `CAP_…`
    pub capability: String,
    /// The namespace that `--in` named; `null`: the host
    pub within: Option<String>,
    /// Inode of the user namespace that governs it
    pub user_namespace: Option<u64>,
    /// `yes` if one of the two below is, `no` if both are, else `unknown`
    pub verdict: String,
    pub now: AnswerRecord,
    /// After it has executed a program
    pub after_exec: AnswerRecord,
    pub unknown: Unknown,
}

impl CanBody {
    pub fn new(snapshot: &Snapshot, asked: &Asked) -> CanBody {
        let mut unknown = Unknown::default();
        let process = snapshot.processes.get(asked.task);
        let found = process.and_then(|process| identity(snapshot, process));
        CanBody {
            pid: asked.task,
            command: process.and_then(crate::model::Process::command),
            container: found.map(ContainerRecord::from),
            capability: CapabilitySet::name_of(asked.capability),
            within: asked.within.map(|key| key.to_string()),
            user_namespace: unknown.note("user_namespace", asked.user_ns.clone()),
            verdict: asked.verdict().name().to_owned(),
            now: AnswerRecord::from(&asked.now),
            after_exec: AnswerRecord::from(&asked.after_exec),
            unknown,
        }
    }
}
