//! `nsinspect.tree/1`.

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::Unknown;
use super::container::ContainerRecord;
use super::namespace::NamespaceRecord;
use crate::analyse::hierarchy::{PidNode, UserNode};
use crate::analyse::process_tree::Node;
use crate::analyse::sets::Set;
use crate::analyse::tree::Tree;
use crate::model::process::IdRange;
use crate::model::{NsKind, Pid, Snapshot};
use crate::output::text::tree::label_of_set;
use crate::output::wire::process::PidRecord;

/// Trees of one sort.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Trees {
    /// `set`, `user`, `pid` or `process`
    pub by: String,
    pub roots: Roots,
}

/// The roots, all of the sort that `by` says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(untagged)]
pub enum Roots {
    Set(Vec<Branch<SetRecord>>),
    User(Vec<Branch<UserRecord>>),
    Pid(Vec<Branch<PidNamespaceRecord>>),
    Process(Vec<Branch<ProcessNodeRecord>>),
}

/// A node with what hangs below it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Branch<T> {
    #[serde(flatten)]
    pub node: T,
    pub children: Vec<Branch<T>>,
}

impl<T> Branch<T> {
    /// The same trees with each node turned into its record.
    pub fn all<N>(trees: &[Tree<N>], record: &impl Fn(&N) -> T) -> Vec<Branch<T>> {
        trees
            .iter()
            .map(|tree| Branch {
                node: record(&tree.value),
                children: Branch::all(&tree.children, record),
            })
            .collect()
    }
}

/// Processes that are in the same eight namespaces.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct SetRecord {
    /// `host`, the container, or name and PID of the process that started first
    pub label: String,
    /// Inode by kind; `null` where it could not be read
    pub namespaces: BTreeMap<String, Option<u64>>,
    /// Kinds in which it has another namespace than the set above
    pub own: Vec<String>,
    /// Kinds that it shares with the set above
    pub shared: Vec<String>,
    pub nprocs: usize,
    pub processes: Vec<Pid>,
    pub container: Option<ContainerRecord>,
}

impl SetRecord {
    pub fn new(snapshot: &Snapshot, set: &Set) -> SetRecord {
        SetRecord {
            label: label_of_set(snapshot, set),
            namespaces: NsKind::ALL
                .into_iter()
                .map(|kind| (kind.to_string(), set.inode(kind)))
                .collect(),
            own: names(&set.own),
            shared: names(&set.shared),
            nprocs: set.processes.len(),
            processes: set.processes.clone(),
            container: set.container.clone().map(ContainerRecord::from),
        }
    }
}

/// A user namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct UserRecord {
    #[serde(flatten)]
    pub namespace: NamespaceRecord,
    /// As its lowest process shows it
    pub uid_map: Option<Vec<IdRange>>,
    /// Inodes of the namespaces that it governs, by kind
    pub governs: BTreeMap<String, Vec<u64>>,
}

impl UserRecord {
    pub fn new(snapshot: &Snapshot, node: &UserNode<'_>) -> UserRecord {
        let mut governs: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for key in &node.governs {
            governs
                .entry(key.kind.to_string())
                .or_default()
                .push(key.inode);
        }
        let mut namespace = NamespaceRecord::new(snapshot, node.namespace);
        // Without a process in it there is no file that shows the map.
        let uid_map = namespace.unknown.note("uid_map", node.uid_map.clone());
        UserRecord {
            namespace,
            uid_map,
            governs,
        }
    }
}

/// A pid namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct PidNamespaceRecord {
    #[serde(flatten)]
    pub namespace: NamespaceRecord,
    /// Its own processes, not those of the namespaces below it
    pub processes: Vec<NumberedProcess>,
}

/// A process with its number at every level.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct NumberedProcess {
    pub pid: Pid,
    pub command: Option<String>,
    /// From the reader's pid namespace inwards
    pub pids: Vec<PidRecord>,
}

impl PidNamespaceRecord {
    pub fn new(snapshot: &Snapshot, node: &PidNode<'_>) -> PidNamespaceRecord {
        let processes = node
            .processes
            .iter()
            .map(|(process, pids)| NumberedProcess {
                pid: process.pid,
                command: process.command(),
                pids: pids.iter().map(PidRecord::from).collect(),
            });
        PidNamespaceRecord {
            namespace: NamespaceRecord::new(snapshot, node.namespace),
            processes: processes.collect(),
        }
    }
}

/// A process in the tree of processes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ProcessNodeRecord {
    pub pid: Pid,
    /// Its parent, below which it hangs; every 50 levels the tree goes on as a further root
    pub ppid: Option<Pid>,
    pub comm: Option<String>,
    pub command: Option<String>,
    pub uid: Option<u32>,
    /// Kinds in which it is in another namespace than its parent
    pub own: Vec<String>,
    /// The container that begins here
    pub container: Option<ContainerRecord>,
    pub unknown: Unknown,
}

impl ProcessNodeRecord {
    pub fn new(node: &Node<'_>) -> ProcessNodeRecord {
        let mut unknown = Unknown::default();
        for kind in &node.unknown {
            if let Some(why) = node.process.links.own(*kind).why() {
                unknown
                    .0
                    .insert(format!("namespaces.{kind}"), why.to_string());
            }
        }
        let stat = &node.process.stat;
        ProcessNodeRecord {
            pid: node.process.pid,
            ppid: unknown.note("ppid", stat.part(|stat| stat.ppid)),
            comm: unknown.note("comm", stat.part(|stat| stat.comm.clone())),
            command: node.process.command(),
            uid: unknown.note("uid", node.process.uid.clone()),
            own: names(&node.own),
            container: node.container.clone().map(ContainerRecord::from),
            unknown,
        }
    }
}

fn names(kinds: &[NsKind]) -> Vec<String> {
    kinds.iter().map(NsKind::to_string).collect()
}
