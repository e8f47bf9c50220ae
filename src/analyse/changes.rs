//! What happened between two looks at the machine: a comparison of two snapshots.

mod threads;

use std::collections::BTreeMap;

use super::sets::{self, Set};
use super::tree::Tree;
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{LinkName, Links, NsKind, Pid, Process, Seen, Snapshot, Why};

/// Something that happened. A reference is to the snapshot in which the thing still or already is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A process or one of its threads leads to a namespace that was not there.
    Born(&'a Namespace),
    /// A process is in a namespace again that was empty.
    Entered(&'a Namespace),
    /// No process leads to it any more, and it lives on: something else holds it.
    Emptied(&'a Namespace),
    /// No process leads to it any more; for a reason, it cannot be seen whether it lives on.
    Left(&'a Namespace, Why),
    /// It is no more.
    Gone(&'a Namespace),
    /// A process is there that was not.
    Started(&'a Process),
    /// A process is in other namespaces than it was, or its next child will be.
    Moved(&'a Process, Vec<Move>),
    /// The same of one of its threads, which is not the first.
    ThreadMoved {
        process: &'a Process,
        tid: Pid,
        moves: Vec<Move>,
    },
    /// A process is no more.
    Ended(&'a Process),
    /// Processes are in a set of namespaces in which there was none.
    SetBorn(Set),
    /// Nobody is in a set of namespaces any more.
    SetGone(Set),
}

/// A link of a process that leads elsewhere than it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub link: LinkName,
    /// `None`: nowhere; a process that waits for its first child in a new pid namespace has no
    /// link to that.
    pub from: Option<u64>,
    pub to: u64,
}

/// What happened to namespaces: what came, then who moved, then what went. `left` says whether
/// those live on that no process of `after` leads to.
pub fn of_namespaces<'a>(
    before: &'a Snapshot,
    after: &'a Snapshot,
    left: &BTreeMap<NsKey, Seen<bool>>,
) -> Vec<Change<'a>> {
    let born = born(before, after).into_iter().map(Change::Born);
    let mut changes: Vec<Change<'_>> = born.collect();
    for (key, now) in &after.namespaces {
        let then = before.namespaces.get(key);
        let was_empty = then.is_some_and(|then| is_same(then, now) && !is_led_to(then));
        if was_empty && is_led_to(now) {
            changes.push(Change::Entered(now));
        }
    }
    changes.extend(of_processes(before, after));
    for (key, then) in &before.namespaces {
        let now = after.namespaces.get(key);
        match (now, left.get(key)) {
            (Some(now), _) if !is_same(then, now) => changes.push(Change::Gone(then)),
            (Some(now), Some(Seen::Known(true))) if is_led_to(then) => {
                changes.push(Change::Emptied(now));
            }
            (None, Some(Seen::Known(false))) => changes.push(Change::Gone(then)),
            (None, Some(Seen::Unknown(why))) if is_led_to(then) => {
                changes.push(Change::Left(then, why.clone()));
            }
            _ => {}
        }
    }
    changes
}

/// The namespaces that a process leads to and that were not there before.
pub fn born<'a>(before: &Snapshot, after: &'a Snapshot) -> Vec<&'a Namespace> {
    let was_there = |now: &&Namespace| {
        let then = before.namespaces.get(&now.key);
        then.is_some_and(|then| is_same(then, now))
    };
    let namespaces = after.namespaces.values();
    let led_to = namespaces.filter(|now| is_led_to(now));
    led_to.filter(|now| !was_there(now)).collect()
}

impl<'a> Change<'a> {
    /// The part of it that is about namespaces of these kinds; all where none is named.
    pub fn within(self, kinds: &[NsKind]) -> Option<Change<'a>> {
        let is_named = |kind: NsKind| kinds.is_empty() || kinds.contains(&kind);
        match self {
            Change::Born(it)
            | Change::Entered(it)
            | Change::Emptied(it)
            | Change::Left(it, _)
            | Change::Gone(it) => is_named(it.key.kind).then_some(self),
            Change::Moved(process, mut moves) => {
                moves.retain(|it| is_named(it.link.kind()));
                (!moves.is_empty()).then_some(Change::Moved(process, moves))
            }
            Change::ThreadMoved {
                process,
                tid,
                mut moves,
            } => {
                moves.retain(|it| is_named(it.link.kind()));
                (!moves.is_empty()).then_some(Change::ThreadMoved {
                    process,
                    tid,
                    moves,
                })
            }
            other => Some(other),
        }
    }
}

/// What happened to sets of namespaces: what came, then who moved, then what went.
pub fn of_sets<'a>(before: &'a Snapshot, after: &'a Snapshot) -> Vec<Change<'a>> {
    let (were, are) = (sets::signatures(before), sets::signatures(after));
    // Trees are grown only where something is to be told of them.
    let (then, now) = match were == are {
        true => (Vec::new(), Vec::new()),
        false => (all_sets(before), all_sets(after)),
    };
    let is_born = |set: &Set| !were.contains(&set.namespaces);
    let is_gone = |set: &Set| !are.contains(&set.namespaces);
    let born = now.into_iter().filter(is_born).map(Change::SetBorn);
    let gone = then.into_iter().filter(is_gone).map(Change::SetGone);
    born.chain(of_processes(before, after))
        .chain(gone)
        .collect()
}

fn all_sets(snapshot: &Snapshot) -> Vec<Set> {
    fn flatten(trees: Vec<Tree<Set>>, all: &mut Vec<Set>) {
        for tree in trees {
            all.push(tree.value);
            flatten(tree.children, all);
        }
    }
    let mut all = Vec::new();
    flatten(sets::tree(snapshot), &mut all);
    all
}

/// What happened to processes: who came, who moved, who went.
fn of_processes<'a>(before: &'a Snapshot, after: &'a Snapshot) -> Vec<Change<'a>> {
    let (mut started, mut moved) = (Vec::new(), Vec::new());
    for now in after.processes.iter() {
        match is_in(before, now) {
            None => started.push(Change::Started(now)),
            Some(then) => {
                let moves = moves(&then.links, &now.links);
                if !moves.is_empty() {
                    moved.push(Change::Moved(now, moves));
                }
            }
        }
    }
    let ended = before
        .processes
        .iter()
        .filter(|then| is_in(after, then).is_none());
    let ended = ended.map(Change::Ended);
    let moved = moved.into_iter().chain(threads::moved(before, after));
    started.into_iter().chain(moved).chain(ended).collect()
}

/// The process in another snapshot.
fn is_in<'a>(snapshot: &'a Snapshot, process: &Process) -> Option<&'a Process> {
    let other = snapshot.processes.get(process.pid);
    other.filter(|other| is_same_process(process, other))
}

/// The same number may be that of another process by now.
fn is_same_process(then: &Process, now: &Process) -> bool {
    let start = |process: &Process| process.stat.known().map(|stat| stat.start_time);
    match (start(then), start(now)) {
        (Some(then), Some(now)) => then == now,
        _ => true,
    }
}

/// The same inode may be that of another namespace by now; the ids tell, where the kernel has them.
/// One that was gone before it could be asked for its id has not come back.
fn is_same(then: &Namespace, now: &Namespace) -> bool {
    match (&then.ns_id, &now.ns_id) {
        (Seen::Known(then), Seen::Known(now)) => then == now,
        (Seen::Unknown(Why::Gone), Seen::Known(_)) => false,
        _ => true,
    }
}

/// Whether a process or one of its threads is in it, or the next child of one will be.
fn is_led_to(namespace: &Namespace) -> bool {
    let leads = |it: &Holder| matches!(it, Holder::Thread { .. } | Holder::ForChildren { .. });
    namespace.nprocs > 0 || namespace.holders.iter().any(leads)
}

/// The links that lead elsewhere. One that cannot be read, or could not, says nothing.
fn moves(then: &Links, now: &Links) -> Vec<Move> {
    if then == now {
        return Vec::new();
    }
    let changed = |(link, now_seen): (LinkName, &Seen<u64>)| {
        let to = now_seen.get()?;
        let from = match then.get(link) {
            Seen::Known(from) => Some(*from),
            // It led nowhere while the new namespace had no process yet.
            Seen::Unknown(Why::Gone) if !matches!(link, LinkName::Own(_)) => None,
            Seen::Unknown(_) => return None,
        };
        let is_where_it_is = from.is_none() && now.own(link.kind()).get() == Some(to);
        (from != Some(to) && !is_where_it_is).then_some(Move { link, from, to })
    };
    now.iter().filter_map(changed).collect()
}

/// The processes whose names tell what happened.
pub fn named_by(changes: &[Change<'_>]) -> Vec<Pid> {
    let mut named: Vec<Pid> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Born(namespace) | Change::Entered(namespace) => {
                let by_thread = || namespace.thread().map(|(pid, _)| pid);
                namespace.lowest.or_else(by_thread)
            }
            Change::Moved(process, _) | Change::ThreadMoved { process, .. } => Some(process.pid),
            Change::SetBorn(set) => Some(set.founder),
            _ => None,
        })
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

#[cfg(test)]
mod tests;
