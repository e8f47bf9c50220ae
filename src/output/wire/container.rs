//! Containers in documents: what one is called, and the traces that snapshots keep of it.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use crate::analyse::containers::{Evidence, Identity};
use crate::model::container::{Monitor, Place, Record, RuntimeMount, Traces};
use crate::model::process::CgroupEntry;
use crate::model::{Container, Pid};

/// The container that a process is in, as far as that can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ContainerRecord {
    /// `docker`, `podman`, `containerd`, `cri-o`, `kubernetes`, `lxc`, `systemd-nspawn`, `runc`,
    /// `crun`, `bwrap`, `firejail`, `flatpak`, `snap`, `libvirt-lxc`, `libvirt-qemu`; `oci` where
    /// only an id is known; or what the environment of its init calls it
    pub runtime: String,
    /// The runtime's id or name; for a sandbox without either the PID of its monitor
    pub id: String,
    pub name: Option<String>,
    pub image: Option<String>,
    /// Name of its Kubernetes pod
    pub pod: Option<String>,
    pub pod_namespace: Option<String>,
    pub pod_uid: Option<String>,
    /// `high`: independent sources agree; `medium`: one source outside of the container; `low`:
    /// only what the container itself could have written, or something contradicts
    pub confidence: Option<String>,
    #[serde(default)]
    pub evidence: Vec<EvidenceRecord>,
    /// The containers around it, outermost first
    #[serde(default)]
    pub around: Vec<NameRecord>,
    /// The container that the cgroup of this process names, which can be another
    pub cgroup: Option<NameRecord>,
    /// What speaks against the answer
    pub doubt: Option<String>,
}

/// What one part of the answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct EvidenceRecord {
    /// `id`, `name`, `image`, `pod` or `runtime`
    pub field: String,
    /// The file or socket
    pub source: String,
    pub value: String,
    /// How far this source alone can be trusted
    pub confidence: String,
}

/// What a container is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct NameRecord {
    pub runtime: String,
    pub id: String,
    pub name: Option<String>,
}

impl From<Identity> for ContainerRecord {
    fn from(found: Identity) -> ContainerRecord {
        let pod = found.pod.unwrap_or_default();
        ContainerRecord {
            runtime: found.container.runtime,
            id: found.container.id,
            name: found.container.name,
            image: found.image,
            pod: pod.name,
            pod_namespace: pod.namespace,
            pod_uid: pod.uid,
            confidence: Some(found.confidence.name().to_owned()),
            evidence: found
                .evidence
                .into_iter()
                .map(EvidenceRecord::from)
                .collect(),
            around: found.around.into_iter().map(NameRecord::from).collect(),
            cgroup: found.cgroup.map(NameRecord::from),
            doubt: found.doubt,
        }
    }
}

impl From<Evidence> for EvidenceRecord {
    fn from(evidence: Evidence) -> EvidenceRecord {
        EvidenceRecord {
            field: evidence.field.to_owned(),
            source: evidence.source,
            value: evidence.value,
            confidence: evidence.confidence.name().to_owned(),
        }
    }
}

impl From<Container> for NameRecord {
    fn from(container: Container) -> NameRecord {
        NameRecord {
            runtime: container.runtime,
            id: container.id,
            name: container.name,
        }
    }
}

/// What was read to tell which container is in one place.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct TracesRecord {
    /// Inodes of the two namespaces that make the place; `null` where one could not be read
    pub pid_ns: Option<u64>,
    pub mnt_ns: Option<u64>,
    /// The process that was looked at
    pub task: Pid,
    pub cgroups: Option<Vec<CgroupEntry>>,
    /// The process above it that a runtime has left to watch over the container
    pub monitor: Option<Monitor>,
    /// Mounts that come from the folders of a runtime
    pub mounts: Option<Vec<RuntimeMount>>,
    /// `container=` in its environment
    pub marker: Option<String>,
    /// What runtimes and engines have written down, or answered
    pub records: Vec<Record>,
    pub unknown: Unknown,
}

impl TracesRecord {
    pub fn new(place: Place, traces: &Traces) -> TracesRecord {
        let traces = traces.clone();
        let mut unknown = Unknown::default();
        let (pid_ns, mnt_ns) = match place {
            Place::Namespaces { pid, mnt } => (Some(pid), Some(mnt)),
            Place::Task(_) => (None, None),
        };
        TracesRecord {
            pid_ns,
            mnt_ns,
            task: traces.task,
            cgroups: unknown.note("cgroups", traces.cgroups),
            monitor: unknown.note("monitor", traces.monitor).flatten(),
            mounts: unknown.note("mounts", traces.mounts),
            marker: unknown.note("marker", traces.marker).flatten(),
            records: traces.records,
            unknown,
        }
    }

    /// The traces of a saved snapshot.
    pub fn into_model(self) -> (Place, Traces) {
        let place = match (self.pid_ns, self.mnt_ns) {
            (Some(pid), Some(mnt)) => Place::Namespaces { pid, mnt },
            _ => Place::Task(self.task),
        };
        let traces = Traces {
            task: self.task,
            cgroups: self.unknown.seen("cgroups", self.cgroups),
            monitor: self.unknown.seen_or_none("monitor", self.monitor),
            mounts: self.unknown.seen("mounts", self.mounts),
            marker: self.unknown.seen_or_none("marker", self.marker),
            records: self.records,
        };
        (place, traces)
    }
}
