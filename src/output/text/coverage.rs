//! What could not be seen, in a line or two.

use crate::model::{Coverage, LayerState, Process};

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
    lines.extend(refused_layers(coverage));
    lines.extend(in_flight(coverage));
    if verbose && coverage.gone > 0 {
        lines.push(format!(
            "{} came and went while they were looked at",
            count(coverage.gone, "process", "processes")
        ));
    }
    lines
}

/// What a search for namespaces has passed over, where that may hide one.
pub fn skipped(coverage: &Coverage) -> Option<String> {
    let is = |layer, state| coverage.layers.get(layer) == Some(&state);
    let was_searched = !is("relations", LayerState::Skipped) && !is("mounts", LayerState::Skipped);
    let is_hiding = is("fds", LayerState::Skipped) && !is("kernel_list", LayerState::Done);
    (was_searched && is_hiding).then(|| {
        "not searched for: what only a thread, descriptor or socket holds (--depth full does)"
            .to_owned()
    })
}

/// Descriptors that the kernel shows as a number only, where it does not list all namespaces.
fn in_flight(coverage: &Coverage) -> Option<String> {
    let is_listed = coverage.layers.get("kernel_list") == Some(&LayerState::Done);
    (coverage.in_flight > 0 && !is_listed).then(|| {
        let number = usize::try_from(coverage.in_flight).unwrap_or(usize::MAX);
        format!(
            "{} on the way between sockets could not be looked at: what only such a one holds is \
             not shown",
            count(number, "file descriptor", "file descriptors")
        )
    })
}

/// What each layer that was refused, or that the kernel lacks, would have shown.
fn refused_layers(coverage: &Coverage) -> impl Iterator<Item = String> {
    let hides = |layer: &str| match layer {
        "for_children" => "namespaces that wait for a child",
        "threads" => "threads in other namespaces than their process",
        "fds" => "file descriptors that hold namespaces",
        "thread_fds" => "file descriptors of threads",
        "sockets" => "sockets that hold network namespaces",
        "mounts" => "bind mounts of namespaces",
        "mount_namespaces" => "mount namespaces that no process is in",
        "relations" => "owners or parents of namespaces",
        "kernel_list" => "the kernel's own list of namespaces",
        _ => "something",
    };
    // PID 1 alone is named already, and refuses every layer that looks at processes.
    let unreadable = &coverage.unreadable;
    let only_init = !unreadable.is_empty() && unreadable.iter().all(|it| it.pid == Process::INIT);
    let by_process = [
        "for_children",
        "threads",
        "fds",
        "thread_fds",
        "sockets",
        "mounts",
    ];
    let told = move |layer: &str| only_init && by_process.contains(&layer);
    coverage
        .layers
        .iter()
        .filter(move |(layer, state)| **state == LayerState::Denied && !told(layer))
        .filter(|(layer, _)| **layer != "processes")
        .map(move |(layer, _)| format!("some could not be seen: {}", hides(layer)))
}

fn unreadable(coverage: &Coverage, verbose: bool) -> String {
    let all = &coverage.unreadable;
    let shown = if verbose { all.len() } else { NAMED };
    let mut by_reason: Vec<(String, Vec<String>)> = Vec::new();
    for it in all.iter().take(shown) {
        let (why, pid) = (it.why.words(), it.pid.to_string());
        match by_reason.iter_mut().find(|(known, _)| *known == why) {
            Some((_, pids)) => pids.push(pid),
            None => by_reason.push((why, vec![pid])),
        }
    }
    if let Some((_, pids)) = by_reason.last_mut().filter(|_| all.len() > shown) {
        pids.push("…".to_owned());
    }
    let named: Vec<String> = by_reason
        .iter()
        .map(|(why, pids)| format!("PID {}: {why}", pids.join(", ")))
        .collect();
    let total = coverage.seen + coverage.denied;
    format!(
        "{} of {} could not be read ({})",
        all.len(),
        count(total, "process", "processes"),
        named.join("; ")
    )
}

fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
