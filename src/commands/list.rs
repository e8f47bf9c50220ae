//! `nsinspect list`: every namespace, one row each; or the members of one.

use std::collections::BTreeSet;

use clap::ValueEnum;

use super::source::Source;
use super::target::{Target, Typed};
use super::watch::{self, Watch};
use crate::analyse::find;
use crate::cli::{Column, Global, ListArgs};
use crate::collect::{Depth, Reach};
use crate::error::{Error, Exit};
use crate::model::namespace::{Namespace, NsKey};
use crate::model::{Pid, Process, Snapshot};
use crate::output;
use crate::output::terminal::Terminal;
use crate::output::text::list::{self, Style};
use crate::output::wire::namespace::{MemberRecord, Members, NamespaceRecord, Namespaces};
use crate::output::wire::{Document, DocumentName};

pub fn run(global: &Global, args: &ListArgs) -> Result<Exit, Error> {
    if let Some(pause) = args.watch {
        return watch::run(global, &Watch::Namespaces(&args.kinds), pause);
    }
    let source = Source::open(global)?;
    match &args.namespace {
        Some(text) => list_members(global, args, &source, text),
        None => list_namespaces(global, args, &source),
    }
}

fn list_namespaces(global: &Global, args: &ListArgs, source: &Source) -> Result<Exit, Error> {
    let mut snapshot = source.scan(Depth::Links)?;
    let of_process = match args.pid {
        Some(pid) => Some(namespaces_of(source, &snapshot, pid)?),
        None => None,
    };
    // What has no process is held by something that a glance at processes does not show.
    let usual = if args.persistent {
        Reach::Full
    } else {
        Reach::Fast
    };
    source.discover(&mut snapshot, global.reach(usual));
    let wanted = |namespace: &Namespace| {
        let key = namespace.key;
        (args.kinds.is_empty() || args.kinds.contains(&key.kind))
            && of_process.as_ref().is_none_or(|own| own.contains(&key))
            && (!args.persistent || namespace.nprocs == 0)
    };
    let lowest = deepen_lowest(source, &mut snapshot, wanted);
    source.name_users(&mut snapshot);
    // The others are counted and searched, and would be in memory beside the answer.
    snapshot.processes.keep(&lowest);
    let rows: Vec<&Namespace> = snapshot
        .namespaces
        .values()
        .filter(|it| wanted(it))
        .collect();
    let document = || {
        let namespaces = rows
            .iter()
            .map(|it| NamespaceRecord::new(&snapshot, it))
            .collect();
        Document::new(
            DocumentName::Namespaces,
            &snapshot,
            Namespaces { namespaces },
        )
    };
    let text = || {
        let terminal = terminal(global, args);
        let style = style(args, &terminal, &snapshot, &rows);
        list::namespaces(&terminal, &style, &snapshot, &rows)
    };
    output::answer(global.format(), document, text)?;
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}

fn style(args: &ListArgs, terminal: &Terminal, snapshot: &Snapshot, rows: &[&Namespace]) -> Style {
    Style {
        columns: columns(args, list::usual(terminal, snapshot, rows, args.persistent)),
        headings: !args.noheadings,
        raw: args.raw,
    }
}

/// The terminal, or one without an edge where nothing is to be cut.
fn terminal(global: &Global, args: &ListArgs) -> Terminal {
    let terminal = output::terminal(global);
    match args.raw || args.notruncate {
        true => Terminal {
            width: None,
            ..terminal
        },
        false => terminal,
    }
}

fn columns(args: &ListArgs, usual: Vec<Column>) -> Vec<Column> {
    if args.output_all {
        return Column::value_variants().to_vec();
    }
    // `+COLS` is one word to who types it: its plus counts for all of them.
    let is_extension = args.output.first().is_none_or(|first| first.is_added);
    let chosen = args.output.iter().map(|chosen| chosen.column);
    match is_extension {
        true => usual.into_iter().chain(chosen).collect(),
        false => chosen.collect(),
    }
}

fn namespaces_of(source: &Source, snapshot: &Snapshot, pid: Pid) -> Result<Vec<NsKey>, Error> {
    let process = snapshot
        .processes
        .get(pid)
        .ok_or_else(|| source.no_process(pid))?;
    if let (None, Some(why)) = (process.links.own_keys().next(), process.links.gap()) {
        let why = why.clone();
        return Err(Error::Unreadable { pid, why });
    }
    Ok(process.links.own_keys().collect())
}

/// Reads the command lines of the processes that rows are named after, which it returns.
fn deepen_lowest(
    source: &Source,
    snapshot: &mut Snapshot,
    wanted: impl Fn(&Namespace) -> bool,
) -> BTreeSet<Pid> {
    let rows = snapshot.namespaces.values().filter(|it| wanted(it));
    let lowest: BTreeSet<Pid> = rows.filter_map(|namespace| namespace.lowest).collect();
    let tasks: Vec<Pid> = lowest.iter().copied().collect();
    source.deepen(snapshot, &tasks, Depth::Command);
    source.trace(snapshot, &tasks);
    lowest
}

fn list_members(
    global: &Global,
    args: &ListArgs,
    source: &Source,
    text: &str,
) -> Result<Exit, Error> {
    let target = Typed::parse_namespace(text)?;
    let Target::Namespace(key, opened) = target.resolve(source, global)? else {
        return Err(Error::Usage(format!(
            "{text:?} is not a namespace; -p PID lists those of a process"
        )));
    };
    let mut snapshot = source.scan(Depth::Links)?;
    match (opened, snapshot.namespaces.contains_key(&key)) {
        (Some(fd), _) => source.relate_opened(&mut snapshot, key, fd),
        (None, true) => source.relate(&mut snapshot, |it| it == key),
        // It was found without a process, and is to be found in that way again.
        (None, false) => source.discover(&mut snapshot, global.reach(Reach::Full)),
    }
    let members = find::members(&snapshot, key);
    source.deepen(&mut snapshot, &members, Depth::Command);
    source.trace(&mut snapshot, &members);
    source.name_users(&mut snapshot);
    let namespace = snapshot
        .namespaces
        .get(&key)
        .ok_or_else(|| Error::NoNamespace(key.to_string(), snapshot.namespaces.len()))?;
    let processes: Vec<&Process> = members
        .iter()
        .map(|pid| &snapshot.processes[*pid])
        .collect();
    let document = || {
        let members = Members {
            namespace: NamespaceRecord::new(&snapshot, namespace),
            processes: processes
                .iter()
                .map(|it| MemberRecord::new(&snapshot, it))
                .collect(),
        };
        Document::new(DocumentName::Members, &snapshot, members)
    };
    let text = || {
        list::members(
            &terminal(global, args),
            !args.noheadings,
            &snapshot,
            &processes,
        )
    };
    output::answer(global.format(), document, text)?;
    Ok(super::conclude(global, &snapshot, Exit::Yes))
}
