//! `nsinspect snapshot`: everything that can be collected, for `--from`.

use super::source::Source;
use crate::audit::subjects::{self, Scope};
use crate::cli::{Format, Global};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::namespace::NsKey;
use crate::model::{Pid, Snapshot};
use crate::output;
use crate::output::wire::snapshot::Everything;
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global) -> Result<Exit, Error> {
    let source = Source::open(global)?;
    let snapshot = collect(global, &source)?;
    // There is no table of everything: without a format it is JSON.
    let format = match global.format() {
        Format::Table => Format::Json,
        other => other,
    };
    let document = || {
        Document::new(
            DocumentName::Snapshot,
            &snapshot,
            Everything::new(&snapshot),
        )
    };
    output::answer(format, document, String::new)?;
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}

fn collect(global: &Global, source: &Source) -> Result<Snapshot, Error> {
    let mut snapshot = source.scan(Depth::Everything)?;
    source.discover(&mut snapshot, global.reach(Reach::Full));
    let inside: Vec<(NsKey, Pid)> = snapshot
        .namespaces
        .values()
        .filter_map(|namespace| Some((namespace.key, namespace.lowest?)))
        .collect();
    let cgroups = source.look_inside(&mut snapshot, &inside);
    let tasks: Vec<Pid> = snapshot.processes.tasks().collect();
    source.trace(&mut snapshot, &tasks);
    let subjects = subjects::choose(&snapshot, Scope::Everything);
    let others = subjects::others(&snapshot, &subjects);
    let mut exposed = source.holders(&snapshot, &others);
    exposed.extend(subjects.iter().map(|subject| subject.task));
    source.expose(&mut snapshot, &exposed);
    for task in tasks {
        source.look_at_cgroups(&mut snapshot, task, &cgroups);
    }
    source.look_at_settings(&mut snapshot);
    source.try_features(&mut snapshot);
    source.name_users(&mut snapshot);
    Ok(snapshot)
}
