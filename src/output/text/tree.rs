//! Trees as text: branches in the first column, one line a node.

use super::{command, container};
use crate::analyse::alike::Alike;
use crate::analyse::containers::Confidence;
use crate::analyse::hierarchy::{PidNode, UserNode};
use crate::analyse::process_tree::Node;
use crate::analyse::reference::{Reference, Source};
use crate::analyse::sets::Set;
use crate::analyse::tree::Tree;
use crate::model::namespace::NsKey;
use crate::model::process::IdRange;
use crate::model::{NsKind, Process, Seen, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Item, Overflow, Terminal, Tone, item, number, shorten};

/// From this many columns on there is room for command lines.
const WIDE: u16 = 110;
/// A label longer than this (columns) is cut.
const LONGEST_LABEL: usize = 44;
/// Branches take no more than this (columns): deeper trees are drawn closer, and where even that
/// is too wide, lines lose the beginning of theirs.
const WIDEST_BRANCH: usize = 24;

/// How branches are drawn: to a node, to the last of its siblings, past a node, past the last.
type Strokes = [&'static str; 4];
const STROKES: [Strokes; 3] = [
    ["├─ ", "└─ ", "│  ", "   "],
    ["├ ", "└ ", "│ ", "  "],
    ["├", "└", "│", " "],
];

/// Lines that are to be shown: the branches that lead to a node, and the node.
fn flatten<T>(trees: &[Tree<T>]) -> Vec<(String, &T)> {
    fn descend<'a, T>(
        trees: &'a [Tree<T>],
        indent: &str,
        strokes: &Strokes,
        lines: &mut Vec<(String, &'a T)>,
    ) {
        for (at, tree) in trees.iter().enumerate() {
            let is_last = usize::from(at + 1 == trees.len());
            let (to, past) = (strokes[is_last], strokes[2 + is_last]);
            lines.push((format!("{indent}{to}"), &tree.value));
            descend(&tree.children, &format!("{indent}{past}"), strokes, lines);
        }
    }
    let levels = trees.iter().map(levels_below).max().unwrap_or(0);
    let fits = |strokes: &&Strokes| levels * strokes[0].chars().count() <= WIDEST_BRANCH;
    let strokes = STROKES.iter().find(fits).unwrap_or(&STROKES[2]);
    let mut lines = Vec::new();
    for tree in trees {
        lines.push((String::new(), &tree.value));
        descend(&tree.children, "", strokes, &mut lines);
    }
    lines
}

fn levels_below<T>(tree: &Tree<T>) -> usize {
    let levels = tree.children.iter().map(|child| 1 + levels_below(child));
    levels.max().unwrap_or(0)
}

/// A branch and a label, cut to what a first column may take.
/// Where that is not enough, the branches give way first: the name is what one looks for.
fn label(branch: &str, text: &str, tone: Tone) -> Item {
    let text = for_terminal(text);
    let excess = branch.chars().count().saturating_sub(WIDEST_BRANCH);
    let branch: String = match excess {
        0 => branch.to_owned(),
        _ => std::iter::once('…')
            .chain(branch.chars().skip(excess + 1))
            .collect(),
    };
    item(&shorten(&format!("{branch}{text}"), LONGEST_LABEL), tone)
}

/// What a set is called: `host`, its container, or name and PID of its first process.
pub fn label_of_set(snapshot: &Snapshot, set: &Set) -> String {
    if set.is_host {
        return "host".to_owned();
    }
    // What only a cgroup claims, against the namespaces, is no name for them.
    if let Some(found) = &set.container
        && found.confidence > Confidence::Low
        && !set.is_part
    {
        return container(found);
    }
    let stat = snapshot
        .processes
        .get(set.founder)
        .and_then(|process| process.stat.known());
    let name = stat.map_or("?", |stat| stat.comm.as_str());
    format!("{name} ({})", set.founder)
}

/// The namespace sets: a kind's name where a set has its own, a dot where it shares that of the
/// set above, a question mark where that could not be told.
pub fn sets(terminal: &Terminal, snapshot: &Snapshot, trees: &[Tree<Alike<'_>>]) -> String {
    let wide = terminal.is_at_least(WIDE);
    let names = ["NAMESPACE SET", "OWN NAMESPACES", "PROCS", "FIRST PROCESS"];
    let mut grid = Grid::with_head(Overflow::Cut, &names[..if wide { 4 } else { 3 }]);
    let lines = flatten(trees);
    let is_folded = lines.iter().any(|(_, alike)| alike.count > 1);
    for (branch, alike) in lines {
        let set = alike.first;
        let tone = if set.is_host {
            Tone::Strong
        } else {
            Tone::Plain
        };
        let name = match alike.count {
            1 => label_of_set(snapshot, set),
            count => format!("{count} × {} …", label_of_set(snapshot, set)),
        };
        let mut row = vec![
            label(&branch, &name, tone),
            item(&own(snapshot, set, branch.is_empty()), Tone::Good),
            number(alike.nprocs),
        ];
        if wide {
            let founder = snapshot.processes.get(set.founder);
            let founder = founder.map(|process| format!("{} {}", process.pid, command(process)));
            row.push(item(&founder.unwrap_or_default(), Tone::Plain));
        }
        grid.add(row);
    }
    let mut text = grid.render(terminal);
    if is_folded {
        text += "sets that look alike are on one line (×): -v shows each\n";
    }
    text + &against(snapshot)
}

/// A root has nobody above it to share with, and is compared with where the kernel booted.
fn own(snapshot: &Snapshot, set: &Set, is_root: bool) -> String {
    if set.is_host {
        return "initial, all".to_owned();
    }
    let shares = |kind: NsKind| {
        if !is_root {
            let own = set.own.contains(&kind).then_some(false);
            return own.or_else(|| set.shared.contains(&kind).then_some(true));
        }
        let inode = set.inode(kind)?;
        snapshot.is_initial(NsKey { kind, inode }).get()
    };
    let columns = NsKind::BY_WEIGHT.map(|kind| {
        let mark = match shares(kind) {
            Some(true) => "·",
            Some(false) => kind.name(),
            None => "?",
        };
        format!("{mark:<width$}", width = kind.name().len())
    });
    columns.join(" ")
}

/// What "host" rests on, where PID 1 does not say.
fn against(snapshot: &Snapshot) -> String {
    let reference = Reference::choose(snapshot);
    match (reference.source, reference.host_init) {
        (Source::Given | Source::Pid1, Some(false)) => {
            "PID 1 here is not the host's init: this is a pid namespace of its own\n".to_owned()
        }
        (Source::Given | Source::Pid1, Some(true)) => String::new(),
        (Source::Given | Source::Pid1, None) => {
            "whether PID 1 here is the host's init is not known\n".to_owned()
        }
        (Source::Kthreadd, _) => "PID 1 is refused; the host is where kthreadd is\n".to_owned(),
        (Source::InitialInodes, _) => {
            "PID 1 is refused; the host is known by fixed inode numbers\n".to_owned()
        }
    }
}

/// User namespaces with whom their root is outside and what they govern.
pub fn users(terminal: &Terminal, snapshot: &Snapshot, trees: &[Tree<UserNode<'_>>]) -> String {
    let names = [
        "USER NAMESPACE",
        "MADE BY",
        "ITS ROOT IS",
        "PROCS",
        "GOVERNS",
    ];
    let mut grid = Grid::with_head(Overflow::Wrap, &names);
    for (branch, node) in flatten(trees) {
        grid.add(vec![
            label(&branch, &user_label(node, branch.is_empty()), Tone::Plain),
            item(&made_by(snapshot, node), Tone::Plain),
            root_of(snapshot, node),
            number(node.namespace.nprocs),
            item(&governed(node), Tone::Plain),
        ]);
    }
    grid.render(terminal)
}

fn user_label(node: &UserNode<'_>, is_root: bool) -> String {
    let inode = node.namespace.key.inode;
    let who = match node.process {
        _ if node.namespace.initial == Seen::Known(true) => " initial".to_owned(),
        Some(process) => format!(" {} {}", process.pid, name_of(process)),
        None => " no process".to_owned(),
    };
    // A root that is not the initial one has a parent, which we may not see.
    let above = match &node.namespace.parent {
        Seen::Unknown(why) if is_root => format!(", parent unknown ({})", why.words()),
        _ => String::new(),
    };
    format!("{inode}{who}{above}")
}

fn name_of(process: &Process) -> String {
    let stat = process.stat.known();
    stat.map_or_else(|| "?".to_owned(), |stat| stat.comm.clone())
}

fn made_by(snapshot: &Snapshot, node: &UserNode<'_>) -> String {
    match &node.namespace.owner_uid {
        Seen::Known(Some(uid)) => snapshot.user(*uid),
        Seen::Known(None) => String::new(),
        Seen::Unknown(why) => format!("? ({})", why.words()),
    }
}

/// Whom its root is outside; the host's root in a user namespace is no isolation at all.
fn root_of(snapshot: &Snapshot, node: &UserNode<'_>) -> Item {
    if node.namespace.initial == Seen::Known(true) {
        return item("root", Tone::Plain);
    }
    let root = match &node.uid_map {
        Seen::Known(map) => IdRange::outside_of(map, 0),
        Seen::Unknown(_) => return item("?", Tone::Doubtful),
    };
    match root {
        Some(0) => item("root", Tone::Bad),
        Some(uid) => item(&snapshot.user(uid), Tone::Plain),
        None => item("nobody", Tone::Plain),
    }
}

fn governed(node: &UserNode<'_>) -> String {
    let counts = NsKind::BY_WEIGHT.into_iter().filter_map(|kind| {
        let count = node.governs.iter().filter(|key| key.kind == kind).count();
        (count > 0).then(|| format!("{count} {kind}"))
    });
    let counts: Vec<String> = counts.collect();
    counts.join(", ")
}

/// Pid namespaces, each with its processes and their numbers at every level. The outermost is not
/// listed process by process: that is what ps(1) does.
pub fn pids(terminal: &Terminal, trees: &[Tree<PidNode<'_>>]) -> String {
    let names = [
        "PID NAMESPACE",
        "PROCS",
        "PIDS, FROM HERE INWARDS",
        "COMMAND",
    ];
    let mut grid = Grid::with_head(Overflow::Cut, &names);
    for (branch, node) in flatten(trees) {
        let namespace = node.namespace;
        let initial = match namespace.initial {
            Seen::Known(true) => " initial",
            _ if namespace.nprocs == 0 => " no process",
            _ => "",
        };
        let text = format!("{}{initial}", namespace.key.inode);
        let mut name = label(&branch, &text, Tone::Strong);
        let mut count = number(node.processes.len());
        if branch.is_empty() || node.processes.is_empty() {
            grid.add(vec![name, count, nothing(), nothing()]);
            continue;
        }
        for (process, pids) in &node.processes {
            let numbers: Vec<String> = pids.iter().map(|pid| pid.pid.to_string()).collect();
            let numbers = match numbers.is_empty() {
                true => format!("{} …", process.pid),
                false => numbers.join(" → "),
            };
            grid.add(vec![
                name,
                count,
                item(&numbers, Tone::Plain),
                item(&command(process), Tone::Plain),
            ]);
            name = nothing();
            count = nothing();
        }
    }
    grid.render(terminal)
}

/// The process tree. Kernel threads that change nothing are only counted.
pub fn processes(terminal: &Terminal, snapshot: &Snapshot, trees: &[Tree<Node<'_>>]) -> String {
    let is_dull = |node: &Node<'_>| {
        node.process.is_kernel_thread()
            && node.own.is_empty()
            && node.process.pid != Process::KTHREADD
    };
    let lines = flatten(trees);
    let dull = lines.iter().filter(|(_, node)| is_dull(node)).count();
    let wide = terminal.is_at_least(WIDE);
    let names = ["PROCESS", "CHANGES", "COMMAND"];
    let mut grid = Grid::with_head(Overflow::Cut, &names[..if wide { 3 } else { 2 }]);
    for (branch, node) in lines.into_iter().filter(|(_, node)| !is_dull(node)) {
        let process = node.process;
        let text = format!("{} {}", process.pid, name_of(process));
        let mut row = vec![
            label(&branch, &text, Tone::Plain),
            item(&changes(node), Tone::Good),
        ];
        if wide {
            row.push(item(&command(process), Tone::Plain));
        }
        grid.add(row);
    }
    let mut text = grid.render(terminal);
    if dull > 0 {
        text += &format!("{dull} kernel threads that change nothing are not shown\n");
    }
    text + &against(snapshot)
}

fn nothing() -> Item {
    item("", Tone::Plain)
}

fn changes(node: &Node<'_>) -> String {
    let mut words: Vec<String> = node.own.iter().map(|kind| format!("+{kind}")).collect();
    if !node.unknown.is_empty() {
        words.push("?".to_owned());
    }
    if let Some(found) = &node.container {
        words.push(container(found));
    }
    words.join(" ")
}
