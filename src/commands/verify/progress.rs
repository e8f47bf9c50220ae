//! How far the proving has come, on standard error once it takes longer than a second.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::output::sanitize::for_terminal;

/// Before that nobody wonders.
const QUIET: Duration = Duration::from_secs(1);
/// A line that stays is written so often.
const EACH: Duration = Duration::from_secs(10);

/// Says which claim is tried.
pub struct Progress {
    total: usize,
    done: usize,
    next_line: Instant,
    is_terminal: bool,
    has_line: bool,
}

impl Progress {
    pub fn new(total: usize) -> Progress {
        Progress {
            total,
            done: 0,
            next_line: Instant::now() + QUIET,
            is_terminal: std::io::stderr().is_terminal(),
            has_line: false,
        }
    }

    /// The next claim is being tried.
    pub fn next(&mut self, what: &str) {
        let now = Instant::now();
        if now >= self.next_line {
            let what = for_terminal(what);
            let line = format!("{} of {} claims; {what}", self.done, self.total);
            let mut stderr = std::io::stderr();
            // Nobody is left to tell if that is closed.
            let _ = match self.is_terminal {
                true => write!(stderr, "\r\x1b[K{line:.76}"),
                false => writeln!(stderr, "nsinspect: {line}"),
            };
            let _ = stderr.flush();
            self.has_line = self.is_terminal;
            if !self.is_terminal {
                self.next_line = now + EACH;
            }
        }
        self.done += 1;
    }

    /// Takes the line away again.
    pub fn end(&mut self) {
        if self.has_line {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
