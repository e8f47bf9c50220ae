//! Namespace sets: processes that are in the same eight namespaces, and which set was made from
//! which.

use std::collections::{BTreeMap, HashSet};

use super::containers::{Identity, identity};
use super::tree::{Tree, grow};
use crate::model::kind::PerKind;
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Process, Seen, Snapshot};

/// The eight namespaces of a set; `None` where not known.
pub type Signature = PerKind<Option<u64>>;

/// Processes with the same namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    pub namespaces: Signature,
    /// All eight are initial namespaces.
    pub is_host: bool,
    /// The process that started first, which the set is called after.
    pub founder: Pid,
    /// Ascending.
    pub processes: Vec<Pid>,
    pub container: Option<Identity>,
    /// The set above it is in the same container: it is a part of that, and not called after it.
    pub is_part: bool,
    /// Kinds in which the set has another namespace than the set above it.
    pub own: Vec<NsKind>,
    /// Kinds that it shares with the set above it.
    pub shared: Vec<NsKind>,
}

impl Set {
    /// Inode of one of its namespaces.
    pub fn inode(&self, kind: NsKind) -> Option<u64> {
        self.namespaces[kind]
    }
}

/// The founders of all sets: the processes whose names and cgroups a tree of sets needs.
pub fn founders(snapshot: &Snapshot) -> Vec<Pid> {
    let mut founders: Vec<_> = group(snapshot)
        .values()
        .filter_map(|members| founder(members))
        .map(|process| process.pid)
        .collect();
    founders.sort_unstable();
    founders
}

/// The sets that there are, by their namespaces.
pub fn signatures(snapshot: &Snapshot) -> HashSet<Signature> {
    let members = snapshot.processes.iter().filter(|it| is_member(it));
    members.map(signature).collect()
}

/// Every set, below the one that it was made from; the host first.
pub fn tree(snapshot: &Snapshot) -> Vec<Tree<Set>> {
    let groups = group(snapshot);
    let mut sets: Vec<Set> = groups
        .iter()
        .filter_map(|(signature, members)| set(snapshot, signature, members))
        .collect();
    sets.sort_by_key(|set| (!set.is_host, age(&snapshot.processes[set.founder])));
    let index: BTreeMap<Signature, usize> = sets
        .iter()
        .enumerate()
        .map(|(index, set)| (set.namespaces, index))
        .collect();
    let parents: Vec<Option<usize>> = (0..sets.len())
        .map(|at| parent(snapshot, &sets, &index, at))
        .collect();
    for at in 0..sets.len() {
        let above = parents[at].map(|above| sets[above].namespaces);
        let (own, shared) = compare(&sets[at].namespaces, above.as_ref());
        sets[at].is_part = parents[at].is_some_and(|above| {
            let name = |at: usize| sets[at].container.as_ref().map(|it| &it.container);
            name(at).is_some() && name(at) == name(above)
        });
        sets[at].own = own;
        sets[at].shared = shared;
    }
    grow(sets, |at| parents[at])
}

/// One of which no namespace is known is in no set, nor is a zombie, which has left all but two, nor
/// a thread.
fn is_member(process: &Process) -> bool {
    process.links.own_keys().next().is_some() && !process.is_zombie() && process.tid.is_none()
}

/// Processes by the namespaces that they are in.
fn group(snapshot: &Snapshot) -> BTreeMap<Signature, Vec<&Process>> {
    let mut groups: BTreeMap<Signature, Vec<&Process>> = BTreeMap::new();
    for process in snapshot.processes.iter() {
        if is_member(process) {
            groups.entry(signature(process)).or_default().push(process);
        }
    }
    groups
}

fn signature(process: &Process) -> Signature {
    PerKind::of(|kind| process.links.own(kind).get())
}

/// Start time, then PID: a process is always younger than its parent.
fn age(process: &Process) -> (u64, Pid) {
    let started = process
        .stat
        .known()
        .map_or(u64::MAX, |stat| stat.start_time);
    (started, process.pid)
}

fn founder<'a>(members: &[&'a Process]) -> Option<&'a Process> {
    members.iter().copied().min_by_key(|process| age(process))
}

fn set(snapshot: &Snapshot, signature: &Signature, members: &[&Process]) -> Option<Set> {
    let founder = founder(members)?;
    let is_host = NsKind::ALL.into_iter().all(|kind| {
        // A kernel without time namespaces has one for all.
        match signature[kind] {
            Some(inode) => snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true),
            None => founder.links.own(kind).why() == Some(&crate::model::Why::Unsupported),
        }
    });
    Some(Set {
        namespaces: *signature,
        is_host,
        founder: founder.pid,
        processes: members.iter().map(|process| process.pid).collect(),
        container: identity(snapshot, founder),
        is_part: false,
        own: Vec::new(),
        shared: Vec::new(),
    })
}

/// The set that another was made from: that of the founder's nearest ancestor which is in a
/// different one. Where the line of ancestors breaks off (a parent that cannot be read, or that
/// died), the older set with which it has most in common.
fn parent(
    snapshot: &Snapshot,
    sets: &[Set],
    index: &BTreeMap<Signature, usize>,
    at: usize,
) -> Option<usize> {
    let own_age = age(&snapshot.processes[sets[at].founder]);
    let is_older = |other: usize| {
        let founder = &snapshot.processes[sets[other].founder];
        other != at && (sets[other].is_host || age(founder) < own_age)
    };
    if sets[at].is_host {
        return None;
    }
    let mut ancestor = snapshot.processes.get(sets[at].founder);
    // A line that is longer than this is a circle, which a forged or torn reading could make.
    for _ in 0..snapshot.processes.len() {
        ancestor = ancestor
            .and_then(|process| process.stat.known())
            .and_then(|stat| snapshot.processes.get(stat.ppid));
        let Some(process) = ancestor else { break };
        let found = index.get(&signature(process)).copied();
        if let Some(found) = found.filter(|found| is_older(*found)) {
            return Some(found);
        }
    }
    (0..sets.len())
        .filter(|other| is_older(*other))
        // Of several that have as much in common, the first: the host, or the oldest.
        .rev()
        .max_by_key(|other| {
            compare(&sets[at].namespaces, Some(&sets[*other].namespaces))
                .1
                .len()
        })
}

/// Kinds that differ and kinds that are the same; one that is not known on either side is neither.
fn compare(set: &Signature, above: Option<&Signature>) -> (Vec<NsKind>, Vec<NsKind>) {
    let known =
        |kind: &NsKind| set[*kind].is_some() && above.is_none_or(|above| above[*kind].is_some());
    NsKind::BY_WEIGHT
        .into_iter()
        .filter(known)
        .partition(|kind| above.is_none_or(|above| above[*kind] != set[*kind]))
}
