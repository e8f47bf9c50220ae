//! The kernel -> [`crate::model::Snapshot`]: one file per source.

pub mod containers;
pub mod details;
pub mod discover;
pub mod exposure;
pub mod facts;
pub mod host;
pub mod open;
pub mod parse;
pub mod paths;
pub mod processes;
pub mod relations;
pub mod settings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::SystemTime;

use nix::errno::Errno;

use crate::error::Error;
use crate::model::coverage::LAYERS;
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{
    Coverage, LayerState, LinkName, NsKind, Pid, Process, Seen, Settings, Snapshot, Unreadable, Why,
};
use crate::sys::procfs::ProcRoot;
use crate::sys::{nsfs, why};
use processes::MissingLinks;

pub use containers::Parents;
pub use discover::Reach;
pub use processes::Depth;

/// Reads one procfs.
pub struct Collector {
    root: ProcRoot,
    missing: MissingLinks,
}

impl Collector {
    /// Opens a procfs, or a tree that looks like one.
    pub fn open(proc: &Path) -> Result<Collector, Error> {
        let root = ProcRoot::open(proc).map_err(|errno| Error::Proc {
            path: proc.to_owned(),
            errno,
        })?;
        let missing = MissingLinks::probe(&root);
        Ok(Collector { root, missing })
    }

    /// The procfs itself.
    pub fn root(&self) -> &ProcRoot {
        &self.root
    }

    /// Opens a namespace of a snapshot by whatever holds it.
    pub fn open_namespace(&self, snapshot: &Snapshot, key: NsKey) -> Result<OwnedFd, Why> {
        open::open(&self.root, snapshot, key)
    }

    /// Our own number in this procfs.
    pub fn own_pid(&self) -> Result<Pid, Error> {
        self.root.own_pid().map_err(Error::NoSelf)
    }

    /// The process that has this number in the pid namespace of a process here; `Known(None)`:
    /// none has it.
    pub fn process_numbered(&self, member: Pid, inside: Pid) -> Seen<Option<Pid>> {
        let task = self.root.task(member);
        let pidns = task.and_then(|task| task.open_ns(LinkName::Own(NsKind::Pid)));
        let asked = pidns
            .map_err(why)
            .and_then(|pidns| match nsfs::process_from(pidns, inside) {
                Ok(here) => Ok(Some(here)),
                Err(Errno::ESRCH) => Ok(None),
                Err(Errno::EINVAL) => Err(Why::Unsupported),
                Err(other) => Err(why(other)),
            });
        Seen::from(asked)
    }

    /// Every process, to the given depth.
    pub fn scan(&self, depth: Depth) -> Result<Snapshot, Error> {
        let pids = self.root.pids().map_err(Error::Listing)?;
        if pids.is_empty() {
            return Err(Error::NotOneProcess);
        }
        let mut snapshot = self.read(&pids, depth);
        let layers = &mut snapshot.coverage.layers;
        let state = match snapshot.coverage.unreadable.is_empty() {
            true => LayerState::Done,
            false => LayerState::Denied,
        };
        layers.extend(["processes", "for_children"].map(|layer| (layer, state)));
        snapshot.coverage.hidden_by = host::hidden_by(&self.root, &snapshot.reader);
        if snapshot.coverage.hidden_by.is_some() {
            let layers = &mut snapshot.coverage.layers;
            layers.insert("processes", LayerState::Denied);
        }
        Ok(snapshot)
    }

    /// The given processes only. Those that are not there are counted as gone.
    pub fn read(&self, pids: &[Pid], depth: Depth) -> Snapshot {
        let nsfs = host::nsfs(&self.root, &self.missing);
        let mut snapshot = Snapshot {
            host: host::host(&self.root),
            taken_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            reader: host::reader(&self.root, &self.missing),
            nsfs_dev: nsfs.device,
            initial_net: nsfs.initial_net,
            initial_mnt: nsfs.initial_mnt,
            processes: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            settings: Settings::unknown(&Why::Skipped),
            features: BTreeMap::new(),
            traces: BTreeMap::new(),
            exposures: BTreeMap::new(),
            host_mounts: Seen::Unknown(Why::Skipped),
            listeners: BTreeMap::new(),
            users: BTreeMap::new(),
            coverage: Coverage::default(),
        };
        let layers = &mut snapshot.coverage.layers;
        layers.extend(LAYERS.map(|layer| (layer, LayerState::Skipped)));
        self.add(&mut snapshot, pids, depth);
        snapshot
    }

    /// Reads more processes into a snapshot.
    pub fn add(&self, snapshot: &mut Snapshot, pids: &[Pid], depth: Depth) {
        for batch in processes::read_all(&self.root, &self.missing, pids, depth) {
            snapshot.coverage.gone += batch.gone;
            for (_, process) in &batch.processes {
                count(&mut snapshot.coverage, process);
            }
            // Much faster than inserting one by one, and the tree has no half-empty nodes.
            snapshot
                .processes
                .append(&mut batch.processes.into_iter().collect());
        }
        snapshot.namespaces = gather(&snapshot.processes);
        mark_initial(snapshot);
    }

    /// Reads some processes of a snapshot again, deeper. One that has changed its namespaces since,
    /// or whose number has passed to another, keeps what was read first.
    pub fn deepen(&self, snapshot: &mut Snapshot, tasks: &[Pid], depth: Depth) {
        let again = processes::read_all(&self.root, &self.missing, tasks, depth);
        for (task, process) in again.into_iter().flat_map(|batch| batch.processes) {
            if let Some(first) = snapshot.processes.get_mut(&task)
                && first.links == process.links
                && is_same_start(first, &process)
            {
                *first = process;
            }
        }
    }

    /// Id, owner, creator and parent of the namespaces, and those that only this leads to.
    pub fn relate(&self, snapshot: &mut Snapshot, wanted: impl Fn(NsKey) -> bool) {
        let state = relations::relate(&self.root, snapshot, None, wanted);
        snapshot.coverage.layers.insert("relations", state);
        mark_initial(snapshot);
    }

    /// Namespaces that no process is in, what holds each, and all their relations.
    pub fn discover(&self, snapshot: &mut Snapshot, reach: Reach) {
        discover::discover(&self.root, &self.missing, snapshot, reach);
        mark_initial(snapshot);
    }

    /// Adds a namespace that somebody has opened, which need not have a process, with its
    /// relations.
    pub fn relate_opened(&self, snapshot: &mut Snapshot, key: NsKey, fd: OwnedFd) {
        let state = relations::relate(&self.root, snapshot, Some((key, fd)), |_| false);
        snapshot.coverage.layers.insert("relations", state);
        mark_initial(snapshot);
    }

    /// What is inside the given namespaces, each through the member that stands beside it.
    pub fn look_inside(&self, snapshot: &mut Snapshot, wanted: &[(NsKey, Pid)]) {
        for (key, member) in wanted {
            let namespace = snapshot
                .namespaces
                .entry(*key)
                .or_insert_with(|| Namespace::new(*key));
            namespace.facts = facts::read(&self.root, *key, *member);
        }
    }

    /// What holds for the whole machine.
    pub fn look_at_settings(&self, snapshot: &mut Snapshot) {
        snapshot.settings = settings::read(&self.root);
        snapshot.host_mounts = exposure::host_mounts(&self.root, snapshot);
    }

    /// The root directories of the given processes, which tell those in a chroot(2).
    pub fn look_at_roots(&self, snapshot: &mut Snapshot, tasks: &[Pid]) {
        for task in tasks {
            let Some(process) = snapshot.processes.get_mut(task) else {
                continue;
            };
            if let Some(details) = &mut process.details {
                let dir = self.root.task(*task).map_err(why);
                details.root = match dir {
                    Ok(dir) => details::root_of(&dir),
                    Err(why) => Seen::Unknown(why),
                };
            }
        }
    }

    /// What the kernel lets us do.
    pub fn try_features(&self, snapshot: &mut Snapshot) {
        snapshot.features = host::features(&self.root);
    }

    /// The cgroup paths as a process itself sees them: in our cgroup namespace, as we do.
    pub fn look_at_cgroups(&self, snapshot: &mut Snapshot, task: Pid) {
        let own = snapshot.reader.links.own(NsKind::Cgroup);
        let Some(process) = snapshot.processes.get_mut(&task) else {
            return;
        };
        let theirs = process.links.own(NsKind::Cgroup);
        let is_ours = theirs.is_known() && theirs == own;
        if let Some(details) = &mut process.details {
            details.cgroups_inside = match is_ours {
                true => process.cgroups.clone().into_seen(),
                false => facts::cgroups_inside(&self.root, task),
            };
        }
    }

    /// What tells which containers the given processes are in, and what those are called.
    pub fn trace(&self, snapshot: &mut Snapshot, tasks: &[Pid], parents: Parents) {
        containers::trace(&self.root, snapshot, tasks, parents);
    }

    /// What is within the reach of the given processes, which were read as closely as can be.
    pub fn expose(&self, snapshot: &mut Snapshot, tasks: &[Pid]) {
        exposure::expose(&self.root, snapshot, tasks);
    }

    /// Of processes that are like another: those that hold something which deserves a look.
    pub fn holders(&self, snapshot: &Snapshot, others: &BTreeMap<Pid, Pid>) -> Vec<Pid> {
        exposure::holders(&self.root, snapshot, others)
    }

    /// Login names of the uids that occur in the snapshot.
    pub fn name_users(&self, snapshot: &mut Snapshot) {
        let uids: BTreeSet<u32> = snapshot
            .processes
            .values()
            .filter_map(|process| process.uid.get())
            .chain(
                snapshot
                    .namespaces
                    .values()
                    .filter_map(|namespace| namespace.owner_uid.get().flatten()),
            )
            .collect();
        snapshot.users = uids
            .into_iter()
            .filter_map(|uid| Some((uid, host::user_name(uid)?)))
            .collect();
    }
}

fn is_same_start(first: &Process, second: &Process) -> bool {
    match (first.stat.known(), second.stat.known()) {
        (Some(first), Some(second)) => first.start_time == second.start_time,
        _ => true,
    }
}

fn count(coverage: &mut Coverage, process: &Process) {
    let pid = process.task();
    if process.links.own_keys().next().is_some() {
        coverage.seen += 1;
    } else {
        coverage.denied += 1;
    }
    if let Some(why) = process.links.gap() {
        let why = why.clone();
        coverage.unreadable.push(Unreadable { pid, why });
    }
}

/// The namespaces that the links of the processes lead to.
fn gather(processes: &BTreeMap<Pid, Process>) -> BTreeMap<NsKey, Namespace> {
    let mut found: HashMap<NsKey, Namespace> = HashMap::new();
    for process in processes.values() {
        for (link, seen) in process.links.iter() {
            let Some(inode) = seen.get() else { continue };
            let key = NsKey {
                kind: link.kind(),
                inode,
            };
            let own = process.links.own(key.kind).get() == Some(inode);
            match link {
                LinkName::Own(_) => add_member(entry(&mut found, key), process),
                LinkName::PidForChildren | LinkName::TimeForChildren if !own => {
                    let holders = &mut entry(&mut found, key).holders;
                    holders.push(Holder::ForChildren {
                        pid: process.pid,
                        tid: process.task(),
                        broken: false,
                    });
                }
                LinkName::PidForChildren | LinkName::TimeForChildren => {}
            }
        }
    }
    for namespace in found.values_mut() {
        if let Some(lowest) = namespace.lowest {
            let count = namespace.nprocs;
            namespace
                .holders
                .insert(0, Holder::Processes { count, lowest });
        }
    }
    found.into_iter().collect()
}

fn entry(found: &mut HashMap<NsKey, Namespace>, key: NsKey) -> &mut Namespace {
    found.entry(key).or_insert_with(|| Namespace::new(key))
}

fn add_member(namespace: &mut Namespace, process: &Process) {
    namespace.nprocs += 1;
    namespace.nthreads += process.nthreads;
    // Processes come in ascending order.
    namespace.lowest.get_or_insert(process.pid);
}

fn mark_initial(snapshot: &mut Snapshot) {
    let initial: Vec<_> = snapshot
        .namespaces
        .keys()
        .map(|key| snapshot.is_initial(*key))
        .collect();
    for (namespace, initial) in snapshot.namespaces.values_mut().zip(initial) {
        namespace.initial = match initial {
            // Nobody needs to know why kthreadd could not be read: the kernel cannot tell.
            Seen::Unknown(_) => Seen::Unknown(Why::Unsupported),
            known => known,
        };
    }
}
