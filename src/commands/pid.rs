//! `nsinspect pid`: translate a PID between pid namespaces.

use super::source::Source;
use super::target::Typed;
use crate::analyse::pids::{number_in, pids_of, process_numbered};
use crate::cli::{Global, PidArgs};
use crate::collect::Depth;
use crate::error::{Error, Exit};
use crate::model::{NsKind, Pid, Seen, Snapshot};
use crate::output;
use crate::output::text::pid as text;
use crate::output::wire::pid::Translation;
use crate::output::wire::process::{PidRecord, note_levels};
use crate::output::wire::{Document, DocumentName, Unknown};

pub fn run(global: &Global, args: &PidArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let (snapshot, translation) = match &args.within {
        None => everywhere(&source, args.pid)?,
        Some(target) => between(global, &source, args.pid, target)?,
    };
    let text = || text::pid(&output::terminal(global), &translation);
    let document = || Document::new(DocumentName::Pid, &snapshot, &translation);
    output::answer(global.format(), document, text)?;
    let exit = match (
        translation.within,
        translation.to_inside,
        translation.to_here,
    ) {
        (Some(_), None, None) => {
            let is_unknown = |field| translation.unknown.0.contains_key(field);
            match is_unknown("to_inside") || is_unknown("to_here") {
                true => Exit::Unanswered,
                false => Exit::No,
            }
        }
        _ => Exit::Yes,
    };
    Ok(super::conclude(global, &snapshot, exit))
}

/// The number in every pid namespace that the process can be seen from.
fn everywhere(source: &Source, pid: Pid) -> Result<(Snapshot, Translation), Error> {
    let mut snapshot = source.read(pid)?;
    source.relate(&mut snapshot, |key| key.kind == NsKind::Pid);
    let mut unknown = Unknown::default();
    let translation = Translation {
        pid,
        pids: pids_at(&snapshot, pid, &mut unknown),
        within: None,
        to_inside: None,
        to_here: None,
        unknown,
    };
    Ok((snapshot, translation))
}

fn pids_at(snapshot: &Snapshot, pid: Pid, unknown: &mut Unknown) -> Option<Vec<PidRecord>> {
    let process = snapshot.processes.get(pid)?;
    let pids = pids_of(snapshot, process);
    note_levels(&pids, unknown);
    Some(pids.iter().map(PidRecord::from).collect())
}

/// The number taken both ways: as one of here and as one of the target's pid namespace.
fn between(
    global: &Global,
    source: &Source,
    pid: Pid,
    target: &str,
) -> Result<(Snapshot, Translation), Error> {
    let member = Typed::parse(target)?
        .resolve(source, global)?
        .task(source)?;
    let mut snapshot = source.read(member)?;
    let namespace = match snapshot.processes[member].links.own(NsKind::Pid) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => {
            return Err(Error::NoPidNamespace {
                pid: member,
                why: why.clone(),
            });
        }
    };
    source.add(&mut snapshot, pid);
    let asked = add_numbered(source, &mut snapshot, member, pid)?;
    source.relate(&mut snapshot, |key| key.kind == NsKind::Pid);
    let mut unknown = Unknown::default();
    let here = snapshot.processes.get(pid);
    let to_inside = here.map_or(Seen::Known(None), |process| {
        number_in(&snapshot, process, namespace)
    });
    let to_here = match asked {
        Some(here) => Seen::Known(here),
        None => process_numbered(&snapshot, namespace, pid),
    };
    let translation = Translation {
        pid,
        pids: pids_at(&snapshot, pid, &mut unknown),
        within: Some(namespace),
        to_inside: unknown.note("to_inside", to_inside).flatten(),
        to_here: unknown.note("to_here", to_here).flatten(),
        unknown,
    };
    Ok((snapshot, translation))
}

/// Asks the kernel which process has this number in there. `None`: it does not say, so that all
/// processes are added instead.
fn add_numbered(
    source: &Source,
    snapshot: &mut Snapshot,
    member: Pid,
    inside: Pid,
) -> Result<Option<Option<Pid>>, Error> {
    let Source::Live(collector) = source else {
        return Ok(None);
    };
    match collector.process_numbered(member, inside) {
        Seen::Known(here) => Ok(Some(here)),
        Seen::Unknown(_) => {
            *snapshot = source.scan(Depth::Status)?;
            Ok(None)
        }
    }
}
