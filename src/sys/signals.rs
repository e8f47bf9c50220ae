//! What the calling process does on a signal.

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, signal};

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
