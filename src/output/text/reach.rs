//! `reach` as text: what can be joined first, then what cannot and why; then processes.

use super::can::tone;
use super::{command, process as named};
use crate::analyse::power::reach::{Joining, Reach, Readable};
use crate::analyse::power::{Answer, Verdict};
use crate::model::{Process, Seen, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// The whole answer.
pub fn reach(terminal: &Terminal, snapshot: &Snapshot, process: &Process, found: &Reach) -> String {
    let mut text = format!("{}\n\n", named(snapshot, process, terminal.width));
    text += &namespaces(terminal, snapshot, found);
    text += "\n";
    text += &processes(terminal, snapshot, found);
    for barrier in barriers(found) {
        text += &format!(
            "What may stand in the way all the same: {}\n",
            for_terminal(&barrier)
        );
    }
    text
}

/// Those that it is not in, what can be joined first.
fn namespaces(terminal: &Terminal, snapshot: &Snapshot, found: &Reach) -> String {
    let mut others: Vec<&Joining> = found.namespaces.iter().filter(|it| !it.member).collect();
    others.sort_by_key(|it| std::cmp::Reverse(it.verdict()));
    let mut grid = Grid::new(Overflow::Wrap);
    for joining in &others {
        let key = joining.key;
        let whose = match snapshot.is_initial(key) {
            Seen::Known(true) => "the host's",
            _ => "",
        };
        let verdict = joining.verdict();
        grid.add(vec![
            item(&key.to_string(), Tone::Strong),
            item(whose, Tone::Plain),
            item(verdict.name(), tone(verdict)),
            item(why(joining), Tone::Plain),
        ]);
    }
    let count = |verdict| others.iter().filter(|it| it.verdict() == verdict).count();
    format!(
        "Could join {} of {} other namespaces in sight by setns, {} not known\n{}",
        count(Verdict::Yes),
        others.len(),
        count(Verdict::Unknown),
        grid.render(terminal)
    )
}

/// What decided: that it may not join, or the way to a descriptor.
fn why(joining: &Joining) -> &str {
    match joining.permission.verdict {
        Verdict::Yes => joining.handle.reason(),
        _ => joining.permission.reason(),
    }
}

fn processes(terminal: &Terminal, snapshot: &Snapshot, found: &Reach) -> String {
    let sure = |it: &&Readable| it.route.answer.is_yes();
    let mut text = format!(
        "Could read {} processes in other mount namespaces (their /proc/PID/root), {} not known, {} refused\n",
        found.processes.iter().filter(sure).count(),
        found.processes.iter().filter(|it| !sure(it)).count(),
        found.refused
    );
    let mut grid = Grid::new(Overflow::Wrap);
    for readable in &found.processes {
        let answer = &readable.route.answer;
        let other = snapshot.processes.get(readable.pid);
        let route = match readable.route.after_becoming {
            Some((uid, gid)) => format!("as uid {uid} and gid {gid}: {}", answer.reason()),
            None => answer.reason().to_owned(),
        };
        grid.add(vec![
            item(&readable.pid.to_string(), Tone::Strong),
            item(answer.verdict.name(), tone(answer.verdict)),
            item(&other.map(command).unwrap_or_default(), Tone::Plain),
            item(&route, Tone::Plain),
        ]);
    }
    if !found.processes.is_empty() {
        text += &grid.render(terminal);
    }
    text
}

fn barriers(found: &Reach) -> Vec<String> {
    let of_namespaces = found.namespaces.iter().map(|it| &it.permission);
    let of_processes = found.processes.iter().map(|it| &it.route.answer);
    let mut all: Vec<String> = of_namespaces
        .chain(of_processes)
        .filter(|answer| !answer.is_no())
        .flat_map(|answer: &Answer| answer.barriers.iter().cloned())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}
