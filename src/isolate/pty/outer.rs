//! The terminal of whoever has started us.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};

use crate::sys::terminal;

pub struct Outer {
    fd: OwnedFd,
    /// Of our session, in which one process group at a time is in the foreground.
    is_controlling: bool,
    /// The modes to give back, while we have it.
    before: Option<Termios>,
}

impl Outer {
    /// The controlling terminal, or else the first of standard input, output and error that is one.
    pub fn find() -> Option<Outer> {
        let (fd, is_controlling) = match terminal::controlling() {
            Ok(fd) => (fd, true),
            Err(_) => (first_of_standard()?, false),
        };
        Some(Outer {
            fd,
            is_controlling,
            before: None,
        })
    }

    pub fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub fn modes(&self) -> Option<Termios> {
        tcgetattr(&self.fd).ok()
    }

    /// Whether our process group is in the foreground. One that is not of our session has none for us.
    pub fn is_ours_now(&self) -> bool {
        !self.is_controlling || tcgetpgrp(&self.fd) == Ok(getpgrp())
    }

    /// Whether every key is for us.
    pub fn is_taken(&self) -> bool {
        self.before.is_some()
    }

    /// Has every key come to us as it is pressed, and all that we write appear as it is.
    pub fn take(&mut self) -> Result<(), Errno> {
        let before = match self.before.take() {
            Some(before) => before,
            None => tcgetattr(&self.fd)?,
        };
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        self.before = Some(before);
        tcsetattr(&self.fd, SetArg::TCSANOW, &raw)
    }

    /// Gives it back as it was, where nobody else has it by now.
    pub fn give_back(&mut self) {
        if let Some(before) = self.before.take()
            && self.is_ours_now()
        {
            let _ = tcsetattr(&self.fd, SetArg::TCSANOW, &before);
        }
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn first_of_standard() -> Option<OwnedFd> {
    let (input, output, error) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let all = [input.as_fd(), output.as_fd(), error.as_fd()];
    let terminal = all.into_iter().find(|fd| tcgetattr(fd).is_ok())?;
    terminal.try_clone_to_owned().ok()
}
