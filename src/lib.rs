//! See, compare and prove the isolation of Linux namespaces.
//!
//! Data flows one way: [`collect`] reads `/proc` and the kernel (through [`sys`], the only place
//! with `unsafe`) into a [`model::Snapshot`]; [`analyse`] answers questions about it by pure
//! functions, and [`audit`] by rules of what a process could do to the host; [`output`] prints the answers; [`isolate`] makes namespaces and joins them; [`verify`] tries claims; a
//! [`commands`] file per subcommand strings these together. A snapshot that was saved gives the same answers on another machine.

#![cfg_attr(test, allow(clippy::unwrap_used))]

/// Snapshot -> answers, without looking at the machine again.
#[forbid(unsafe_code)]
pub mod analyse;
/// What a process could do to the host: one file per rule.
pub mod audit;
/// The command line as it is typed.
#[forbid(unsafe_code)]
pub mod cli;
/// The kernel -> Snapshot.
#[forbid(unsafe_code)]
pub mod collect;
/// One file per subcommand.
#[forbid(unsafe_code)]
pub mod commands;
/// What can go wrong, and the exit codes.
#[forbid(unsafe_code)]
pub mod error;
/// Creating namespaces and joining them.
#[forbid(unsafe_code)]
pub mod isolate;
/// Plain data.
#[forbid(unsafe_code)]
pub mod model;
/// Tables, trees, and the versioned documents for scripts.
#[forbid(unsafe_code)]
pub mod output;
/// Every raw system call.
pub mod sys;
/// Claims about isolation, judged and tried.
#[forbid(unsafe_code)]
pub mod verify;

use std::ffi::OsString;

use error::Exit;

/// Runs one command: the answer goes to standard output, the commentary to standard error.
pub fn run(cli: &cli::Cli) -> Exit {
    commands::exit_of(commands::dispatch(cli))
}

/// Says what is wrong with the command line, or prints the help that was asked for.
pub fn refuse(line: &[OsString], error: &clap::Error) -> Exit {
    // A closed pipe is no error, and nobody is left to be told of another.
    let _ = error.print();
    match (error.use_stderr(), cli::is_launch(line)) {
        (false, _) => Exit::Yes,
        // A program may well exit with 2: what is ours must not look like it.
        (true, true) => Exit::NOT_SET_UP,
        (true, false) => Exit::Unanswered,
    }
}
