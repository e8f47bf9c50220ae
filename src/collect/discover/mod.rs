//! Finding the namespaces that no process is in, and what keeps them alive: an ordered table of
//! layers, one file each.

mod fds;
mod kernel_list;
mod mounts;
mod sockets;
pub(in crate::collect) mod tables;
mod threads;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::parallel::{self, Threads};
use super::processes::{Depth, MissingLinks};
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
    deadline: Instant,
}

/// One layer takes no longer. Whoever has a million descriptors, threads or mounts, and makes a
/// thousand processes with them, buys a gap that is told.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);

impl Context<'_> {
    /// Whether the time is up, which is then noted.
    fn is_late(&self, fared: &mut Fared) -> bool {
        let is_late = Instant::now() >= self.deadline;
        if is_late {
            fared.note(&Why::failed("there is more than can be looked at in time"));
        }
        is_late
    }
}

/// Namespaces with what holds them.
#[derive(Clone, Default)]
struct Findings {
    holders: BTreeMap<NsKey, BTreeSet<Holder>>,
    /// Descriptors of anything that are on their way between sockets.
    in_flight: u64,
}

impl Findings {
    fn add(&mut self, key: NsKey, holder: Holder) {
        self.holders.entry(key).or_default().insert(holder);
    }
}

/// Looks through all layers within reach, follows owners and parents, and at last compares with
/// the kernel's own list.
pub fn discover(root: &ProcRoot, missing: &MissingLinks, snapshot: &mut Snapshot, reach: Reach) {
    for layer in &LAYERS {
        let state = match snapshot.nsfs_dev {
            _ if layer.reach > reach => LayerState::Skipped,
            Seen::Known(nsfs) => {
                let context = Context {
                    root,
                    missing,
                    nsfs,
                    deadline: Instant::now() + TIME_LIMIT,
                };
                let mut findings = Findings::default();
                let state = (layer.look)(&context, snapshot, &mut findings);
                snapshot.coverage.in_flight += findings.in_flight;
                merge(snapshot, findings);
                state
            }
            // A tree that only looks like a procfs.
            Seen::Unknown(_) => LayerState::Unsupported,
        };
        snapshot.coverage.layers.insert(layer.name, state);
    }
    threads::mark_broken(root, snapshot);
    let mut relations = relations::relate(root, snapshot, None, |_| true);
    let mut findings = Findings::default();
    let state = kernel_list::look(snapshot, &mut findings);
    let unexplained: BTreeSet<NsKey> = findings.holders.keys().copied().collect();
    merge(snapshot, findings);
    if !unexplained.is_empty() {
        let more = relations::relate(root, snapshot, None, |key| unexplained.contains(&key));
        relations = relations.and(more);
    }
    let layers = &mut snapshot.coverage.layers;
    layers.insert("relations", relations);
    layers.insert("kernel_list", state);
    forget_newborn(root, missing, snapshot);
    sort_holders(snapshot);
}

/// Namespaces that threads lead to whose links are in the snapshot already, and their first does
/// not.
pub fn hold_by_threads(snapshot: &mut Snapshot) {
    let mut findings = Findings::default();
    let state = threads::compare(snapshot, &mut findings);
    snapshot.coverage.layers.insert("threads", state);
    merge(snapshot, findings);
    sort_holders(snapshot);
}

fn sort_holders(snapshot: &mut Snapshot) {
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
    let now: BTreeSet<NsKey> =
        parallel::read_all(root, missing, Threads::default(), &pids, Depth::Links)
            .parts
            .iter()
            .flatten()
            .flat_map(|process| process.links.keys())
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
    for (key, holders) in findings.holders {
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
