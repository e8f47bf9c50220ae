//! `nsinspect can`: whether a process has a capability where it counts.

use super::source::Source;
use super::target::{Target, Typed};
use crate::analyse::power::Verdict;
use crate::analyse::power::can::ask;
use crate::cli::{CanArgs, Global};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::{NsKey, NsKind, Pid, Seen, Snapshot};
use crate::output;
use crate::output::text::can as text;
use crate::output::wire::can::CanBody;
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &CanArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let task = Typed::parse(&args.target)?
        .resolve(&source, global)?
        .task(&source)?;
    let (snapshot, within) = read(global, &source, task, args.within.as_deref())?;
    let process = &snapshot.processes[task];
    let asked = ask(&snapshot, process, args.capability, within)
        .map_err(|why| Error::Unreadable { pid: task, why })?;
    let document = || {
        Document::new(
            DocumentName::Can,
            &snapshot,
            CanBody::new(&snapshot, &asked),
        )
    };
    let text = || text::can(&output::terminal(global), &snapshot, &asked);
    output::answer(global.format(), document, text)?;
    let exit = match asked.verdict() {
        Verdict::Yes => Exit::Yes,
        Verdict::No => Exit::No,
        Verdict::Unknown => Exit::Unanswered,
    };
    Ok(super::conclude(global, &snapshot, exit))
}

/// The process, the namespace that `--in` names, and the user namespaces above both.
fn read(
    global: &Global,
    source: &Source,
    task: Pid,
    within: Option<&str>,
) -> Result<(Snapshot, Option<NsKey>), Error> {
    let target = match within {
        Some(text) => Some(Typed::parse(text)?.resolve(source, global)?),
        None => None,
    };
    let mut snapshot = source.read(task)?;
    source.trace(&mut snapshot, &[task]);
    let within = match target {
        None => None,
        Some(Target::Task(other)) => {
            source.add(&mut snapshot, other);
            let kind = NsKind::User;
            let other = snapshot.processes.get(other);
            let other = other.ok_or_else(|| source.no_process(task))?;
            match other.links.own(kind) {
                Seen::Known(inode) => Some(NsKey {
                    kind,
                    inode: *inode,
                }),
                Seen::Unknown(why) => {
                    let pid = other.task();
                    let why = why.clone();
                    return Err(Error::Unreadable { pid, why });
                }
            }
        }
        Some(Target::Namespace(key, Some(fd))) => {
            source.relate_opened(&mut snapshot, key, fd);
            Some(key)
        }
        Some(Target::Namespace(key, None)) => {
            if !snapshot.namespaces.contains_key(&key) {
                // Whatever holds it, it was found by a look at the whole machine.
                snapshot = source.scan(Depth::Links)?;
                source.discover(&mut snapshot, global.reach(Reach::Full));
                source.deepen(&mut snapshot, &[task], Depth::Everything);
                source.trace(&mut snapshot, &[task]);
            }
            Some(key)
        }
    };
    source.relate(&mut snapshot, |key| {
        key.kind == NsKind::User || Some(key) == within
    });
    source.name_users(&mut snapshot);
    Ok((snapshot, within))
}
