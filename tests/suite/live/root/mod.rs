//! Namespaces that take root to make.

/// Ends the test here, skipped, unless it runs as root.
macro_rules! needs_root {
    () => {
        if !$crate::support::skip::is_root() {
            skip!("needs root");
        }
    };
}

/// Ends the test here, skipped, without this program.
macro_rules! needs_program {
    ($name:literal) => {
        if !$crate::support::skip::has_program($name) {
            skip!("{} is not installed", $name);
        }
    };
}

mod calls;
mod can;
mod exits;
mod kinds;
mod mounts;
mod pids;
mod power;
mod saved;
mod show;
mod targets;
mod trees;
