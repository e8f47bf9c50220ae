//! Finding the namespaces that no process is in, and what keeps them alive: an ordered table of
//! layers, one file each.

mod fds;
mod kernel_list;
mod mounts;
mod sockets;
mod threads;

use std::collections::{BTreeMap, BTreeSet};

use super::processes::{self, Depth, MissingLinks};
use super::{open, relations};
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{LayerState, Seen, Snapshot, Why};
use crate::sys::procfs::ProcRoot;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What costs a little per mount namespace, and nothing per process.
    Fast,
    /// Every thread, descriptor and socket of every process too, and mount namespaces that no
    /// process is in.
    Full,
}

/// One source of namespaces.
struct Layer {
    name: &'static str,
    reach: Reach,
    look: fn(&Context<'_>, &Snapshot, &mut Findings) -> LayerState,
}

/// In this order: a later layer goes on from what an earlier one found.
const LAYERS: [Layer; 6] = [
    Layer {
        name: "threads",
        reach: Reach::Full,
        look: threads::look,
    },
    Layer {
        name: "fds",
        reach: Reach::Full,
        look: fds::look,
    },
    Layer {
        name: "thread_fds",
        reach: Reach::Full,
        look: fds::look_at_threads,
    },
    Layer {
        name: "sockets",
        reach: Reach::Full,
        look: sockets::look,
    },
    Layer {
        name: "mounts",
        reach: Reach::Fast,
        look: mounts::look,
    },
    Layer {
        name: "mount_namespaces",
        reach: Reach::Full,
        look: mounts::look_without_process,
    },
];

/// What the layers look through.
struct Context<'a> {
    root: &'a ProcRoot,
    missing: &'a MissingLinks,
    /// Device of nsfs: what tells a descriptor of a namespace from any other.
    nsfs: u64,
}

/// Namespaces with what holds them.
#[derive(Default)]
struct Findings(BTreeMap<NsKey, BTreeSet<Holder>>);

impl Findings {
    fn add(&mut self, key: NsKey, holder: Holder) {
        self.0.entry(key).or_default().insert(holder);
    }
}

/// Looks through all layers within reach, follows owners and parents, and at last compares with
/// the kernel's own list.
pub fn discover(root: &ProcRoot, missing: &MissingLinks, snapshot: &mut Snapshot, reach: Reach) {
    for layer in &LAYERS {
        let state = match snapshot.nsfs_dev {
            Seen::Known(nsfs) if layer.reach <= reach => {
                let context = Context {
                    root,
                    missing,
                    nsfs,
                };
                let mut findings = Findings::default();
                let state = (layer.look)(&context, snapshot, &mut findings);
                merge(snapshot, findings);
                state
            }
            Seen::Known(_) => LayerState::Skipped,
            Seen::Unknown(_) => LayerState::Unsupported,
        };
        snapshot.coverage.layers.insert(layer.name, state);
    }
    threads::mark_broken(root, snapshot);
    let mut relations = relations::relate(root, snapshot, None, |_| true);
    let mut findings = Findings::default();
    let state = kernel_list::look(snapshot, &mut findings);
    let unexplained: BTreeSet<NsKey> = findings.0.keys().copied().collect();
    merge(snapshot, findings);
    if !unexplained.is_empty() {
        let more = relations::relate(root, snapshot, None, |key| unexplained.contains(&key));
        relations = relations.and(more);
    }
    let layers = &mut snapshot.coverage.layers;
    layers.insert("relations", relations);
    layers.insert("kernel_list", state);
    forget_newborn(root, missing, snapshot);
    for namespace in snapshot.namespaces.values_mut() {
        namespace.holders.sort();
    }
}

/// The kernel's lists are read after the processes: what only they name may just have been made by
/// one that has come since, or be gone again. Neither is a mystery.
fn forget_newborn(root: &ProcRoot, missing: &MissingLinks, snapshot: &mut Snapshot) {
    let by_kernel =
        |namespace: &Namespace| matches!(namespace.holders.as_slice(), [Holder::Kernel { .. }]);
    if !snapshot.namespaces.values().any(by_kernel) {
        return;
    }
    let pids = root.pids().unwrap_or_default();
    let now: BTreeSet<NsKey> = processes::read_all(root, missing, &pids, Depth::Links)
        .iter()
        .flat_map(|batch| &batch.processes)
        .flat_map(|(_, process)| process.links.own_keys())
        .collect();
    let gone: BTreeSet<NsKey> = snapshot
        .namespaces
        .values()
        .filter(|it| by_kernel(it))
        .map(|it| it.key)
        .filter(|key| {
            now.contains(key) || matches!(open::open(root, snapshot, *key), Err(Why::Gone))
        })
        .collect();
    snapshot.namespaces.retain(|key, _| !gone.contains(key));
}

fn merge(snapshot: &mut Snapshot, findings: Findings) {
    for (key, holders) in findings.0 {
        let namespace = snapshot
            .namespaces
            .entry(key)
            .or_insert_with(|| Namespace::new(key));
        for holder in holders {
            if !namespace.holders.contains(&holder) {
                namespace.holders.push(holder);
            }
        }
        // The kernel's word is worth telling only where nothing else explains.
        let is_word = |holder: &Holder| matches!(holder, Holder::Kernel { .. });
        if !namespace.holders.iter().all(is_word) {
            namespace.holders.retain(|holder| !is_word(holder));
        }
    }
}

/// The state of a layer by the worst that happened in it: a refusal hides something, while what
/// came and went was not there to be seen.
#[derive(Default)]
struct Fared {
    denied: bool,
    unsupported: bool,
}

impl Fared {
    fn note(&mut self, why: &Why) {
        match why {
            Why::Gone | Why::Skipped => {}
            Why::Unsupported => self.unsupported = true,
            // What failed otherwise hides as much as what was refused.
            Why::Denied | Why::Failed(_) => self.denied = true,
        }
    }

    fn state(&self) -> LayerState {
        match (self.denied, self.unsupported) {
            (true, _) => LayerState::Denied,
            (_, true) => LayerState::Unsupported,
            _ => LayerState::Done,
        }
    }
}
