//! Forking the child that becomes the program, and hearing from it whether it has.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, close, pipe2, read};

use super::failure::{During, Failure, Step};
use super::held_signals::HeldSignals;
use crate::sys::child;

/// A child on its way to become the program.
pub struct Birth {
    /// The line to the supervisor, who holds the other end until it ends.
    line: UnixStream,
    /// Where it says what failed; execve closes it.
    complaint: Option<File>,
}

impl Birth {
    /// Has the kernel end us with the supervisor, and waits for its word, which does not come if it
    /// has ended before. A change of ids clears the signal (commit_creds in kernel/cred.c), so this
    /// comes after.
    pub fn end_with_supervisor(&self, signal: Signal) -> Result<(), Failure> {
        set_pdeathsig(signal).during(|| Step::Prepare)?;
        match read(&self.line, &mut [0]) {
            Ok(1) => Ok(()),
            Ok(_) => Err(Failure::new(Step::Prepare, Errno::EPIPE)),
            Err(errno) => Err(errno).during(|| Step::Prepare),
        }
    }

    /// The line by which an init tells the supervisor that the program has been stopped.
    pub fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Lets the supervisor know that all is well, where no execve of ours does.
    pub fn succeeded(&mut self) {
        self.complaint = None;
    }

    fn complain(&mut self, failure: &Failure) {
        if let Some(complaint) = &mut self.complaint {
            // Serialising plain data cannot fail; nobody reads it if the supervisor is gone.
            let _ = complaint.write_all(&serde_json::to_vec(failure).unwrap_or_default());
        }
    }
}

/// A program that has been started as a child.
pub struct Started {
    pub process: Pid,
    /// The line to it; its end tells the child that we are gone.
    pub line: UnixStream,
}

/// Forks a child that does the rest of the work and becomes the program, though not before what is
/// to be done beside it is done. Returns when it has, or with what has failed.
pub fn start(
    held: &HeldSignals,
    become_program: impl FnOnce(&mut Birth) -> Failure,
    beside: impl FnOnce() -> Result<(), Failure>,
) -> Result<Started, Failure> {
    let (failed, complaint) = pipe2(OFlag::O_CLOEXEC).during(|| Step::Prepare)?;
    let (line, theirs) = UnixStream::pair().during(|| Step::Prepare)?;
    let ours = line.as_raw_fd();
    let mut birth = Birth {
        line: theirs,
        complaint: Some(complaint.into()),
    };
    let process = child::spawn(move || {
        // With a copy of that end it would never see the end of the supervisor.
        let _ = close(ours);
        // For as long as it is still one of us; the program has its own way, for which see above.
        let ready = set_pdeathsig(Signal::SIGKILL).and_then(|()| held.let_go());
        let failure = match ready {
            Ok(()) => become_program(&mut birth),
            Err(errno) => Failure::new(Step::Prepare, errno),
        };
        birth.complain(&failure);
        failure.exit_code().into()
    });
    // A pid namespace whose init has died refuses every fork.
    let process = process.during(|| Step::Fork)?;
    let outcome = beside().and_then(|()| {
        // A child that has failed already does not read it.
        let _ = (&line).write(b"g");
        complaint_of(failed, held, process)
    });
    match outcome {
        Ok(()) => Ok(Started { process, line }),
        Err(failure) => {
            let _ = kill(process, Signal::SIGKILL);
            let _ = child::reap(process);
            Err(failure)
        }
    }
}

/// Waits until the pipe is closed, with or without a word.
fn complaint_of(pipe: OwnedFd, held: &HeldSignals, child: Pid) -> Result<(), Failure> {
    held.wait_readable(&pipe, child).during(|| Step::Prepare)?;
    let mut text = Vec::new();
    let all = File::from(pipe).read_to_end(&mut text);
    all.during(|| Step::Prepare)?;
    // Without: the program runs, or a signal has ended the child before.
    serde_json::from_slice(&text).map_or(Ok(()), Err)
}
