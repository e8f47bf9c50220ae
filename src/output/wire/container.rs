//! Containers in documents: what one is called, and the traces that snapshots keep of it.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use crate::analyse::containers::{Evidence, Identity};
use crate::model::container::{Monitor, Place, Record, RuntimeMount, Traces};
use crate::model::process::CgroupEntry;
use crate::model::{Author, Container, Pid};

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
    /// Whose word that is: `root` of the host, `user:UID` for a rootless engine's container,
    /// `container` for what runs inside another one, `unknown` where it could not be checked
    #[serde(default)]
    pub owner: Option<Author>,
    pub image: Option<String>,
    /// Name of its Kubernetes pod
    pub pod: Option<String>,
    pub pod_namespace: Option<String>,
    pub pod_uid: Option<String>,
    /// `high`: root's engine and the kernel agree, by two sources or more; `medium`: one source, or
    /// only a user's own; `low`: only what the container itself could have written
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
    /// Who could have written it: `root`, `user:UID`, `container`, `anyone`, or `unknown`
    #[serde(default)]
    pub author: Author,
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
        let doubt = found.all_doubts();
        let pod = found.pod.unwrap_or_default();
        ContainerRecord {
            runtime: found.container.runtime,
            id: found.container.id,
            name: found.container.name,
            owner: Some(found.owner),
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
            doubt,
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
            author: evidence.author,
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
    /// The user who made the outermost user namespace that it is in; 0: root, or none but the host's
    #[serde(default)]
    pub made_by: Option<u32>,
    pub cgroups: Option<Vec<CgroupEntry>>,
    /// The nearest process above it that a runtime has left to watch over the container
    pub monitor: Option<Monitor>,
    /// More of them, further above
    #[serde(default)]
    pub outer_monitors: Vec<Monitor>,
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
        let monitors = unknown.note("monitor", traces.monitors);
        let mut monitors = monitors.into_iter().flatten();
        TracesRecord {
            pid_ns,
            mnt_ns,
            task: traces.task,
            cgroups: unknown.note("cgroups", traces.cgroups),
            made_by: unknown.note("made_by", traces.made_by),
            monitor: monitors.next(),
            outer_monitors: monitors.collect(),
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
        let outer = self.outer_monitors;
        let monitors = self.unknown.seen_or_none("monitor", self.monitor);
        let traces = Traces {
            task: self.task,
            made_by: self.unknown.seen("made_by", self.made_by),
            cgroups: self.unknown.seen("cgroups", self.cgroups),
            monitors: monitors.map(|nearest| nearest.into_iter().chain(outer).collect()),
            mounts: self.unknown.seen("mounts", self.mounts),
            marker: self.unknown.seen_or_none("marker", self.marker),
            records: self.records,
        };
        (place, traces)
    }
}
