//! The two hierarchies of the kernel: user namespaces with what they govern, pid namespaces with
//! the processes in them.

use std::collections::BTreeMap;

use super::pids::{PidIn, pids_of};
use super::tree::{Tree, grow};
use crate::model::namespace::{Namespace, NsKey};
use crate::model::process::IdRange;
use crate::model::{NsKind, Process, Seen, Snapshot, Why};

/// A user namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserNode<'a> {
    pub namespace: &'a Namespace,
    /// As its lowest member shows it.
    pub uid_map: Seen<Vec<IdRange>>,
    /// Namespaces of the other kinds that it governs.
    pub governs: Vec<NsKey>,
    /// What its lowest process is.
    pub process: Option<&'a Process>,
}

/// User namespaces below their parents. One whose parent lies above our sight is a root, and its
/// `parent` says why.
pub fn by_user(snapshot: &Snapshot) -> Vec<Tree<UserNode<'_>>> {
    let mut governs: BTreeMap<u64, Vec<NsKey>> = BTreeMap::new();
    for namespace in snapshot.namespaces.values() {
        if let Some(owner) = namespace.owner.get().flatten()
            && namespace.key.kind != NsKind::User
        {
            governs.entry(owner).or_default().push(namespace.key);
        }
    }
    below_parents(snapshot, NsKind::User, |namespace| {
        let process = lowest(snapshot, namespace);
        let details = process.and_then(|process| process.details.as_ref());
        UserNode {
            namespace,
            uid_map: details.map_or(Seen::Unknown(Why::Gone), |details| details.uid_map.clone()),
            governs: governs.remove(&namespace.key.inode).unwrap_or_default(),
            process,
        }
    })
}

/// A pid namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidNode<'a> {
    pub namespace: &'a Namespace,
    /// Its own processes, not those of the namespaces below it, with their numbers at every level.
    pub processes: Vec<(&'a Process, Vec<PidIn>)>,
}

/// Pid namespaces below their parents, each with its processes.
pub fn by_pid(snapshot: &Snapshot) -> Vec<Tree<PidNode<'_>>> {
    let mut members: BTreeMap<u64, Vec<(&Process, Vec<PidIn>)>> = BTreeMap::new();
    for process in snapshot.processes.iter() {
        if let Some(inode) = process.links.own(NsKind::Pid).get() {
            let pids = pids_of(snapshot, process);
            members.entry(inode).or_default().push((process, pids));
        }
    }
    below_parents(snapshot, NsKind::Pid, |namespace| PidNode {
        namespace,
        processes: members.remove(&namespace.key.inode).unwrap_or_default(),
    })
}

fn below_parents<'a, T>(
    snapshot: &'a Snapshot,
    kind: NsKind,
    mut node: impl FnMut(&'a Namespace) -> T,
) -> Vec<Tree<T>> {
    let mut namespaces: Vec<&Namespace> = snapshot
        .namespaces
        .values()
        .filter(|namespace| namespace.key.kind == kind)
        .collect();
    namespaces.sort_by_key(|it| (it.initial != Seen::Known(true), it.lowest, it.key.inode));
    let index: BTreeMap<u64, usize> = namespaces
        .iter()
        .enumerate()
        .map(|(at, namespace)| (namespace.key.inode, at))
        .collect();
    let parents: Vec<Option<usize>> = namespaces
        .iter()
        .map(|namespace| index.get(&namespace.parent.get().flatten()?).copied())
        .collect();
    let nodes = namespaces.into_iter().map(&mut node).collect();
    grow(nodes, |at| parents[at])
}

fn lowest<'a>(snapshot: &'a Snapshot, namespace: &Namespace) -> Option<&'a Process> {
    snapshot.processes.get(namespace.lowest?)
}
