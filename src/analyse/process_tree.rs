//! The process tree, with the places marked where namespaces change.

use std::collections::BTreeMap;

use super::containers::{Identity, container_of, identity};
use super::reference::Reference;
use super::tree::{Tree, grow};
use crate::model::{Links, NsKind, Pid, Process, Snapshot, Why};

/// One process, and how its namespaces differ from its parent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    pub process: &'a Process,
    /// Kinds in which it is in another namespace than its parent.
    pub own: Vec<NsKind>,
    /// Kinds that cannot be compared, since one side could not be read.
    pub unknown: Vec<NsKind>,
    pub container: Option<Identity>,
}

/// Every process below its parent.
pub fn tree(snapshot: &Snapshot) -> Vec<Tree<Node<'_>>> {
    let processes: Vec<&Process> = snapshot.processes.iter().collect();
    let index: BTreeMap<Pid, usize> = processes
        .iter()
        .enumerate()
        .map(|(at, process)| (process.pid, at))
        .collect();
    let parents: Vec<Option<usize>> = processes
        .iter()
        .map(|process| {
            let stat = process.stat.known()?;
            index.get(&stat.ppid).copied()
        })
        .collect();
    // Where the host's init is refused, its children are compared with what stands in for it. Another
    // init that is refused may be in whatever namespaces.
    let reference = Reference::choose(snapshot);
    let init = match reference.host_init {
        Some(true) => reference.links,
        _ => Links::unknown(&Why::Denied),
    };
    let nodes = processes
        .iter()
        .enumerate()
        .map(|(at, process)| {
            let parent = parents[at].map(|above| processes[above]);
            node(snapshot, process, parent, &init)
        })
        .collect();
    grow(nodes, |at| parents[at])
}

fn node<'a>(
    snapshot: &Snapshot,
    process: &'a Process,
    parent: Option<&Process>,
    init: &Links,
) -> Node<'a> {
    let found = identity(snapshot, process);
    let above = parent.and_then(|parent| container_of(snapshot, parent));
    let mut node = Node {
        process,
        own: Vec::new(),
        unknown: Vec::new(),
        // Named where it begins, not at each of its processes.
        container: found.filter(|found| above.as_ref() != Some(&found.container)),
    };
    let Some(parent) = parent else { return node };
    if process.is_zombie() {
        return node;
    }
    let is_refused_init = parent.pid == Process::INIT && parent.links.own_keys().next().is_none();
    let above = if is_refused_init { init } else { &parent.links };
    for kind in NsKind::BY_WEIGHT {
        match (process.links.own(kind).get(), above.own(kind).get()) {
            (Some(own), Some(above)) if own == above => {}
            (Some(_), Some(_)) => node.own.push(kind),
            _ => node.unknown.push(kind),
        }
    }
    node
}
