//! Which processes are audited: the inits of containers and sandboxes, those in them that differ
//! from their init in what they may do, and on the host whoever shows that something has happened.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::questions::traces::is_helper;
use super::storage::programs_of_kernel;
use crate::analyse::containers::{Confidence, identity};
use crate::model::container::Place;
use crate::model::process::{Capabilities, Ids, Seccomp};
use crate::model::{CapabilitySet, Links, NsKey, NsKind, Pid, Process, Seen, Snapshot};

/// A process that stands for all that are like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub task: Pid,
    /// How many there are, itself included.
    pub alike: usize,
    /// Whether something is meant to hold it. A process of the host itself is free to do what it
    /// does, and only asked whether it shows that something has happened.
    pub held: bool,
}

impl Subject {
    /// A process that somebody asks about: all is answered.
    pub fn asked_for(task: Pid) -> Subject {
        Subject {
            task,
            alike: 1,
            held: true,
        }
    }
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
    root: Option<(u64, u64)>,
    cgroup: Option<String>,
    held: bool,
}

/// How a process stands to what it might be held by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// In a container or sandbox.
    Held,
    /// Of the host, with a sign that something may have happened.
    Suspect,
    /// Of the host.
    Free,
}

/// Processes whose root directory has to be known to choose: those in the host's mount namespace,
/// of which a chroot may be all that holds them.
pub fn in_hosts_mounts(snapshot: &Snapshot) -> Vec<Pid> {
    let is_in = |process: &&Process| {
        !process.is_kernel_thread() && is_initial(snapshot, process, NsKind::Mnt) == Some(true)
    };
    let found = snapshot.processes.iter().filter(is_in);
    found.map(Process::task).collect()
}

/// The processes to look at: of those that are alike, the one with the lowest number.
pub fn choose(snapshot: &Snapshot, scope: Scope) -> Vec<Subject> {
    let places = Places::new(snapshot);
    let mut found: Vec<Subject> = Vec::new();
    let mut index: HashMap<Profile, usize> = HashMap::new();
    for process in snapshot.processes.iter() {
        if process.is_kernel_thread() || process.is_zombie() {
            continue;
        }
        let standing = places.standing(snapshot, process, scope);
        if standing == Standing::Free && scope == Scope::Isolated {
            continue;
        }
        let held = standing == Standing::Held;
        let at = *index
            .entry(Profile::of(process, held))
            .or_insert(found.len());
        match found.get_mut(at) {
            Some(subject) => subject.alike += 1,
            None => found.push(Subject {
                task: process.task(),
                alike: 1,
                held,
            }),
        }
    }
    let kthreadd = snapshot.processes.get(Process::KTHREADD);
    if kthreadd.is_some_and(Process::is_kernel_thread) && !programs_of_kernel(snapshot).is_empty() {
        found.push(Subject {
            task: Process::KTHREADD,
            alike: 1,
            held: false,
        });
    }
    found
}

/// Those that a subject stands for, each with that: what they hold open may set them apart still.
pub fn others(snapshot: &Snapshot, subjects: &[Subject]) -> BTreeMap<Pid, Pid> {
    let held = subjects
        .iter()
        .filter(|subject| subject.held && subject.alike > 1);
    let profiles: HashMap<Profile, Pid> = held
        .filter_map(|it| {
            let process = snapshot.processes.get(it.task)?;
            Some((Profile::of(process, true), it.task))
        })
        .collect();
    let processes = snapshot.processes.iter().filter(|process| {
        !profiles.is_empty() && !process.is_kernel_thread() && !process.is_zombie()
    });
    let like = processes.filter_map(|process| {
        let subject = *profiles.get(&Profile::of(process, true))?;
        Some((process.task(), subject))
    });
    like.filter(|(task, subject)| task != subject).collect()
}

/// What is known of the places of a machine before its processes are looked at one by one.
struct Places {
    /// Whether there is a container or sandbox in a place.
    held: HashMap<Place, bool>,
    /// Mount namespaces of containers, each with the place of its init.
    by_mounts: HashMap<u64, HashSet<Place>>,
}

impl Places {
    fn new(snapshot: &Snapshot) -> Places {
        let mut places = Places {
            held: HashMap::new(),
            by_mounts: HashMap::new(),
        };
        for process in snapshot.processes.iter() {
            let place = Place::of(process);
            if places.held.contains_key(&place) {
                continue;
            }
            let on_host = is_initial(snapshot, process, NsKind::Mnt) == Some(true);
            let found = identity(snapshot, process).filter(|_| !on_host);
            if let (Some(_), Place::Namespaces { mnt, pid }) = (&found, place)
                && pid != NsKind::Pid.initial_inode()
            {
                places.by_mounts.entry(mnt).or_default().insert(place);
            }
            let held = found.is_some() || is_sandbox(snapshot, process);
            places.held.insert(place, held);
        }
        places
    }

    fn standing(&self, snapshot: &Snapshot, process: &Process, scope: Scope) -> Standing {
        let place = Place::of(process);
        if self.held.get(&place) == Some(&true) || is_sandbox(snapshot, process) {
            return match self.is_visitor(snapshot, process, place) {
                true => Standing::Suspect,
                false => Standing::Held,
            };
        }
        if is_chrooted(snapshot, process, scope) {
            return Standing::Held;
        }
        let is_named = identity(snapshot, process).is_some();
        match is_named || is_helper(process) || self.is_from_within(snapshot, process) {
            true => Standing::Suspect,
            false => Standing::Free,
        }
    }

    /// In the place of a container, but with another's cgroup; or in the mount namespace of one
    /// whose place is another. It is not the container's to answer for what it may do.
    fn is_visitor(&self, snapshot: &Snapshot, process: &Process, place: Place) -> bool {
        let Place::Namespaces { mnt, pid } = place else {
            return false;
        };
        let of_mounts = self.by_mounts.get(&mnt);
        let is_elsewhere = of_mounts.is_some_and(|places| !places.contains(&place))
            && pid == NsKind::Pid.initial_inode();
        // Where all rests on an environment, that is the doubt, and no contradiction by the cgroup.
        let found = identity(snapshot, process);
        let contradicts =
            found.is_some_and(|it| it.doubt.is_some() && it.confidence != Confidence::Low);
        is_elsewhere || contradicts
    }

    /// Its parent is in a container, and it is not.
    fn is_from_within(&self, snapshot: &Snapshot, process: &Process) -> bool {
        let parent = process.stat.known().map(|stat| stat.ppid);
        let parent = parent.and_then(|pid| snapshot.processes.get(pid));
        parent.is_some_and(|parent| {
            let place = Place::of(parent);
            let on_host = is_initial(snapshot, parent, NsKind::Mnt) == Some(true);
            !on_host && self.held.get(&place) == Some(&true)
        })
    }
}

/// Whether a namespace is not the host's by its pid namespace, or by a user namespace together with
/// a network or an ipc namespace. A service that only has mounts of its own (PrivateTmp= of
/// systemd), a shell of `unshare -m`, and the helper of somebody's rootless engine, which has a
/// user namespace to make others in, hold nothing.
fn is_sandbox(snapshot: &Snapshot, process: &Process) -> bool {
    let is_own = |kind| is_initial(snapshot, process, kind) == Some(false);
    is_own(NsKind::Pid) || is_own(NsKind::User) && (is_own(NsKind::Net) || is_own(NsKind::Ipc))
}

fn is_initial(snapshot: &Snapshot, process: &Process, kind: NsKind) -> Option<bool> {
    let inode = process.links.own(kind).get()?;
    snapshot.is_initial(NsKey { kind, inode }).get()
}

/// In a chroot of the host's mount namespace. Without being told to look at everything, one that
/// holds is passed over: daemons lock themselves up so after they have given up their rights.
fn is_chrooted(snapshot: &Snapshot, process: &Process, scope: Scope) -> bool {
    let Some(details) = process.details.as_deref() else {
        return false;
    };
    let in_hosts = is_initial(snapshot, process, NsKind::Mnt) == Some(true);
    let is_below = details.root.known().is_some_and(|root| root.path != "/");
    let can_leave = details.status.known().is_some_and(|status| {
        let sets = status.capabilities;
        let held = CapabilitySet(sets.effective.0 | sets.permitted.0);
        status.uids.effective == 0 || held.contains(CapabilitySet::SYS_CHROOT)
    });
    in_hosts && is_below && (scope == Scope::Everything || can_leave)
}

impl Profile {
    fn of(process: &Process, held: bool) -> Profile {
        let details = process.details.as_deref();
        let status = details.and_then(|details| details.status.known());
        let root = details.and_then(|details| details.root.known());
        Profile {
            links: process.links.clone(),
            ids: status.map(|it| (it.uids, it.gids, it.groups.clone())),
            capabilities: status.map(|it| it.capabilities),
            barriers: status.map(|it| (it.no_new_privs, it.seccomp)),
            root: root.map(|root| (root.device, root.inode)),
            cgroup: cgroup(process),
            held,
        }
    }
}

/// Its cgroup, as far as it may name another container than that of its place.
fn cgroup(process: &Process) -> Option<String> {
    use crate::model::container::cgroup_path::named;
    let named = named(match &process.cgroups {
        Seen::Known(entries) => entries,
        Seen::Unknown(_) => return None,
    });
    named.containers.last().map(|it| it.container.id.clone())
}
