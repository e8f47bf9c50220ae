//! Finding in a snapshot what a target names.

use crate::analyse::containers::{self, Identity};
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{Author, NsKind, Pid, Process, Snapshot};

/// The namespace with this inode number: the kernel numbers all kinds from one space.
pub fn namespace(snapshot: &Snapshot, kind: Option<NsKind>, inode: u64) -> Option<NsKey> {
    snapshot
        .namespaces
        .keys()
        .copied()
        .find(|key| key.inode == inode && kind.is_none_or(|kind| kind == key.kind))
}

/// The namespace with this id of the kernel's.
pub fn by_id(snapshot: &Snapshot, id: u64) -> Option<NsKey> {
    let mut namespaces = snapshot.namespaces.values();
    let found = namespaces.find(|namespace| namespace.ns_id.get() == Some(id));
    found.map(|namespace| namespace.key)
}

/// The process with the lowest PID in a namespace.
pub fn lowest_member(snapshot: &Snapshot, key: NsKey) -> Option<Pid> {
    snapshot.namespaces.get(&key)?.lowest
}

/// The containers that a word names, each with its init: RUNTIME:ID or RUNTIME:NAME, the start of
/// an id of at least three characters, or a whole name. Names of root's containers are meant before
/// those of users', and these before what is told from within a container: a lesser author never
/// makes a greater one's name ambiguous.
pub fn containers(snapshot: &Snapshot, word: &str) -> Vec<(Identity, Pid)> {
    let (runtime, id) = match word.split_once(':') {
        Some((runtime, id)) => (Some(runtime), id),
        None => (None, word),
    };
    let mut found: Vec<(Identity, Pid)> = containers::all(snapshot)
        .into_iter()
        .filter(|(identity, _)| {
            let container = &identity.container;
            let is_unvouched = identity.owner == Author::Container && identity.around.is_empty();
            let by_id = id.len() >= 3 && container.id.starts_with(id);
            runtime.is_none_or(|runtime| runtime == container.runtime)
                && !is_unvouched
                && (by_id || container.name.as_deref() == Some(id))
        })
        .collect();
    let mightiest = found.iter().map(|(it, _)| it.owner.rank()).min();
    found.retain(|(identity, _)| Some(identity.owner.rank()) == mightiest);
    // A whole name is meant before the start of another; but the id as engines print it is no less
    // than a name.
    let is_exact = |(identity, _): &(Identity, Pid)| {
        let container = &identity.container;
        container.name.as_deref() == Some(id)
            || container.id == id
            || id.len() >= PRINTED && container.id.starts_with(id)
    };
    if found.iter().any(is_exact) {
        found.retain(is_exact);
    }
    found
}

/// So many characters of an id engines print.
const PRINTED: usize = 12;

/// Where the reader can open a namespace: the link of its lowest process, else a bind mount, else
/// what else holds it that has a path. `None` where only the kernel can lead there.
pub fn path(snapshot: &Snapshot, namespace: &Namespace) -> Option<String> {
    let kind = namespace.key.kind;
    if let Some(pid) = namespace.lowest {
        return Some(format!("/proc/{pid}/ns/{kind}"));
    }
    let mut mounts = mounts_here(snapshot, namespace);
    let other = || {
        let mut holders = namespace.holders.iter();
        holders.find_map(|holder| match holder {
            Holder::Thread { pid, tid } => Some(format!("/proc/{pid}/task/{tid}/ns/{kind}")),
            Holder::ForChildren {
                pid,
                tid,
                broken: false,
            } => Some(format!("/proc/{pid}/task/{tid}/ns/{kind}_for_children")),
            Holder::Fd { pid, tid, fd } => Some(format!("/proc/{pid}/task/{tid}/fd/{fd}")),
            _ => None,
        })
    };
    mounts.next().map(str::to_owned).or_else(other)
}

/// Where a namespace is mounted, of what the reader can reach.
pub fn mounts_here<'a>(
    snapshot: &Snapshot,
    namespace: &'a Namespace,
) -> impl Iterator<Item = &'a str> {
    let here = snapshot.reader.links.own(NsKind::Mnt).get();
    namespace
        .holders
        .iter()
        .filter_map(move |holder| match holder {
            Holder::Mount { path, mnt_ns } if Some(*mnt_ns) == here => Some(path.as_str()),
            _ => None,
        })
}

/// Members of a namespace, by the numbers under which they were read, ascending.
pub fn members(snapshot: &Snapshot, key: NsKey) -> Vec<Pid> {
    snapshot
        .processes
        .iter()
        .filter(|process| process.links.own(key.kind).get() == Some(key.inode))
        .map(Process::task)
        .collect()
}
