//! The terminal at which the program runs, given back when it has ended.

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

use crate::sys::signals;

/// The terminal as it was before the program had it.
pub struct Terminal {
    foreground: Pid,
    modes: Termios,
}

impl Terminal {
    /// `None` where standard input is no terminal, or is that of somebody else.
    pub fn of_standard_input() -> Option<Terminal> {
        let stdin = std::io::stdin();
        Some(Terminal {
            foreground: tcgetpgrp(&stdin).ok()?,
            modes: tcgetattr(&stdin).ok()?,
        })
    }

    /// Makes our group the foreground again where the program has left it to a group of its own,
    /// and the modes what they were where it was killed and could not do so itself.
    pub fn give_back(&self, was_killed: bool) {
        let stdin = std::io::stdin();
        let ours = self.foreground == getpgrp();
        if !ours || signals::ignore_terminal_output().is_err() {
            return;
        }
        if tcgetpgrp(&stdin) != Ok(self.foreground) {
            let _ = tcsetpgrp(&stdin, self.foreground);
        }
        if was_killed {
            let _ = tcsetattr(&stdin, SetArg::TCSADRAIN, &self.modes);
        }
    }
}
