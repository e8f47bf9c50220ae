//! Asking a question as the command line does, and a tree to ask it of.
#![allow(dead_code, reason = "no target uses all of it")]

#[path = "../../tests/suite/support/fake_proc.rs"]
pub mod fake_proc;

use std::ffi::OsString;
use std::path::Path;

use fake_proc::{FakeProc, Task};
use nsinspect::cli::Cli;

/// Runs one command in this process. Its exit code must be one that is known.
pub fn ask(args: &[&str]) {
    let line: Vec<OsString> = std::iter::once(&"nsinspect")
        .chain(args)
        .map(Into::into)
        .collect();
    let cli = Cli::read(&line).expect("a command line that is right");
    assert!(nsinspect::run(&cli).code() <= 2, "{args:?}");
}

/// Has a path hold the input, and answers as text.
pub fn put<'a>(path: &'a Path, input: &[u8]) -> &'a str {
    std::fs::write(path, input).expect("a file of our own");
    path.to_str().expect("a path of our own")
}

pub fn tree() -> FakeProc {
    FakeProc::with([
        Task::new(30)
            .numbers(&[30, 1])
            .within(&[("pid", 4_026_532_100), ("net", 4_026_532_101)]),
        Task::new(31).parent(30).within(&[("mnt", 4_026_532_103)]),
    ])
}
