//! `verify` and `run --verify` on sandboxes: what is claimed, what comes out, and how it is told.

use std::io::Write;

mod inside;
mod launching;
mod root;
mod telling;

/// A claims file; its name lives as long as it.
fn claims(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("a path in UTF-8")
}
