//! Waiting in a loop that has no end of its own: until a moment has come, somebody pressed Ctrl-C,
//! or nobody reads the answers any more.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Takes SIGINT from now on, which then no longer ends the process.
pub struct Stop {
    signals: SignalFd,
}

impl Stop {
    /// Where SIGINT is ignored, as by a shell's job in the background, it still is.
    pub fn new() -> Result<Stop, Errno> {
        let interrupt = SigSet::from(Signal::SIGINT);
        interrupt.thread_block()?;
        let signals = SignalFd::with_flags(&interrupt, SfdFlags::SFD_CLOEXEC)?;
        Ok(Stop { signals })
    }

    /// Waits until a moment; whether it is time to stop before.
    pub fn comes_before(&self, moment: Instant) -> Result<bool, Errno> {
        let stdout = std::io::stdout();
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            let mut fds = [
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                // POLLERR, which comes unasked, says that a pipe has lost its reader.
                PollFd::new(stdout.as_fd(), PollFlags::empty()),
            ];
            match poll(&mut fds, timeout(left)) {
                Ok(0) if left.is_zero() => return Ok(false),
                // Rounded down to milliseconds, and an int of them: some may be left.
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(true),
                Err(errno) => return Err(errno),
            }
        }
    }
}

fn timeout(left: Duration) -> PollTimeout {
    // Up, so that the last part of a millisecond is slept through as well.
    let rounded = left + Duration::from_nanos(999_999);
    PollTimeout::try_from(rounded).unwrap_or(PollTimeout::MAX)
}
