//! `nsinspect.watch/1`: one document a line, for each look that saw something happen.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::Unknown;
use super::container::ContainerRecord;
use super::namespace::NamespaceRecord;
use super::tree::SetRecord;
use crate::analyse::changes::{Change, Move};
use crate::analyse::containers::identity;
use crate::model::{Pid, Process, Snapshot};

/// What one look has seen. The first document comes at once and has no events.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Watched {
    /// Number of the look, from 1 on; those at which nothing happened are counted too
    pub look: u64,
    /// Number of processes at this look
    pub nprocs: usize,
    /// What happened since the look before: what came, then who moved, then what went
    pub events: Vec<EventRecord>,
}

/// Something that happened: `event` says what, and which of the other fields apply.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct EventRecord {
    /// `namespace_born`, `namespace_entered` (again, after nobody was in it), `namespace_emptied`
    /// (no process leads to it any more, nor any thread, and it lives on), `namespace_left`
    /// (whether it lives on cannot be seen), `namespace_gone`, `set_born`, `set_gone`,
    /// `process_started`, `process_moved`, `thread_moved` (one that is not the first of its
    /// process) or `process_ended`
    pub event: String,
    /// As it is, or as it was when it was last seen
    pub namespace: Option<NamespaceRecord>,
    /// Processes in the same eight namespaces, as they are, or were when last seen
    pub set: Option<SetRecord>,
    /// As it is, or as it was when it was last seen
    pub process: Option<WatchedProcess>,
    /// The thread of the process that moved, where it is not the first
    pub tid: Option<Pid>,
    /// The links of the process or thread that lead elsewhere than before; those of a new thread
    /// are compared with the links of the first
    pub moves: Vec<MoveRecord>,
    /// `alive` of a namespace that was left: why it cannot be seen whether it lives on
    pub unknown: Unknown,
}

/// A process, in a few words.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct WatchedProcess {
    pub pid: Pid,
    /// In clock ticks after boot: with the PID, what tells a process from its successor
    pub start_time: Option<u64>,
    pub ppid: Option<Pid>,
    pub comm: Option<String>,
    /// Command line, or the name where that was not read
    pub command: Option<String>,
    pub uid: Option<u32>,
    pub user: Option<String>,
    pub container: Option<ContainerRecord>,
    pub unknown: Unknown,
}

/// One link that leads elsewhere.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct MoveRecord {
    /// The file below /proc/PID/ns, or /proc/PID/task/TID/ns: a kind, `pid_for_children` or `time_for_children`
    pub link: String,
    /// Inode before; `null` where the link led nowhere, as that of a process whose next child will
    /// be the first in its pid namespace
    pub from: Option<u64>,
    pub to: u64,
}

impl EventRecord {
    /// The record of a change between two snapshots.
    pub fn new(before: &Snapshot, after: &Snapshot, change: &Change<'_>) -> EventRecord {
        let event = |name: &str| EventRecord {
            event: name.to_owned(),
            namespace: None,
            set: None,
            process: None,
            tid: None,
            moves: Vec::new(),
            unknown: Unknown::default(),
        };
        let namespace = |name, snapshot, namespace| EventRecord {
            namespace: Some(NamespaceRecord::new(snapshot, namespace)),
            ..event(name)
        };
        let process = |name, snapshot, process| EventRecord {
            process: Some(WatchedProcess::new(snapshot, process)),
            ..event(name)
        };
        let set = |name, snapshot, set| EventRecord {
            set: Some(SetRecord::new(snapshot, set)),
            ..event(name)
        };
        match change {
            Change::Born(it) => namespace("namespace_born", after, it),
            Change::Entered(it) => namespace("namespace_entered", after, it),
            Change::Emptied(it) => namespace("namespace_emptied", after, it),
            Change::Left(it, why) => {
                let mut event = namespace("namespace_left", before, it);
                event.unknown.0.insert("alive".to_owned(), why.to_string());
                event
            }
            Change::Gone(it) => namespace("namespace_gone", before, it),
            Change::Started(it) => process("process_started", after, it),
            Change::Moved(it, moves) => EventRecord {
                moves: moves.iter().map(MoveRecord::from).collect(),
                ..process("process_moved", after, it)
            },
            Change::ThreadMoved {
                process: it,
                tid,
                moves,
            } => EventRecord {
                tid: Some(*tid),
                moves: moves.iter().map(MoveRecord::from).collect(),
                ..process("thread_moved", after, it)
            },
            Change::Ended(it) => process("process_ended", before, it),
            Change::SetBorn(it) => set("set_born", after, it),
            Change::SetGone(it) => set("set_gone", before, it),
        }
    }
}

impl WatchedProcess {
    fn new(snapshot: &Snapshot, process: &Process) -> WatchedProcess {
        let mut unknown = Unknown::default();
        let uid = unknown.note("uid", process.uid.clone());
        WatchedProcess {
            pid: process.pid,
            start_time: unknown.note("start_time", process.stat.part(|stat| stat.start_time)),
            ppid: unknown.note("ppid", process.stat.part(|stat| stat.ppid)),
            comm: unknown.note("comm", process.stat.part(|stat| stat.comm.clone())),
            command: process.command(),
            uid,
            user: uid.map(|uid| snapshot.user(uid)),
            container: identity(snapshot, process).map(ContainerRecord::from),
            unknown,
        }
    }
}

impl From<&Move> for MoveRecord {
    fn from(moved: &Move) -> MoveRecord {
        MoveRecord {
            link: moved.link.name().to_owned(),
            from: moved.from,
            to: moved.to,
        }
    }
}
