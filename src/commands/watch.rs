//! `nsinspect list --watch` and `tree --watch`: what changes, until somebody presses Ctrl-C.

use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::source::Source;
use crate::analyse::changes::{self, Change};
use crate::analyse::containers::note_rivals;
use crate::analyse::sets;
use crate::cli::{Format, Global};
use crate::collect::watch::{Look, Watcher};
use crate::collect::{Collector, Depth, Parents};
use crate::error::{Error, Exit};
use crate::model::container::Place;
use crate::model::namespace::NsKey;
use crate::model::{NsKind, Pid, Snapshot};
use crate::output;
use crate::output::text::watch as text;
use crate::output::wire::watch::{EventRecord, Watched};
use crate::output::wire::{Document, DocumentName};
use crate::sys::stop::Stop;

/// What is watched.
pub enum Watch<'a> {
    /// Namespaces; of these kinds, or of all where none is named.
    Namespaces(&'a [NsKind]),
    Sets,
}

impl Watch<'_> {
    fn changes<'a>(&self, before: &'a Snapshot, look: &'a Look) -> Vec<Change<'a>> {
        match self {
            Watch::Namespaces(kinds) => {
                let all = changes::of_namespaces(before, &look.snapshot, &look.left);
                all.into_iter()
                    .filter_map(|change| change.within(kinds))
                    .collect()
            }
            Watch::Sets => changes::of_sets(before, &look.snapshot),
        }
    }
}

/// Looks again and again, and prints what happened between.
pub fn run(global: &Global, watch: &Watch<'_>, pause: Duration) -> Result<Exit, Error> {
    let Source::Live(collector) = Source::open(global)? else {
        return Err(Error::Usage(
            "--watch looks at the running machine: a snapshot never changes".to_owned(),
        ));
    };
    if global.depth.is_some() || global.strict {
        return Err(Error::Usage(
            "--watch looks at processes and their threads only: --depth and --strict are not for it".to_owned(),
        ));
    }
    let failed = |errno: Errno| Error::Output(errno.into());
    let stop = Stop::new().map_err(failed)?;
    let mut watcher = Watcher::new(&collector);
    let mut next = Instant::now();
    let mut look = watcher.look()?;
    let founders = sets::founders(&look.snapshot);
    name(&collector, &mut watcher, &mut look.snapshot, &founders);
    start(global, &look.snapshot, pause)?;
    for number in 2.. {
        // A look that took longer than the pause is followed by the next at once.
        next = (next + pause).max(Instant::now());
        if stop.comes_before(next).map_err(failed)? {
            break;
        }
        let before = std::mem::replace(&mut look, watcher.look()?).snapshot;
        carry_over(&before, &mut look);
        let happened = watch.changes(&before, &look);
        if happened.is_empty() {
            continue;
        }
        let named = changes::named_by(&happened);
        name(&collector, &mut watcher, &mut look.snapshot, &named);
        let happened = watch.changes(&before, &look);
        tell(global, &before, &look.snapshot, number, &happened)?;
    }
    Ok(Exit::Yes)
}

/// What does not change with a look: login names, and the containers that are still there.
fn carry_over(before: &Snapshot, look: &mut Look) {
    let born = changes::born(before, &look.snapshot);
    let is_over = |kind, inode| {
        let key = NsKey { kind, inode };
        look.left.contains_key(&key) || born.iter().any(|it| it.key == key)
    };
    let traces = before.traces.iter().filter(|(place, _)| match place {
        Place::Namespaces { pid, mnt } => {
            !is_over(NsKind::Pid, *pid) && !is_over(NsKind::Mnt, *mnt)
        }
        Place::Task(_) => false,
    });
    let traces = traces.map(|(place, traces)| (*place, traces.clone()));
    look.snapshot.traces = traces.collect();
    look.snapshot
        .cgroup_authors
        .clone_from(&before.cgroup_authors);
    look.snapshot.users.clone_from(&before.users);
}

/// Reads what the given processes are called, and which containers they are in.
fn name(collector: &Collector, watcher: &mut Watcher<'_>, snapshot: &mut Snapshot, tasks: &[Pid]) {
    if !tasks.is_empty() {
        collector.deepen(snapshot, tasks, Depth::Command);
        collector.trace(snapshot, tasks, Parents::Follow);
        note_rivals(snapshot);
        watcher.remember(snapshot, tasks);
        collector.name_users(snapshot);
    }
}

fn start(global: &Global, snapshot: &Snapshot, pause: Duration) -> Result<(), Error> {
    super::conclude(global, snapshot, Exit::Yes);
    match global.format() {
        Format::Table => output::print(&text::head(snapshot, pause)),
        format => output::line(format, &document(snapshot, 1, Vec::new())),
    }
}

fn tell(
    global: &Global,
    before: &Snapshot,
    after: &Snapshot,
    look: u64,
    happened: &[Change<'_>],
) -> Result<(), Error> {
    if global.format() == Format::Table {
        let terminal = output::terminal(global);
        let line = |change| text::line(&terminal, before, after, change, global.verbose);
        return output::print(&happened.iter().filter_map(line).collect::<String>());
    }
    let event = |change| EventRecord::new(before, after, change);
    let events = happened.iter().map(event).collect();
    output::line(global.format(), &document(after, look, events))
}

fn document(snapshot: &Snapshot, look: u64, events: Vec<EventRecord>) -> Document<Watched> {
    let nprocs = snapshot.processes.len();
    let watched = Watched {
        look,
        nprocs,
        events,
    };
    Document::new(DocumentName::Watch, snapshot, watched)
}
