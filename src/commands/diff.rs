//! `nsinspect diff`: how a process is isolated from PID 1, or from another process.

use super::source::Source;
use super::target::Typed;
use crate::analyse::diff::{self, Diff, State};
use crate::analyse::reference::{Reference, Source as ReferenceSource};
use crate::cli::{DiffArgs, Global};
use crate::collect::Depth;
use crate::error::{Error, Exit};
use crate::model::{Pid, Process, Snapshot};
use crate::output;
use crate::output::text::diff as text;
use crate::output::wire::diff::DiffBody;
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &DiffArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let subject = Typed::parse(&args.target)?
        .resolve(&source, global)?
        .task(&source)?;
    let given = match &args.reference {
        Some(text) => Some(
            Typed::parse(text)?
                .resolve(&source, global)?
                .task(&source)?,
        ),
        None => None,
    };
    let mut snapshot = source.read(subject)?;
    read_reference(&source, &mut snapshot, subject, given)?;
    source.trace_alone(&mut snapshot, subject);
    if let Some(given) = given {
        source.trace_alone(&mut snapshot, given);
    }
    let wanted = {
        let (subject, reference) = sides(&snapshot, subject, given);
        diff::namespaces_to_look_into(&snapshot, subject, &reference)
    };
    let cgroups = source.look_inside(&mut snapshot, &wanted);
    source.look_at_cgroups(&mut snapshot, subject, &cgroups);
    source.name_users(&mut snapshot);

    let (subject, reference) = sides(&snapshot, subject, given);
    let diff = diff::diff(&snapshot, subject, reference);
    let document = || {
        Document::new(
            DocumentName::Diff,
            &snapshot,
            DiffBody::new(&snapshot, &diff),
        )
    };
    let text = || text::diff(&output::terminal(global), &snapshot, &diff);
    output::answer(global.format(), document, text)?;
    if let Some(why) = diff.hopeless() {
        let refuses = match diff.reference.process {
            Some(reference) if subject.links.gap().is_none() => reference,
            _ => subject,
        };
        let pid = refuses.task();
        let why = why.clone();
        return Err(Error::Unreadable { pid, why });
    }
    Ok(super::conclude(global, &snapshot, verdict(args, &diff)))
}

/// Reads the reference: the one that was given, else PID 1, else what stands in for it.
fn read_reference(
    source: &Source,
    snapshot: &mut Snapshot,
    subject: Pid,
    given: Option<Pid>,
) -> Result<(), Error> {
    if let Some(given) = given {
        source.add_reference(snapshot, given, Depth::Everything, subject);
        return match snapshot.processes.contains(given) {
            true => Ok(()),
            false => Err(source.no_process(given)),
        };
    }
    source.add_reference(snapshot, Process::INIT, Depth::Links, subject);
    if Reference::choose(snapshot).source != ReferenceSource::Pid1 {
        // Where it refuses too, whether it is the one that it should be is all there is to know.
        source.add_reference(snapshot, Process::KTHREADD, Depth::Stat, subject);
    }
    Ok(())
}

fn sides(snapshot: &Snapshot, subject: Pid, given: Option<Pid>) -> (&Process, Reference<'_>) {
    let subject = &snapshot.processes[subject];
    let reference = match given {
        Some(given) => Reference::given(&snapshot.processes[given], snapshot),
        None => Reference::of(subject, snapshot),
    };
    (subject, reference)
}

/// "Shared" breaks a requirement for sure, so it weighs more than "unknown".
fn verdict(args: &DiffArgs, diff: &Diff<'_>) -> Exit {
    let required = || {
        diff.kinds
            .iter()
            .filter(|kind| args.require.contains(&kind.kind))
    };
    if required().any(|kind| kind.state == State::Shared) {
        return Exit::No;
    }
    if required().any(|kind| kind.state.name() == State::UNKNOWN) {
        return Exit::Unanswered;
    }
    match args.exit_code && diff.differs() {
        true => Exit::No,
        false => Exit::Yes,
    }
}
