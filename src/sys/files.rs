//! Reading files of the host whose paths come from others, within bounds.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, stat};

/// Why a file that the user names is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("{}", .0.desc())]
    Refused(Errno),
    #[error("it is {0}, and a file or a pipe is wanted")]
    Not(&'static str),
    #[error("it is larger than {}, and no more is read", in_words(*.0))]
    TooLarge(usize),
}

fn in_words(bytes: usize) -> String {
    match bytes {
        0..0x10_0000 => format!("{bytes} bytes"),
        _ => format!("{} MiB", bytes >> 20),
    }
}

impl From<Errno> for Unread {
    fn from(errno: Errno) -> Unread {
        Unread::Refused(errno)
    }
}

/// The contents of a file that the user names, or of the pipe that `<(COMMAND)` is, if they are not
/// longer than the limit (bytes). A device is not opened: that can have effects, and some never end.
pub fn read_named(path: &Path, limit: usize) -> Result<Vec<u8>, Unread> {
    refuse_others(&stat(path)?)?;
    // It may be another now, whose opening must not have us wait or give us a terminal.
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let file = File::from(open(path, flags, Mode::empty())?);
    let now = fstat(&file)?;
    refuse_others(&now)?;
    // A pipe has no size.
    match usize::try_from(now.st_size).is_ok_and(|size| size > limit) {
        true => Err(Unread::TooLarge(limit)),
        false => read_to_limit(file, limit),
    }
}

/// The same of standard input, which may be a terminal too.
pub fn read_stdin(limit: usize) -> Result<Vec<u8>, Unread> {
    let stdin = std::io::stdin().lock();
    if !stdin.is_terminal() {
        refuse_others(&fstat(stdin.as_fd())?)?;
    }
    read_to_limit(stdin, limit)
}

fn refuse_others(file: &FileStat) -> Result<(), Unread> {
    match SFlag::from_bits_truncate(file.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG | SFlag::S_IFIFO => Ok(()),
        SFlag::S_IFSOCK => Err(Unread::Not("a socket")),
        SFlag::S_IFDIR => Err(Unread::Not("a directory")),
        _ => Err(Unread::Not("a device")),
    }
}

fn read_to_limit(from: impl Read, limit: usize) -> Result<Vec<u8>, Unread> {
    let errno =
        |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::ENOMEM));
    let mut contents = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    from.take(most).read_to_end(&mut contents).map_err(errno)?;
    match contents.len() > limit {
        true => Err(Unread::TooLarge(limit)),
        false => Ok(contents),
    }
}

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

    #[test]
    fn files_and_pipes_that_the_user_names_are_read_as_far_as_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_named(&path, 5), Ok(b"12345".to_vec()));
        assert_eq!(read_named(&path, 4), Err(Unread::TooLarge(4)));
        let (reader, writer) = nix::unistd::pipe().unwrap();
        nix::unistd::write(&writer, b"12345").unwrap();
        drop(writer);
        let pipe = format!("/proc/self/fd/{}", reader.as_raw_fd());
        assert_eq!(read_named(pipe.as_ref(), 5), Ok(b"12345".to_vec()));
        for (path, what) in [("/dev/zero", "a device"), ("/dev", "a directory")] {
            assert_eq!(read_named(path.as_ref(), 5), Err(Unread::Not(what)));
        }
        let gone = read_named(&folder.path().join("gone"), 5);
        assert_eq!(gone, Err(Unread::Refused(Errno::ENOENT)));
    }
}
