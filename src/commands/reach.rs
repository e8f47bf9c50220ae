//! `nsinspect reach`: which namespaces a process could join, and which processes of others it could
//! read.

use super::source::Source;
use super::target::Typed;
use crate::analyse::power::reach::reach;
use crate::cli::{Global, ReachArgs};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::output;
use crate::output::text::reach as text;
use crate::output::wire::reach::ReachBody;
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &ReachArgs) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let task = Typed::parse(&args.target)?
        .resolve(&source, global)?
        .task(&source)?;
    // Everybody's credentials: whom the process may read depends on theirs.
    let mut snapshot = source.scan(Depth::Status)?;
    if !snapshot.processes.contains(task) {
        source.add(&mut snapshot, task);
    }
    source.deepen(&mut snapshot, &[task], Depth::Everything);
    source.discover(&mut snapshot, global.reach(Reach::Full));
    source.trace(&mut snapshot, &[task]);
    source.name_users(&mut snapshot);
    let process = snapshot
        .processes
        .get(task)
        .ok_or_else(|| source.no_process(task))?;
    let found = reach(&snapshot, process).map_err(|why| Error::Unreadable { pid: task, why })?;
    let document = || {
        let body = ReachBody::new(&snapshot, process, &found);
        Document::new(DocumentName::Reach, &snapshot, body)
    };
    let text = || text::reach(&output::terminal(global), &snapshot, process, &found);
    output::answer(global.format(), document, text)?;
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}
