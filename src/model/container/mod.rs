//! Containers: what they are called, and the traces by which they are told.
//!
//! The kernel knows no containers. What is one here is the pair of pid and mount namespace of its
//! init ([`Place`]); its cgroup is a separate fact, which can contradict.

pub mod cgroup_path;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::{CgroupEntry, Pid, Process};
use super::{Author, NsKind, Seen};

/// What a container is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Container {
    /// `docker`, `podman`, `containerd`, `cri-o`, `lxc`, `systemd-nspawn`, `bwrap` …
    pub runtime: String,
    /// The runtime's id, or the name where the runtime knows no ids. A sandbox that has neither is
    /// known by the PID of the process that watches over it.
    pub id: String,
    /// The name that a person gave it.
    pub name: Option<String>,
}

impl Container {
    /// The id as engines print it: the first 12 of 64 hexadecimal digits, anything else whole.
    pub fn short_id(&self) -> &str {
        if is_hash(&self.id) {
            &self.id[..12]
        } else {
            &self.id
        }
    }
}

/// Whether a text is an id as engines make them: 64 hexadecimal digits.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where a process is, as far as containers go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Namespaces {
        pid: u64,
        mnt: u64,
    },
    /// One of the two could not be read, so that nobody can be said to be in the same place.
    Task(Pid),
}

impl Place {
    pub fn of(process: &Process) -> Place {
        let own = |kind| process.links.own(kind).get();
        match (own(NsKind::Pid), own(NsKind::Mnt)) {
            (Some(pid), Some(mnt)) => Place::Namespaces { pid, mnt },
            _ => Place::Task(process.task()),
        }
    }
}

/// What was read to tell which container is in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// The process that was looked at: the oldest of the place that was known.
    pub task: Pid,
    /// The user of the host who made the outermost user namespace that it is in: 0 where it is in
    /// none but the host's, for whose mounts and namespaces it takes root.
    pub made_by: Seen<u32>,
    /// Its cgroups, as those of the container's init.
    pub cgroups: Seen<Vec<CgroupEntry>>,
    /// The processes above it that seem to watch over a container, nearest first.
    pub monitors: Seen<Vec<Monitor>>,
    /// Mounts that come from the folders of a runtime.
    pub mounts: Seen<Vec<RuntimeMount>>,
    /// What the environment of the process says: `container=NAME`. It may say what it likes.
    pub marker: Seen<Option<String>>,
    /// What runtimes and engines have written down, or answered.
    pub records: Vec<Record>,
}

/// A process of a runtime that watches over a container from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Monitor {
    pub pid: Pid,
    /// Effective uid.
    pub uid: Option<u32>,
    /// The start of its command line, as evidence.
    pub command: String,
    /// The runtime that starts such monitors.
    pub runtime: String,
    /// The id that its arguments hold. A shim of Kubernetes has that of the pod's sandbox.
    pub id: Option<String>,
    pub name: Option<String>,
    /// Namespace of containerd's clients: `moby`, `k8s.io` …
    pub namespace: Option<String>,
    /// The folder with the container's `config.json`.
    pub bundle: Option<String>,
    /// Who could have started it, with these arguments.
    #[serde(default)]
    pub author: Author,
}

/// A mount whose source lies in a folder of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct RuntimeMount {
    /// Where the process sees it.
    pub mount_point: String,
    /// What is mounted there, as a path of the host where one leads to it.
    pub source: String,
    /// The runtime that has such folders.
    pub runtime: String,
    /// The container's id, where the source holds it.
    pub id: Option<String>,
    /// The uid of a Kubernetes pod, where the source holds it.
    pub pod_uid: Option<String>,
    /// The folder from which the runtime's own record of the container can be found.
    pub folder: Option<String>,
    /// Who could have made the source that is mounted.
    #[serde(default)]
    pub author: Author,
}

/// What a runtime or engine knows of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Record {
    /// Path of the file or socket that it comes from.
    pub source: String,
    pub runtime: String,
    pub id: String,
    pub name: Option<String>,
    pub image: Option<String>,
    pub pod: Option<String>,
    pub pod_namespace: Option<String>,
    pub pod_uid: Option<String>,
    /// The container's init, as the runtime numbers it.
    pub init: Option<Pid>,
    /// When that was started, in ticks after boot, where the runtime has noted it: a number can be
    /// another process's by now.
    #[serde(default)]
    pub init_started: Option<u64>,
    /// Whether that process is where it should be: in the place that the record was found for, or
    /// in a pid namespace around it. `None`: it has no init, or it could not be told.
    #[serde(default)]
    pub init_is_here: Option<bool>,
    /// Who could have written it.
    #[serde(default)]
    pub author: Author,
}
