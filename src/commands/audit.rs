//! `nsinspect audit`: what processes could do to the host.

use std::collections::BTreeMap;

use super::source::Source;
use super::target::Typed;
use crate::audit::finding::{Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rules;
use crate::audit::subjects::{self, Scope, Subject};
use crate::audit::{Audit, audit};
use crate::cli::{AuditArgs, Format, Global};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Process, Seen, Snapshot};
use crate::output;
use crate::output::text::audit as text;
use crate::output::wire::audit::AuditBody;
use crate::output::wire::{Document, DocumentName, sarif};

pub fn run(global: &Global, args: &AuditArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let targets: Vec<Pid> = args
        .targets
        .iter()
        .map(|text| Typed::parse(text)?.resolve(&source, global)?.task(&source))
        .collect::<Result<_, Error>>()?;
    let mut snapshot = source.scan(Depth::Status)?;
    source.discover(&mut snapshot, global.reach(Reach::Fast));
    source.look_at_settings(&mut snapshot);
    let subjects = choose(&source, args, &mut snapshot, &targets)?;
    look_inside_hosts(&source, &mut snapshot, &subjects);
    source.name_users(&mut snapshot);
    let audit = audit(&snapshot, &subjects);
    answer(global, &snapshot, &audit)?;
    let exit = args.fail_on.map_or(Exit::Yes, |severity| {
        verdict(&snapshot, &audit, args, severity)
    });
    Ok(super::conclude(global, &snapshot, exit))
}

fn answer(global: &Global, snapshot: &Snapshot, audit: &Audit<'_>) -> Result<(), Error> {
    if global.format() == Format::Sarif {
        return output::document(&sarif::log(snapshot, audit));
    }
    let document = || Document::new(DocumentName::Audit, snapshot, AuditBody::new(audit));
    let terminal = output::terminal(global);
    let text = || text::audit(&terminal, snapshot, audit, global.verbose);
    output::answer(global.format(), document, text)
}

/// The processes to look at, read as closely as can be.
fn choose(
    source: &Source,
    args: &AuditArgs,
    snapshot: &mut Snapshot,
    targets: &[Pid],
) -> Result<Vec<Subject>, Error> {
    let everybody: Vec<Pid> = snapshot.processes.tasks().collect();
    source.trace(snapshot, &everybody);
    for task in targets {
        source.add(snapshot, *task);
        if !snapshot.processes.contains(*task) {
            return Err(source.no_process(*task));
        }
    }
    let roots = subjects::in_hosts_mounts(snapshot);
    source.look_at_roots(snapshot, &roots);
    let mut subjects: Vec<Subject> = match (targets.is_empty(), args.all) {
        (false, _) => targets.iter().copied().map(Subject::asked_for).collect(),
        (true, true) => subjects::choose(snapshot, Scope::Everything),
        (true, false) => subjects::choose(snapshot, Scope::Isolated),
    };
    // The init of a container is what others in there are compared with.
    let inits = snapshot.traces.values().map(|traces| traces.task);
    let mut tasks: Vec<Pid> = subjects.iter().map(|it| it.task).chain(inits).collect();
    tasks.sort_unstable();
    tasks.dedup();
    // While all are known equally well.
    let others = match targets.is_empty() {
        true => subjects::others(snapshot, &subjects),
        false => BTreeMap::new(),
    };
    source.deepen(snapshot, &tasks, Depth::Everything);
    tell_holders_apart(source, snapshot, &others, &mut subjects);
    let exposed: Vec<Pid> = subjects
        .iter()
        .filter(|subject| rules::need(subject.held, Need::is_of_exposure))
        .map(|subject| subject.task)
        .collect();
    source.expose(snapshot, &exposed);
    Ok(subjects)
}

/// Makes subjects of their own of those who hold something that the others like them do not.
fn tell_holders_apart(
    source: &Source,
    snapshot: &mut Snapshot,
    others: &BTreeMap<Pid, Pid>,
    subjects: &mut Vec<Subject>,
) {
    let holders = source.holders(snapshot, others);
    source.deepen(snapshot, &holders, Depth::Everything);
    for holder in &holders {
        let like = others.get(holder);
        if let Some(subject) = subjects.iter_mut().find(|it| Some(&it.task) == like) {
            subject.alike -= 1;
        }
        subjects.push(Subject::asked_for(*holder));
    }
}

/// What is in the host's own network and ipc namespace, where a subject shares it and is asked.
fn look_inside_hosts(source: &Source, snapshot: &mut Snapshot, subjects: &[Subject]) {
    let shared = |(kind, wanted): (NsKind, Need)| {
        let sharer = subjects
            .iter()
            .filter(|subject| rules::need(subject.held, |need| need == wanted))
            .find(|subject| {
                let process = snapshot.processes.get(subject.task);
                process.is_some_and(|process| is_in_hosts(snapshot, process, kind))
            })?;
        let inode = snapshot.processes[sharer.task].links.own(kind).get()?;
        Some((NsKey { kind, inode }, sharer.task))
    };
    let wanted: Vec<(NsKey, Pid)> = [
        (NsKind::Net, Need::HostListeners),
        (NsKind::Ipc, Need::HostIpcObjects),
    ]
    .into_iter()
    .filter_map(shared)
    .collect();
    source.look_inside(snapshot, &wanted);
}

fn is_in_hosts(snapshot: &Snapshot, process: &Process, kind: NsKind) -> bool {
    let inode = process.links.own(kind).get();
    inode.is_some_and(|inode| snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true))
}

/// A finding that is so severe breaks the condition for sure; one that could not be told leaves it
/// open, and so does a process that could not be read, in which there may be one.
fn verdict(snapshot: &Snapshot, audit: &Audit<'_>, args: &AuditArgs, severity: Severity) -> Exit {
    let findings = || {
        audit
            .audited
            .iter()
            .flat_map(|it| &it.findings)
            .filter(|finding| finding.severity >= severity && finding.is_live())
    };
    if findings().any(|finding| finding.verdict != Verdict::Unknown) {
        return Exit::No;
    }
    // PID 1 refuses everybody on some machines, and is the host.
    let mut unread = snapshot.coverage.unreadable.iter();
    let is_gap = unread.any(|it| it.pid != Process::INIT) || snapshot.coverage.hidden_by.is_some();
    match findings().next().is_some() || args.targets.is_empty() && is_gap {
        true => Exit::Unanswered,
        false => Exit::Yes,
    }
}
