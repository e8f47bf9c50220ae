//! A tree of anything, built from "who is whose parent".

use std::collections::BTreeMap;

/// A value with what hangs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree<T> {
    pub value: T,
    pub children: Vec<Tree<T>>,
}

/// Hangs every item below the one at the index that `parent` gives; those without one are roots.
/// Items keep their order among their siblings. An item that is its own ancestor, which a forged
/// or torn reading could make it, becomes a root: nothing is lost.
pub fn grow<T>(items: Vec<T>, parent: impl Fn(usize) -> Option<usize>) -> Vec<Tree<T>> {
    let mut children: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for index in 0..items.len() {
        let above = parent(index).filter(|_| ends_at_a_root(index, items.len(), &parent));
        children.entry(above).or_default().push(index);
    }
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    branches(None, &mut items, &children)
}

fn ends_at_a_root(index: usize, count: usize, parent: &impl Fn(usize) -> Option<usize>) -> bool {
    let mut above = parent(index);
    for _ in 0..count {
        match above {
            None => return true,
            Some(next) => above = parent(next),
        }
    }
    false
}

fn branches<T>(
    above: Option<usize>,
    items: &mut [Option<T>],
    children: &BTreeMap<Option<usize>, Vec<usize>>,
) -> Vec<Tree<T>> {
    let Some(indices) = children.get(&above) else {
        return Vec::new();
    };
    indices
        .iter()
        .filter_map(|index| {
            let value = items[*index].take()?;
            let children = branches(Some(*index), items, children);
            Some(Tree { value, children })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_hang_below_their_parents_in_order() {
        let parents = [None, Some(0), Some(1), Some(0)];
        let trees = grow(vec!['a', 'b', 'c', 'd'], |index| parents[index]);
        let leaf = |value| Tree {
            value,
            children: Vec::new(),
        };
        let b = Tree {
            value: 'b',
            children: vec![leaf('c')],
        };
        let a = Tree {
            value: 'a',
            children: vec![b, leaf('d')],
        };
        assert_eq!(trees, [a]);
    }

    #[test]
    fn a_circle_loses_nobody() {
        let parents = [None, Some(2), Some(1)];
        let trees = grow(vec!['a', 'b', 'c'], |index| parents[index]);
        let roots: Vec<_> = trees.iter().map(|tree| tree.value).collect();
        assert_eq!(roots, ['a', 'b', 'c']);
    }
}
