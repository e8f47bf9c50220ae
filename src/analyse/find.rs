//! Finding in a snapshot what a target names.

use crate::analyse::containers::{self, Identity};
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Snapshot};

/// The namespace with this inode number: the kernel numbers all kinds from one space.
pub fn namespace(snapshot: &Snapshot, kind: Option<NsKind>, inode: u64) -> Option<NsKey> {
    snapshot
        .namespaces
        .keys()
        .copied()
        .find(|key| key.inode == inode && kind.is_none_or(|kind| kind == key.kind))
}

/// The process with the lowest PID in a namespace.
pub fn lowest_member(snapshot: &Snapshot, key: NsKey) -> Option<Pid> {
    snapshot.namespaces.get(&key)?.lowest
}

/// The containers that a word names, each with its init: RUNTIME:ID or RUNTIME:NAME, the start of
/// an id of at least three characters, or a whole name.
pub fn containers(snapshot: &Snapshot, word: &str) -> Vec<(Identity, Pid)> {
    let (runtime, id) = match word.split_once(':') {
        Some((runtime, id)) => (Some(runtime), id),
        None => (None, word),
    };
    let mut found: Vec<(Identity, Pid)> = containers::all(snapshot)
        .into_iter()
        .filter(|(identity, _)| {
            let container = &identity.container;
            let by_id = id.len() >= 3 && container.id.starts_with(id);
            runtime.is_none_or(|runtime| runtime == container.runtime)
                && (by_id || container.name.as_deref() == Some(id))
        })
        .collect();
    // A whole name is meant before the start of another.
    let is_exact = |(identity, _): &(Identity, Pid)| {
        let container = &identity.container;
        container.name.as_deref() == Some(id) || container.id == id
    };
    if found.iter().any(is_exact) {
        found.retain(is_exact);
    }
    found
}

/// Members of a namespace, ascending.
pub fn members(snapshot: &Snapshot, key: NsKey) -> Vec<Pid> {
    snapshot
        .processes
        .values()
        .filter(|process| process.links.own(key.kind).get() == Some(key.inode))
        .map(|process| process.pid)
        .collect()
}
