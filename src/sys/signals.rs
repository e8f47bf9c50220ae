//! What the calling process does on a signal.

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, Signal, raise, signal};

/// Gives SIGPIPE back its default action: what is ignored stays ignored across execve(2), where it
/// breaks pipelines.
pub fn default_pipe() -> Result<(), Errno> {
    // SAFETY: no handler is installed.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.map(drop)
}

/// Gives SIGCHLD back its default action: where it is ignored, children are reaped by the kernel and
/// nobody learns how they ended (waitpid(2)).
pub fn default_child() -> Result<(), Errno> {
    // SAFETY: no handler is installed.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }.map(drop)
}

/// Ignores SIGTTOU, by which the kernel stops a process in the background that sets a terminal's
/// foreground group (tcsetpgrp(3)).
pub fn ignore_terminal_output() -> Result<(), Errno> {
    // SAFETY: no handler is installed.
    unsafe { signal(Signal::SIGTTOU, SigHandler::SigIgn) }.map(drop)
}

/// Whether a signal is ignored, as nohup(1) has it for SIGHUP.
pub fn is_ignored(signal: Signal) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is set, and the kernel's answer is written whole where it is not an error.
    unsafe {
        let asked = libc::sigaction(signal as i32, std::ptr::null(), action.as_mut_ptr());
        asked == 0 && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Whether a signal that is blocked has come.
pub fn is_pending(signal: Signal) -> bool {
    let mut pending = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the kernel writes the set, which is read only where it has.
    unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0
            && libc::sigismember(pending.as_ptr(), signal as i32) == 1
    }
}

/// Ends us by a signal, so that whoever waits for us sees how. Returns where that does not end a
/// process.
pub fn end_by(ending: Signal) -> Result<(), Errno> {
    if !matches!(ending, Signal::SIGKILL | Signal::SIGSTOP) {
        // SAFETY: no handler is installed.
        unsafe { signal(ending, SigHandler::SigDfl) }?;
        SigSet::from(ending).thread_unblock()?;
    }
    raise(ending)
}
