//! Parse, run, turn the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use nsinspect::cli::Cli;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => nsinspect::run(&cli).into(),
        Err(error) => nsinspect::refuse(&error).into(),
    }
}
