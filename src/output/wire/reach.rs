//! `nsinspect.reach/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::container::ContainerRecord;
use super::power::AnswerRecord;
use crate::analyse::containers::identity;
use crate::analyse::power::reach::{Joining, Reach, Readable};
use crate::model::{Pid, Process, Snapshot};

/// What a process could reach.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ReachBody {
    pub pid: Pid,
    pub command: Option<String>,
    pub container: Option<ContainerRecord>,
    /// Every namespace in sight
    pub namespaces: Vec<JoiningRecord>,
    /// Processes in another mount namespace whose `/proc/PID/root` it can read, or may be able to
    pub processes: Vec<ReadableRecord>,
    /// How many other processes it cannot read
    pub refused: usize,
}

/// Whether a namespace could be joined by setns(2).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct JoiningRecord {
    pub ns: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub initial: Option<bool>,
    /// The process is in there
    pub member: bool,
    /// `yes`, `no` or `unknown`: `permission` and `handle` together
    pub verdict: String,
    /// Whether setns lets it in
    pub permission: AnswerRecord,
    /// Whether it has a way to a descriptor
    pub handle: AnswerRecord,
}

/// A process that could be read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ReadableRecord {
    pub pid: Pid,
    pub command: Option<String>,
    pub uid: Option<u32>,
    /// The uid that it has to take on first; `null`: none
    pub becoming_uid: Option<u32>,
    pub becoming_gid: Option<u32>,
    pub answer: AnswerRecord,
}

impl ReachBody {
    pub fn new(snapshot: &Snapshot, process: &Process, found: &Reach) -> ReachBody {
        let namespaces = found.namespaces.iter();
        let processes = found.processes.iter();
        ReachBody {
            pid: process.task(),
            command: process.command(),
            container: identity(snapshot, process).map(ContainerRecord::from),
            namespaces: namespaces
                .map(|it| JoiningRecord::new(snapshot, it))
                .collect(),
            processes: processes
                .map(|it| ReadableRecord::new(snapshot, it))
                .collect(),
            refused: found.refused,
        }
    }
}

impl JoiningRecord {
    fn new(snapshot: &Snapshot, joining: &Joining) -> JoiningRecord {
        JoiningRecord {
            ns: joining.key.inode,
            kind: joining.key.kind.to_string(),
            initial: snapshot.is_initial(joining.key).get(),
            member: joining.member,
            verdict: joining.verdict().name().to_owned(),
            permission: AnswerRecord::from(&joining.permission),
            handle: AnswerRecord::from(&joining.handle),
        }
    }
}

impl ReadableRecord {
    fn new(snapshot: &Snapshot, readable: &Readable) -> ReadableRecord {
        let process = snapshot.processes.get(readable.pid);
        let ids = readable.route.after_becoming;
        ReadableRecord {
            pid: readable.pid,
            command: process.and_then(Process::command),
            uid: process.and_then(|process| process.uid.get()),
            becoming_uid: ids.map(|(uid, _)| uid),
            becoming_gid: ids.map(|(_, gid)| gid),
            answer: AnswerRecord::from(&readable.route.answer),
        }
    }
}
