//! File systems that are mounted nowhere: a descriptor is all there is of them, and they are gone
//! when it is closed (fsopen(2), fsconfig(2), fsmount(2)).

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_fd, fsmount, fsopen,
};

use super::errno_of;

/// A procfs of the given pid namespace (the `pidns` option, Linux 6.18).
///
/// # Errors
/// EINVAL: this kernel does not know the option. EPERM: CAP_SYS_ADMIN is missing.
pub fn procfs_of(pidns: impl AsFd) -> Result<OwnedFd, Errno> {
    let context = open(c"proc")?;
    fsconfig_set_fd(&context, c"pidns", pidns).map_err(errno_of)?;
    mount(&context)
}

/// The file system of the POSIX message queues of the caller's ipc namespace (mq_overview(7)).
///
/// # Errors
/// EPERM: CAP_SYS_ADMIN is missing. ENODEV: the kernel has no POSIX queues.
pub fn mqueues() -> Result<OwnedFd, Errno> {
    mount(&open(c"mqueue")?)
}

fn open(fstype: &CStr) -> Result<OwnedFd, Errno> {
    fsopen(fstype, FsOpenFlags::FSOPEN_CLOEXEC).map_err(errno_of)
}

fn mount(context: &OwnedFd) -> Result<OwnedFd, Errno> {
    fsconfig_create(context).map_err(errno_of)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
        | MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes).map_err(errno_of)
}

/// Process numbers that a procfs lists, however it was mounted.
pub fn pids_in(procfs: BorrowedFd<'_>) -> Result<Vec<crate::model::Pid>, Errno> {
    super::entries::numbers(procfs, ".", 1)
}

/// Makes a mount and all below it read-only (mount_setattr(2), Linux 5.12).
pub fn make_read_only(dir: &OwnedFd) -> Result<(), Errno> {
    let attributes = libc::mount_attr {
        attr_set: MountAttrFlags::MOUNT_ATTR_RDONLY.bits().into(),
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path ends in NUL, and the kernel reads one `mount_attr` of the size that it is
    // told.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            dir.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result).map(drop)
}
