//! The kernel -> [`crate::model::Snapshot`]: one file per source.

pub mod containers;
pub mod details;
pub mod discover;
pub mod exposure;
pub mod facts;
pub mod host;
pub mod known_links;
pub mod listening;
pub mod open;
pub mod parallel;
pub mod parse;
pub mod paths;
pub mod processes;
pub mod relations;
pub mod settings;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::SystemTime;

use nix::errno::Errno;

use crate::error::Error;
use crate::model::coverage::LAYERS;
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::process::{CgroupEntry, More};
use crate::model::{
    Coverage, LayerState, LinkName, Links, NsKind, Pid, Process, Processes, Seen, Settings,
    Snapshot, Unreadable, Why,
};
use crate::sys::procfs::ProcRoot;
use crate::sys::{accounts, nsfs, why};
use parallel::Read;
use processes::{MissingLinks, Own};

pub use containers::Parents;
pub use discover::Reach;
pub use parallel::Threads;
pub use processes::Depth;

/// The cgroup paths of processes as they see them themselves.
pub type InnerCgroups = BTreeMap<Pid, Seen<Vec<CgroupEntry>>>;

/// Reads one procfs.
pub struct Collector {
    root: ProcRoot,
    /// A procfs that does not show us is no mistake.
    own: Result<Own, Errno>,
    missing: MissingLinks,
    threads: Threads,
}

impl Collector {
    /// Opens a procfs, or a tree that looks like one.
    pub fn open(proc: &Path) -> Result<Collector, Error> {
        let root = ProcRoot::open(proc).map_err(|errno| Error::Proc {
            path: proc.to_owned(),
            errno,
        })?;
        let own = Own::open(&root);
        let missing = own.as_ref().map(Own::missing_links).unwrap_or_default();
        let threads = Threads::default();
        Ok(Collector {
            root,
            own,
            missing,
            threads,
        })
    }

    /// The same with another number of threads.
    pub fn with_threads(self, threads: Threads) -> Collector {
        Collector { threads, ..self }
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
        let (root, about) = (&self.root, self.root.about_how_many());
        // What is asked once is asked while the other cores read.
        let list = |tell: &mut dyn FnMut(Pid)| root.each_pid(tell).map(|()| self.frame());
        let (read, listed) =
            parallel::read_listed(root, &self.missing, self.threads, about, depth, list);
        let mut snapshot = listed.map_err(Error::Listing)?;
        // Not one was listed; that all of them are gone by now is an answer.
        if read.parts.is_empty() {
            return Err(Error::NotOneProcess);
        }
        store(&mut snapshot, read);
        conclude(&mut snapshot);
        Ok(snapshot)
    }

    /// The given processes only. Those that are not there are counted as gone.
    pub fn read(&self, pids: &[Pid], depth: Depth) -> Snapshot {
        let mut snapshot = self.empty();
        self.add(&mut snapshot, pids, depth);
        snapshot
    }

    /// A snapshot that all processes are to be read into.
    fn frame(&self) -> Snapshot {
        let mut snapshot = self.empty();
        snapshot.coverage.hidden_by = host::hidden_by(&self.root, &snapshot.reader);
        snapshot
    }

    /// Where and by whom, with not one process.
    fn empty(&self) -> Snapshot {
        let nsfs = host::nsfs(&self.root, self.own.as_ref(), &self.missing);
        let layers = LAYERS.map(|layer| (layer, LayerState::Skipped));
        Snapshot {
            host: host::host(&self.root),
            taken_at: now(),
            reader: host::reader(&self.root, self.own.as_ref()),
            nsfs_dev: nsfs.device,
            initial_net: nsfs.initial_net,
            initial_mnt: nsfs.initial_mnt,
            processes: Processes::default(),
            threads: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            settings: Settings::unknown(&Why::Skipped),
            features: BTreeMap::new(),
            traces: BTreeMap::new(),
            cgroup_authors: BTreeMap::new(),
            rivals: BTreeMap::new(),
            exposures: BTreeMap::new(),
            host_mounts: Seen::Unknown(Why::Skipped),
            listeners: BTreeMap::new(),
            users: BTreeMap::new(),
            coverage: Coverage {
                layers: layers.into_iter().collect(),
                ..Coverage::default()
            },
        }
    }

    /// Reads more processes into a snapshot.
    pub fn add(&self, snapshot: &mut Snapshot, pids: &[Pid], depth: Depth) {
        store(snapshot, self.read_all(pids, depth));
    }

    /// Reads one more into a snapshot, to compare another with it; one that refuses its namespaces no
    /// deeper than is said.
    pub fn add_reference(&self, snapshot: &mut Snapshot, pid: Pid, if_refused: Depth, other: Pid) {
        let other = snapshot.processes.get(other);
        let read = processes::read_reference(&self.root, &self.missing, pid, if_refused, other);
        let gone = usize::from(read.is_none());
        let parts = vec![read.into_iter().collect()];
        store(snapshot, Read { parts, gone });
    }

    fn read_all(&self, pids: &[Pid], depth: Depth) -> Read {
        parallel::read_all(&self.root, &self.missing, self.threads, pids, depth)
    }

    /// Reads some processes of a snapshot again, deeper. One that has changed its namespaces since,
    /// or whose number has passed to another, keeps what was read first.
    pub fn deepen(&self, snapshot: &mut Snapshot, tasks: &[Pid], depth: Depth) {
        let again = self.read_all(tasks, depth);
        for process in again.parts.into_iter().flatten() {
            if let Some(first) = snapshot.processes.get_mut(process.task())
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

    /// What is inside the given namespaces, each through the member that stands beside it; returns
    /// what members of cgroup namespaces among them see there.
    pub fn look_inside(&self, snapshot: &mut Snapshot, wanted: &[(NsKey, Pid)]) -> InnerCgroups {
        let mut by_member: BTreeMap<Pid, Vec<NsKey>> = BTreeMap::new();
        for (key, member) in wanted {
            by_member.entry(*member).or_default().push(*key);
        }
        let mut cgroups = InnerCgroups::new();
        for (member, keys) in by_member {
            let inside = facts::read(&self.root, &snapshot.reader.links, &keys, member);
            cgroups.extend(inside.cgroups.map(|seen| (member, seen)));
            for (key, facts) in inside.facts {
                let namespace = snapshot
                    .namespaces
                    .entry(key)
                    .or_insert_with(|| Namespace::new(key));
                namespace.facts = facts;
            }
        }
        cgroups
    }

    /// What holds for the whole machine.
    pub fn look_at_settings(&self, snapshot: &mut Snapshot) {
        snapshot.settings = settings::read(&self.root);
        snapshot.host_mounts = exposure::host_mounts(&self.root, snapshot);
    }

    /// The root directories of the given processes, which tell those in a chroot(2).
    pub fn look_at_roots(&self, snapshot: &mut Snapshot, tasks: &[Pid]) {
        for task in tasks {
            let Some(process) = snapshot.processes.get_mut(*task) else {
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
    pub fn look_at_cgroups(&self, snapshot: &mut Snapshot, task: Pid, seen: &InnerCgroups) {
        let own = snapshot.reader.links.own(NsKind::Cgroup);
        let Some(process) = snapshot.processes.get_mut(task) else {
            return;
        };
        let theirs = process.links.own(NsKind::Cgroup);
        let is_ours = theirs.is_known() && theirs == own;
        let More {
            cgroups, details, ..
        } = &mut **process;
        if let Some(details) = details {
            details.cgroups_inside = match is_ours {
                true => cgroups.clone(),
                false => match seen.get(&task) {
                    Some(seen) => seen.clone(),
                    None => facts::cgroups_inside(&self.root, task),
                },
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

    /// Login names of the uids that occur in the snapshot, of those that are not known yet.
    pub fn name_users(&self, snapshot: &mut Snapshot) {
        let uids: BTreeSet<u32> = snapshot
            .processes
            .iter()
            .filter_map(|process| process.uid.get())
            .chain(
                snapshot
                    .namespaces
                    .values()
                    .filter_map(|namespace| namespace.owner_uid.get().flatten()),
            )
            .filter(|uid| !snapshot.users.contains_key(uid))
            .collect();
        snapshot.users.extend(accounts::user_names(&uids));
    }
}

/// This second, in RFC 3339.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// How the layers of a snapshot fared that hold all processes.
fn conclude(snapshot: &mut Snapshot) {
    let coverage = &mut snapshot.coverage;
    let state = match coverage.unreadable.is_empty() {
        true => LayerState::Done,
        false => LayerState::Denied,
    };
    let layers = &mut coverage.layers;
    layers.extend(["processes", "for_children"].map(|layer| (layer, state)));
    if coverage.hidden_by.is_some() {
        layers.insert("processes", LayerState::Denied);
    }
}

fn is_same_start(first: &Process, second: &Process) -> bool {
    match (first.stat.known(), second.stat.known()) {
        (Some(first), Some(second)) => first.start_time == second.start_time,
        _ => true,
    }
}

/// Puts what was read into a snapshot, with the namespaces that all of it leads to.
fn store(snapshot: &mut Snapshot, read: Read) {
    snapshot.coverage.gone += read.gone;
    for process in read.parts.iter().flatten() {
        count(&mut snapshot.coverage, process);
    }
    snapshot.processes.add(read.parts);
    snapshot.coverage.unreadable.sort_by_key(|it| it.pid);
    snapshot.namespaces = gather(&snapshot.processes);
    mark_initial(snapshot);
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
fn gather(processes: &Processes) -> BTreeMap<NsKey, Namespace> {
    let mut found: BTreeMap<NsKey, Namespace> = BTreeMap::new();
    for group in groups(processes) {
        for (link, seen) in group.links.iter() {
            let Some(inode) = seen.get() else { continue };
            let kind = link.kind();
            let key = NsKey { kind, inode };
            if let LinkName::Own(_) = link {
                group.join(entry(&mut found, key));
            } else if group.links.own(kind) != seen {
                let holders = &mut entry(&mut found, key).holders;
                holders.extend(group.waiting.iter().map(|process| Holder::ForChildren {
                    pid: process.pid,
                    tid: process.task(),
                    broken: false,
                }));
            }
        }
    }
    for namespace in found.values_mut() {
        if let Some(lowest) = namespace.lowest {
            let count = namespace.nprocs;
            namespace.holders.push(Holder::Processes { count, lowest });
        }
        namespace.holders.sort_unstable();
    }
    found
}

fn entry(found: &mut BTreeMap<NsKey, Namespace>, key: NsKey) -> &mut Namespace {
    found.entry(key).or_insert_with(|| Namespace::new(key))
}

/// Processes that have the same links in the same memory.
struct Group<'a> {
    links: &'a Links,
    nprocs: usize,
    nthreads: usize,
    lowest: Pid,
    /// Those of them whose children will be elsewhere: all or none.
    waiting: Vec<&'a Process>,
}

/// There are thousands of processes and a few groups: what is done for each link is done for a group.
fn groups(processes: &Processes) -> Vec<Group<'_>> {
    let mut index: HashMap<usize, usize> = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for process in processes.iter() {
        let at = *index.entry(process.links.address()).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group {
                links: &process.links,
                nprocs: 0,
                nthreads: 0,
                // Processes come in ascending order.
                lowest: process.pid,
                waiting: Vec::new(),
            });
        }
        let group = &mut groups[at];
        group.nprocs += 1;
        group.nthreads += process.nthreads as usize;
        let links = group.links;
        let is_apart = |link: LinkName| links.get(link) != links.own(link.kind());
        if is_apart(LinkName::PidForChildren) || is_apart(LinkName::TimeForChildren) {
            group.waiting.push(process);
        }
    }
    groups
}

impl Group<'_> {
    fn join(&self, namespace: &mut Namespace) {
        namespace.nprocs += self.nprocs;
        namespace.nthreads += self.nthreads;
        let lowest = namespace.lowest.get_or_insert(self.lowest);
        *lowest = self.lowest.min(*lowest);
    }
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
