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
    mapped(&["-muinpCT", "--boottime", "86400"], 100_000)
}

/// A sandbox of these kinds whose root is this user outside.
pub fn mapped(kinds: &[&str], root: u32) -> Sandbox {
    let map = format!("0:{root}:65536");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nsinspect"));
    command.args(["run", "--map-users", &map, "--map-groups", &map]);
    command
        .args(["-S", "0", "-G", "0", "--kill-child"])
        .args(kinds);
    command.args(["--", "sh", "-c", &then_sleep("true")]);
    Sandbox::run(&mut command).unwrap()
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
