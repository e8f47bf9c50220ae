//! What takes root to make or to try.

/// Ends the test here, skipped, unless it runs as root.
macro_rules! needs_root {
    () => {
        if !$crate::support::skip::is_root() {
            skip!("needs root");
        }
    };
}

mod hostile;
mod kinds;
mod paths;
mod seeming;
mod traces;

use std::process::Command;

use crate::support::sandbox::{Sandbox, then_sleep};

/// A sandbox with namespaces of its own of every kind, whose root is nobody outside and whose clock is
/// a day ahead.
pub fn whole() -> Sandbox {
    let kinds = [
        "-muinpCT",
        "--boottime",
        "86400",
        "--mount-proc",
        "--kill-child",
        "-f",
    ];
    Sandbox::start_mapped(&kinds, "0 100000 65536").unwrap()
}

/// A sandbox within another: what the first script does is there when the namespaces of the second are
/// made.
pub fn nested(outer: &[&str], script: &str, inner: &[&str], then: &str) -> Sandbox {
    let mut command = Command::new("unshare");
    let second = format!("unshare {} sh -c '{}'", inner.join(" "), then_sleep(then));
    command.args(outer);
    command.args(["sh", "-c", &format!("set -e\n{script}\nexec {second}")]);
    Sandbox::run(&mut command).unwrap()
}
