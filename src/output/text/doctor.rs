//! `doctor` as text.

use crate::analyse::doctor::{Check, Verdict};
use crate::output::terminal::{Terminal, Tone, cell, render};

/// The checks, a line each, with what they hide behind.
pub fn doctor(terminal: &Terminal, checks: &[Check]) -> String {
    let mut table = terminal.table();
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
        table.add_row(vec![
            cell(check.what, Tone::Strong),
            cell(word, tone),
            cell(&words, Tone::Plain),
        ]);
    }
    render(table)
}
