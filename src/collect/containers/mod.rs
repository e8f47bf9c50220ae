//! What tells which container a process is in: the monitor above it, the mounts that a runtime has
//! made for it, and what runtimes and engines have written down. One process is looked at for each
//! place, and none in the host's own mount namespace.

mod above;
pub mod bundle;
mod engine;
mod monitor;
mod mounts;
mod records;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::model::container::cgroup_path::{self, Named};
use crate::model::container::{Monitor, Place, Record, RuntimeMount, Traces, is_hash};
use crate::model::snapshot::Reader;
use crate::model::{NsKey, NsKind, Pid, Process, Seen, Snapshot, Why, text};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{files, why};

use super::details;
use above::Above;
use mounts::HostPaths;
use records::Form;

/// A mount table beyond this (bytes) is not searched.
const LARGEST_MOUNTINFO: usize = 16 << 20;

/// A record beyond this (bytes) is not read.
const LARGEST_RECORD: usize = 4 << 20;

/// Of an environment so much is searched (bytes).
const LONGEST_ENVIRON: usize = 32 << 10;

/// Whether the parents of a process are looked at too, for the one that watches over its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parents {
    Follow,
    /// A question about one process reads no other.
    Leave,
}

/// Looks at the places of the given processes that were not looked at before.
pub fn trace(root: &ProcRoot, snapshot: &mut Snapshot, tasks: &[Pid], parents: Parents) {
    let wanted: BTreeSet<Place> = tasks
        .iter()
        .filter_map(|task| snapshot.processes.get(*task))
        .filter(|process| is_worth_it(snapshot, process))
        .map(Place::of)
        .filter(|place| !snapshot.traces.contains_key(place))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let looker = Looker::new(root, &snapshot.reader);
    let mut found = Vec::new();
    for (place, task) in oldest(snapshot, &wanted) {
        found.push((place, looker.look(snapshot, place, task, parents)));
    }
    if looker.is_ours {
        ask_engine(&mut found);
    }
    snapshot.traces.extend(found);
}

/// Whether a process can be in a container at all: not in the mount namespace of the host, and
/// where that cannot be told, only if its cgroup says so.
fn is_worth_it(snapshot: &Snapshot, process: &Process) -> bool {
    match process.links.own(NsKind::Mnt) {
        Seen::Known(inode) => {
            let kind = NsKind::Mnt;
            let inode = *inode;
            snapshot.is_initial(NsKey { kind, inode }) != Seen::Known(true)
        }
        Seen::Unknown(_) => {
            let named = process.cgroups.known().map(|it| cgroup_path::named(it));
            named.is_some_and(|named| !named.containers.is_empty())
        }
    }
}

/// The oldest known process of each place: the container's init, unless that has ended.
fn oldest(snapshot: &Snapshot, wanted: &BTreeSet<Place>) -> BTreeMap<Place, Pid> {
    let mut oldest: BTreeMap<Place, (u64, Pid)> = BTreeMap::new();
    for process in snapshot.processes.iter() {
        let place = Place::of(process);
        if !wanted.contains(&place) {
            continue;
        }
        // Those that a question named are known better than others of their place.
        let stat = process.stat.known();
        let started = stat.map_or(u64::MAX, |stat| stat.start_time);
        let this = (started, process.task());
        oldest
            .entry(place)
            .and_modify(|known| *known = this.min(*known))
            .or_insert(this);
    }
    oldest
        .into_iter()
        .map(|(place, (_, task))| (place, task))
        .collect()
}

/// Who looks, with what is the same for all places.
struct Looker<'a> {
    root: &'a ProcRoot,
    /// Whether PIDs and paths of this procfs are those of our own namespaces.
    is_ours: bool,
    /// Read once a mount needs to be found on the host.
    host: LazyCell<HostPaths, Box<dyn FnOnce() -> HostPaths + 'a>>,
    above: Above<'a>,
}

impl Looker<'_> {
    fn new<'a>(root: &'a ProcRoot, reader: &Reader) -> Looker<'a> {
        let host = || {
            let own = root.own_task().ok();
            let table = own.and_then(|own| own.read_up_to("mountinfo", LARGEST_MOUNTINFO).ok());
            HostPaths::new(&table.unwrap_or_default())
        };
        Looker {
            root,
            is_ours: reader.pid == Seen::Known(nix::unistd::getpid().as_raw()),
            host: LazyCell::new(Box::new(host)),
            above: Above::new(root),
        }
    }

    fn look(&self, snapshot: &Snapshot, place: Place, task: Pid, parents: Parents) -> Traces {
        let dir = match self.root.task(task) {
            Ok(dir) => dir,
            Err(errno) => return Traces::unknown(task, &why(errno)),
        };
        let process = snapshot.processes.get(task);
        let cgroups = match process.map(|it| &it.cgroups) {
            Some(known @ Seen::Known(_)) => known.clone(),
            _ => details::cgroups_of(&dir),
        };
        let named = cgroups
            .known()
            .map(|entries| cgroup_path::named(entries))
            .unwrap_or_default();
        let mut traces = Traces {
            task,
            cgroups,
            monitor: match parents {
                Parents::Follow => self.above.monitor(snapshot, task, &dir),
                Parents::Leave => Seen::Unknown(Why::Skipped),
            },
            mounts: self.mounts(&dir, process),
            marker: Seen::Unknown(Why::Skipped),
            records: Vec::new(),
        };
        if self.is_ours {
            let is_init = |init: Pid| {
                let process = snapshot.processes.get(init);
                init == task || process.is_some_and(|it| Place::of(it) == place)
            };
            traces.records = records(&traces, &named, is_init);
        }
        if !is_told(&traces, &named) {
            traces.marker = marker(&dir);
        }
        traces
    }

    /// Mounts of runtimes, from the table that was read already or from a new one.
    fn mounts(&self, dir: &TaskDir, process: Option<&Process>) -> Seen<Vec<RuntimeMount>> {
        let details = process.and_then(|process| process.details.as_deref());
        if let Some(Seen::Known(table)) = details.map(|details| &details.mounts) {
            let lines = table.iter().map(mounts::Line::from);
            return Seen::Known(mounts::of_runtimes(lines, &self.host));
        }
        let table = dir.read_up_to("mountinfo", LARGEST_MOUNTINFO).map_err(why);
        Seen::from(table)
            .map(|table| mounts::of_runtimes(mounts::promising_lines(&table), &self.host))
    }
}

/// What the environment of a process calls its container (systemd's CONTAINER_INTERFACE).
fn marker(dir: &TaskDir) -> Seen<Option<String>> {
    // As far as there is room (environ_read in fs/proc/base.c).
    let environ = dir.read_records_up_to("environ", 1, LONGEST_ENVIRON);
    let environ = environ.map_err(why);
    Seen::from(environ).map(|environ| {
        environ
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(b"container="))
            .filter(|name| !name.is_empty())
            .map(text::from_bytes)
    })
}

/// Whether anything says which container this is.
fn is_told(traces: &Traces, named: &Named) -> bool {
    !named.containers.is_empty()
        || !traces.records.is_empty()
        || matches!(&traces.monitor, Seen::Known(Some(_)))
        || matches!(&traces.mounts, Seen::Known(mounts) if !mounts.is_empty())
}

/// What runtimes have written down about the container with these traces.
fn records(traces: &Traces, named: &Named, is_init: impl Fn(Pid) -> bool) -> Vec<Record> {
    let mut records = Vec::new();
    let monitor = traces.monitor.known().and_then(Option::as_ref);
    if let Some(record) = monitor.and_then(said_by) {
        records.push(record);
    }
    let mut looked_at = BTreeSet::new();
    for (form, runtime, id, path) in candidates(traces, named) {
        if looked_at.insert((path.clone(), id.clone())) {
            records.extend(read_record(form, &runtime, &id, &path));
        }
    }
    if records.is_empty() {
        let states = states_below_engines(&named.path);
        records.extend(states.filter(|record| record.init.is_some_and(&is_init)));
    }
    records
}

/// The name that a monitor's own arguments hold.
fn said_by(monitor: &Monitor) -> Option<Record> {
    let record = Record {
        source: format!("/proc/{}/cmdline", monitor.pid),
        runtime: monitor.runtime.clone(),
        id: monitor.id.clone()?,
        name: Some(monitor.name.clone()?),
        ..Record::default()
    };
    Some(records::with_kubernetes_name(record))
}

fn read_record(form: Form, runtime: &str, id: &str, path: &str) -> Option<Record> {
    use std::os::unix::ffi::OsStringExt;
    let real = std::ffi::OsString::from_vec(text::to_bytes(path));
    let contents = files::read_regular(Path::new(&real), LARGEST_RECORD).ok()?;
    records::read(form, runtime, id, path, &contents)
}

/// A file that may hold a record: its form, the runtime, the id to look for, and the path.
type Candidate = (Form, String, String, String);

/// Where records of the container can lie: in the folders that its mounts and its monitor name, and
/// for want of these in the usual ones.
fn candidates(traces: &Traces, named: &Named) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for mount in traces.mounts.known().into_iter().flatten() {
        found.extend(beside_mount(mount));
    }
    let monitor = traces.monitor.known().and_then(Option::as_ref);
    // Paths that a user's own process names are the user's: not to be read with our rights.
    let trusted = monitor.filter(|it| it.uid == Some(0) || it.uid == Some(own_uid()));
    if let Some(monitor) = trusted {
        found.extend(beside_monitor(monitor, named));
    }
    if found.is_empty() {
        let innermost = named.containers.last().map(|it| &it.container);
        let by_cgroup = innermost.map(|it| (it.runtime.as_str(), it.id.as_str()));
        let by_monitor = monitor.and_then(|it| Some((it.runtime.as_str(), it.id.as_deref()?)));
        found.extend(
            by_monitor
                .or(by_cgroup)
                .and_then(|(runtime, id)| usual(runtime, id)),
        );
    }
    found
}

fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn beside_mount(mount: &RuntimeMount) -> Option<Candidate> {
    let folder = mount.folder.as_deref()?;
    let runtime = mount.runtime.clone();
    match (mount.runtime.as_str(), &mount.id) {
        ("docker", Some(id)) => Some((
            Form::Docker,
            runtime,
            id.clone(),
            format!("{folder}/{id}/config.v2.json"),
        )),
        ("podman", id) => {
            // Without an id, the layer of the root file system leads to it: …/LAYER/diff.
            let layer = || mount.source.rsplit('/').nth(1).map(str::to_owned);
            let id = id.clone().or_else(layer)?;
            Some((
                Form::Storage,
                runtime,
                id,
                format!("{folder}/containers.json"),
            ))
        }
        _ => None,
    }
}

fn beside_monitor(monitor: &Monitor, named: &Named) -> Vec<Candidate> {
    let (Some(bundle), Some(id)) = (&monitor.bundle, &monitor.id) else {
        return Vec::new();
    };
    let runtime = || monitor.runtime.clone();
    match monitor.runtime.as_str() {
        // …/overlay-containers/ID/userdata
        "podman" | "cri-o" => {
            let folder = bundle.strip_suffix(&format!("/{id}/userdata"));
            let list = folder.map(|folder| format!("{folder}/containers.json"));
            let list = list.map(|path| (Form::Storage, runtime(), id.clone(), path));
            let config = format!("{bundle}/config.json");
            let config = (Form::Bundle, runtime(), id.clone(), config);
            list.into_iter()
                .chain((monitor.runtime == "cri-o").then_some(config))
                .collect()
        }
        // One shim serves all containers of a pod, whose bundles lie side by side.
        "containerd" => {
            let innermost = named.containers.last().map(|it| &it.container.id);
            let id = innermost.filter(|id| is_hash(id)).unwrap_or(id);
            let folder = bundle.rsplit_once('/').map_or("", |(folder, _)| folder);
            let path = format!("{folder}/{id}/config.json");
            vec![(Form::Bundle, runtime(), id.clone(), path)]
        }
        _ => Vec::new(),
    }
}

/// The places that engines use unless they are told otherwise.
fn usual(runtime: &str, id: &str) -> Option<Candidate> {
    let (form, path) = match runtime {
        "docker" => (
            Form::Docker,
            format!("/var/lib/docker/containers/{id}/config.v2.json"),
        ),
        "podman" | "cri-o" => (
            Form::Storage,
            "/var/lib/containers/storage/overlay-containers/containers.json".to_owned(),
        ),
        "containerd" | "kubernetes" => (
            Form::Bundle,
            format!("/run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}/config.json"),
        ),
        _ => return None,
    };
    Some((form, runtime.to_owned(), id.to_owned(), path))
}

/// The states of runc and crun that no engine stands above; they name their cgroup by the id.
fn states_below_engines(cgroup_path: &str) -> impl Iterator<Item = Record> {
    let id = cgroup_path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let is_name = !id.is_empty() && id != "..";
    [
        (Form::Runc, "runc", "/run/runc", "state.json"),
        (Form::Crun, "crun", "/run/crun", "status"),
    ]
    .into_iter()
    .filter(move |_| is_name)
    .filter_map(move |(form, runtime, folder, file)| {
        read_record(form, runtime, &id, &format!("{folder}/{id}/{file}"))
    })
}

/// Asks docker for the names of those of its containers whose files we could not read.
fn ask_engine(found: &mut [(Place, Traces)]) {
    let wanted: Vec<(usize, String)> = found
        .iter()
        .enumerate()
        .filter_map(|(at, (_, traces))| Some((at, nameless_docker(traces)?)))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let answer = engine::ask("docker", &engine::docker_socket());
    for (at, id) in wanted {
        let of_this = answer.iter().filter(|record| record.id == id).cloned();
        found[at].1.records.extend(of_this);
    }
}

/// The id of a container of docker's of which no record was found.
fn nameless_docker(traces: &Traces) -> Option<String> {
    if !traces.records.is_empty() {
        return None;
    }
    let named = traces.cgroups.known().map(|it| cgroup_path::named(it))?;
    let by_cgroup = named
        .containers
        .into_iter()
        .next_back()
        .map(|it| it.container)
        .filter(|container| container.runtime == "docker")
        .map(|container| container.id);
    let mounts = traces.mounts.known().into_iter().flatten();
    let mut by_mount = mounts
        .filter(|mount| mount.runtime == "docker")
        .filter_map(|mount| mount.id.clone());
    by_mount.next().or(by_cgroup)
}

impl Traces {
    fn unknown(task: Pid, why: &Why) -> Traces {
        Traces {
            task,
            cgroups: Seen::Unknown(why.clone()),
            monitor: Seen::Unknown(why.clone()),
            mounts: Seen::Unknown(why.clone()),
            marker: Seen::Unknown(why.clone()),
            records: Vec::new(),
        }
    }
}
