//! `/proc/PID/ns` by a descriptor of its own: the shortest way to the links of a process, for scans
//! that want hardly more of each.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstatat};

use super::procfs::{ProcRoot, readlink};
use crate::model::{LinkName, NsKind, Pid};

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
        readlink(self.dir.as_fd(), name(link), buffer)
    }

    /// Metadata of the `task` directory, as [`super::procfs::TaskDir::task_stat`].
    pub fn task_stat(&self) -> Result<FileStat, Errno> {
        fstatat(&self.dir, c"../task", AtFlags::empty())
    }
}

/// The name of a link in the directory.
const fn name(link: LinkName) -> &'static CStr {
    match link {
        LinkName::Own(NsKind::Cgroup) => c"cgroup",
        LinkName::Own(NsKind::Ipc) => c"ipc",
        LinkName::Own(NsKind::Mnt) => c"mnt",
        LinkName::Own(NsKind::Net) => c"net",
        LinkName::Own(NsKind::Pid) => c"pid",
        LinkName::Own(NsKind::Time) => c"time",
        LinkName::Own(NsKind::User) => c"user",
        LinkName::Own(NsKind::Uts) => c"uts",
        LinkName::PidForChildren => c"pid_for_children",
        LinkName::TimeForChildren => c"time_for_children",
    }
}
