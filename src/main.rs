//! Parse, run, turn the result into an exit code.
#![no_main]

use std::ffi::OsString;

use nsinspect::cli::Cli;

nsinspect::begin_with!(run);

#[global_allocator]
static MEMORY: nsinspect::sys::memory::OrEnd = nsinspect::sys::memory::OrEnd;

fn run(line: &[OsString]) -> u8 {
    let exit = match Cli::read(line) {
        Ok(cli) => nsinspect::run(&cli),
        Err(error) => nsinspect::refuse(line, &error),
    };
    exit.code()
}
