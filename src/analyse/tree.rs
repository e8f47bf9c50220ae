//! A tree of anything, built from "who is whose parent".

use std::collections::BTreeMap;

/// A value with what hangs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree<T> {
    pub value: T,
    pub children: Vec<Tree<T>>,
}

/// A tree grows no deeper than this; the children of its deepest level are roots of further trees.
/// Anybody can make a line of ten thousand processes, for which neither the stack nor the readers
/// of our JSON are made (two levels there for each here, and serde_json reads 128).
const DEEPEST: usize = 50;

/// Hangs every item below the one at the index that `parent` gives; those without one are roots.
/// Items keep their order among their siblings. An item that is its own ancestor, which a forged
/// or torn reading could make it, becomes a root, and so does one at every `DEEPEST` levels:
/// nothing is lost.
pub fn grow<T>(items: Vec<T>, parent: impl Fn(usize) -> Option<usize>) -> Vec<Tree<T>> {
    let mut children: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for index in 0..items.len() {
        let levels = levels_above(index, items.len(), &parent);
        let is_deep = levels.is_none_or(|levels| levels % DEEPEST == 0);
        let above = parent(index).filter(|_| !is_deep);
        children.entry(above).or_default().push(index);
    }
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    branches(None, &mut items, &children)
}

/// Levels up to the root; `None` where there is none: it is a circle.
fn levels_above(
    index: usize,
    count: usize,
    parent: &impl Fn(usize) -> Option<usize>,
) -> Option<usize> {
    let ancestors = std::iter::successors(parent(index), |above| parent(*above));
    let levels = ancestors.take(count).count();
    (levels < count).then_some(levels)
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
    #[test]
    fn a_line_that_is_too_long_goes_on_in_a_tree_of_its_own() {
        let trees = grow((0..120).collect(), |index: usize| index.checked_sub(1));
        let roots: Vec<_> = trees.iter().map(|tree| tree.value).collect();
        assert_eq!(roots, [0, 50, 100]);
        assert_eq!(trees[2].children[0].value, 101);
    }
}
