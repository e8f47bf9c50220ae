//! What takes root to launch.

/// Ends the test here, skipped, unless it runs as root.
macro_rules! needs_root {
    () => {
        if !$crate::support::skip::is_root() {
            skip!("needs root");
        }
    };
}

mod exercises;
mod files;
pub mod hang_up;
mod ids;
mod job_control;
mod leftovers;
mod refusals;
mod supervision;
pub mod typing;
