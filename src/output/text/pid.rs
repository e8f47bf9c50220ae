//! `pid` as text.

use crate::model::Pid;
use crate::output::terminal::{Terminal, Tone, cell, render};
use crate::output::wire::pid::Translation;

/// What a number is called elsewhere.
pub fn pid(terminal: &Terminal, translation: &Translation) -> String {
    let pid = translation.pid;
    let Some(within) = translation.within else {
        return levels(terminal, translation);
    };
    let or_nobody = |number: Option<Pid>, nobody: &str| match number {
        Some(number) => number.to_string(),
        None => nobody.to_owned(),
    };
    format!(
        "{pid} here is {} in pid:[{within}]\n{pid} in pid:[{within}] is {} here\n",
        or_nobody(translation.to_inside, "nobody"),
        or_nobody(translation.to_here, "nobody")
    )
}

fn levels(terminal: &Terminal, translation: &Translation) -> String {
    let mut table = terminal.table();
    table.set_header(vec![
        cell("PID NAMESPACE", Tone::Strong),
        cell("PID", Tone::Strong),
    ]);
    for level in translation.pids.iter().flatten() {
        let ns = level.ns.map_or_else(|| "?".to_owned(), |ns| ns.to_string());
        table.add_row(vec![
            cell(&ns, Tone::Plain),
            cell(&level.pid.to_string(), Tone::Plain),
        ]);
    }
    render(table)
}
