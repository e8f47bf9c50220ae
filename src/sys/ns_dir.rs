//! `/proc/PID/ns` by a descriptor of its own: the shortest way to the links of a process, for scans
//! that want hardly more of each.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstatat};

use super::procfs::{ProcRoot, ns_path, readlink};
use crate::model::{LinkName, Pid};

/// The namespace directory of a process. It stays with its process, whoever gets the number after
/// that.
pub struct NsDir {
    dir: OwnedFd,
}

impl NsDir {
    /// Opens the directory for looking up what is in it, which takes no privilege, unlike reading
    /// it. The last step is not taken through a link, which no procfs has there.
    pub fn open(root: &ProcRoot, pid: Pid) -> Result<NsDir, Errno> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let dir = openat(
            root.as_fd(),
            format!("{pid}/ns").as_str(),
            flags,
            Mode::empty(),
        )?;
        Ok(NsDir { dir })
    }

    /// The target of a link, as [`super::procfs::TaskDir::ns_link`] reads it.
    pub fn link<'a>(&self, link: LinkName, buffer: &'a mut [u8; 64]) -> Result<&'a [u8], Errno> {
        let name = &ns_path(link)["ns/".len()..];
        readlink(self.dir.as_fd(), name, buffer)
    }

    /// Metadata of the `task` directory, as [`super::procfs::TaskDir::task_stat`].
    pub fn task_stat(&self) -> Result<FileStat, Errno> {
        fstatat(&self.dir, c"../task", AtFlags::empty())
    }
}
