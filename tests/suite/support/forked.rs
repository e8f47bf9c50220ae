//! A child of the test itself that arranges something by system calls, tells what it has made, and
//! then waits to be killed.

use std::io::{PipeReader, Read, Write, pipe};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pause};

/// A child that waits; killed and waited for when dropped, also by a panic. Should the tests
/// themselves be killed, it dies with them.
pub struct Forked {
    pub pid: i32,
    /// The numbers that the work returned.
    pub told: Vec<u64>,
}

/// Runs the work in a child, which afterwards holds on to whatever the work left open.
///
/// The child is forked from a process with threads: the work allocates little and takes no locks of
/// the test harness.
pub fn forked(work: impl FnOnce() -> Vec<u64>) -> Forked {
    forked_and_then(work, || ())
}

/// The same, with something more that the first thread does once it has told its numbers.
pub fn forked_and_then(work: impl FnOnce() -> Vec<u64>, last: impl FnOnce()) -> Forked {
    let (answer, mut sender) = pipe().expect("a pipe");
    // SAFETY: the child only runs the work, writes to the pipe and pauses; it never returns.
    match unsafe { fork() }.expect("a child") {
        ForkResult::Child => {
            drop(answer);
            let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
            let told = work();
            for number in std::iter::once(told.len() as u64).chain(told) {
                let _ = sender.write_all(&number.to_ne_bytes());
            }
            drop(sender);
            last();
            loop {
                pause();
            }
        }
        ForkResult::Parent { child } => {
            drop(sender);
            Forked {
                pid: child.as_raw(),
                told: numbers(answer),
            }
        }
    }
}

/// The numbers, behind how many they are: the end of the pipe says nothing, since children that
/// other tests fork meanwhile have it open too.
fn numbers(mut answer: PipeReader) -> Vec<u64> {
    let mut number = || {
        let mut bytes = [0; 8];
        answer
            .read_exact(&mut bytes)
            .expect("the child's work succeeds");
        u64::from_ne_bytes(bytes)
    };
    (0..number()).map(|_| number()).collect()
}

impl Drop for Forked {
    fn drop(&mut self) {
        let child = Pid::from_raw(self.pid);
        let _ = kill(child, Signal::SIGKILL);
        let _ = waitpid(child, None);
    }
}
