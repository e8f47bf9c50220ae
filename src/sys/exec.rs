//! What is looked after before execve(2): which descriptors the next program inherits and under which
//! number, and where it starts.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::stat::Mode;

use super::entries;

/// Marks every descriptor from this number on to be closed by execve(2).
pub fn close_on_exec_from(first: RawFd) -> Result<(), Errno> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: it marks them, and closes none.
    match unsafe { close_range(first, RawFd::MAX, CLOSE_RANGE_CLOEXEC) } {
        // Before Linux 5.11.
        Err(Errno::ENOSYS | Errno::EINVAL) => mark_one_by_one(first),
        result => result,
    }
}

/// Closes every descriptor but these, and puts /dev/null in the place of the first three.
///
/// # Safety
/// Nobody uses or closes a descriptor that is not kept, and is open now, any more.
pub(super) unsafe fn close_all_but(kept: &[RawFd]) -> Result<(), Errno> {
    let null = nix::fcntl::open("/dev/null", OFlag::O_RDWR, Mode::empty())?;
    for standard in 0..3 {
        // SAFETY: plain numbers; what stood there is closed, by the caller's word.
        Errno::result(unsafe { libc::dup2(null.as_raw_fd(), standard) })?;
    }
    drop(null);
    // SAFETY: the caller vouches for it.
    unsafe { close_above_but(2, kept) }
}

/// Closes every descriptor above this number but these.
///
/// # Safety
/// As for [`close_all_but`].
pub(super) unsafe fn close_above_but(last: RawFd, kept: &[RawFd]) -> Result<(), Errno> {
    let mut kept: Vec<RawFd> = kept.iter().copied().filter(|fd| *fd > last).collect();
    kept.sort_unstable();
    let mut first = last + 1;
    let ends = kept.iter().map(|fd| fd - 1).chain([RawFd::MAX]);
    for end in ends {
        // SAFETY: the caller vouches for it.
        unsafe { close_range(first, end, 0) }?;
        first = end.saturating_add(2);
    }
    Ok(())
}

/// Closes all that is open from one number to another, or marks it if the flags say so.
///
/// # Safety
/// Without that flag, nobody uses or closes one of them any more.
unsafe fn close_range(first: RawFd, last: RawFd, flags: libc::c_uint) -> Result<(), Errno> {
    if first > last {
        return Ok(());
    }
    let (first, last) = (first.cast_unsigned(), last.cast_unsigned());
    // SAFETY: plain numbers; the caller vouches for what is closed.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    Errno::result(result).map(drop)
}

fn mark_one_by_one(first: RawFd) -> Result<(), Errno> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let list = nix::fcntl::open("/proc/self/fd", flags, Mode::empty())?;
    let listed = entries::numbers(list.as_fd(), ".", 1)?;
    for fd in listed.into_iter().filter(|fd| *fd >= first) {
        // SAFETY: the number was listed a moment ago; if it is closed by now, fcntl says so.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        match fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)) {
            Ok(_) | Err(Errno::EBADF) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Whether a descriptor of this number is open.
pub fn is_open(number: RawFd) -> bool {
    // SAFETY: plain numbers; EBADF is the answer for one that is not open.
    Errno::result(unsafe { libc::fcntl(number, libc::F_GETFD) }).is_ok()
}

/// Marks a descriptor to stay open across execve(2).
pub fn keep_on_exec(number: RawFd) -> Result<(), Errno> {
    // SAFETY: plain numbers; nothing but the mark is changed.
    Errno::result(unsafe { libc::fcntl(number, libc::F_SETFD, 0) }).map(drop)
}

/// A second descriptor of the same file, with a number not below this one.
pub fn duplicate_above(fd: &OwnedFd, lowest: RawFd) -> Result<OwnedFd, Errno> {
    duplicate_number_above(fd.as_raw_fd(), lowest)
}

/// The same of whatever is open under a number.
pub(super) fn duplicate_number_above(number: RawFd, lowest: RawFd) -> Result<OwnedFd, Errno> {
    // SAFETY: plain numbers; EBADF is the answer where nothing is open.
    let copy = Errno::result(unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, lowest) })?;
    // SAFETY: the kernel has just opened it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Makes reading from it fail where nothing has been written yet.
pub fn make_nonblocking(file: &impl AsFd) -> Result<(), Errno> {
    let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
    fcntl(file, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}

/// Whether the working directory lies below our root. Asked by the system call, which has no path
/// from the root then; getcwd(3) would go and look for one in the directories above it.
pub fn is_in_view() -> bool {
    let mut path = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the buffer may be written for its whole length.
    let result = unsafe { libc::syscall(libc::SYS_getcwd, path.as_mut_ptr(), path.len()) };
    result > 0 && path[0] == b'/'
}
