//! What takes root to enter.

/// Ends the test here, skipped, unless it runs as root.
macro_rules! needs_root {
    () => {
        if !$crate::support::skip::is_root() {
            skip!("needs root");
        }
    };
}

mod cgroups;
mod environment;
mod held_up;
mod options;
mod own_terminal;
mod refusals;
mod rights;
mod sessions;
mod supervision;
mod surplus;
mod targets;
mod terminal;

use crate::support::sandbox::Sandbox;

/// A process in namespaces of its own, of every kind but user; its clock is a day ahead.
pub fn sandbox() -> Result<Sandbox, String> {
    Sandbox::start(
        &[
            "-muinpC",
            "--time",
            "--boottime",
            "86400",
            "--mount-proc",
            "--kill-child",
        ],
        "hostname inside",
    )
}
