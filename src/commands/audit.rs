//! `nsinspect audit`: what processes could do to the host.

use super::source::Source;
use super::target::Typed;
use crate::analyse::audit::finding::{Severity, Verdict};
use crate::analyse::audit::subjects::{self, Scope, Subject};
use crate::analyse::audit::{Audited, audit};
use crate::cli::{AuditArgs, Global};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::{Pid, Snapshot};
use crate::output;
use crate::output::text::audit as text;
use crate::output::wire::audit::AuditBody;
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &AuditArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let targets: Vec<Pid> = args
        .targets
        .iter()
        .map(|text| Typed::parse(text)?.resolve(&source, global)?.task(&source))
        .collect::<Result<_, Error>>()?;
    let mut snapshot = source.scan(Depth::Status)?;
    source.discover(&mut snapshot, global.reach(Reach::Fast));
    let subjects = choose(&source, args, &mut snapshot, &targets)?;
    source.name_users(&mut snapshot);
    let audited = audit(&snapshot, &subjects);
    let document = || Document::new(DocumentName::Audit, &snapshot, AuditBody::new(&audited));
    let text = || {
        text::audit(
            &output::terminal(global),
            &snapshot,
            &audited,
            global.verbose,
        )
    };
    output::answer(global.format(), document, text)?;
    let exit = args
        .fail_on
        .map_or(Exit::Yes, |severity| verdict(&audited, severity));
    Ok(super::conclude(global, &snapshot, exit))
}

/// The processes to look at, read as closely as can be.
fn choose(
    source: &Source,
    args: &AuditArgs,
    snapshot: &mut Snapshot,
    targets: &[Pid],
) -> Result<Vec<Subject>, Error> {
    let everybody: Vec<Pid> = snapshot.processes.keys().copied().collect();
    source.trace(snapshot, &everybody);
    let subjects: Vec<Subject> = match (targets.is_empty(), args.all) {
        (false, _) => targets
            .iter()
            .map(|task| Subject {
                task: *task,
                alike: 1,
            })
            .collect(),
        (true, true) => subjects::choose(snapshot, Scope::Everything),
        (true, false) => subjects::choose(snapshot, Scope::Isolated),
    };
    let tasks: Vec<Pid> = subjects.iter().map(|subject| subject.task).collect();
    for task in &tasks {
        source.add(snapshot, *task);
        if !snapshot.processes.contains_key(task) {
            return Err(source.no_process(*task));
        }
    }
    source.deepen(snapshot, &tasks, Depth::Everything);
    source.expose(snapshot, &tasks);
    Ok(subjects)
}

/// A finding that is so severe breaks the condition for sure; one that could not be told leaves it
/// open.
fn verdict(audited: &[Audited<'_>], severity: Severity) -> Exit {
    let findings = || {
        audited
            .iter()
            .flat_map(|it| &it.findings)
            .filter(|finding| finding.severity >= severity && finding.is_live())
    };
    if findings().any(|finding| finding.verdict != Verdict::Unknown) {
        return Exit::No;
    }
    match findings().next() {
        Some(_) => Exit::Unanswered,
        None => Exit::Yes,
    }
}
