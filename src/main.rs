//! Parse, run, turn the result into an exit code.
#![no_main]

use std::ffi::{c_char, c_int};

use nsinspect::cli::Cli;
use nsinspect::sys::start;

/// The C runtime calls it: see [`start`].
#[allow(unsafe_code, reason = "it is found by its name")]
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    // SAFETY: they are handed on as they come.
    let line = unsafe { start::begin(count, words) };
    let exit = match Cli::read(&line) {
        Ok(cli) => nsinspect::run(&cli),
        Err(error) => nsinspect::refuse(&line, &error),
    };
    exit.code().into()
}
