//! Stopping as the program has been stopped.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, raise, sigprocmask};
use nix::unistd::{Pid, getpgrp};

use crate::sys::signals;

/// Who is stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    We,
    /// All in our process group, as a key stops them.
    OurGroup,
}

/// Stops us by the signal that has stopped the program, until we go on. SIGCONT has to be blocked.
/// Says whether it has: but for SIGSTOP the kernel lets nothing stop a process group that nobody
/// could set going again (an orphaned one: setpgid(2)).
pub fn stop_by(signal: Signal, who: Who) -> Result<bool, Errno> {
    let from_terminal = matches!(signal, Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU);
    if !from_terminal {
        return raise(Signal::SIGSTOP).map(|()| true);
    }
    // First sent and then let in: with one that is there already it is one, as SIGCONT takes both away.
    match who {
        Who::We => raise(signal)?,
        Who::OurGroup => killpg(getpgrp(), signal)?,
    }
    let mut before = SigSet::empty();
    sigprocmask(
        SigmaskHow::SIG_UNBLOCK,
        Some(&SigSet::from(signal)),
        Some(&mut before),
    )?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    Ok(signals::is_pending(Signal::SIGCONT))
}

/// The same for who stands over the program, which goes on with us. Where only SIGSTOP does, and the
/// program waits for the terminal, it is that.
pub fn stop_with(program: Pid, signal: Signal) -> Result<(), Errno> {
    let has_stopped = stop_by(signal, Who::We)?;
    if !has_stopped && signal != Signal::SIGTSTP {
        raise(Signal::SIGSTOP)?;
    }
    let _ = nix::sys::signal::kill(program, Signal::SIGCONT);
    Ok(())
}
