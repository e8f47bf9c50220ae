//! Finding what runtimes have written down about a container: in the folders that its mounts and its
//! monitor lead to, and for want of these in the usual ones. Only what lies in the store of an engine
//! of the host is read.

use std::collections::BTreeSet;

use super::host::Host;
use super::records::{self, Form};
use crate::collect::processes::stat_of;
use crate::model::container::cgroup_path::Named;
use crate::model::container::{Monitor, Place, Record, RuntimeMount, Traces, is_hash};
use crate::model::{Author, LinkName, NsKey, NsKind, Seen, Snapshot};
use crate::sys::nsfs;
use crate::sys::procfs::{ProcRoot, TaskDir};

/// The place that records are looked for.
pub struct Here<'a> {
    root: &'a ProcRoot,
    snapshot: &'a Snapshot,
    place: Place,
    dir: &'a TaskDir,
}

impl<'a> Here<'a> {
    pub fn new(
        root: &'a ProcRoot,
        snapshot: &'a Snapshot,
        place: Place,
        dir: &'a TaskDir,
    ) -> Here<'a> {
        Here {
            root,
            snapshot,
            place,
            dir,
        }
    }

    /// Whether a process that is said to be the container's init is in this place, or in a pid
    /// namespace of its own around it. `None` where that cannot be told: it has ended, or it cannot
    /// be read.
    fn has_init(&self, record: &Record) -> Option<bool> {
        let init = self.root.task(record.init?).ok()?;
        if let Some(started) = record.init_started
            && stat_of(&init).known()?.start_time != started
        {
            // Another has its number by now (proc_pid_stat(5)).
            return None;
        }
        let of = |kind| Some(init.namespace(kind)?.inode);
        let (pid, mnt) = (of(NsKind::Pid)?, of(NsKind::Mnt)?);
        if self.place == (Place::Namespaces { pid, mnt }) {
            return Some(true);
        }
        let kind = NsKind::Pid;
        let is_hosts = self.snapshot.is_initial(NsKey { kind, inode: pid }) != Seen::Known(false);
        Some(!is_hosts && self.is_below(pid))
    }

    /// Whether the pid namespace of the place is that one or lies below it.
    fn is_below(&self, above: u64) -> bool {
        let link = LinkName::Own(NsKind::Pid);
        let mut at = self.dir.open_ns(link).ok();
        // The kernel nests 32 of them (MAX_PID_NS_LEVEL in include/linux/pid_namespace.h).
        while let Some(ns) = at {
            if nsfs::identity(&ns).is_ok_and(|it| it.inode == above) {
                return true;
            }
            at = nsfs::parent(&ns).ok();
        }
        false
    }
}

/// What has been written down, and where.
pub struct Records<'a, 'h> {
    pub host: &'a Host<'h>,
    pub snapshot: &'a Snapshot,
    pub here: Here<'a>,
}

impl Records<'_, '_> {
    /// What runtimes have written down about the container with these traces.
    pub fn find(&self, traces: &Traces, named: &Named) -> Vec<Record> {
        let mut records = Vec::new();
        let monitors = traces
            .monitors
            .known()
            .map(Vec::as_slice)
            .unwrap_or_default();
        records.extend(monitors.iter().filter_map(said_by));
        let mut looked_at = BTreeSet::new();
        for candidate in candidates(traces, monitors, named) {
            if looked_at.insert((candidate.path.clone(), candidate.id.clone())) {
                records.extend(self.read(&traces.made_by, &candidate));
            }
        }
        if records.is_empty() {
            let states = states_below_engines(&traces.made_by, &named.path);
            let states = states.iter();
            let states = states.filter_map(|it| self.read(&traces.made_by, it));
            records.extend(states.filter(|record| record.init_is_here == Some(true)));
        }
        records
    }

    fn read(&self, made_by: &Seen<u32>, candidate: &Candidate) -> Option<Record> {
        let Candidate {
            form,
            runtime,
            id,
            path,
            named_by,
        } = candidate;
        let (contents, author) = match named_by {
            Some(author) => (self.host.read_named_by(*author, path)?, *author),
            None => self.host.read(self.snapshot, made_by, path)?,
        };
        let record = records::read(*form, runtime, id, path, &contents)?;
        Some(Record {
            init_is_here: self.here.has_init(&record),
            author,
            ..record
        })
    }
}

/// The name that a monitor's own arguments hold.
fn said_by(monitor: &Monitor) -> Option<Record> {
    let record = Record {
        source: format!("/proc/{}/cmdline", monitor.pid),
        runtime: monitor.runtime.clone(),
        id: monitor.id.clone()?,
        name: Some(monitor.name.clone()?),
        author: monitor.author,
        ..Record::default()
    };
    Some(records::with_kubernetes_name(record))
}

/// A file that may hold a record.
struct Candidate {
    form: Form,
    runtime: String,
    /// What to look for in it.
    id: String,
    path: String,
    /// Who leads there, where it need not lie in a store that is known: whoever has started the
    /// monitor of the container knows where its files are.
    named_by: Option<Author>,
}

impl Candidate {
    fn new(form: Form, runtime: &str, id: &str, path: String) -> Candidate {
        Candidate {
            form,
            runtime: runtime.to_owned(),
            id: id.to_owned(),
            path,
            named_by: None,
        }
    }
}

/// Where records of the container can lie.
fn candidates(traces: &Traces, monitors: &[Monitor], named: &Named) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for mount in traces.mounts.known().into_iter().flatten() {
        found.extend(beside_mount(mount));
    }
    for monitor in monitors {
        found.extend(beside_monitor(monitor, named));
    }
    if found.is_empty() {
        let innermost = named.containers.last().map(|it| &it.container);
        let by_cgroup = innermost.map(|it| (it.runtime.as_str(), it.id.as_str()));
        let by_monitor = monitors
            .iter()
            .find_map(|it| Some((it.runtime.as_str(), it.id.as_deref()?)));
        found.extend(
            by_monitor
                .or(by_cgroup)
                .and_then(|(runtime, id)| usual(runtime, id)),
        );
    }
    found
}

fn beside_mount(mount: &RuntimeMount) -> Option<Candidate> {
    let folder = mount.folder.as_deref()?;
    match (mount.runtime.as_str(), &mount.id) {
        ("docker", Some(id)) => Some(Candidate::new(
            Form::Docker,
            "docker",
            id,
            format!("{folder}/{id}/config.v2.json"),
        )),
        ("podman", id) => {
            // Without an id, the layer of the root file system leads to it: …/LAYER/diff.
            let layer = || mount.source.rsplit('/').nth(1).map(str::to_owned);
            let id = id.clone().or_else(layer)?;
            let path = format!("{folder}/containers.json");
            Some(Candidate::new(Form::Storage, "podman", &id, path))
        }
        _ => None,
    }
}

fn beside_monitor(monitor: &Monitor, named: &Named) -> Vec<Candidate> {
    let (Some(bundle), Some(id)) = (&monitor.bundle, &monitor.id) else {
        return Vec::new();
    };
    let named_by = match monitor.author {
        author @ (Author::Root | Author::User(_)) => Some(author),
        _ => return Vec::new(),
    };
    let runtime = monitor.runtime.as_str();
    let new = |form, id: &str, path| Candidate {
        named_by,
        ..Candidate::new(form, runtime, id, path)
    };
    match runtime {
        // …/overlay-containers/ID/userdata
        "podman" | "cri-o" => {
            let folder = bundle.strip_suffix(&format!("/{id}/userdata"));
            let list = folder.map(|folder| format!("{folder}/containers.json"));
            let list = list.map(|path| new(Form::Storage, id, path));
            let config = new(Form::Bundle, id, format!("{bundle}/config.json"));
            list.into_iter()
                .chain((runtime == "cri-o").then_some(config))
                .collect()
        }
        // One shim serves all containers of a pod, whose bundles lie side by side.
        "containerd" => {
            let innermost = named.containers.last().map(|it| &it.container.id);
            let id = innermost.filter(|id| is_hash(id)).unwrap_or(id);
            let folder = bundle.rsplit_once('/').map_or("", |(folder, _)| folder);
            vec![new(Form::Bundle, id, format!("{folder}/{id}/config.json"))]
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
    Some(Candidate::new(form, runtime, id, path))
}

/// Where runc and crun keep the states of containers that no engine stands above; they name the
/// cgroup by the id.
fn states_below_engines(made_by: &Seen<u32>, cgroup_path: &str) -> Vec<Candidate> {
    let id = cgroup_path.rsplit('/').next().unwrap_or_default();
    if id.is_empty() || id == ".." {
        return Vec::new();
    }
    let run = match made_by.get() {
        None | Some(0) => "/run".to_owned(),
        Some(uid) => format!("/run/user/{uid}"),
    };
    [
        (Form::Runc, "runc", "state.json"),
        (Form::Crun, "crun", "status"),
    ]
    .into_iter()
    .map(|(form, runtime, file)| {
        Candidate::new(form, runtime, id, format!("{run}/{runtime}/{id}/{file}"))
    })
    .collect()
}
