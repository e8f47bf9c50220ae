//! A process's number in every pid namespace that it can be seen from.

use crate::model::namespace::NsKey;
use crate::model::process::Status;
use crate::model::{NsKind, Pid, Process, Seen, Snapshot, Why};

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

/// The process that has a number in a pid namespace; `Known(None)` only if surely none has.
pub fn process_numbered(snapshot: &Snapshot, namespace: u64, pid: Pid) -> Seen<Option<Pid>> {
    let mut doubt = None;
    for process in snapshot.processes.iter() {
        match number_in(snapshot, process, namespace) {
            Seen::Known(Some(number)) if number == pid => return Seen::Known(Some(process.pid)),
            Seen::Known(_) => {}
            Seen::Unknown(why) => doubt = Some(why),
        }
    }
    doubt.map_or(Seen::Known(None), Seen::Unknown)
}

/// The number of a process in a pid namespace; `Known(None)` if it cannot be seen from there. Not
/// known where one of the process's pid namespaces is not: that may be the very one.
pub fn number_in(snapshot: &Snapshot, process: &Process, namespace: u64) -> Seen<Option<Pid>> {
    let pids = pids_of(snapshot, process);
    if let Some(found) = pids.iter().find(|pid| pid.ns == Some(namespace)) {
        return Seen::Known(Some(found.pid));
    }
    let is_known = !pids.is_empty() && pids.iter().all(|pid| pid.ns.is_some());
    // Whatever they are: too few levels do not reach down to the namespace.
    let depth = depth(snapshot, namespace);
    let is_above = !pids.is_empty() && depth.is_some_and(|depth| pids.len() <= depth);
    match is_known || is_above {
        true => Seen::Known(None),
        false => Seen::Unknown(process.links.gap().cloned().unwrap_or(Why::Denied)),
    }
}

/// How many pid namespaces lie above one, as far out as the procfs shows.
fn depth(snapshot: &Snapshot, namespace: u64) -> Option<usize> {
    let member = |process: &&Process| process.links.own(NsKind::Pid).get() == Some(namespace);
    let member = snapshot.processes.iter().find(member)?;
    pids_of(snapshot, member).len().checked_sub(1)
}
