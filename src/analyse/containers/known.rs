//! The containers that are known, each with its init, and which of them go by one name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identity, identity};
use crate::model::container::cgroup_path;
use crate::model::container::{Place, Traces};
use crate::model::{Author, Container, NsKey, NsKind, Pid, Process, Seen, Snapshot};

/// The containers that are known, each with its init: those whose place was looked at, and those
/// that only a cgroup names. What goes by one name and is not kin is told apart.
pub fn all(snapshot: &Snapshot) -> Vec<(Identity, Pid)> {
    let mut families = Families::default();
    // Whoever is dead, such as what a runtime needed to start another, is nobody's init.
    for process in snapshot.processes.iter().filter(|it| !it.is_zombie()) {
        if let Some(identity) = identity(snapshot, process) {
            families.add(snapshot, identity, process);
        }
    }
    let found = families.0.into_iter();
    found.map(|it| (it.identity, it.init)).collect()
}

/// Says of each place that was looked at what else goes by the name of its container.
pub fn note_rivals(snapshot: &mut Snapshot) {
    snapshot.rivals.clear();
    let mut families = Families::default();
    for traces in snapshot.traces.values() {
        let process = snapshot.processes.get(traces.task);
        let process = process.filter(|it| !it.is_zombie());
        if let Some((process, found)) = process.and_then(|it| Some((it, identity(snapshot, it)?))) {
            families.add(snapshot, found, process);
        }
    }
    let mut rivals = BTreeMap::new();
    for family in &families.0 {
        let mut others = families.0.iter().filter(|it| it.init != family.init);
        let others: Vec<String> = others
            .by_ref()
            .filter_map(|other| family.is_rivalled_by(other))
            .collect();
        if let Some(first) = others.first() {
            let places = family.places.iter();
            rivals.extend(places.map(|place| (*place, first.clone())));
        }
    }
    snapshot.rivals = rivals;
}

/// Processes of one container.
struct Family {
    identity: Identity,
    init: Pid,
    places: BTreeSet<Place>,
    bonds: BTreeSet<Bond>,
}

/// What makes kin of processes that are said to be in one container: the kernel's or root's word, and
/// not the name alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    /// A pid namespace, not the host's, that they are in or below.
    PidNs(u64),
    /// The process that watches over them.
    Monitor(Pid),
    /// The process that root's engine calls the init.
    Init(Pid),
    /// The cgroup that is called after the container.
    Cgroup(String),
    Task(Pid),
}

#[derive(Default)]
struct Families(Vec<Family>);

impl Families {
    fn add(&mut self, snapshot: &Snapshot, identity: Identity, process: &Process) {
        let place = Place::of(process);
        let bonds = bonds(snapshot, &identity, process);
        let is_kin = |family: &&mut Family| {
            is_called_alike(&family.identity, &identity) && !family.bonds.is_disjoint(&bonds)
        };
        match self.0.iter_mut().find(is_kin) {
            None => self.0.push(Family {
                init: process.task(),
                places: BTreeSet::from([place]),
                bonds,
                identity,
            }),
            Some(family) => {
                family.places.insert(place);
                family.bonds.extend(bonds);
                let is_better = rank(snapshot, &identity, process.task())
                    < rank(snapshot, &family.identity, family.init);
                if is_better {
                    family.identity = identity;
                    family.init = process.task();
                }
            }
        }
    }
}

fn is_called_alike(one: &Identity, other: &Identity) -> bool {
    let (of_one, of_other) = (&one.container, &other.container);
    one.owner.rank() == other.owner.rank()
        && one.owner_name == other.owner_name
        && of_one.id == of_other.id
        && of_one.runtime == of_other.runtime
        && one.around.last().map(|it| &it.id) == other.around.last().map(|it| &it.id)
}

fn bonds(snapshot: &Snapshot, identity: &Identity, process: &Process) -> BTreeSet<Bond> {
    let mut bonds = BTreeSet::from([Bond::Task(process.task())]);
    bonds.extend(pid_namespaces(snapshot, process).map(Bond::PidNs));
    let id = identity.container.id.as_str();
    let named = process.cgroups.known().map(|it| cgroup_path::named(it));
    bonds.extend(named.and_then(|named| {
        let ours = named.containers.iter().find(|it| it.container.id == id)?;
        Some(Bond::Cgroup(
            cgroup_path::up_to(&named.path, ours).to_owned(),
        ))
    }));
    if let Some(traces) = snapshot.traces.get(&Place::of(process)) {
        bonds.extend(of_traces(traces, id));
    }
    bonds
}

fn of_traces(traces: &Traces, id: &str) -> impl Iterator<Item = Bond> {
    let monitors = traces.monitors.known().into_iter().flatten();
    let monitors = monitors.filter(move |it| it.id.as_deref() == Some(id));
    let records = traces.records.iter();
    let inits = records.filter(move |it| it.id == id && it.author == Author::Root);
    monitors
        .map(|it| Bond::Monitor(it.pid))
        .chain(inits.filter_map(|it| it.init).map(Bond::Init))
}

/// The pid namespaces that a process is in, its own first, without the host's.
fn pid_namespaces(snapshot: &Snapshot, process: &Process) -> impl Iterator<Item = u64> {
    let kind = NsKind::Pid;
    let parent = move |inode: &u64| {
        let namespace = snapshot.namespaces.get(&NsKey {
            kind,
            inode: *inode,
        })?;
        namespace.parent.get().flatten()
    };
    // No deeper than the kernel nests them (MAX_PID_NS_LEVEL in include/linux/pid_namespace.h).
    std::iter::successors(process.links.own(kind).get(), parent)
        .take(33)
        .filter(move |inode| {
            let inode = *inode;
            snapshot.is_initial(NsKey { kind, inode }) != Seen::Known(true)
        })
}

impl Family {
    /// How another one makes this one's name doubtful: it is of an author as mighty or mightier, and
    /// goes by the same id or by the same name.
    fn is_rivalled_by(&self, other: &Family) -> Option<String> {
        let (own, theirs) = (&self.identity, &other.identity);
        if own.container.runtime != theirs.container.runtime
            || theirs.owner.rank() > own.owner.rank()
        {
            return None;
        }
        let short = |container: &Container| container.short_id().to_owned();
        let init = other.init;
        if own.container.id == theirs.container.id {
            return Some(match theirs.owner == own.owner {
                true => format!("process {init} goes by the same id"),
                false => format!(
                    "the container of this id is {} of process {init}",
                    whose(theirs)
                ),
            });
        }
        let same_name = own.container.name.is_some() && own.container.name == theirs.container.name;
        let same_pod = own.pod.as_ref().map(|it| (&it.namespace, &it.name))
            == theirs.pod.as_ref().map(|it| (&it.namespace, &it.name));
        (same_name && same_pod).then(|| {
            let id = short(&theirs.container);
            format!("{} {id} has the same name", whose(theirs))
        })
    }
}

fn whose(identity: &Identity) -> String {
    let runtime = &identity.container.runtime;
    match &identity.owner_name {
        Some(user) => format!("{user}'s {runtime}"),
        None if identity.owner <= Author::Unknown => format!("root's {runtime}"),
        None => runtime.clone(),
    }
}

/// What makes a process the init of its container: that root's engine says so, that it surely is in
/// it, that it was the one looked at, that it is older than the others.
fn rank(snapshot: &Snapshot, identity: &Identity, task: Pid) -> impl Ord + use<> {
    let process = snapshot.processes.get(task);
    let place = process.map(Place::of);
    let traces = place.and_then(|place| snapshot.traces.get(&place));
    let is_looked_at = traces.is_some_and(|traces| traces.task == task);
    let is_recorded = traces.is_some_and(|traces| {
        let mut records = traces.records.iter();
        records.any(|it| {
            it.id == identity.container.id && it.init == Some(task) && it.author == identity.owner
        })
    });
    let stat = process.and_then(|process| process.stat.known());
    let started = stat.map_or(u64::MAX, |stat| stat.start_time);
    let sure = std::cmp::Reverse(identity.confidence);
    (
        !is_recorded,
        identity.doubt.is_some(),
        sure,
        !is_looked_at,
        started,
        task,
    )
}
