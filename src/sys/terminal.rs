//! What terminals can be asked and told beyond their modes (ioctl_tty(2), pts(4)).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::pty::{PtyMaster, Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::sys::termios::tcgetattr;

use super::child::Forked;

/// The controlling terminal of our session, opened anew, so that nobody else's reads and writes become
/// non-blocking with ours.
///
/// # Errors
/// ENXIO: there is none.
pub fn controlling() -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    open(c"/dev/tty", flags, Mode::empty())
}

/// A new pseudo-terminal: the master, whose reads and writes do not block, and the slave.
pub fn new_pair() -> Result<(PtyMaster, OwnedFd), Errno> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags | OFlag::O_NONBLOCK)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = slave_of(&master, flags)?;
    Ok((master, slave))
}

/// By the master itself: what stands under the name in /dev/pts may be of another devpts.
fn slave_of(master: &PtyMaster, flags: OFlag) -> Result<OwnedFd, Errno> {
    // SAFETY: plain numbers; the answer is a new descriptor.
    let opened = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags.bits()) };
    match Errno::result(opened) {
        // SAFETY: the kernel has just opened it for us.
        Ok(fd) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        // Before Linux 4.13.
        Err(Errno::ENOTTY | Errno::EINVAL) => {
            open(ptsname_r(master)?.as_str(), flags, Mode::empty())
        }
        Err(errno) => Err(errno),
    }
}

/// Makes it the controlling terminal of our session, whose leader we are.
pub fn make_controlling(terminal: &impl AsFd) -> Result<(), Errno> {
    // SAFETY: plain numbers; 0 takes it from nobody.
    let result = unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSCTTY, 0) };
    Errno::result(result).map(drop)
}

/// Makes the window of one as large as that of another; the kernel tells the foreground group.
pub fn copy_size(from: &impl AsFd, to: &impl AsFd) -> Result<(), Errno> {
    let mut size = Winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let (from, to) = (from.as_fd().as_raw_fd(), to.as_fd().as_raw_fd());
    // SAFETY: the kernel writes one `winsize`.
    Errno::result(unsafe { libc::ioctl(from, libc::TIOCGWINSZ, &raw mut size) })?;
    // SAFETY: the kernel reads one `winsize`.
    Errno::result(unsafe { libc::ioctl(to, libc::TIOCSWINSZ, &raw const size) }).map(drop)
}

/// Has the kernel send the foreground group of a pseudo-terminal what a key would: SIGINT, SIGQUIT or
/// SIGTSTP (pty_signal in drivers/tty/pty.c).
pub fn signal_foreground(master: &impl AsFd, signal: Signal) -> Result<(), Errno> {
    const TIOCSIG: libc::Ioctl =
        nix::request_code_write!(b'T', 0x36, size_of::<libc::c_int>()) as _;
    // SAFETY: plain numbers.
    let result = unsafe { libc::ioctl(master.as_fd().as_raw_fd(), TIOCSIG, signal as libc::c_int) };
    Errno::result(result).map(drop)
}

/// Puts a terminal under the number of another descriptor, which is closed, in a forked child: for one
/// that we were given.
pub fn put_in_place_of(_: &Forked, number: libc::c_int, terminal: &impl AsFd) -> Result<(), Errno> {
    // SAFETY: the frames of the parent, which may own what is closed, are never returned to.
    Errno::result(unsafe { libc::dup2(terminal.as_fd().as_raw_fd(), number) }).map(drop)
}

/// Whether nobody is at the terminal any more (hung_up_tty_ioctl in drivers/tty/tty_io.c).
pub fn is_hung_up(terminal: &impl AsFd) -> bool {
    tcgetattr(terminal) == Err(Errno::EIO)
}

/// Whether a descriptor of this number is a terminal.
pub fn is_at(number: libc::c_int) -> bool {
    // SAFETY: it looks whether the descriptor answers as a terminal does.
    unsafe { libc::isatty(number) == 1 }
}
