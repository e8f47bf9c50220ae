//! File systems that are mounted nowhere: a descriptor is all there is of them, and they are gone
//! when it is closed (fsopen(2), fsconfig(2), fsmount(2)).

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use super::procfs::owned;

const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_SET_FD: libc::c_uint = 5;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const MOUNT_ATTR_RDONLY: libc::c_uint = 0x1;
const MOUNT_ATTR_NOSUID: libc::c_uint = 0x2;
const MOUNT_ATTR_NODEV: libc::c_uint = 0x4;
const MOUNT_ATTR_NOEXEC: libc::c_uint = 0x8;

/// A procfs of the given pid namespace (the `pidns` option, Linux 6.18).
///
/// # Errors
/// EINVAL: this kernel does not know the option. EPERM: CAP_SYS_ADMIN is missing.
pub fn procfs_of(pidns: impl AsFd) -> Result<OwnedFd, Errno> {
    let context = open(c"proc")?;
    configure(
        &context,
        FSCONFIG_SET_FD,
        Some(c"pidns"),
        pidns.as_fd().as_raw_fd(),
    )?;
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
    // SAFETY: the name ends in NUL; the result is a new descriptor or -1.
    unsafe {
        owned(libc::syscall(
            libc::SYS_fsopen,
            fstype.as_ptr(),
            FSOPEN_CLOEXEC,
        ))
    }
}

fn configure(
    context: &OwnedFd,
    command: libc::c_uint,
    key: Option<&CStr>,
    aux: libc::c_int,
) -> Result<(), Errno> {
    let key = key.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: the key ends in NUL or is absent; neither command takes a value.
    let result = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            command,
            key,
            std::ptr::null::<libc::c_void>(),
            aux,
        )
    };
    Errno::result(result).map(drop)
}

fn mount(context: &OwnedFd) -> Result<OwnedFd, Errno> {
    configure(context, FSCONFIG_CMD_CREATE, None, 0)?;
    let attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    // SAFETY: plain numbers; the result is a new descriptor or -1.
    unsafe {
        owned(libc::syscall(
            libc::SYS_fsmount,
            context.as_raw_fd(),
            FSMOUNT_CLOEXEC,
            attributes,
        ))
    }
}

/// Process numbers that a procfs lists, however it was mounted.
pub fn pids_in(procfs: BorrowedFd<'_>) -> Result<Vec<crate::model::Pid>, Errno> {
    super::entries::numbers(procfs, ".", 1)
}

/// Makes a mount and all below it read-only (mount_setattr(2), Linux 5.12).
pub fn make_read_only(dir: &OwnedFd) -> Result<(), Errno> {
    let attributes = libc::mount_attr {
        attr_set: MOUNT_ATTR_RDONLY.into(),
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
