//! Parse, run, turn the result into an exit code.

use std::process::ExitCode;

use nsinspect::cli::Cli;

fn main() -> ExitCode {
    match Cli::read(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => nsinspect::run(&cli).into(),
        Err(error) => nsinspect::refuse(&error).into(),
    }
}
