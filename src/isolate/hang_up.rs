//! The end of the terminal, with which the program and we have to end too.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;

use super::held_signals::Sent;
use crate::sys::{signals, terminal};

/// How long a program has to put its things in order, and a job that may be a supervisor, which has to
/// end its program first.
const PROGRAM_HAS: Duration = Duration::from_secs(5);
const JOB_HAS: Duration = Duration::from_secs(8);

/// What a SIGHUP means to who stands over a program.
pub struct HangUp {
    /// We were at a terminal.
    had_terminal: bool,
    /// Whoever has started us wants us to outlive it (nohup(1)).
    is_ignored: bool,
    time_to_end: Duration,
    ends: Option<Instant>,
}

impl HangUp {
    /// Of our terminal, if we have one.
    pub fn of_terminal() -> HangUp {
        HangUp {
            had_terminal: terminal::controlling().is_ok(),
            is_ignored: signals::is_ignored(Signal::SIGHUP),
            time_to_end: PROGRAM_HAS,
            ends: None,
        }
    }

    /// The same for the leader of the terminal's session.
    pub fn of_job() -> HangUp {
        HangUp {
            time_to_end: JOB_HAS,
            ..HangUp::of_terminal()
        }
    }

    /// For who has no terminal to lose.
    pub fn of_none() -> HangUp {
        HangUp {
            had_terminal: false,
            is_ignored: true,
            time_to_end: PROGRAM_HAS,
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
        let time_to_end = self.time_to_end;
        self.ends
            .get_or_insert_with(|| Instant::now() + time_to_end);
    }

    /// Whether the program has been told: nobody may stop it any more then.
    pub fn has_come(&self) -> bool {
        self.ends.is_some()
    }

    /// Whether it has not ended by itself in time.
    pub fn is_over(&self) -> bool {
        self.ends.is_some_and(|ends| ends <= Instant::now())
    }

    /// How long may be waited until then.
    pub fn limit(&self) -> Option<Duration> {
        let ends = self.ends?;
        Some(ends.saturating_duration_since(Instant::now()))
    }
}
