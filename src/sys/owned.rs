//! Descriptors that a raw system call has returned.

use std::os::fd::{FromRawFd, OwnedFd};

use nix::errno::Errno;

/// A descriptor that a system call returned.
///
/// # Safety
/// `fd` must be a descriptor that was just opened and that nothing else owns.
pub unsafe fn owned(fd: libc::c_long) -> Result<OwnedFd, Errno> {
    let fd = Errno::result(fd)?;
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: the caller vouches for it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
