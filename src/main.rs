//! Parse, run, turn the result into an exit code.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::process::ExitCode;

use nsinspect::cli::Cli;

#[global_allocator]
static MEMORY: nsinspect::sys::memory::OrEnd = nsinspect::sys::memory::OrEnd;

fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    let exit = match Cli::read(&line) {
        Ok(cli) => nsinspect::run(&cli),
        Err(error) => nsinspect::refuse(&line, &error),
    };
    ExitCode::from(exit.code())
}
