//! What could not be seen, in a line or two.

use super::reason;
use crate::model::{Coverage, LayerState};

/// As many PIDs as fit a line; -v names all.
const NAMED: usize = 3;

/// Lines that say what the answer does not rest on; none if nothing is missing.
pub fn lines(coverage: &Coverage, verbose: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if !coverage.unreadable.is_empty() {
        lines.push(unreadable(coverage, verbose));
    }
    if let Some(option) = &coverage.hidden_by {
        lines.push(format!(
            "processes of other users are hidden by {option}; how many cannot be known"
        ));
    }
    if coverage.layers.get("relations") == Some(&LayerState::Denied) {
        lines.push("owners or parents of some namespaces lie above what may be seen".to_owned());
    }
    if verbose && coverage.gone > 0 {
        lines.push(format!(
            "{} came and went while they were looked at",
            count(coverage.gone, "process", "processes")
        ));
    }
    lines
}

fn unreadable(coverage: &Coverage, verbose: bool) -> String {
    let all = &coverage.unreadable;
    let shown = if verbose { all.len() } else { NAMED };
    let mut named: Vec<String> = all
        .iter()
        .take(shown)
        .map(|it| format!("PID {}: {}", it.pid, reason(&it.why)))
        .collect();
    if all.len() > shown {
        named.push("…".to_owned());
    }
    let total = coverage.seen + coverage.denied;
    format!(
        "{} of {} could not be read ({})",
        all.len(),
        count(total, "process", "processes"),
        named.join(", ")
    )
}

fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
