//! What says which container is in a place, and whose word counts there.

use super::{Confidence, Evidence, cgroup_author, is_as_good};
use crate::model::container::cgroup_path::Named;
use crate::model::container::{Monitor, Record, RuntimeMount, Traces, is_hash};
use crate::model::{Author, Container, Seen, Snapshot, Why};

/// One source that names a container, by somebody whose word counts in the place.
pub struct Claim<'a> {
    pub runtime: &'a str,
    pub id: &'a str,
    pub source: String,
    pub value: String,
    pub author: Author,
    /// Whether it knows the runtime itself, and not only the kind of thing that it is.
    pub knows_runtime: bool,
    /// The monitor that it comes from.
    monitor: Option<&'a Monitor>,
}

impl Claim<'_> {
    pub fn evidence(&self, field: &'static str) -> Evidence {
        Evidence {
            field,
            source: self.source.clone(),
            value: self.value.clone(),
            confidence: Confidence::Medium,
            author: self.author,
        }
    }
}

/// All that counts in one place, the mightiest author's first, and of one author's in falling trust:
/// what the runtime has written down, the monitor, the mounts, the cgroup.
pub struct Claims<'a> {
    all: Vec<Claim<'a>>,
    /// The container that the cgroup names, by somebody who is not in it.
    by_cgroup: Option<&'a str>,
}

impl<'a> Claims<'a> {
    pub fn of(snapshot: &Snapshot, traces: &'a Traces, init: &'a Named) -> Claims<'a> {
        let place = Witnessed::new(snapshot, traces);
        let monitors = traces.monitors.known().into_iter().flatten();
        let mounts = traces.mounts.known().into_iter().flatten();
        let by_cgroup = by_cgroup(snapshot, traces, init);
        let outermost = by_cgroup.first().filter(|it| it.author <= Author::Unknown);
        let outermost = outermost.map(|it| it.id);
        let mut all: Vec<Claim<'a>> = traces
            .records
            .iter()
            .filter_map(|record| by_record(traces, record))
            .chain(monitors.filter_map(by_monitor))
            .chain(mounts.filter_map(|mount| place.by_mount(traces, mount)))
            .chain(by_cgroup)
            .filter(|claim| place.is_by_its_maker(claim.author))
            .collect();
        let is_inner =
            |claim: &&Claim<'_>| claim.author == Author::Container && claim.monitor.is_some();
        let inner = all.iter().find(is_inner).map(|claim| claim.id);
        all.retain(|claim| claim.author != Author::Container || Some(claim.id) == inner);
        // Stable: of one author's, the order stays.
        all.sort_by_key(|claim| claim.author);
        Claims {
            all,
            by_cgroup: outermost,
        }
    }

    /// That which decides: the mightiest author's best; unless he only says in which container another
    /// one lies, whose monitor runs in there.
    pub fn best(&self) -> Option<&Claim<'a>> {
        let inner = self.all.iter().find(|it| it.author == Author::Container);
        inner.or(self.all.first())
    }

    /// The id of the container that a claim names. The shim of a pod is called after the pod's sandbox,
    /// and each container's cgroup after itself.
    pub fn id(&self, claim: &Claim<'a>) -> &'a str {
        let is_shim = claim
            .monitor
            .is_some_and(|it| it.namespace.is_some() && it.runtime == "containerd");
        match self.by_cgroup {
            Some(id) if is_shim && is_hash(id) => id,
            _ => claim.id,
        }
    }

    /// The claims that agree with one, of those whose word is as good.
    pub fn about<'s>(
        &'s self,
        claim: &Claim<'a>,
        id: &'s str,
    ) -> impl Iterator<Item = &'s Claim<'a>> {
        let owner = claim.author;
        self.all
            .iter()
            .filter(move |it| it.id == id && is_as_good(it.author, owner))
    }

    /// The runtime of the container that these are about. A generic name in the cgroup and a shim of
    /// containerd above: it is containerd's.
    pub fn runtime(&self, first: &Claim<'a>, about: &[&Claim<'a>]) -> &'a str {
        if let Some(claim) = about.iter().find(|claim| claim.knows_runtime) {
            return claim.runtime;
        }
        let mut monitors = self.all.iter().filter_map(|claim| claim.monitor);
        match monitors.next() {
            Some(monitor) => &monitor.runtime,
            None => about.first().map_or(first.runtime, |claim| claim.runtime),
        }
    }

    /// The containers outside of the one with an id: those that the cgroup of its init nests it in, or
    /// that in which its monitor runs.
    pub fn around(&self, claim: &Claim<'a>, init: &Named, id: &str) -> Vec<Container> {
        let outer = init.containers.iter().map(|it| &it.container);
        let outer: Vec<Container> = match init.containers.iter().any(|it| it.container.id == id) {
            true => outer.take_while(|it| it.id != id).cloned().collect(),
            false => Vec::new(),
        };
        let host_of = self.all.first().filter(|first| {
            claim.author == Author::Container && first.id != id && outer.is_empty()
        });
        let host_of = host_of.map(|first| Container {
            runtime: first.runtime.to_owned(),
            id: first.id.to_owned(),
            name: None,
        });
        outer.into_iter().chain(host_of).collect()
    }
}

fn by_record<'a>(traces: &Traces, record: &'a Record) -> Option<Claim<'a>> {
    let is_here = record.init.is_some() && record.init_is_here == Some(true);
    is_here.then(|| Claim {
        runtime: &record.runtime,
        id: &record.id,
        source: record.source.clone(),
        value: format!("its init is process {}", record.init.unwrap_or(traces.task)),
        author: record.author,
        knows_runtime: true,
        monitor: None,
    })
}

fn by_monitor(monitor: &Monitor) -> Option<Claim<'_>> {
    Some(Claim {
        runtime: &monitor.runtime,
        id: monitor.id.as_deref()?,
        source: format!("/proc/{}/cmdline", monitor.pid),
        value: monitor.command.clone(),
        author: monitor.author,
        knows_runtime: true,
        monitor: Some(monitor),
    })
}

/// What the cgroup of the init says: the outermost container by the word of whoever made that cgroup,
/// those below it by the word of whoever is in there.
fn by_cgroup<'a>(snapshot: &Snapshot, traces: &Traces, init: &'a Named) -> Vec<Claim<'a>> {
    let outermost = cgroup_author(snapshot, &init.path);
    let containers = init.containers.iter().enumerate();
    let claims = containers.map(|(depth, it)| Claim {
        runtime: &it.container.runtime,
        id: &it.container.id,
        source: format!("/proc/{}/cgroup", traces.task),
        value: init.path.clone(),
        author: if depth == 0 {
            outermost
        } else {
            Author::Container
        },
        knows_runtime: !matches!(it.container.runtime.as_str(), "oci" | "kubernetes"),
        monitor: None,
    });
    claims.collect()
}

/// A place, and who can have made it.
struct Witnessed {
    made_by: Seen<u32>,
    /// Whose process the oldest in there is.
    uid: Seen<u32>,
    /// Containers whose inits are elsewhere, by root's word.
    elsewhere: Vec<String>,
}

impl Witnessed {
    fn new(snapshot: &Snapshot, traces: &Traces) -> Witnessed {
        let process = snapshot.processes.get(traces.task);
        let elsewhere = traces
            .records
            .iter()
            .filter(|record| record.author == Author::Root && record.init_is_here == Some(false));
        Witnessed {
            made_by: traces.made_by.clone(),
            uid: process.map_or(Seen::Unknown(Why::Gone), |it| it.uid.clone()),
            elsewhere: elsewhere.map(|record| record.id.clone()).collect(),
        }
    }

    /// What an engine has bound into it. Where a user has made the namespaces, she can bind what she
    /// can reach, also an engine's file that root has let her see.
    fn by_mount<'a>(&self, traces: &Traces, mount: &'a RuntimeMount) -> Option<Claim<'a>> {
        let id = mount.id.as_deref()?;
        let is_foreign = self.elsewhere.iter().any(|it| it == id);
        let is_bound_by_user = self.made_by.get().is_some_and(|uid| uid != 0)
            && !matches!(mount.author, Author::User(_));
        (!is_foreign && !is_bound_by_user).then(|| Claim {
            runtime: &mount.runtime,
            id,
            source: format!("/proc/{}/mountinfo", traces.task),
            value: format!("{} on {}", mount.source, mount.mount_point),
            author: mount.author,
            // Podman and CRI-O have one storage library between them.
            knows_runtime: mount.runtime != "podman",
            monitor: None,
        })
    }

    /// Whether this author can have made a container here. A user can if she has made its user
    /// namespace, or if she runs in there and a program with the right to do so has made it for her.
    fn is_by_its_maker(&self, author: Author) -> bool {
        match (author, &self.made_by) {
            (Author::Anyone, _) => false,
            (Author::User(uid), Seen::Known(0)) => self.uid == Seen::Known(uid),
            (Author::User(uid), Seen::Known(maker)) => uid == *maker,
            _ => true,
        }
    }
}
