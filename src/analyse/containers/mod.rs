//! Which container a process is in, how sure that is, and what it rests on.
//!
//! A container is the pid and mount namespace of its init, so what was read there decides: the
//! monitor above it, the mounts that its runtime made, what the runtime has written down. The
//! cgroup of a process is another fact. It confirms, or it stands for want of anything better; where
//! it contradicts, both are told and the confidence is less.
//!
//! Each of these has an author, and nobody is a witness in his own cause: an identity is built of
//! what the process could not have written itself, and is worth no more than whoever wrote it.

mod claims;
mod known;

pub use known::{all, note_rivals};

use claims::{Claim, Claims};

use crate::model::container::cgroup_path::{self, Named};
use crate::model::container::{Place, Record, Traces};
use crate::model::{Author, Container, NsKey, NsKind, Process, Seen, Snapshot};

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
    /// Who could have written it.
    pub author: Author,
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
    /// Whose word that is. A name of a user's never stands for root's container of that name.
    pub owner: Author,
    /// What the user is called whose container it is.
    pub owner_name: Option<String>,
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
    /// What else goes by this name.
    pub rival: Option<String>,
}

/// The container that a process is in.
pub fn identity(snapshot: &Snapshot, process: &Process) -> Option<Identity> {
    let entries = process.cgroups.known();
    let own = entries.map(|entries| cgroup_path::named(entries));
    match snapshot.traces.get(&Place::of(process)) {
        Some(traces) => by_traces(snapshot, process, traces, own.as_ref()).or_else(|| {
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

/// Judges by what was read of the place that the process is in.
fn by_traces(
    snapshot: &Snapshot,
    process: &Process,
    traces: &Traces,
    own: Option<&Named>,
) -> Option<Identity> {
    let init = traces.cgroups.known().map(|it| cgroup_path::named(it));
    let init = init.unwrap_or_default();
    let claims = Claims::of(snapshot, traces, &init);
    let Some(first) = claims.best() else {
        return by_marker(traces);
    };
    let id = claims.id(first);
    let about: Vec<&Claim<'_>> = claims.about(first, id).collect();
    let by_path = init.containers.iter().find(|it| it.container.id == id);
    let around = claims.around(first, &init, id);
    let mut identity = Identity {
        container: Container {
            runtime: claims.runtime(first, &about).to_owned(),
            id: id.to_owned(),
            name: by_path.and_then(|it| it.container.name.clone()),
        },
        owner: first.author,
        owner_name: owner_name(snapshot, first.author),
        pod: None,
        image: None,
        confidence: confidence(&about, &around),
        evidence: about.iter().map(|claim| claim.evidence("id")).collect(),
        around,
        cgroup: own.and_then(innermost_of),
        doubt: None,
        rival: snapshot.rivals.get(&Place::of(process)).cloned(),
    };
    identity.add_records(traces.records.iter().filter(|record| record.id == id));
    identity.add_pod_uid(traces, by_path.and_then(|it| it.pod_uid.clone()));
    if let Some(doubt) = own.and_then(|own| contradiction(process, traces, &init, own, id)) {
        identity.confidence = identity.confidence.min(Confidence::Medium);
        identity.doubt = Some(doubt);
    }
    Some(identity)
}

/// Several sources of root's agree; what one user has written in two places is still her word alone,
/// and what is said from within a container is worth something where it is known which one that is.
fn confidence(about: &[&Claim<'_>], around: &[Container]) -> Confidence {
    let is_inner = about.iter().any(|it| it.author == Author::Container);
    if is_inner && around.is_empty() {
        return Confidence::Low;
    }
    let of_root = about.iter().filter(|claim| claim.author == Author::Root);
    let mut sources: Vec<&str> = of_root.map(|claim| claim.source.as_str()).collect();
    sources.dedup();
    match sources.len() {
        0 | 1 => Confidence::Medium,
        _ => Confidence::High,
    }
}

fn owner_name(snapshot: &Snapshot, owner: Author) -> Option<String> {
    match owner {
        Author::User(uid) => Some(match snapshot.users.get(&uid) {
            Some(name) => name.clone(),
            None => format!("uid {uid}"),
        }),
        _ => None,
    }
}

impl Identity {
    /// All that speaks against it, in one sentence.
    pub fn all_doubts(&self) -> Option<String> {
        let doubts: Vec<&str> = [&self.doubt, &self.rival]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!doubts.is_empty()).then(|| doubts.join("; "))
    }

    /// What runtimes know of the container beyond its id, by the word of whoever vouches for that.
    fn add_records<'a>(&mut self, records: impl Iterator<Item = &'a Record>) {
        let owner = self.owner;
        for record in records.filter(|record| is_as_good(record.author, owner)) {
            let mut add = |field, value: &Option<String>, known: &mut Option<String>| {
                if let (None, Some(value)) = (&known, value) {
                    *known = Some(value.clone());
                    self.evidence.push(Evidence {
                        field,
                        source: record.source.clone(),
                        value: value.clone(),
                        confidence: Confidence::Medium,
                        author: record.author,
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
            .filter(|mount| is_as_good(mount.author, self.owner))
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
                author: self.owner,
            });
        }
    }
}

/// Whether what one has written may stand under the name of the other.
fn is_as_good(author: Author, owner: Author) -> bool {
    match owner {
        Author::Root | Author::Unknown => matches!(author, Author::Root | Author::Unknown),
        other => author == other,
    }
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
        owner: Author::Anyone,
        owner_name: None,
        pod: None,
        image: None,
        confidence: Confidence::Low,
        evidence: vec![Evidence {
            field: "runtime",
            source,
            value: format!("container={name}"),
            confidence: Confidence::Low,
            author: Author::Anyone,
        }],
        around: Vec::new(),
        cgroup: None,
        doubt: Some("only its own environment says so".to_owned()),
        rival: None,
    })
}

/// Judges by the cgroup of the process alone: by the outermost container that it names, as whoever is
/// in there may make cgroups below by any name.
fn by_cgroup(snapshot: &Snapshot, process: &Process, own: &Named) -> Option<Identity> {
    let outermost = own.containers.first()?;
    let id = outermost.container.id.as_str();
    let author = cgroup_author(snapshot, &own.path);
    if author == Author::Anyone {
        return None;
    }
    let mut identity = Identity {
        container: outermost.container.clone(),
        owner: author,
        owner_name: owner_name(snapshot, author),
        pod: None,
        image: None,
        confidence: Confidence::Medium,
        evidence: vec![Evidence {
            field: "id",
            source: format!("/proc/{}/cgroup", process.task()),
            value: own.path.clone(),
            confidence: Confidence::Medium,
            author,
        }],
        around: Vec::new(),
        cgroup: innermost_of(own),
        doubt: None,
        rival: None,
    };
    if let Some(uid) = &outermost.pod_uid {
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

/// Who could have called a cgroup after the outermost container that its path names.
pub fn cgroup_author(snapshot: &Snapshot, path: &str) -> Author {
    let known = snapshot.cgroup_authors.get(path);
    known
        .copied()
        .unwrap_or_else(|| cgroup_path::delegated_to(path))
}

fn is_on_the_host(snapshot: &Snapshot, process: &Process) -> bool {
    let kind = NsKind::Mnt;
    let own = process.links.own(kind).get();
    own.is_some_and(|inode| snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true))
}

#[cfg(test)]
mod tests;
