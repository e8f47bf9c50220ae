//! Switching a network interface on (netdevice(7)).

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// Brings the loopback interface of the calling thread's network namespace up, which gives it its
/// addresses too. Takes CAP_NET_ADMIN in there.
pub fn loopback_up() -> Result<(), Errno> {
    let any = socket(
        AddressFamily::Unix,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // SAFETY: all-zero is a valid request.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        // Signed on some processors only.
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // Its type is not the same in all C libraries.
    let set_flags = libc::SIOCSIFFLAGS as libc::Ioctl;
    // SAFETY: the kernel reads one request.
    let result = unsafe { libc::ioctl(any.as_raw_fd(), set_flags, &raw const request) };
    Errno::result(result).map(drop)
}
