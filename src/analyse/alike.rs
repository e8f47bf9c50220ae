//! Sets that look the same, as one: fifty sandboxes of one program are one line to a reader.

use std::collections::{BTreeMap, BTreeSet};

use super::sets::Set;
use super::tree::Tree;
use crate::model::{NsKind, Snapshot};

/// One set, or several that differ in nothing but inodes and PIDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike<'a> {
    /// The one whose first process started first.
    pub first: &'a Set,
    /// How many sets these are.
    pub count: usize,
    /// Processes in all of them.
    pub nprocs: usize,
}

impl<'a> Alike<'a> {
    fn alone(set: &'a Set) -> Alike<'a> {
        Alike {
            first: set,
            count: 1,
            nprocs: set.processes.len(),
        }
    }
}

/// Two or three lines are no burden, and say more than a number.
const FEWEST: usize = 4;

/// The trees with a line for each set.
pub fn apart(trees: &[Tree<Set>]) -> Vec<Tree<Alike<'_>>> {
    let lines = trees.iter().map(|tree| Tree {
        value: Alike::alone(&tree.value),
        children: apart(&tree.children),
    });
    lines.collect()
}

/// The trees with siblings that are alike folded into the first of them. Containers have names, by
/// which they are looked for, and a set that others were made from is their place in the tree:
/// neither is folded.
pub fn fold<'a>(snapshot: &Snapshot, trees: &'a [Tree<Set>]) -> Vec<Tree<Alike<'a>>> {
    let mut counts: BTreeMap<Looks<'_>, (usize, usize)> = BTreeMap::new();
    for tree in trees {
        if let Some(looks) = looks(snapshot, tree) {
            let (count, nprocs) = counts.entry(looks).or_default();
            *count += 1;
            *nprocs += tree.value.processes.len();
        }
    }
    counts.retain(|_, (count, _)| *count >= FEWEST);
    let mut folded = BTreeSet::new();
    let mut lines = Vec::new();
    for tree in trees {
        let several = looks(snapshot, tree).filter(|looks| counts.contains_key(looks));
        let mut value = Alike::alone(&tree.value);
        if let Some(looks) = several {
            if !folded.insert(looks) {
                continue;
            }
            (value.count, value.nprocs) = counts[&looks];
        }
        let children = fold(snapshot, &tree.children);
        lines.push(Tree { value, children });
    }
    lines
}

/// All that a line says of a set, apart from numbers.
type Looks<'a> = (Option<&'a str>, &'a [NsKind], &'a [NsKind]);

fn looks<'a>(snapshot: &'a Snapshot, tree: &'a Tree<Set>) -> Option<Looks<'a>> {
    let set = &tree.value;
    if set.is_host || set.container.is_some() || !tree.children.is_empty() {
        return None;
    }
    let stat = snapshot.processes.get(set.founder)?.stat.known();
    let name = stat.map(|stat| stat.comm.as_str());
    Some((name, &set.own, &set.shared))
}
