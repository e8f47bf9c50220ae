//! What rules have to know of the whole machine, worked out once so that an audit of many
//! containers does not compare each with all.

use std::collections::HashMap;

use super::questions::ids::Ranges;
use super::questions::peers::Peers;
use crate::analyse::containers::{self, Identity};
use crate::model::{Author, CapabilitySet, NsKey, NsKind, Place, Process, Seen, Snapshot, Why};

/// A container, by its init.
pub struct Known<'a> {
    pub identity: Identity,
    pub init: &'a Process,
}

impl Known<'_> {
    /// What it is called, in a few words.
    pub fn name(&self) -> String {
        let container = &self.identity.container;
        let name = container.name.as_deref();
        let name = name.unwrap_or(container.short_id());
        match &self.identity.owner_name {
            Some(user) => format!("{user}'s {} {name}", container.runtime),
            None => format!("{} {name}", container.runtime),
        }
    }
}

/// The machine.
pub struct Machine<'a> {
    pub snapshot: &'a Snapshot,
    pub containers: Vec<Known<'a>>,
    by_place: HashMap<Place, usize>,
    /// Containers by id, by the word of root's engines: nobody else's accuses anybody.
    by_id: HashMap<String, usize>,
    /// Containers by the namespaces of their inits, without the host's.
    by_namespace: HashMap<NsKey, Vec<usize>>,
    by_label: HashMap<&'a str, Vec<usize>>,
    /// Which ids of the host user namespaces use.
    pub ranges: Ranges,
    /// Processes of the host, by what decides whether one can be read.
    pub peers: Peers,
    /// The most that any process of the host gets by an execve: PID 1's bounding set. What is not
    /// in there, no container can have.
    pub bounding: Seen<CapabilitySet>,
}

impl<'a> Machine<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Machine<'a> {
        let containers: Vec<Known<'a>> = containers::all(snapshot)
            .into_iter()
            .filter_map(|(identity, init)| {
                let init = snapshot.processes.get(init)?;
                Some(Known { identity, init })
            })
            .collect();
        let mut machine = Machine {
            snapshot,
            by_place: HashMap::new(),
            by_id: HashMap::new(),
            by_namespace: HashMap::new(),
            by_label: HashMap::new(),
            containers,
            ranges: Ranges::default(),
            peers: Peers::default(),
            bounding: bounding(snapshot),
        };
        machine.index();
        machine.ranges = Ranges::new(snapshot);
        machine.peers = Peers::new(&machine);
        machine
    }

    fn index(&mut self) {
        for (at, known) in self.containers.iter().enumerate() {
            if known.identity.owner <= Author::Unknown {
                let id = known.identity.container.id.clone();
                self.by_id.entry(id).or_insert(at);
            }
            let own = known.init.links.own_keys();
            let own: Vec<NsKey> = own
                .filter(|key| self.snapshot.is_initial(*key) == Seen::Known(false))
                .collect();
            // One whose only processes are the host's has no place of its own.
            if own.iter().any(|key| key.kind == NsKind::Mnt) {
                self.by_place.insert(Place::of(known.init), at);
            }
            for key in own {
                self.by_namespace.entry(key).or_default().push(at);
            }
            let label = known.init.details.as_deref();
            let label = label.and_then(|details| details.lsm.known()?.as_deref());
            if let Some(label) = label {
                self.by_label.entry(label).or_default().push(at);
            }
        }
    }

    /// The container whose place (pid and mount namespace) a process is in.
    pub fn by_place(&self, process: &Process) -> Option<&Known<'a>> {
        let at = self.by_place.get(&Place::of(process))?;
        self.containers.get(*at)
    }

    /// The container of this id: a cgroup need not tell the runtime.
    pub fn by_id(&self, id: &str) -> Option<&Known<'a>> {
        let at = self.by_id.get(id)?;
        self.containers.get(*at)
    }

    /// The containers whose init is in a namespace.
    pub fn within(&self, key: NsKey) -> impl Iterator<Item = &Known<'a>> {
        let found = self.by_namespace.get(&key).map(Vec::as_slice);
        found
            .unwrap_or_default()
            .iter()
            .map(|at| &self.containers[*at])
    }

    /// The containers whose init has this label of a security module.
    pub fn labelled(&self, label: &str) -> impl Iterator<Item = &Known<'a>> {
        let found = self.by_label.get(label).map(Vec::as_slice);
        found
            .unwrap_or_default()
            .iter()
            .map(|at| &self.containers[*at])
    }

    /// Whether a process is in nobody's container.
    pub fn is_of_host(&self, process: &Process) -> bool {
        let in_hosts = |kind: NsKind| {
            let inode = process.links.own(kind).get();
            inode.map(|inode| self.snapshot.is_initial(NsKey { kind, inode }))
        };
        in_hosts(NsKind::Mnt) == Some(Seen::Known(true))
            || in_hosts(NsKind::Pid) == Some(Seen::Known(true)) && self.by_place(process).is_none()
    }
}

fn bounding(snapshot: &Snapshot) -> Seen<CapabilitySet> {
    let processes = [Process::INIT, Process::KTHREADD];
    let mut sets = processes.into_iter().filter_map(|pid| {
        let details = snapshot.processes.get(pid)?.details.as_deref()?;
        Some(details.status.known()?.capabilities.bounding)
    });
    sets.next().map_or(Seen::Unknown(Why::Gone), Seen::Known)
}
