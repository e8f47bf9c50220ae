//! The end of the terminal, with which the program and we have to end too.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::PollTimeout;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::supervise::Sent;
use crate::sys::{signals, terminal};

/// How long the program has to put its things in order.
const TIME_TO_END: Duration = Duration::from_secs(5);

/// What a SIGHUP means to who stands over a program.
pub struct HangUp {
    /// We were at a terminal.
    had_terminal: bool,
    /// Whoever has started us wants us to outlive it (nohup(1)).
    is_ignored: bool,
    ends: Option<Instant>,
}

impl HangUp {
    /// Of our terminal, if we have one.
    pub fn of_terminal() -> HangUp {
        HangUp {
            had_terminal: terminal::controlling().is_ok(),
            is_ignored: signals::is_ignored(Signal::SIGHUP),
            ends: None,
        }
    }

    /// For who has no terminal to lose.
    pub fn of_none() -> HangUp {
        HangUp {
            had_terminal: false,
            is_ignored: true,
            ends: None,
        }
    }

    /// Whether the terminal is gone. The kernel sends SIGHUP to the leader of the session alone, and
    /// when that has ended to its foreground group (disassociate_ctty in drivers/tty/tty_jobctrl.c);
    /// a shell sends it to its jobs. What anybody else sends is a message for the program.
    pub fn is_told_by(&self, sent: &Sent) -> bool {
        let is_gone = || {
            self.had_terminal && matches!(terminal::controlling(), Err(Errno::ENXIO | Errno::EIO))
        };
        sent.signal == Signal::SIGHUP && !self.is_ignored && (!sent.by_process || is_gone())
    }

    /// Whether the terminal's end is not to be the program's.
    pub fn is_ignored(&self) -> bool {
        self.is_ignored
    }

    /// Tells the program, as the kernel would: one that is stopped goes on, to hear of it.
    pub fn pass_on(&mut self, tell: impl Fn(Signal) -> Result<(), Errno>) {
        let _ = tell(Signal::SIGHUP);
        let _ = tell(Signal::SIGCONT);
        self.ends
            .get_or_insert_with(|| Instant::now() + TIME_TO_END);
    }

    /// Ends a program that has not ended by itself in time.
    pub fn insist(&mut self, program: Pid) {
        if self.ends.is_some_and(|ends| ends <= Instant::now()) {
            let _ = kill(program, Signal::SIGKILL);
            self.ends = None;
        }
    }

    /// How long may be waited until then.
    pub fn limit(&self) -> PollTimeout {
        let Some(ends) = self.ends else {
            return PollTimeout::NONE;
        };
        let left = ends.saturating_duration_since(Instant::now());
        // Rounded up, so as not to go round without a rest in the last millisecond.
        PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
    }
}
