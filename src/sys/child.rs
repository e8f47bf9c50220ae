//! Work that must be done by a process which joins other namespaces: done by a forked child that
//! answers over a pipe and is never heard of again.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe2, read, write};

/// An answer that is longer than this (bytes) is none.
const LONGEST_ANSWER: usize = 16 << 20;

/// Runs `work` in a forked child and returns the bytes that it made.
///
/// The child is not dumpable, so that nothing in the namespaces that it joins can trace it or
/// reach our executable and descriptors through `/proc/PID`; it dies with us; and it is killed at
/// the time limit. It inherits the single thread that calls this: call it while no other thread
/// runs, as setns(2) asks for some kinds, and since another thread may hold malloc's locks.
///
/// # Errors
/// ETIMEDOUT at the time limit, EPIPE when the child died without an answer.
pub fn in_child(time_limit: Duration, work: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Errno> {
    let (answer, sender) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the caller has no other thread, so the child may do all that a process may do; it
    // leaves by _exit and never returns into the caller's frames.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(answer);
            let code = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                harden();
                send(&sender, &work())
            })) {
                Ok(Ok(())) => 0,
                _ => 1,
            };
            // SAFETY: _exit runs no destructors and flushes no buffers, which are the parent's.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop(sender);
            let result = receive(&answer, Instant::now() + time_limit);
            let status = reap(child, result.is_err());
            match result {
                Ok(bytes) if status => Ok(bytes),
                Ok(_) => Err(Errno::EPIPE),
                Err(errno) => Err(errno),
            }
        }
    }
}

/// Makes the child unreachable for those whose namespaces it will join. Joining a user namespace
/// resets the flag (commit_creds in kernel/cred.c), so [`super::inside`] does this once more.
pub(super) fn harden() {
    // Neither can fail with these arguments (PR_SET_DUMPABLE(2const), PR_SET_PDEATHSIG(2const)).
    let _ = nix::sys::prctl::set_dumpable(false);
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
}

fn send(sender: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(sender, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn receive(answer: &OwnedFd, deadline: Instant) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        wait_readable(answer, deadline)?;
        match read(answer, &mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(_) if bytes.len() > LONGEST_ANSWER => return Err(Errno::EMSGSIZE),
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn wait_readable(answer: &OwnedFd, deadline: Instant) -> Result<(), Errno> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(answer.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(0) => return Err(Errno::ETIMEDOUT),
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Waits for the child, after killing it if it is no longer wanted; says whether it ended well.
fn reap(child: Pid, unwanted: bool) -> bool {
    if unwanted {
        let _ = kill(child, Signal::SIGKILL);
    }
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            status => return matches!(status, Ok(nix::sys::wait::WaitStatus::Exited(_, 0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_child_comes_back_whole() {
        let long = vec![b'x'; 300_000];
        let answer = in_child(Duration::from_secs(10), || long.clone());
        assert_eq!(answer.map(|bytes| bytes.len()), Ok(300_000));
    }

    #[test]
    fn a_child_that_hangs_is_killed_at_the_time_limit() {
        let answer = in_child(Duration::from_millis(50), || {
            std::thread::sleep(Duration::from_secs(100));
            Vec::new()
        });
        assert_eq!(answer, Err(Errno::ETIMEDOUT));
    }

    #[test]
    fn a_child_that_dies_gives_no_answer() {
        // SAFETY: _exit is what a child that dies early does.
        let answer = in_child(Duration::from_secs(10), || unsafe { libc::_exit(7) });
        assert_eq!(answer, Err(Errno::EPIPE));
    }
}
