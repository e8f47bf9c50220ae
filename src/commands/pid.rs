//! `nsinspect pid`: translate a PID between pid namespaces.

use super::source::Source;
use super::target::Typed;
use crate::analyse::pids::{number_in, pids_of, process_numbered};
use crate::cli::{Global, PidArgs};
use crate::collect::Depth;
use crate::error::{Error, Exit};
use crate::model::{NsKind, Pid, Seen, Snapshot, Why};
use crate::output;
use crate::output::text::pid as text;
use crate::output::wire::pid::Translation;
use crate::output::wire::process::PidRecord;
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &PidArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let (snapshot, translation) = match &args.within {
        None => everywhere(&source, args.pid)?,
        Some(target) => between(&source, args.pid, target)?,
    };
    let found = translation.within.is_none()
        || translation.to_inside.is_some()
        || translation.to_here.is_some();
    let text = || text::pid(&output::terminal(global), &translation);
    let document = || Document::new(DocumentName::Pid, &snapshot, &translation);
    output::answer(global.format(), document, text)?;
    let exit = if found { Exit::Yes } else { Exit::No };
    Ok(super::conclude(global, &snapshot, exit))
}

/// The number in every pid namespace that the process can be seen from.
fn everywhere(source: &Source, pid: Pid) -> Result<(Snapshot, Translation), Error> {
    let mut snapshot = source.read(pid)?;
    source.relate(&mut snapshot, |key| key.kind == NsKind::Pid);
    let pids = pids_at(&snapshot, pid);
    let translation = Translation {
        pid,
        pids,
        within: None,
        to_inside: None,
        to_here: None,
    };
    Ok((snapshot, translation))
}

fn pids_at(snapshot: &Snapshot, pid: Pid) -> Option<Vec<PidRecord>> {
    let process = snapshot.processes.get(&pid)?;
    let pids = pids_of(snapshot, process);
    Some(pids.iter().map(PidRecord::from).collect())
}

/// The number taken both ways: as one of here and as one of the target's pid namespace.
fn between(source: &Source, pid: Pid, target: &str) -> Result<(Snapshot, Translation), Error> {
    let member = Typed::parse(target)?.resolve(source)?.task(source)?;
    let mut snapshot = source.read(member)?;
    let namespace = match snapshot.processes[&member].links.own(NsKind::Pid) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => {
            return Err(Error::NoPidNamespace {
                pid: member,
                why: why.clone(),
            });
        }
    };
    source.add(&mut snapshot, pid);
    add_numbered(source, &mut snapshot, member, pid)?;
    source.relate(&mut snapshot, |key| key.kind == NsKind::Pid);
    let here = snapshot.processes.get(&pid);
    let translation = Translation {
        pid,
        pids: pids_at(&snapshot, pid),
        within: Some(namespace),
        to_inside: here.and_then(|process| number_in(&snapshot, process, namespace)),
        to_here: process_numbered(&snapshot, namespace, pid).map(|process| process.pid),
    };
    Ok((snapshot, translation))
}

/// Adds the process that has this number in there: the kernel says which, or all are looked at.
fn add_numbered(
    source: &Source,
    snapshot: &mut Snapshot,
    member: Pid,
    inside: Pid,
) -> Result<(), Error> {
    let Source::Live(collector) = source else {
        return Ok(());
    };
    match collector.process_numbered(member, inside) {
        Seen::Known(here) => source.add(snapshot, here),
        Seen::Unknown(Why::Gone) => {}
        Seen::Unknown(_) => *snapshot = source.scan(Depth::Status)?,
    }
    Ok(())
}
