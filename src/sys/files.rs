//! Reading small files of the host whose paths come from others.

use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, SFlag, fstat};

/// The contents of a regular file, if they are not longer than the limit (bytes). Anything else
/// that stands there is not opened: opening a device can have effects, and a FIFO can block.
///
/// # Errors
/// EINVAL for what is no regular file, EFBIG for one that is too long.
pub fn read_regular(path: &Path, limit: usize) -> Result<Vec<u8>, Errno> {
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let file = open(path, flags, Mode::empty())?;
    let kind = SFlag::from_bits_truncate(fstat(&file)?.st_mode) & SFlag::S_IFMT;
    if kind != SFlag::S_IFREG {
        return Err(Errno::EINVAL);
    }
    // By the descriptor, so that it is the file that was looked at.
    let same = format!("/proc/self/fd/{}", file.as_raw_fd());
    let contents = super::procfs::read_path(&same, limit + 1)?;
    match contents.len() > limit {
        true => Err(Errno::EFBIG),
        false => Ok(contents),
    }
}

/// What a file of the host's own begins with, as far as the limit (bytes); all of it, as a rule, if it
/// is not longer. A read that leaves room has come to the end of a regular file.
pub fn read_start(path: &str, limit: usize) -> Result<Vec<u8>, Errno> {
    super::procfs::read_path_records(path, limit)
}

/// Asks to stop swapping on a file without a name, of which there is none. Whether we have
/// CAP_SYS_ADMIN over the initial user namespace is asked before that (swapoff(2), mm/swapfile.c).
///
/// # Errors
/// EPERM: we have not. Anything else: we have.
pub fn try_swapoff() -> Result<(), Errno> {
    // SAFETY: the path ends in NUL.
    Errno::result(unsafe { libc::syscall(libc::SYS_swapoff, c"".as_ptr()) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_fair_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_regular(&path, 5), Ok(b"12345".to_vec()));
        assert_eq!(read_regular(&path, 4), Err(Errno::EFBIG));
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
        assert_eq!(read_regular(&fifo, 5), Err(Errno::EINVAL));
        assert_eq!(read_regular(Path::new("/dev/zero"), 5), Err(Errno::EINVAL));
        assert_eq!(read_regular(folder.path(), 5), Err(Errno::EINVAL));
    }
}
