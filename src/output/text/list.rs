//! `list` as a table.

use super::{command, holder};
use crate::analyse::containers::identity;
use crate::analyse::find;
use crate::cli::Column;
use crate::model::namespace::Namespace;
use crate::model::{Process, Seen, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Item, Overflow, Terminal, Tone, item, number};

/// The columns that are shown unless others are asked for: those of lsns, and on a wide terminal
/// the container too, if anybody is in one. Where there is no process, what is there instead.
pub fn usual(
    terminal: &Terminal,
    snapshot: &Snapshot,
    rows: &[&Namespace],
    is_without_process: bool,
) -> Vec<Column> {
    use Column::{Command, Container, Holders, Nprocs, Ns, Pid, Type, User};
    if is_without_process {
        return vec![Ns, Type, Holders];
    }
    let has_room = terminal.width.is_some_and(|width| width >= WIDE);
    let has_container = |row: &&Namespace| !value(snapshot, row, Container).is_empty();
    match has_room && rows.iter().any(has_container) {
        true => vec![Ns, Type, Nprocs, Pid, User, Container, Command],
        false => vec![Ns, Type, Nprocs, Pid, User, Command],
    }
}

/// From this many columns on the container has room beside the command.
const WIDE: u16 = 100;

/// How the table is to look.
pub struct Style {
    pub columns: Vec<Column>,
    pub headings: bool,
    /// One blank between columns, nothing cut.
    pub raw: bool,
}

/// The namespaces, a row each.
pub fn namespaces(
    terminal: &Terminal,
    style: &Style,
    snapshot: &Snapshot,
    namespaces: &[&Namespace],
) -> String {
    let rows = namespaces.iter().map(|namespace| {
        let value = |column: &Column| value(snapshot, namespace, *column);
        style.columns.iter().map(value).collect()
    });
    table(terminal, style, rows.collect())
}

fn table(terminal: &Terminal, style: &Style, rows: Vec<Vec<String>>) -> String {
    if style.raw {
        return raw(style, rows);
    }
    let names: Vec<&str> = style.columns.iter().map(|column| name(*column)).collect();
    let mut grid = grid(style.headings, &names);
    for row in rows {
        let cells = row.iter().zip(&style.columns);
        grid.add(cells.map(|(value, column)| cell(*column, value)).collect());
    }
    grid.render(terminal)
}

fn grid(headings: bool, names: &[&str]) -> Grid {
    match headings {
        true => Grid::with_head(Overflow::Cut, names),
        false => Grid::new(Overflow::Cut),
    }
}

fn cell(column: Column, value: &str) -> Item {
    match column {
        Column::Nprocs
        | Column::Nthreads
        | Column::Pid
        | Column::Ppid
        | Column::Uid
        | Column::OwnerUid
        | Column::NsId => number(value),
        _ => item(value, Tone::Plain),
    }
}

fn raw(style: &Style, rows: Vec<Vec<String>>) -> String {
    let heads = style.columns.iter().map(|column| name(*column).to_owned());
    let heads = style.headings.then(|| heads.collect());
    let line = |row: Vec<String>| {
        let escaped: Vec<String> = row
            .iter()
            .map(|value| match value.as_str() {
                // An empty value would shift all behind it.
                "" => "-".to_owned(),
                value => for_terminal(value).replace(' ', "\\x20"),
            })
            .collect();
        escaped.join(" ") + "\n"
    };
    heads.into_iter().chain(rows).map(line).collect()
}

fn name(column: Column) -> &'static str {
    match column {
        Column::Ns => "NS",
        Column::Type => "TYPE",
        Column::NsId => "NS_ID",
        Column::Initial => "INITIAL",
        Column::Nprocs => "NPROCS",
        Column::Nthreads => "NTHREADS",
        Column::Pid => "PID",
        Column::Ppid => "PPID",
        Column::Uid => "UID",
        Column::User => "USER",
        Column::Command => "COMMAND",
        Column::Path => "PATH",
        Column::Nsfs => "NSFS",
        Column::Owner => "OWNER",
        Column::OwnerUid => "OWNER_UID",
        Column::Parent => "PARENT",
        Column::Container => "CONTAINER",
        Column::Holders => "HELD BY",
    }
}

/// What does not apply is empty; what is not known is a question mark.
fn value(snapshot: &Snapshot, namespace: &Namespace, column: Column) -> String {
    let process = namespace.lowest.and_then(|pid| snapshot.processes.get(pid));
    let of_process = |read: &dyn Fn(&Process) -> String| process.map(read).unwrap_or_default();
    match column {
        Column::Ns => namespace.key.inode.to_string(),
        Column::Type => namespace.key.kind.to_string(),
        Column::NsId => known(&namespace.ns_id),
        Column::Initial => match &namespace.initial {
            Seen::Known(true) => "yes".to_owned(),
            Seen::Known(false) => "no".to_owned(),
            Seen::Unknown(_) => "?".to_owned(),
        },
        Column::Nprocs => namespace.nprocs.to_string(),
        Column::Nthreads => namespace.nthreads.to_string(),
        Column::Pid => namespace
            .lowest
            .map(|pid| pid.to_string())
            .unwrap_or_default(),
        Column::Ppid => of_process(&|process| known(&process.stat.part(|stat| stat.ppid))),
        Column::Uid => of_process(&|process| known(&process.uid)),
        Column::User => of_process(&|process| known(&process.uid.part(|uid| snapshot.user(*uid)))),
        // Where no process is, what holds it is the next best name.
        Column::Command if process.is_none() => match holders(snapshot, namespace).as_str() {
            "" => String::new(),
            held => format!("held by {held}"),
        },
        Column::Command => of_process(&command),
        Column::Holders => holders(snapshot, namespace),
        Column::Path => find::path(snapshot, namespace).unwrap_or_default(),
        Column::Nsfs => find::mounts_here(snapshot, namespace)
            .collect::<Vec<_>>()
            .join(","),
        Column::Owner => applicable(&namespace.owner),
        Column::OwnerUid => applicable(&namespace.owner_uid),
        Column::Parent => applicable(&namespace.parent),
        Column::Container => of_process(&|process| {
            identity(snapshot, process)
                .map(|found| super::container(&found))
                .unwrap_or_default()
        }),
    }
}

fn holders(snapshot: &Snapshot, namespace: &Namespace) -> String {
    let words = |it| holder(snapshot, it);
    let holders: Vec<String> = namespace.holders.iter().map(words).collect();
    holders.join(", ")
}

fn known<T: ToString>(seen: &Seen<T>) -> String {
    seen.known().map_or_else(|| "?".to_owned(), T::to_string)
}

fn applicable<T: ToString>(seen: &Seen<Option<T>>) -> String {
    match seen {
        Seen::Known(value) => value.as_ref().map(T::to_string).unwrap_or_default(),
        Seen::Unknown(_) => "?".to_owned(),
    }
}

/// The members of one namespace, a row each.
pub fn members(
    terminal: &Terminal,
    headings: bool,
    snapshot: &Snapshot,
    members: &[&Process],
) -> String {
    let mut grid = grid(headings, &["PID", "PPID", "USER", "COMMAND"]);
    for process in members {
        let user = process.uid.part(|uid| snapshot.user(*uid));
        grid.add(vec![
            number(process.pid),
            number(known(&process.stat.part(|stat| stat.ppid))),
            item(&known(&user), Tone::Plain),
            item(&command(process), Tone::Plain),
        ]);
    }
    grid.render(terminal)
}
