//! The processes that claims are about, and what has to be read of them.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Entry, Oci, Whom, fits};
use crate::analyse::containers::{self, Identity};
use crate::audit::subjects::Subject as Audited;
use crate::audit::{audit, finding::Finding};
use crate::cli::Global;
use crate::collect::paths::Looks;
use crate::collect::{Depth, facts};
use crate::commands::source::Source;
use crate::commands::target::{Typed, container_in};
use crate::error::Error;
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Place, Process, Seen, Snapshot, Why};
use crate::output::text;
use crate::sys::nsfs;
use crate::verify::claim::{AnyClaim, Needs};
use crate::verify::judge::judge as judge_one;
use crate::verify::reading::Context;
use crate::verify::report::Verified;
use crate::verify::sources::file::Select;
use crate::verify::sources::oci::{self, Setting};

/// One process with its claims.
pub struct Subject {
    pub name: String,
    pub task: Pid,
    /// Whether all in its container are meant.
    pub is_container: bool,
    pub claims: Vec<AnyClaim>,
}

/// Finds them, and reads them as closely as can be.
pub fn resolve(
    global: &Global,
    source: &Source,
    snapshot: &mut Snapshot,
    entries: Vec<Entry>,
) -> Result<Vec<Subject>, Error> {
    let mut subjects = Vec::new();
    for entry in entries {
        let found = match &entry.whom {
            Whom::Named(name) => {
                let (task, is_container) = match Typed::parse(name)? {
                    // The snapshot has all there are, as it was read for that.
                    Typed::Container(word) => (container_in(snapshot, &word)?, true),
                    typed => (typed.resolve(source, global)?.task(source)?, false),
                };
                vec![(name.clone(), task, is_container || entry.oci.is_some())]
            }
            Whom::Selected(select) => selected(snapshot, select),
        };
        for (name, task, is_container) in found {
            source.add(snapshot, task);
            if !snapshot.processes.contains(task) {
                return Err(source.no_process(task));
            }
            source.deepen(snapshot, &[task], Depth::Everything);
            source.trace_alone(snapshot, task);
            let mut claims = match &entry.oci {
                Some(oci) => {
                    source.relate(snapshot, |key| key.kind == NsKind::User);
                    of_oci(source, snapshot, task, oci)?
                }
                None => Vec::new(),
            };
            claims.extend(entry.claims.iter().cloned());
            subjects.push(Subject {
                name,
                task,
                is_container,
                claims,
            });
        }
    }
    Ok(subjects)
}

fn selected(snapshot: &Snapshot, select: &Select) -> Vec<(String, Pid, bool)> {
    let is_wanted = |found: &Identity| {
        let container = &found.container;
        let pod = found.pod.as_ref().and_then(|pod| pod.namespace.as_deref());
        fits(select.runtime.as_deref(), Some(&container.runtime))
            && fits(select.name.as_deref(), container.name.as_deref())
            && fits(select.image.as_deref(), found.image.as_deref())
            && fits(select.pod_namespace.as_deref(), pod)
    };
    let all = containers::all(snapshot).into_iter();
    all.filter(|(found, _)| is_wanted(found))
        .map(|(found, init)| (text::container(&found), init, true))
        .collect()
}

fn of_oci(
    source: &Source,
    snapshot: &Snapshot,
    task: Pid,
    oci: &Oci,
) -> Result<Vec<AnyClaim>, Error> {
    let found;
    let (path, text) = match oci {
        Oci::Text { path, text } => (path, text),
        Oci::Auto => {
            found = configuration(source, snapshot, task)?;
            (&found.0, &found.1)
        }
    };
    let setting = Setting {
        namespace: &|path| {
            let opened = nsfs::open(path.as_ref()).ok().flatten();
            let identity = opened.and_then(|fd| nsfs::identity(&fd).ok());
            match identity {
                Some(identity) => Seen::Known(identity.inode),
                None => Seen::Unknown(crate::model::Why::Gone),
            }
        },
        ids_are_hosts: is_runtime_of_host(snapshot, task),
    };
    oci::claims(text, &setting).map_err(|reason| Error::Claims {
        from: path.clone(),
        reason,
    })
}

fn configuration(
    source: &Source,
    snapshot: &Snapshot,
    task: Pid,
) -> Result<(String, Vec<u8>), Error> {
    let failed = |reason: String| Error::Claims {
        from: format!("the runtime of process {task}"),
        reason,
    };
    let process = &snapshot.processes[task];
    let traces = snapshot.traces.get(&Place::of(process));
    let traces = traces.ok_or_else(|| failed("it is in no container".to_owned()))?;
    let found = source
        .configuration(snapshot, traces)
        .ok_or_else(|| failed("a snapshot does not hold its config.json".to_owned()))?;
    match found {
        Ok(found) => Ok((found.path, found.text)),
        Err(looked_at) if looked_at.is_empty() => Err(failed(
            "neither a monitor above it nor a record of runc or crun names its bundle: give the \
             path of its config.json"
                .to_owned(),
        )),
        Err(looked_at) => Err(failed(format!("cannot read {}", looked_at.join(", ")))),
    }
}

/// Whether the parent of its user namespace is the host's: an engine without root numbers ids as its
/// own user namespace does.
fn is_runtime_of_host(snapshot: &Snapshot, task: Pid) -> bool {
    let kind = NsKind::User;
    let own = snapshot.processes[task].links.own(kind).get();
    let key = own.map(|inode| NsKey { kind, inode });
    let parent = key.and_then(|key| snapshot.namespaces.get(&key)?.parent.get().flatten());
    parent == Some(kind.initial_inode())
}

/// What the claims of a subject need beside the snapshot.
pub struct Beside {
    looks: Looks,
    /// What an audit finds, if that is asked.
    findings: Option<Vec<Finding>>,
}

/// Reads what the claims need beside the subjects themselves.
pub fn look(source: &Source, snapshot: &mut Snapshot, subjects: &[Subject]) -> Vec<Beside> {
    let looks: Vec<Looks> = subjects
        .iter()
        .map(|subject| look_at(source, snapshot, subject))
        .collect();
    let findings = findings(snapshot, subjects);
    let all = looks.into_iter().zip(subjects);
    all.map(|(looks, subject)| Beside {
        looks,
        findings: findings.get(&subject.task).cloned(),
    })
    .collect()
}

fn look_at(source: &Source, snapshot: &mut Snapshot, subject: &Subject) -> Looks {
    let task = subject.task;
    source.expose(snapshot, &[task]);
    let mut inside: Vec<(NsKey, Pid)> = Vec::new();
    for kind in NsKind::ALL.into_iter().filter(|kind| facts::are_of(*kind)) {
        if let Some(inode) = snapshot.processes[task].links.own(kind).get() {
            inside.push((NsKey { kind, inode }, task));
        }
    }
    let cgroups = source.look_inside(snapshot, &inside);
    source.look_at_cgroups(snapshot, task, &cgroups);
    let needs: Vec<Needs> = subject.claims.iter().map(|it| it.needs()).collect();
    for other in needs.iter().flat_map(|it| &it.others) {
        source.add(snapshot, *other);
    }
    if needs.iter().any(|it| it.labels) {
        let others = others(snapshot, subject);
        source.deepen(snapshot, &others, Depth::Everything);
    }
    let wanted = needs.iter().flat_map(|it| &it.paths).map(String::as_str);
    source.look_at_paths(task, wanted)
}

/// Judges claims of a subject.
pub fn judge(
    snapshot: &Snapshot,
    subject: &Subject,
    claims: &[&AnyClaim],
    beside: &Beside,
    next: &mut dyn FnMut(&AnyClaim),
    untried: Option<&str>,
) -> Verified {
    let process = &snapshot.processes[subject.task];
    let others = others(snapshot, subject);
    let context = Context {
        snapshot,
        subject: process,
        others: others
            .iter()
            .filter_map(|task| snapshot.processes.get(*task))
            .collect(),
        has_unread: subject.is_container && has_unread(snapshot),
        looks: &beside.looks,
        findings: beside.findings.as_deref(),
    };
    let judged = claims.iter().map(|claim| {
        next(claim);
        judge_one(&context, claim, untried)
    });
    Verified {
        judged: judged.collect(),
        name: subject.name.clone(),
        task: subject.task,
        container: containers::identity(snapshot, process),
        nprocs: 1 + context.others.len(),
    }
}

/// The others of its container, if the claims are of that.
fn others(snapshot: &Snapshot, subject: &Subject) -> Vec<Pid> {
    let process = &snapshot.processes[subject.task];
    let place = Place::of(process);
    let kind = NsKind::Mnt;
    let own = process.links.own(kind).get();
    let is_hosts = own.map(|inode| snapshot.is_initial(NsKey { kind, inode }));
    let is_apart = is_hosts.is_some_and(|it| it != Seen::Known(true));
    if !subject.is_container || !is_apart {
        return Vec::new();
    }
    let in_there = |other: &&Process| {
        Place::of(other) == place && other.task() != subject.task && !other.is_zombie()
    };
    let all = snapshot.processes.iter().filter(in_there);
    all.map(Process::task).collect()
}

/// Whether a process may be in any container and could not be read. Each says by itself in how many
/// pid namespaces it is (NSpid), and who is in ours alone is in no container's. One that has given up
/// its namespaces will run no program again: it is ending, as long as that takes.
fn has_unread(snapshot: &Snapshot) -> bool {
    let may_be = |process: &Process| {
        let details = process.details.as_deref();
        let status = details.and_then(|details| details.status.known());
        let depth = status.and_then(|status| status.nspid.as_ref());
        let is_here = depth.is_some_and(|pids| pids.len() == 1);
        let is_ending = *process.links.own(NsKind::Mnt) == Seen::Unknown(Why::Gone);
        matches!(Place::of(process), Place::Task(_))
            && !is_here
            && !is_ending
            && !process.is_zombie()
            && !process.is_kernel_thread()
    };
    snapshot.coverage.hidden_by.is_some() || snapshot.processes.iter().any(may_be)
}

/// What one audit finds of all subjects of which that is asked.
fn findings(snapshot: &Snapshot, subjects: &[Subject]) -> BTreeMap<Pid, Vec<Finding>> {
    let asked = subjects
        .iter()
        .filter(|it| it.claims.iter().any(|claim| claim.needs().audit));
    let tasks: BTreeSet<Pid> = asked.map(|subject| subject.task).collect();
    if tasks.is_empty() {
        return BTreeMap::new();
    }
    let asked: Vec<Audited> = tasks.into_iter().map(Audited::asked_for).collect();
    let audited = audit(snapshot, &asked).audited.into_iter();
    audited.map(|it| (it.process.task(), it.findings)).collect()
}
