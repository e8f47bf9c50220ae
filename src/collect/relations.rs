//! Who governs each namespace and what encloses it, by ioctl, once per distinct namespace and
//! followed until nothing new comes up: owners and parents may have no process at all.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::open;
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{LayerState, NsKind, Seen, Snapshot, Why};
use crate::sys::procfs::ProcRoot;
use crate::sys::{nsfs, why};

/// Fills in id, owner, creator and parent of the given namespaces, and adds the owners and parents
/// that only they led to. A namespace that was opened by its path comes with its descriptor. Says
/// how the layer fared.
pub fn relate(
    root: &ProcRoot,
    snapshot: &mut Snapshot,
    opened: Option<(NsKey, OwnedFd)>,
    wanted: impl Fn(NsKey) -> bool,
) -> LayerState {
    let mut queue: Vec<NsKey> = snapshot
        .namespaces
        .keys()
        .copied()
        .filter(|key| wanted(*key))
        .collect();
    let mut done: BTreeSet<NsKey> = BTreeSet::new();
    let mut opened: BTreeMap<NsKey, OwnedFd> = opened.into_iter().collect();
    queue.extend(opened.keys());
    let mut state = LayerState::Done;
    while let Some(key) = queue.pop() {
        if !done.insert(key) {
            continue;
        }
        let fd = match opened.remove(&key) {
            Some(fd) => Ok(fd),
            None => open::open(root, snapshot, key),
        };
        let found = match &fd {
            Ok(fd) => ask(key, fd),
            Err(why) => Answers::unknown(why, key.kind),
        };
        if found.denied(snapshot.is_initial(key)) {
            state = LayerState::Denied;
        }
        for (relative, fd) in found.store(snapshot, key) {
            // Descriptors of what is done already are closed at once: there may be many.
            if !done.contains(&relative) {
                opened.entry(relative).or_insert(fd);
                queue.push(relative);
            }
        }
    }
    link_children(snapshot);
    state
}

/// What the kernel answered about one namespace.
struct Answers {
    ns_id: Seen<u64>,
    owner: Seen<(NsKey, OwnedFd)>,
    owner_uid: Seen<Option<u32>>,
    parent: Seen<Option<(NsKey, OwnedFd)>>,
}

fn ask(key: NsKey, fd: &OwnedFd) -> Answers {
    // Before Linux 4.9 and 4.11 these are ENOTTY; NS_GET_PARENT is EINVAL for a flat kind.
    let unsupported = |errno| match errno {
        Errno::EINVAL => Why::Unsupported,
        other => why(other),
    };
    let relative = |kind, fd: OwnedFd| {
        let inode = nsfs::identity(&fd)?.inode;
        Ok((NsKey { kind, inode }, fd))
    };
    let owner = nsfs::owner(fd).and_then(|owner| relative(NsKind::User, owner));
    let parent = key
        .kind
        .is_hierarchical()
        .then(|| nsfs::parent(fd).and_then(|parent| relative(key.kind, parent)));
    let owner_uid = (key.kind == NsKind::User).then(|| nsfs::owner_uid(fd));
    Answers {
        ns_id: Seen::from(nsfs::id(fd, key.kind).map_err(unsupported)),
        owner: Seen::from(owner.map_err(unsupported)),
        owner_uid: Seen::from(owner_uid.transpose().map_err(unsupported)),
        parent: Seen::from(parent.transpose().map_err(unsupported)),
    }
}

impl Answers {
    fn unknown(why: &Why, kind: NsKind) -> Answers {
        let why = || why.clone();
        Answers {
            ns_id: Seen::Unknown(why()),
            owner: Seen::Unknown(why()),
            owner_uid: match kind == NsKind::User {
                true => Seen::Unknown(why()),
                false => Seen::Known(None),
            },
            parent: match kind.is_hierarchical() {
                true => Seen::Unknown(why()),
                false => Seen::Known(None),
            },
        }
    }

    /// Whether the kernel withheld a relation that is there. The initial user and pid namespace
    /// have none above them, for which the kernel has the same errno.
    fn denied(&self, initial: Seen<bool>) -> bool {
        // What failed otherwise hides as much as what was refused.
        let refused = |why: Option<&Why>| matches!(why, Some(Why::Denied | Why::Failed(_)));
        let at_the_top = initial == Seen::Known(true);
        !at_the_top && (refused(self.owner.why()) || refused(self.parent.why()))
    }

    /// Writes the answers into the snapshot; returns the relatives, with a descriptor of each.
    fn store(self, snapshot: &mut Snapshot, key: NsKey) -> Vec<(NsKey, OwnedFd)> {
        let top = snapshot.is_initial(key) == Seen::Known(true);
        let mut relatives = Vec::new();
        let owner = match self.owner {
            Seen::Known((owner, fd)) => {
                relatives.push((owner, fd));
                Seen::Known(Some(owner.inode))
            }
            Seen::Unknown(Why::Denied) if top && key.kind == NsKind::User => Seen::Known(None),
            Seen::Unknown(why) => Seen::Unknown(why),
        };
        let parent = match self.parent {
            Seen::Known(parent) => Seen::Known(parent.map(|(parent, fd)| {
                relatives.push((parent, fd));
                parent.inode
            })),
            Seen::Unknown(Why::Denied) if top => Seen::Known(None),
            Seen::Unknown(why) => Seen::Unknown(why),
        };
        let namespace = snapshot
            .namespaces
            .entry(key)
            .or_insert_with(|| Namespace::new(key));
        namespace.ns_id = self.ns_id;
        namespace.owner = owner;
        namespace.owner_uid = self.owner_uid;
        namespace.parent = parent;
        relatives
    }
}

/// Owners and parents are kept alive by what they own and enclose.
fn link_children(snapshot: &mut Snapshot) {
    let mut held: BTreeMap<NsKey, BTreeSet<NsKey>> = BTreeMap::new();
    for namespace in snapshot.namespaces.values() {
        let relatives = [
            (NsKind::User, namespace.owner.get().flatten()),
            (namespace.key.kind, namespace.parent.get().flatten()),
        ];
        for (kind, inode) in relatives {
            let Some(inode) = inode else { continue };
            held.entry(NsKey { kind, inode })
                .or_default()
                .insert(namespace.key);
        }
    }
    for (key, children) in held {
        if let Some(namespace) = snapshot.namespaces.get_mut(&key) {
            namespace
                .holders
                .retain(|holder| !matches!(holder, Holder::Child { .. }));
            let children = children
                .into_iter()
                .map(|namespace| Holder::Child { namespace });
            namespace.holders.extend(children);
        }
    }
}
