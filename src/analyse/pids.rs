//! A process's number in every pid namespace that it can be seen from.

use crate::model::namespace::NsKey;
use crate::model::process::Status;
use crate::model::{NsKind, Pid, Process, Snapshot};

/// The number of a process in one pid namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidIn {
    /// Inode of the pid namespace; `None` where only its depth is known.
    pub ns: Option<u64>,
    pub pid: Pid,
}

/// The process's number in each pid namespace, from the procfs's own inwards to its own.
pub fn pids_of(snapshot: &Snapshot, process: &Process) -> Vec<PidIn> {
    let details = process.details.as_ref();
    let status: Option<&Status> = details.and_then(|details| details.status.known());
    let Some(numbers) = status.and_then(|status| status.nspid.as_ref()) else {
        return Vec::new();
    };
    let mut namespace = process.links.own(NsKind::Pid).get();
    let mut pids: Vec<PidIn> = Vec::with_capacity(numbers.len());
    for pid in numbers.iter().rev() {
        pids.push(PidIn {
            ns: namespace,
            pid: *pid,
        });
        namespace = namespace.and_then(|inode| parent(snapshot, inode));
    }
    pids.reverse();
    pids
}

fn parent(snapshot: &Snapshot, inode: u64) -> Option<u64> {
    let kind = NsKind::Pid;
    let namespace = snapshot.namespaces.get(&NsKey { kind, inode })?;
    namespace.parent.get().flatten()
}

/// The process that has a number in a pid namespace.
pub fn process_numbered(snapshot: &Snapshot, namespace: u64, pid: Pid) -> Option<&Process> {
    let wanted = PidIn {
        ns: Some(namespace),
        pid,
    };
    snapshot
        .processes
        .values()
        .find(|process| pids_of(snapshot, process).contains(&wanted))
}

/// The number of a process in a pid namespace, if it can be seen from there.
pub fn number_in(snapshot: &Snapshot, process: &Process, namespace: u64) -> Option<Pid> {
    pids_of(snapshot, process)
        .into_iter()
        .find(|pid| pid.ns == Some(namespace))
        .map(|pid| pid.pid)
}
