//! The network namespace of another process's socket: a socket stays in the one that it was made
//! in, wherever its owner goes.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::owned::owned;
use super::pidfd::PidFd;
use super::procfs::glance;
use crate::model::Pid;

/// Include/uapi/asm-generic/socket.h (Linux 5.14).
const SO_NETNS_COOKIE: libc::c_int = 71;
/// Include/uapi/linux/sockios.h (Linux 4.10).
const SIOCGSKNS: libc::Ioctl = 0x894c;

/// A copy of a process's descriptor of the socket with this inode; takes the right to trace it.
/// EBADF: the descriptor is closed, or open on something else by now.
pub fn copy(task: &PidFd, fd: i32, inode: u64) -> Result<OwnedFd, Errno> {
    let copy = task.copy_fd(fd)?;
    let found = glance(copy.as_fd(), c"")?;
    match found.is_socket && found.inode == inode {
        true => Ok(copy),
        false => Err(Errno::EBADF),
    }
}

/// The id of the socket's network namespace, the same that NS_GET_ID tells since Linux 6.18.
pub fn namespace_cookie(socket: &OwnedFd) -> Result<u64, Errno> {
    let mut cookie = 0_u64;
    let mut length = libc::socklen_t::try_from(size_of::<u64>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the kernel writes at most `length` bytes into the cookie.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    Errno::result(result).map(|_| cookie)
}

/// The socket's network namespace. EPERM: takes CAP_NET_ADMIN in it.
pub fn namespace(socket: &OwnedFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the ioctl takes no argument and returns a new descriptor or -1.
    unsafe { owned(libc::ioctl(socket.as_raw_fd(), SIOCGSKNS).into()) }
}

/// Whether two tasks share one table of descriptors (kcmp(2)), by their numbers in the caller's pid
/// namespace; an error where that cannot be told.
pub fn share_fds(one: Pid, other: Pid) -> Result<bool, Errno> {
    const KCMP_FILES: libc::c_int = 2;
    // SAFETY: plain numbers.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_FILES, 0, 0) };
    Errno::result(order).map(|order| order == 0)
}

/// Connects to a unix socket without waiting: whose queue is full is as good as not there. The
/// descriptor that comes back waits again, as its owner tells it to.
///
/// # Errors
/// EAGAIN: nobody takes the connections that others have made.
pub fn connect_at_once(path: &str) -> Result<OwnedFd, Errno> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    connect(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    nix::fcntl::fcntl(
        &fd,
        nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty()),
    )?;
    Ok(fd)
}
