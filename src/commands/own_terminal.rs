//! Where a program of `run` and `enter` stands to whoever has started it.

use std::os::fd::RawFd;

use super::exit_of;
use super::run::{finish, tell};
use crate::error::{Error, Exit};
use crate::isolate::pty::Pty;
use crate::isolate::session::Session;

/// Does the work where the program may not reach the caller's terminal, if that is so: in the session
/// of a terminal of its own, or where there is none, in a new one. A descriptor of these that is a
/// terminal becomes the new one.
pub fn run(
    is_apart: bool,
    descriptors: &[RawFd],
    work: impl FnOnce(Session) -> Result<Exit, Error>,
) -> Result<Exit, Error> {
    if !is_apart {
        return work(Session::Ours);
    }
    match Pty::for_caller()? {
        None => work(Session::New),
        Some(pty) => {
            let ended = pty.run(descriptors, tell, |session| {
                exit_of(work(session)).code().into()
            })?;
            finish(ended, "")
        }
    }
}

/// Standard input, output and error.
pub const STANDARD: [RawFd; 3] = [0, 1, 2];
