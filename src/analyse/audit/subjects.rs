//! Which processes are audited: the inits of containers and sandboxes, and those in them that differ
//! from their init in what they may do.

use std::collections::BTreeMap;

use crate::analyse::containers::container_of;
use crate::model::container::Place;
use crate::model::process::{Capabilities, Ids, Seccomp};
use crate::model::{Links, NsKey, NsKind, Pid, Process, Seen, Snapshot};

/// A process that stands for all that are like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub task: Pid,
    /// How many there are, itself included.
    pub alike: usize,
}

/// What an audit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Containers and sandboxes.
    Isolated,
    /// Every process that is not a thread of the kernel.
    Everything,
}

/// What has to be equal for two processes to be alike.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Profile {
    links: Links,
    ids: Option<(Ids, Ids, Vec<u32>)>,
    capabilities: Option<Capabilities>,
    barriers: Option<(Option<bool>, Option<Seccomp>)>,
    place: Place,
}

/// The processes to look at: of those that are alike, the oldest.
pub fn choose(snapshot: &Snapshot, scope: Scope) -> Vec<Subject> {
    let mut found: Vec<(Profile, Subject)> = Vec::new();
    let mut index: std::collections::HashMap<Profile, usize> = std::collections::HashMap::new();
    let mut isolated: BTreeMap<Place, bool> = BTreeMap::new();
    for process in snapshot.processes.values() {
        let is_subject = !process.is_kernel_thread() && !process.is_zombie();
        let place = Place::of(process);
        let is_isolated = *isolated
            .entry(place)
            .or_insert_with(|| is_container_or_sandbox(snapshot, process));
        if !is_subject || !(scope == Scope::Everything || is_isolated) {
            continue;
        }
        let profile = Profile::of(process, place);
        match index.get(&profile) {
            Some(at) => found[*at].1.alike += 1,
            None => {
                index.insert(profile.clone(), found.len());
                let task = process.task();
                found.push((profile, Subject { task, alike: 1 }));
            }
        }
    }
    found.into_iter().map(|(_, subject)| subject).collect()
}

/// A place that is a container by name, or whose pid or user namespace is not the host's. A service
/// that only has mounts of its own (PrivateTmp= of systemd) is the host's.
fn is_container_or_sandbox(snapshot: &Snapshot, process: &Process) -> bool {
    let is_own = |kind: NsKind| {
        let inode = process.links.own(kind).get();
        let initial = inode.map(|inode| snapshot.is_initial(NsKey { kind, inode }));
        initial == Some(Seen::Known(false))
    };
    is_own(NsKind::Pid) || is_own(NsKind::User) || container_of(snapshot, process).is_some()
}

impl Profile {
    fn of(process: &Process, place: Place) -> Profile {
        let details = process.details.as_deref();
        let status = details.and_then(|details| details.status.known());
        Profile {
            links: process.links.clone(),
            ids: status.map(|it| (it.uids, it.gids, it.groups.clone())),
            capabilities: status.map(|it| it.capabilities),
            barriers: status.map(|it| (it.no_new_privs, it.seccomp)),
            place,
        }
    }
}
