//! Skipping a test so that nobody mistakes it for a pass: libtest knows no "skipped", so the
//! reason goes to stderr and to the file that `tests/run` prints at its end.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

/// Ends the test here because of what this machine lacks: `skip!("no {program} here")`.
macro_rules! skip {
    ($($reason:tt)+) => {{
        $crate::support::skip::record(&format!($($reason)+));
        return;
    }};
}

/// Notes a skipped test under its name. Called by `skip!`, which also returns from the test.
pub fn record(reason: &str) {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let thread = thread::current();
    let test = thread.name().unwrap_or("unnamed test");
    eprintln!("SKIPPED: {test}: {reason}");
    if let Some(list) = env::var_os("NSINSPECT_SKIPS") {
        append(Path::new(&list), &format!("{test}: {reason}\n"));
    }
}

/// One write per line, so that tests running side by side cannot mix theirs.
fn append(list: &Path, line: &str) {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(list)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        panic!("cannot note a skipped test in {}: {error}", list.display());
    }
}

/// Whether this test runs with the uid of root (which may still lack capabilities).
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether a program of this name is on the PATH.
pub fn has_program(name: &str) -> bool {
    find_program(name).is_some()
}

/// Where on the PATH a program of this name is.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
