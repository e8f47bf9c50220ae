//! `diff` as text: what is shared first, because that is what hurts.

use super::process;
use crate::analyse::diff::{Beyond, Diff, KindDiff, State, Value};
use crate::analyse::reference::{Reference, Source, kinds_apart_from_boot};
use crate::model::{Process, Seen, Snapshot, Why};
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// From this many columns on the reference's inodes have room for a column of their own.
const WIDE: u16 = 120;

/// The whole answer.
pub fn diff(terminal: &Terminal, snapshot: &Snapshot, diff: &Diff<'_>) -> String {
    let mut text = format!(
        "{}\n  against {}\n\n",
        process(snapshot, diff.subject, terminal.width),
        against(snapshot, &diff.reference, terminal)
    );
    text += &kinds(terminal, diff);
    text += "\nBeside namespaces\n";
    text += &beyond(terminal, snapshot, diff);
    text += &format!("\n{}\n", summary(diff));
    text
}

fn against(snapshot: &Snapshot, reference: &Reference<'_>, terminal: &Terminal) -> String {
    // "  against " stands before it.
    let room = terminal.width.map(|width| width.saturating_sub(10));
    match (reference.source, reference.process) {
        (Source::Given, Some(given)) => process(snapshot, given, room),
        (Source::Pid1, Some(init)) if !reference.is_host() => format!(
            "{}\n  {}",
            process(snapshot, init, room),
            not_the_host(snapshot, init, reference.host_init)
        ),
        (Source::Kthreadd, _) => "the host (kthreadd, since PID 1 is refused)".to_owned(),
        (Source::InitialInodes, _) if reference.host_init == Some(false) => {
            "the host (by fixed inode numbers: PID 1 here is this process)".to_owned()
        }
        (Source::InitialInodes, _) => {
            "the host (by fixed inode numbers, since PID 1 is refused)".to_owned()
        }
        _ => "the host (PID 1)".to_owned(),
    }
}

/// What sharing with the init of a pid namespace of its own says of the host.
fn not_the_host(snapshot: &Snapshot, init: &Process, host_init: Option<bool>) -> String {
    if host_init.is_none() {
        return "whether PID 1 here is the host's init is not known".to_owned();
    }
    let own = kinds_apart_from_boot(snapshot, &init.links);
    let own: Vec<&str> = own.iter().map(|kind| kind.name()).collect();
    format!(
        "PID 1 here is not the host's init, and has its own {}",
        own.join(" ")
    )
}

fn kinds(terminal: &Terminal, diff: &Diff<'_>) -> String {
    let wide = terminal.is_at_least(WIDE);
    let names = ["KIND", "STATE", "NAMESPACE", "REFERENCE", "WHAT THAT MEANS"];
    let mut grid = match wide {
        true => Grid::with_head(Overflow::Wrap, &names),
        false => Grid::new(Overflow::Wrap),
    };
    for state in [State::SHARED, State::UNKNOWN, State::ISOLATED] {
        for kind in diff.kinds.iter().filter(|kind| kind.state.name() == state) {
            let (word, tone) = match kind.state {
                State::Shared => ("SHARED", Tone::Bad),
                State::Unknown(_) => ("UNKNOWN", Tone::Doubtful),
                State::Isolated => ("isolated", Tone::Good),
            };
            let mut row = vec![
                item(kind.kind.name(), Tone::Strong),
                item(word, tone),
                item(&inode(&kind.subject), Tone::Plain),
            ];
            if wide {
                let theirs = match kind.state {
                    State::Shared => String::new(),
                    State::Isolated | State::Unknown(_) => {
                        format!("not {}", inode(&kind.reference))
                    }
                };
                row.push(item(&theirs, Tone::Plain));
            }
            row.push(item(&sentence(kind), Tone::Plain));
            grid.add(row);
        }
    }
    grid.render(terminal)
}

fn inode(seen: &Seen<u64>) -> String {
    seen.known().map_or_else(|| "?".to_owned(), u64::to_string)
}

fn sentence(kind: &KindDiff) -> String {
    match &kind.state {
        State::Shared => kind.grants.join("; "),
        State::Isolated => kind.inside.clone(),
        State::Unknown(why) => {
            let side = match (&kind.subject, &kind.reference) {
                (Seen::Unknown(_), _) => "its namespace",
                _ => "that of the reference",
            };
            match why {
                Why::Denied => format!("{side} may not be read: takes CAP_SYS_PTRACE over it"),
                other => format!("{side} is not known: {}", other.words()),
            }
        }
    }
}

fn beyond(terminal: &Terminal, snapshot: &Snapshot, diff: &Diff<'_>) -> String {
    let whom = &diff.reference.noun();
    let row = |what: &str| diff.beyond.iter().find(|row| row.what == what);
    let lines = [
        ("root", row("root").map(root)),
        (
            "user",
            row("uid").map(|row| ids(row, whom, &|uid| named(snapshot, uid))),
        ),
        (
            "group",
            row("gid").map(|row| ids(row, whom, &|gid| gid.to_string())),
        ),
        (
            "groups",
            row("groups")
                .filter(|row| row.same == Some(false))
                .map(|row| plain(row, whom)),
        ),
        ("capabilities", Some(capabilities(diff, whom))),
        ("seccomp", row("seccomp").map(|row| plain(row, whom))),
        (
            "no_new_privs",
            row("no_new_privs").map(|row| plain(row, whom)),
        ),
        ("lsm", row("lsm").map(|row| lsm(row, whom))),
        ("cgroup", row("cgroup").map(|row| plain(row, whom))),
        ("threads", row("threads_elsewhere").and_then(threads)),
        ("children", row("children_elsewhere").and_then(children)),
    ];
    let mut grid = Grid::new(Overflow::Wrap);
    for (name, words) in lines {
        if let Some(words) = words {
            grid.add(vec![item(name, Tone::Strong), item(&words, Tone::Plain)]);
        }
    }
    grid.render(terminal)
}

/// The subject's value, and the reference's where it is another.
fn plain(row: &Beyond, whom: &str) -> String {
    let own = words(&row.subject);
    match row.same {
        Some(false) => format!("{own}; {whom}: {}", words(&row.reference)),
        _ => own,
    }
}

fn words(seen: &Seen<Value>) -> String {
    match seen {
        Seen::Unknown(why) => format!("unknown ({})", why.words()),
        Seen::Known(Value::Nothing) => "none".to_owned(),
        Seen::Known(Value::Flag(flag)) => if *flag { "on" } else { "off" }.to_owned(),
        Seen::Known(Value::Number(number)) => number.to_string(),
        Seen::Known(Value::Text(text)) => text.clone(),
        Seen::Known(Value::Words(words)) => match words.is_empty() {
            true => "none".to_owned(),
            false => words.join(" "),
        },
        Seen::Known(Value::Numbers(numbers)) => match numbers.is_empty() {
            true => "none".to_owned(),
            false => {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                numbers.join(" ")
            }
        },
        // Nothing beside namespaces has a value of these sorts.
        Seen::Known(_) => String::new(),
    }
}

fn root(row: &Beyond) -> String {
    match (row.same, &row.subject) {
        (Some(true), _) => "the same directory".to_owned(),
        (Some(false), Seen::Known(Value::Text(path))) if path == "/" => {
            "a directory of its own".to_owned()
        }
        (Some(false), Seen::Known(Value::Text(path))) => format!("a directory of its own, {path}"),
        (None, Seen::Known(Value::Text(path))) => {
            format!("{path}; that of the reference is not known")
        }
        _ => words(&row.subject),
    }
}

fn ids(row: &Beyond, whom: &str, name: &dyn Fn(u32) -> String) -> String {
    let of = |seen: &Seen<Value>| match seen {
        // Real, effective, saved, fs: one is enough where all are the same.
        Seen::Known(Value::Numbers(ids)) if ids.iter().all(|id| *id == ids[0]) => name(ids[0]),
        Seen::Known(Value::Numbers(ids)) => {
            format!("real {}, effective {}", name(ids[0]), name(ids[1]))
        }
        other => words(other),
    };
    match row.same {
        Some(false) => format!("{}; {whom}: {}", of(&row.subject), of(&row.reference)),
        _ => of(&row.subject),
    }
}

fn named(snapshot: &Snapshot, uid: u32) -> String {
    match snapshot.users.get(&uid) {
        Some(name) => format!("{uid} ({name})"),
        None => uid.to_string(),
    }
}

/// The effective set, how much the reference has, and other sets only where they differ from it.
fn capabilities(diff: &Diff<'_>, whom: &str) -> String {
    let status = |process: &crate::model::Process| {
        let details = process
            .details
            .as_ref()
            .map(|details| details.status.clone());
        details.unwrap_or(Seen::Unknown(Why::Skipped))
    };
    let own = match status(diff.subject) {
        Seen::Known(status) => status.capabilities,
        Seen::Unknown(why) => return format!("unknown ({})", why.words()),
    };
    let theirs = diff.reference.process.map(status);
    let all = theirs.and_then(|theirs| Some(theirs.known()?.capabilities.effective));
    let effective = own.effective;
    let mut words = match all {
        Some(all) if all == effective => format!("{}, the same as {whom}", effective.len()),
        _ if effective.is_empty() => "none".to_owned(),
        Some(all) => format!(
            "{} ({whom}: {}): {}",
            effective.len(),
            all.len(),
            effective.names_in_words()
        ),
        None => effective.in_words(),
    };
    for (name, set) in own.by_name() {
        let dull = match name {
            "permitted" | "bounding" => set == effective,
            "inheritable" | "ambient" => set.is_empty(),
            _ => true,
        };
        if !dull {
            words += &format!("; {name} {}", set.len());
        }
    }
    words
}

fn lsm(row: &Beyond, whom: &str) -> String {
    match (&row.subject, &row.reference) {
        (Seen::Known(Value::Nothing), Seen::Known(Value::Nothing)) => {
            "no label: no security module is active".to_owned()
        }
        _ => plain(row, whom),
    }
}

fn threads(row: &Beyond) -> Option<String> {
    match &row.subject {
        Seen::Known(Value::Number(0)) => None,
        Seen::Known(Value::Number(count)) => Some(format!(
            "{count} in other namespaces than the process: `nsinspect show` names them"
        )),
        other => Some(words(other)),
    }
}

fn children(row: &Beyond) -> Option<String> {
    match &row.subject {
        Seen::Known(Value::Words(kinds)) if !kinds.is_empty() => Some(format!(
            "its next child will be in another {} namespace",
            kinds.join(" and ")
        )),
        _ => None,
    }
}

fn summary(diff: &Diff<'_>) -> String {
    let count = |state| diff.kinds_that_are(state).len();
    format!(
        "{} shared, {} isolated, {} unknown",
        count(State::SHARED),
        count(State::ISOLATED),
        count(State::UNKNOWN)
    )
}
