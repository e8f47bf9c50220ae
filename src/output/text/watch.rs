//! `list --watch` and `tree --watch`: a line for each thing that happened.

use std::time::Duration;

use super::process;
use super::tree::label_of_set;
use crate::analyse::changes::{Change, Move};
use crate::analyse::sets::Set;
use crate::model::namespace::Namespace;
use crate::model::{NsKind, Pid, Process, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::Terminal;

/// What is watched, and how often.
pub fn head(snapshot: &Snapshot, pause: Duration) -> String {
    let every = match pause.as_secs_f64() {
        1.0 => "every second".to_owned(),
        seconds => format!("every {seconds} seconds"),
    };
    format!(
        "{} {} processes, {} namespaces; a look {every}, Ctrl-C ends\n",
        time(snapshot),
        snapshot.processes.len(),
        snapshot.namespaces.len(),
    )
}

/// The line of a change. That a process came or went is one for -v: on a busy machine nothing else
/// could be read.
pub fn line(
    terminal: &Terminal,
    before: &Snapshot,
    after: &Snapshot,
    change: &Change<'_>,
    verbose: bool,
) -> Option<String> {
    let who = |snapshot, it| process(snapshot, it, terminal.width.map(|width| width / 2));
    let (what, text) = match change {
        Change::Born(it) => ("born", with_first(terminal, after, it)),
        Change::Entered(it) => ("entered", with_first(terminal, after, it)),
        Change::Emptied(it) => (
            "emptied",
            format!("{}, which something else holds", name(it)),
        ),
        Change::Left(it, why) => (
            "left",
            format!(
                "{}; whether it lives on cannot be seen ({})",
                name(it),
                why.words()
            ),
        ),
        Change::Gone(it) => ("gone", with_first(terminal, before, it)),
        Change::Moved(it, moves) => ("moved", format!("{}: {}", who(after, it), moved(moves))),
        Change::ThreadMoved {
            process: it,
            tid,
            moves,
        } => (
            "moved",
            format!("{}: {}", who(after, &thread(it, *tid)), moved(moves)),
        ),
        Change::SetBorn(it) => ("born", set_born(after, it)),
        Change::SetGone(it) => ("gone", label_of_set(before, it)),
        Change::Started(it) if verbose => ("started", who(after, it)),
        Change::Ended(it) if verbose => ("ended", who(before, it)),
        Change::Started(_) | Change::Ended(_) => return None,
    };
    let text = for_terminal(&text);
    Some(format!("{} {what:<7}  {text}\n", time(after)))
}

/// The time of day of a look, as documents have it, in UTC.
fn time(snapshot: &Snapshot) -> &str {
    let taken_at = &snapshot.taken_at;
    taken_at
        .split_once('T')
        .map_or(taken_at.as_str(), |(_, time)| time)
}

fn name(namespace: &Namespace) -> String {
    format!("{} {}", namespace.key.kind, namespace.key.inode)
}

/// A process by one of its threads.
fn thread(process: &Process, tid: Pid) -> Process {
    let mut thread = process.clone();
    thread.tid = Some(tid);
    thread
}

/// The namespace with the process that gives it a name, where there is one, or else a thread.
fn with_first(terminal: &Terminal, snapshot: &Snapshot, namespace: &Namespace) -> String {
    let known = |pid| snapshot.processes.get(pid);
    let lowest = namespace.lowest.and_then(known).cloned();
    let by_thread = || {
        let (pid, tid) = namespace.thread()?;
        Some(thread(known(pid)?, tid))
    };
    let Some(lowest) = lowest.or_else(by_thread) else {
        return name(namespace);
    };
    let room = terminal.width.map(|width| width / 2);
    let first = process(snapshot, &lowest, room);
    match namespace.nprocs {
        0 | 1 => format!("{}: {first}", name(namespace)),
        count => format!("{}, {count} processes: {first}", name(namespace)),
    }
}

fn set_born(snapshot: &Snapshot, set: &Set) -> String {
    let kinds: Vec<&str> = set.own.iter().map(|kind| NsKind::name(*kind)).collect();
    let own = match kinds.is_empty() {
        true => "nothing of its own".to_owned(),
        false => format!("own {}", kinds.join(" ")),
    };
    format!("{}: {own}", label_of_set(snapshot, set))
}

fn moved(moves: &[Move]) -> String {
    let one = |it: &Move| {
        let from = it.from.map_or("none".to_owned(), |from| from.to_string());
        format!("{} {from} -> {}", it.link.name(), it.to)
    };
    moves.iter().map(one).collect::<Vec<_>>().join(", ")
}
