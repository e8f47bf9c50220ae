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
    let container = shape(Container).value;
    let has_container = |row: &&Namespace| !container(&Row::new(snapshot, row)).is_empty();
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
    let shapes: Vec<Shape> = style.columns.iter().copied().map(shape).collect();
    let rows = namespaces.iter().map(|namespace| {
        let row = Row::new(snapshot, namespace);
        shapes.iter().map(|column| (column.value)(&row)).collect()
    });
    table(terminal, style, &shapes, rows.collect())
}

fn table(terminal: &Terminal, style: &Style, shapes: &[Shape], rows: Vec<Vec<String>>) -> String {
    let heads: Vec<&str> = shapes.iter().map(|column| column.head).collect();
    if style.raw {
        return raw(style.headings, &heads, rows);
    }
    let mut grid = grid(style.headings, &heads);
    for row in rows {
        let cells = row.iter().zip(shapes);
        grid.add(cells.map(|(value, column)| (column.cell)(value)).collect());
    }
    grid.render(terminal)
}

fn grid(headings: bool, names: &[&str]) -> Grid {
    match headings {
        true => Grid::with_head(Overflow::Cut, names),
        false => Grid::new(Overflow::Cut),
    }
}

fn raw(headings: bool, heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let heads = heads.iter().map(|head| (*head).to_owned());
    let heads = headings.then(|| heads.collect());
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

/// A namespace, with the process that stands for its members.
struct Row<'a> {
    snapshot: &'a Snapshot,
    namespace: &'a Namespace,
    process: Option<&'a Process>,
}

impl<'a> Row<'a> {
    fn new(snapshot: &'a Snapshot, namespace: &'a Namespace) -> Row<'a> {
        let process = namespace.lowest.and_then(|pid| snapshot.processes.get(pid));
        Row {
            snapshot,
            namespace,
            process,
        }
    }

    fn of_process(&self, read: impl Fn(&Process) -> String) -> String {
        self.process.map(read).unwrap_or_default()
    }
}

/// All that a column is, but for its name and help, which stand with [`Column`].
struct Shape {
    head: &'static str,
    cell: fn(&str) -> Item,
    /// What does not apply is empty; what is not known is a question mark.
    value: fn(&Row<'_>) -> String,
}

fn shape(column: Column) -> Shape {
    match column {
        Column::Ns => words("NS", |row| row.namespace.key.inode.to_string()),
        Column::Type => words("TYPE", |row| row.namespace.key.kind.to_string()),
        Column::NsId => numbers("NS_ID", |row| known(&row.namespace.ns_id)),
        Column::Initial => words("INITIAL", |row| match &row.namespace.initial {
            Seen::Known(true) => "yes".to_owned(),
            Seen::Known(false) => "no".to_owned(),
            Seen::Unknown(_) => "?".to_owned(),
        }),
        Column::Nprocs => numbers("NPROCS", |row| row.namespace.nprocs.to_string()),
        Column::Nthreads => numbers("NTHREADS", |row| row.namespace.nthreads.to_string()),
        Column::Pid => numbers("PID", |row| {
            let lowest = row.namespace.lowest;
            lowest.map(|pid| pid.to_string()).unwrap_or_default()
        }),
        Column::Ppid => numbers("PPID", |row| {
            row.of_process(|process| known(&process.stat.part(|stat| stat.ppid)))
        }),
        Column::Uid => numbers("UID", |row| row.of_process(|process| known(&process.uid))),
        Column::User => words("USER", |row| {
            row.of_process(|process| known(&process.uid.part(|uid| row.snapshot.user(*uid))))
        }),
        Column::Command => words("COMMAND", |row| match row.process {
            Some(process) => command(process),
            // Where no process is, what holds it is the next best name.
            None => match holders(row.snapshot, row.namespace).as_str() {
                "" => String::new(),
                held => format!("held by {held}"),
            },
        }),
        Column::Path => words("PATH", |row| {
            find::path(row.snapshot, row.namespace).unwrap_or_default()
        }),
        Column::Nsfs => words("NSFS", |row| {
            let mounts = find::mounts_here(row.snapshot, row.namespace);
            mounts.collect::<Vec<_>>().join(",")
        }),
        Column::Owner => words("OWNER", |row| applicable(&row.namespace.owner)),
        Column::OwnerUid => numbers("OWNER_UID", |row| applicable(&row.namespace.owner_uid)),
        Column::Parent => words("PARENT", |row| applicable(&row.namespace.parent)),
        Column::Container => words("CONTAINER", |row| {
            row.of_process(|process| {
                let found = identity(row.snapshot, process);
                found.map(|it| super::container(&it)).unwrap_or_default()
            })
        }),
        Column::Holders => words("HELD BY", |row| holders(row.snapshot, row.namespace)),
    }
}

fn words(head: &'static str, value: fn(&Row<'_>) -> String) -> Shape {
    Shape {
        head,
        cell: |value| item(value, Tone::Plain),
        value,
    }
}

fn numbers(head: &'static str, value: fn(&Row<'_>) -> String) -> Shape {
    Shape {
        head,
        cell: |value| number(value),
        value,
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
