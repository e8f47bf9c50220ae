//! A process by a descriptor that never means another (pidfd_open(2)).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::fstat;
use rustix::process::{self, PidfdFlags, PidfdGetfdFlags};

use super::errno_of;
use crate::model::Pid;

/// PIDFD_THREAD, which rustix does not know yet.
const THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::O_EXCL as u32);

/// A process that is pinned: when it ends, its number may pass to another, but this does not.
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Opens it by its number in the caller's pid namespace.
    ///
    /// # Errors
    /// EINVAL: the number is that of a thread which is not the first of its process.
    pub fn open(pid: Pid) -> Result<PidFd, Errno> {
        PidFd::open_with(pid, PidfdFlags::empty())
    }

    /// A single thread, which may have a table of descriptors for itself (PIDFD_THREAD, Linux 6.9).
    ///
    /// # Errors
    /// ENOTTY: an older kernel.
    pub fn open_thread(tid: Pid) -> Result<PidFd, Errno> {
        match PidFd::open_with(tid, THREAD) {
            Err(Errno::EINVAL) => Err(Errno::ENOTTY),
            result => result,
        }
    }

    fn open_with(pid: Pid, flags: PidfdFlags) -> Result<PidFd, Errno> {
        // A number that is no process's is refused by the kernel in this way.
        let pid = process::Pid::from_raw(pid).ok_or(Errno::EINVAL)?;
        let opened = process::pidfd_open(pid, flags).map_err(errno_of)?;
        Ok(PidFd(opened))
    }

    /// A copy of one of the process's descriptors (pidfd_getfd(2)); takes the right to trace it.
    pub fn copy_fd(&self, fd: i32) -> Result<OwnedFd, Errno> {
        process::pidfd_getfd(&self.0, fd, PidfdGetfdFlags::empty()).map_err(errno_of)
    }

    /// A second descriptor of the same process.
    pub fn duplicate(&self) -> Result<PidFd, Errno> {
        let copy = self.0.try_clone().map_err(|_| Errno::EMFILE)?;
        Ok(PidFd(copy))
    }

    /// Whether the process has not ended; while it has not, its number is not another's.
    pub fn is_alive(&self) -> Result<bool, Errno> {
        let mut ends = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        Ok(poll(&mut ends, PollTimeout::ZERO)? == 0)
    }

    /// Number of the process in pidfs, which no other process ever gets (Linux 6.9; before that
    /// all descriptors of processes have one and the same).
    pub fn inode(&self) -> Result<u64, Errno> {
        Ok(fstat(&self.0)?.st_ino)
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
