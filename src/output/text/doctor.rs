//! `doctor` as text.

use crate::analyse::doctor::{Check, Verdict};
use crate::output::terminal::{Grid, Overflow, Terminal, Tone, item};

/// The checks, a line each, with what they hide behind.
pub fn doctor(terminal: &Terminal, checks: &[Check]) -> String {
    let mut grid = Grid::new(Overflow::Wrap);
    for check in checks {
        let (word, tone) = match check.verdict {
            Verdict::Ok => ("ok", Tone::Good),
            Verdict::Limited => ("limited", Tone::Doubtful),
            Verdict::Missing => ("MISSING", Tone::Bad),
        };
        let words = match &check.consequence {
            Some(consequence) => format!("{}: {consequence}", check.found),
            None => check.found.clone(),
        };
        grid.add(vec![
            item(check.what, Tone::Strong),
            item(word, tone),
            item(&words, Tone::Plain),
        ]);
    }
    grid.render(terminal)
}
