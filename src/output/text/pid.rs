//! `pid` as text.

use crate::model::Pid;
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item, number};
use crate::output::wire::pid::Translation;

/// What a number is called elsewhere.
pub fn pid(terminal: &Terminal, translation: &Translation) -> String {
    let pid = translation.pid;
    let Some(within) = translation.within else {
        return levels(terminal, translation);
    };
    let told = |field: &str, number: Option<Pid>| match (number, translation.unknown.0.get(field)) {
        (Some(number), _) => number.to_string(),
        (None, Some(why)) => format!("not known ({why})"),
        (None, None) => "nobody".to_owned(),
    };
    format!(
        "{pid} here is {} in pid:[{within}]\n{pid} in pid:[{within}] is {} here\n",
        told("to_inside", translation.to_inside),
        told("to_here", translation.to_here)
    )
}

fn levels(terminal: &Terminal, translation: &Translation) -> String {
    let mut grid = Grid::with_head(Overflow::Wrap, &["PID NAMESPACE", "PID"]);
    for level in translation.pids.iter().flatten() {
        let ns = level.ns.map_or_else(|| "?".to_owned(), |ns| ns.to_string());
        grid.add(vec![item(&ns, Tone::Plain), number(level.pid)]);
    }
    grid.render(terminal)
}
