//! Parse, run, turn the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use nsinspect::cli::Cli;

fn main() -> ExitCode {
    nsinspect::run(&Cli::parse()).into()
}
