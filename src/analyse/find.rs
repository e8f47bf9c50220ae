//! Finding in a snapshot what a target names.

use crate::analyse::containers::container_of;
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{Container, NsKind, Pid, Snapshot};

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

/// The containers that a word names, each with its init: RUNTIME:ID, the start of an id of at
/// least three characters, or a whole name.
pub fn containers(snapshot: &Snapshot, word: &str) -> Vec<(Container, Pid)> {
    let (runtime, id) = match word.split_once(':') {
        Some((runtime, id)) => (Some(runtime), id),
        None => (None, word),
    };
    let fits = |container: &Container| {
        let by_id = id.len() >= 3 && container.id.starts_with(id);
        runtime.is_none_or(|runtime| runtime == container.runtime)
            && (by_id || container.name.as_deref() == Some(id))
    };
    let mut found: Vec<(Container, Pid)> = Vec::new();
    for process in snapshot.processes.values() {
        let Some(container) = container_of(process).filter(fits) else {
            continue;
        };
        // The first process of a container is its init, as PIDs go; start times are surer.
        let started = |pid: &Pid| {
            let stat = snapshot.processes[pid].stat.known();
            (stat.map_or(u64::MAX, |stat| stat.start_time), *pid)
        };
        match found.iter_mut().find(|(known, _)| *known == container) {
            Some((_, init)) if started(&process.pid) < started(init) => *init = process.pid,
            Some(_) => {}
            None => found.push((container, process.pid)),
        }
    }
    // A whole name is meant before the start of another.
    if let Some(exact) = found
        .iter()
        .position(|(container, _)| container.name.as_deref() == Some(id) || container.id == id)
    {
        return vec![found.swap_remove(exact)];
    }
    found
}

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

/// Members of a namespace, ascending.
pub fn members(snapshot: &Snapshot, key: NsKey) -> Vec<Pid> {
    snapshot
        .processes
        .values()
        .filter(|process| process.links.own(key.kind).get() == Some(key.inode))
        .map(|process| process.pid)
        .collect()
}
