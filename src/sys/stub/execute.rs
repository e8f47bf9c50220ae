//! Becoming the stub.

use std::convert::Infallible;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::unistd::execveat;

use super::{GATE, TELLS};
use crate::sys::{child, exec};

/// Becomes the stub. What it tells by and waits on is put under [`TELLS`] and [`GATE`], in this order,
/// and no other descriptor is inherited. Returns only if that fails, and whoever had one of these
/// numbers has it again then.
///
/// # Errors
/// EMFILE: no descriptor is left. EDEADLK: other threads run.
pub fn execute(
    image: &OwnedFd,
    under: &[&OwnedFd],
    arguments: &[impl AsRef<CStr>],
    environment: &[impl AsRef<CStr>],
) -> Result<Infallible, Errno> {
    child::alone()?;
    let aside = |fd: &OwnedFd| exec::duplicate_above(fd, GATE + 1);
    let image = aside(image)?;
    let under: Vec<OwnedFd> = under.iter().map(|fd| aside(fd)).collect::<Result<_, _>>()?;
    exec::close_on_exec_from(TELLS)?;
    let _placed: Vec<Placed> = under
        .iter()
        .zip(TELLS..)
        .map(|(fd, number)| Placed::put(fd, number))
        .collect::<Result<_, _>>()?;
    execveat(&image, c"", arguments, environment, AtFlags::AT_EMPTY_PATH)
}

/// A descriptor under a number that may be another's, who gets it back.
struct Placed {
    number: RawFd,
    was: Option<OwnedFd>,
}

impl Placed {
    fn put(fd: &OwnedFd, number: RawFd) -> Result<Placed, Errno> {
        let was = match exec::is_open(number) {
            true => Some(exec::duplicate_number_above(number, GATE + 1)?),
            false => None,
        };
        // SAFETY: plain numbers. Whoever has this one does not run before `drop` gives it back: this
        // is the only thread.
        Errno::result(unsafe { libc::dup2(fd.as_raw_fd(), number) })?;
        Ok(Placed { number, was })
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // SAFETY: plain numbers; what is there is ours, put there by `put`.
        unsafe {
            match &self.was {
                Some(was) => libc::dup3(was.as_raw_fd(), self.number, libc::O_CLOEXEC),
                None => libc::close(self.number),
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::{AsFd, FromRawFd, IntoRawFd};

    use super::*;

    #[test]
    fn whoever_had_the_number_has_it_again() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"its own").unwrap();
        // A number that no other test of this process has, whatever it opens meanwhile.
        let number = nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(700)).unwrap();
        // SAFETY: the kernel has just opened it for us.
        let mut owner = unsafe { File::from_raw_fd(number) };
        let other = OwnedFd::from(tempfile::tempfile().unwrap());
        let placed = Placed::put(&other, number).unwrap();
        assert_eq!(inode(&owner), inode(&other));
        drop(placed);
        let mut text = String::new();
        owner.rewind().unwrap();
        owner.read_to_string(&mut text).unwrap();
        assert_eq!(text, "its own");
        let number = owner.into_raw_fd();
        // SAFETY: it is ours, and was let go of above.
        drop(unsafe { OwnedFd::from_raw_fd(number) });
        drop(Placed::put(&other, number).unwrap());
        assert!(!exec::is_open(number));
    }

    fn inode(file: &impl AsFd) -> u64 {
        nix::sys::stat::fstat(file).unwrap().st_ino
    }
}
