//! Thousands of sleeping processes in fifty groups, each group in namespaces of its own; and a
//! process of many threads.
//!
//! All of them wait on one pipe, the lifeline, whose other end only the benchmark holds. When it
//! lets go of it, by the end of the crowd, by an error, by Ctrl-C or by any other death, all wake
//! up and leave. So nothing has to be killed, and nothing outlives the benchmark.

use std::io::{Error, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{wait, waitpid};
use nix::unistd::{ForkResult, Pid, close, fork, geteuid, pipe2, read, write};

const GROUPS: usize = 50;

/// The namespaces that a group has of its own; the shapes take turns.
const SHAPES: [CloneFlags; 5] = [
    CloneFlags::empty(),
    CloneFlags::CLONE_NEWNET,
    CloneFlags::CLONE_NEWUTS.union(CloneFlags::CLONE_NEWIPC),
    CloneFlags::CLONE_NEWPID,
    CloneFlags::CLONE_NEWUSER.union(CloneFlags::CLONE_NEWNS),
];

/// A pipe that is never written to: readers block until the last writer is gone.
pub struct Lifeline {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Lifeline {
    pub fn new() -> Result<Lifeline, Errno> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
        Ok(Lifeline { reader, writer })
    }

    /// Forks a child that does its work, given the end to wait on, and exits.
    pub fn fork(&self, work: impl FnOnce(&OwnedFd)) -> Result<Pid, Errno> {
        fork_child(|| {
            // A child that held the writer would keep all others waiting for itself.
            // Closing it twice harms nothing: the child leaves by _exit.
            let _ = close(self.writer.as_raw_fd());
            work(&self.reader);
        })
    }
}

/// Whether the benchmark has let go.
pub fn is_over(lifeline: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(lifeline.as_fd(), PollFlags::empty())];
    !matches!(poll(&mut fds, PollTimeout::ZERO), Ok(0))
}

/// Blocks until the benchmark has let go.
pub fn wait_until_over(lifeline: &OwnedFd) {
    while read(lifeline, &mut [0]) == Err(Errno::EINTR) {}
}

/// Forks a child that does its work and exits.
#[allow(unsafe_code)]
pub fn fork_child(work: impl FnOnce()) -> Result<Pid, Errno> {
    // SAFETY: the benchmark has one thread whenever it comes here, so the child may do all that a
    // process may do.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            work();
            // SAFETY: runs no destructor and flushes no buffer, which are the parent's.
            unsafe { libc::_exit(0) }
        }
    }
}

/// The sleeping processes; dropping it ends them.
pub struct Crowd {
    lifeline: Option<Lifeline>,
    leaders: Vec<Pid>,
}

impl Crowd {
    /// Starts at least this many processes, and returns when all of them sleep.
    pub fn gather(processes: usize) -> Result<Crowd, Error> {
        let (ready, here) = pipe2(OFlag::O_CLOEXEC)?;
        let lifeline = Lifeline::new()?;
        let mut crowd = Crowd {
            lifeline: None,
            leaders: Vec::new(),
        };
        for group in 0..GROUPS {
            let namespaces = SHAPES[group % SHAPES.len()];
            let members = processes.div_ceil(GROUPS);
            let leader = lifeline.fork(|over| lead(namespaces, members, &here, over))?;
            crowd.leaders.push(leader);
        }
        crowd.lifeline = Some(lifeline);
        drop(here);
        let mut made = [0; GROUPS];
        std::fs::File::from(ready).read_exact(&mut made)?;
        match made.iter().find(|errno| **errno != 0) {
            None => Ok(crowd),
            Some(errno) => Err(Errno::from_raw((*errno).into()).into()),
        }
    }
}

impl Crowd {
    /// A process with a uts and an ipc namespace of its own.
    pub fn somebody(&self) -> Pid {
        self.leaders[2]
    }
}

/// A process of many sleeping threads; dropping it ends it.
pub struct Crew {
    lifeline: Option<Lifeline>,
    process: Pid,
}

impl Crew {
    /// Starts a process of so many threads, and returns when all of them are there.
    pub fn gather(threads: usize) -> Result<Crew, Error> {
        let (ready, here) = pipe2(OFlag::O_CLOEXEC)?;
        let lifeline = Lifeline::new()?;
        let process = lifeline.fork(|over| {
            std::thread::scope(|scope| {
                for _ in 1..threads {
                    scope.spawn(|| wait_until_over(over));
                }
                let _ = write(&here, &[0]);
            });
        })?;
        drop(here);
        std::fs::File::from(ready).read_exact(&mut [0])?;
        Ok(Crew {
            lifeline: Some(lifeline),
            process,
        })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.lifeline = None;
        let _ = waitpid(self.process, None);
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.lifeline = None;
        for leader in &self.leaders {
            let _ = waitpid(*leader, None);
        }
    }
}

/// What the first process of a group does: makes the others, says over `ready` how that went (0 or
/// an errno), and stays until all are gone.
fn lead(namespaces: CloneFlags, members: usize, ready: &OwnedFd, over: &OwnedFd) {
    let outcome = make_group(namespaces, members, over);
    let errno = outcome.map_or_else(|errno| errno as i32, |()| 0);
    // Errnos fit in a byte (include/uapi/asm-generic/errno.h). Nobody to tell: the pipe is gone.
    let _ = write(ready, &[u8::try_from(errno).unwrap_or(u8::MAX)]);
    wait_until_over(over);
    while wait().is_ok() {}
}

fn make_group(namespaces: CloneFlags, members: usize, over: &OwnedFd) -> Result<(), Errno> {
    let unprivileged = !geteuid().is_root() && !namespaces.is_empty();
    let user = match unprivileged {
        true => CloneFlags::CLONE_NEWUSER,
        false => CloneFlags::empty(),
    };
    unshare(namespaces | user)?;
    // A new user namespace clears it, and then only root may read the links.
    nix::sys::prctl::set_dumpable(true)?;
    for _ in 1..members {
        fork_child(|| wait_until_over(over))?;
    }
    Ok(())
}
