//! Which container a process is in, how sure that is, and what it rests on.
//!
//! A container is the pid and mount namespace of its init, so what was read there decides: the
//! monitor above it, the mounts that its runtime made, what the runtime has written down. The
//! cgroup of a process is another fact. It confirms, or it stands for want of anything better; where
//! it contradicts, both are told and the confidence is less.

use crate::model::container::cgroup_path::{self, Named};
use crate::model::container::{Place, Record, Traces};
use crate::model::{Container, NsKey, NsKind, Pid, Process, Seen, Snapshot};

/// How far an answer can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Only what the container itself could have written, or something contradicts.
    Low,
    /// One source outside of the container says so, and nothing contradicts.
    Medium,
    /// Sources that are independent of each other agree.
    High,
}

impl Confidence {
    pub const fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// What one part of the answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// `id`, `name`, `image`, `pod` or `runtime`.
    pub field: &'static str,
    /// The file, or the socket.
    pub source: String,
    /// What it says, as it stands there.
    pub value: String,
    /// How far this source alone can be trusted.
    pub confidence: Confidence,
}

/// A Kubernetes pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub uid: Option<String>,
}

/// The container that a process is in, as far as that can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub container: Container,
    pub pod: Option<Pod>,
    pub image: Option<String>,
    /// How sure it is that the process is in this container.
    pub confidence: Confidence,
    pub evidence: Vec<Evidence>,
    /// The containers around it, outermost first, as the cgroup of its init names them.
    pub around: Vec<Container>,
    /// The innermost container that the cgroup of *this process* names.
    pub cgroup: Option<Container>,
    /// What speaks against the answer.
    pub doubt: Option<String>,
}

/// The container that a process is in.
pub fn identity(snapshot: &Snapshot, process: &Process) -> Option<Identity> {
    let entries = process.cgroups.known();
    let own = entries.map(|entries| cgroup_path::named(entries));
    match snapshot.traces.get(&Place::of(process)) {
        Some(traces) => by_traces(process, traces, own.as_ref()).or_else(|| {
            let own = own.as_ref()?;
            by_cgroup(snapshot, process, own)
        }),
        None => by_cgroup(snapshot, process, own.as_ref()?),
    }
}

/// What the container that a process is in is called.
pub fn container_of(snapshot: &Snapshot, process: &Process) -> Option<Container> {
    identity(snapshot, process).map(|identity| identity.container)
}

/// One source that names a container.
struct Claim<'a> {
    runtime: &'a str,
    id: &'a str,
    source: String,
    value: String,
    confidence: Confidence,
    /// Whether it knows the runtime itself, and not only the kind of thing that it is.
    knows_runtime: bool,
}

/// The claims of the traces, in falling trust.
fn claims<'a>(traces: &'a Traces, init: &'a Named) -> Vec<Claim<'a>> {
    let mut claims: Vec<Claim<'_>> = Vec::new();
    let by_init = |record: &&Record| record.init == Some(traces.task);
    claims.extend(traces.records.iter().filter(by_init).map(|record| Claim {
        runtime: &record.runtime,
        id: &record.id,
        source: record.source.clone(),
        value: format!("its init is process {}", traces.task),
        confidence: Confidence::Medium,
        knows_runtime: true,
    }));
    let monitor = traces.monitor.known().and_then(Option::as_ref);
    claims.extend(monitor.and_then(|monitor| {
        Some(Claim {
            runtime: &monitor.runtime,
            id: monitor.id.as_deref()?,
            source: format!("/proc/{}/cmdline", monitor.pid),
            value: monitor.command.clone(),
            confidence: Confidence::Medium,
            knows_runtime: true,
        })
    }));
    for mount in traces.mounts.known().into_iter().flatten() {
        claims.extend(mount.id.as_deref().map(|id| Claim {
            runtime: &mount.runtime,
            id,
            source: format!("/proc/{}/mountinfo", traces.task),
            value: format!("{} on {}", mount.source, mount.mount_point),
            confidence: Confidence::Medium,
            // Podman and CRI-O have one storage library between them.
            knows_runtime: mount.runtime != "podman",
        }));
    }
    claims.extend(init.containers.last().map(|it| Claim {
        runtime: &it.container.runtime,
        id: &it.container.id,
        source: format!("/proc/{}/cgroup", traces.task),
        value: init.path.clone(),
        confidence: Confidence::Medium,
        knows_runtime: !matches!(it.container.runtime.as_str(), "oci" | "kubernetes"),
    }));
    claims
}

/// Judges by what was read of the place that the process is in.
fn by_traces(process: &Process, traces: &Traces, own: Option<&Named>) -> Option<Identity> {
    let init = traces.cgroups.known().map(|it| cgroup_path::named(it));
    let init = init.unwrap_or_default();
    let claims = claims(traces, &init);
    let Some(first) = claims.first() else {
        return by_marker(traces);
    };
    // The shim of a pod is called after the pod's sandbox, and each container after itself.
    let of_pod = traces.monitor.known().and_then(Option::as_ref);
    let is_shim = of_pod.is_some_and(|it| it.namespace.is_some() && it.runtime == "containerd");
    let innermost = init.containers.last().map(|it| it.container.id.as_str());
    let id = match innermost {
        Some(innermost) if is_shim && crate::model::container::is_hash(innermost) => innermost,
        _ => first.id,
    };
    let about: Vec<&Claim<'_>> = claims.iter().filter(|claim| claim.id == id).collect();
    let by_runtime = about.iter().find(|claim| claim.knows_runtime);
    let runtime = match by_runtime.or(about.first()) {
        Some(claim) => claim.runtime.to_owned(),
        None => first.runtime.to_owned(),
    };
    // A generic name in the cgroup and a shim of containerd above: it is containerd's.
    let runtime = match of_pod {
        Some(monitor) if by_runtime.is_none() => monitor.runtime.clone(),
        _ => runtime,
    };
    let mut identity = Identity {
        container: Container {
            runtime,
            id: id.to_owned(),
            name: None,
        },
        pod: None,
        image: None,
        confidence: Confidence::Medium,
        evidence: about.iter().map(|claim| claim.evidence("id")).collect(),
        around: around(&init, id),
        cgroup: own.and_then(innermost_of),
        doubt: None,
    };
    let mut sources: Vec<&str> = about.iter().map(|claim| claim.source.as_str()).collect();
    sources.dedup();
    if sources.len() > 1 {
        identity.confidence = Confidence::High;
    }
    let by_path = init.containers.iter().find(|it| it.container.id == id);
    identity.container.name = by_path.and_then(|it| it.container.name.clone());
    identity.add_records(traces.records.iter().filter(|record| record.id == id));
    identity.add_pod_uid(traces, by_path.and_then(|it| it.pod_uid.clone()));
    if let Some(doubt) = own.and_then(|own| contradiction(process, traces, &init, own, id)) {
        identity.confidence = identity.confidence.min(Confidence::Medium);
        identity.doubt = Some(doubt);
    }
    Some(identity)
}

impl Claim<'_> {
    fn evidence(&self, field: &'static str) -> Evidence {
        Evidence {
            field,
            source: self.source.clone(),
            value: self.value.clone(),
            confidence: self.confidence,
        }
    }
}

impl Identity {
    /// What runtimes know of the container beyond its id.
    fn add_records<'a>(&mut self, records: impl Iterator<Item = &'a Record>) {
        for record in records {
            let mut add = |field, value: &Option<String>, known: &mut Option<String>| {
                if let (None, Some(value)) = (&known, value) {
                    *known = Some(value.clone());
                    self.evidence.push(Evidence {
                        field,
                        source: record.source.clone(),
                        value: value.clone(),
                        confidence: Confidence::Medium,
                    });
                }
            };
            add("name", &record.name, &mut self.container.name);
            add("image", &record.image, &mut self.image);
            let mut pod = self.pod.take().unwrap_or_default();
            add("pod", &record.pod, &mut pod.name);
            add("pod", &record.pod_namespace, &mut pod.namespace);
            add("pod", &record.pod_uid, &mut pod.uid);
            self.pod = (pod != Pod::default()).then_some(pod);
        }
    }

    /// The uid of the pod, by what the kubelet has mounted or by the cgroup.
    fn add_pod_uid(&mut self, traces: &Traces, by_cgroup: Option<String>) {
        let mounts = traces.mounts.known().into_iter().flatten();
        let mount = mounts
            .filter_map(|mount| Some((mount, mount.pod_uid.clone()?)))
            .next();
        let by_mount = mount.map(|(mount, uid)| (uid, "mountinfo", mount.source.clone()));
        let by_cgroup = by_cgroup.map(|uid| (uid.clone(), "cgroup", uid));
        let Some((uid, file, value)) = by_mount.or(by_cgroup) else {
            return;
        };
        let pod = self.pod.get_or_insert_default();
        if pod.uid.is_none() {
            pod.uid = Some(uid);
            self.evidence.push(Evidence {
                field: "pod",
                source: format!("/proc/{}/{file}", traces.task),
                value,
                confidence: Confidence::Medium,
            });
        }
    }
}

/// The containers outside of this one, as the cgroup of its init nests them.
fn around(init: &Named, id: &str) -> Vec<Container> {
    init.containers
        .iter()
        .take_while(|it| it.container.id != id)
        .map(|it| it.container.clone())
        .collect()
}

fn innermost_of(named: &Named) -> Option<Container> {
    named.containers.last().map(|it| it.container.clone())
}

/// How the cgroup of a process contradicts the container whose namespaces it is in.
fn contradiction(
    process: &Process,
    traces: &Traces,
    init: &Named,
    own: &Named,
    id: &str,
) -> Option<String> {
    let path = &own.path;
    match own.containers.last() {
        Some(last) if last.container.id == id => None,
        Some(last) => Some(format!(
            "its cgroup is that of {} {}: {path}",
            last.container.runtime,
            last.container.short_id()
        )),
        // Nor does the cgroup of the init: this runtime leaves its containers where they are.
        None if init.containers.is_empty() || own.hidden => None,
        None if process.task() == traces.task => None,
        None => Some(format!("its cgroup is not the container's: {path}")),
    }
}

/// What an environment says: better than nothing, and worth no more.
fn by_marker(traces: &Traces) -> Option<Identity> {
    let name = traces.marker.known()?.as_ref()?;
    let source = format!("/proc/{}/environ", traces.task);
    Some(Identity {
        container: Container {
            runtime: name.clone(),
            id: traces.task.to_string(),
            name: None,
        },
        pod: None,
        image: None,
        confidence: Confidence::Low,
        evidence: vec![Evidence {
            field: "runtime",
            source,
            value: format!("container={name}"),
            confidence: Confidence::Low,
        }],
        around: Vec::new(),
        cgroup: None,
        doubt: Some("only its own environment says so".to_owned()),
    })
}

/// Judges by the cgroup of the process alone.
fn by_cgroup(snapshot: &Snapshot, process: &Process, own: &Named) -> Option<Identity> {
    let last = own.containers.last()?;
    let id = last.container.id.as_str();
    let mut identity = Identity {
        container: last.container.clone(),
        pod: None,
        image: None,
        confidence: Confidence::Medium,
        evidence: vec![Evidence {
            field: "id",
            source: format!("/proc/{}/cgroup", process.task()),
            value: own.path.clone(),
            confidence: Confidence::Medium,
        }],
        around: around(own, id),
        cgroup: Some(last.container.clone()),
        doubt: None,
    };
    if let Some(uid) = &last.pod_uid {
        identity.pod = Some(Pod {
            uid: Some(uid.clone()),
            ..Pod::default()
        });
    }
    if is_on_the_host(snapshot, process) {
        identity.confidence = Confidence::Low;
        identity.doubt = Some("it is in the mount namespace of the host".to_owned());
        // The container of that name may have been looked at on its own.
        let everywhere = snapshot.traces.values().flat_map(|traces| &traces.records);
        identity.add_records(everywhere.filter(|record| record.id == id));
    }
    Some(identity)
}

fn is_on_the_host(snapshot: &Snapshot, process: &Process) -> bool {
    let kind = NsKind::Mnt;
    let own = process.links.own(kind).get();
    own.is_some_and(|inode| snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true))
}

/// The containers that are known, each with its init: those whose place was looked at, and those
/// that only a cgroup names. The first of each place is its oldest process.
pub fn all(snapshot: &Snapshot) -> Vec<(Identity, Pid)> {
    let mut found: Vec<(Identity, Pid)> = Vec::new();
    let mut index = std::collections::BTreeMap::new();
    // Whoever is dead, such as what a runtime needed to start another, is nobody's init.
    for process in snapshot.processes.iter().filter(|it| !it.is_zombie()) {
        let Some(identity) = identity(snapshot, process) else {
            continue;
        };
        let key = (
            identity.container.runtime.clone(),
            identity.container.id.clone(),
        );
        let at = *index.entry(key).or_insert(found.len());
        match found.get_mut(at) {
            None => found.push((identity, process.task())),
            Some(known) => {
                if rank(snapshot, &identity, process.task()) < rank(snapshot, &known.0, known.1) {
                    *known = (identity, process.task());
                }
            }
        }
    }
    found
}

/// What makes a process the init of its container: that it surely is in it, that it was the one
/// looked at, that it is older than the others.
fn rank(snapshot: &Snapshot, identity: &Identity, task: Pid) -> impl Ord {
    let process = snapshot.processes.get(task);
    let place = process.map(Place::of);
    let traces = place.and_then(|place| snapshot.traces.get(&place));
    let is_looked_at = traces.is_some_and(|traces| traces.task == task);
    let stat = process.and_then(|process| process.stat.known());
    let started = stat.map_or(u64::MAX, |stat| stat.start_time);
    let sure = std::cmp::Reverse(identity.confidence);
    (identity.doubt.is_some(), sure, !is_looked_at, started, task)
}

#[cfg(test)]
mod tests;
