//! What the kernel tells of a namespace by its descriptor (ioctl_nsfs(2)).

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::sys::stat::{Mode, fstat};

use super::procfs::glance;
use crate::model::{NsKind, Pid};

/// ioctl numbers, as include/uapi/linux/nsfs.h has them.
mod raw {
    pub const NSIO: u8 = 0xb7;
    nix::ioctl_none!(get_userns, NSIO, 0x1);
    nix::ioctl_none!(get_parent, NSIO, 0x2);
    nix::ioctl_none!(get_nstype, NSIO, 0x3);
    nix::ioctl_read!(get_mntns_id, NSIO, 0x5, u64);
    nix::ioctl_read!(get_id, NSIO, 13, u64);
    nix::ioctl_read!(get_mntns_info, NSIO, 10, super::MntNsInfo);
    nix::ioctl_read!(next_mntns, NSIO, 11, super::MntNsInfo);
    nix::ioctl_read!(prev_mntns, NSIO, 12, super::MntNsInfo);
}

/// `struct mnt_ns_info`.
#[repr(C)]
pub struct MntNsInfo {
    size: u32,
    mounts: u32,
    id: u64,
}

impl MntNsInfo {
    const fn new() -> MntNsInfo {
        MntNsInfo {
            size: 16,
            mounts: 0,
            id: 0,
        }
    }
}

/// `_IO(0xb7, 4)`, which nonetheless writes a uid through its argument.
const NS_GET_OWNER_UID: libc::Ioctl = 0xb704;
/// Its argument is a number, not a pointer, so nix's macros do not fit.
const NS_GET_TGID_FROM_PIDNS: libc::Ioctl = libc::_IOR::<libc::c_int>(0xb7, 7);
const NS_GET_TGID_IN_PIDNS: libc::Ioctl = libc::_IOR::<libc::c_int>(0xb7, 9);

/// Device and inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
}

/// What tells this namespace from any other of this moment.
pub fn identity(ns: impl AsFd) -> Result<Identity, Errno> {
    let stat = fstat(ns)?;
    Ok(Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}

/// Opens the namespace that a path leads to; `None` if it leads to something else. What it leads
/// to is looked at before it is opened: opening a FIFO or a device could hang or do something.
pub fn open(path: &Path) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    reopen(&nix::fcntl::open(path, flags, Mode::empty())?)
}

/// The caller's own namespace, by the usual `/proc`.
pub fn own(kind: NsKind) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/self/ns/{kind}");
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path.as_str(), flags, Mode::empty())
}

/// The same for a file that was opened for looking at it only (O_PATH). No file server is asked
/// what it is, as statfs(2) would: a hung one must not hang us.
pub fn reopen(file: &OwnedFd) -> Result<Option<OwnedFd>, Errno> {
    let own = glance(AT_FDCWD, c"/proc/self/ns/user")?;
    if glance(file.as_fd(), c"")?.device != own.device {
        return Ok(None);
    }
    let same_file = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    nix::fcntl::open(same_file.as_str(), flags, Mode::empty()).map(Some)
}

/// The user namespace that governs it. EPERM: that lies above the caller's own.
pub fn owner(ns: impl AsFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the ioctl takes no argument and returns a new descriptor.
    let fd = unsafe { raw::get_userns(ns.as_fd().as_raw_fd()) }?;
    // SAFETY: the kernel has just opened it for us.
    unsafe { super::owned::owned(fd.into()) }
}

/// The enclosing user or pid namespace. EPERM: that lies above the caller's own, or there is none.
pub fn parent(ns: impl AsFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the ioctl takes no argument and returns a new descriptor.
    let fd = unsafe { raw::get_parent(ns.as_fd().as_raw_fd()) }?;
    // SAFETY: the kernel has just opened it for us.
    unsafe { super::owned::owned(fd.into()) }
}

/// The flag by which the kernel names a kind (clone(2)).
pub const fn clone_flag(kind: NsKind) -> libc::c_int {
    match kind {
        NsKind::Cgroup => libc::CLONE_NEWCGROUP,
        NsKind::Ipc => libc::CLONE_NEWIPC,
        NsKind::Mnt => libc::CLONE_NEWNS,
        NsKind::Net => libc::CLONE_NEWNET,
        NsKind::Pid => libc::CLONE_NEWPID,
        NsKind::Time => libc::CLONE_NEWTIME,
        NsKind::User => libc::CLONE_NEWUSER,
        NsKind::Uts => libc::CLONE_NEWUTS,
    }
}

/// The kind of namespace (`NS_GET_NSTYPE`, Linux 4.11).
pub fn kind(ns: impl AsFd) -> Result<NsKind, Errno> {
    // SAFETY: the ioctl takes no argument.
    let flag = unsafe { raw::get_nstype(ns.as_fd().as_raw_fd()) }?;
    let kind = NsKind::ALL
        .into_iter()
        .find(|kind| clone_flag(*kind) == flag);
    kind.ok_or(Errno::EINVAL)
}

/// Uid of the creator of a user namespace, in the caller's user namespace; 65534 where it has no
/// number there.
pub fn owner_uid(userns: impl AsFd) -> Result<u32, Errno> {
    let mut uid: libc::uid_t = 0;
    // SAFETY: the kernel writes one uid through the pointer.
    let result = unsafe { libc::ioctl(userns.as_fd().as_raw_fd(), NS_GET_OWNER_UID, &raw mut uid) };
    Errno::result(result)?;
    Ok(uid)
}

/// The 64-bit id that the kernel never gives to another namespace (`NS_GET_ID`, Linux 6.18; for
/// mount namespaces the same number by `NS_GET_MNTNS_ID` since 6.11).
pub fn id(ns: impl AsFd, kind: NsKind) -> Result<u64, Errno> {
    let fd = ns.as_fd().as_raw_fd();
    let mut id = 0;
    // SAFETY: both ioctls write one u64 through the pointer.
    unsafe {
        match raw::get_id(fd, &raw mut id) {
            Err(Errno::ENOTTY) if kind == NsKind::Mnt => raw::get_mntns_id(fd, &raw mut id),
            result => result,
        }
    }?;
    Ok(id)
}

/// Every mount namespace of the kernel's list (`NS_MNT_GET_NEXT` and `NS_MNT_GET_PREV`, Linux
/// 6.12), from any one of them on. EPERM: takes CAP_SYS_ADMIN and the initial pid namespace.
pub fn mount_namespaces(mntns: OwnedFd) -> impl Iterator<Item = Result<OwnedFd, Errno>> {
    type Step = unsafe fn(libc::c_int, *mut MntNsInfo) -> nix::Result<libc::c_int>;
    let walk = |start: Result<OwnedFd, Errno>, step: Step| {
        std::iter::successors(Some(start), move |here| {
            match neighbour(here.as_ref().ok()?, step) {
                Err(Errno::ENOENT) => None,
                result => Some(result),
            }
        })
        .skip(1)
    };
    let back = walk(
        mntns.try_clone().map_err(|_| Errno::EMFILE),
        raw::prev_mntns,
    );
    back.chain(walk(Ok(mntns), raw::next_mntns))
}

/// How many mounts a mount namespace has, also those that cannot be reached (`NS_MNT_GET_INFO`,
/// Linux 6.12).
pub fn mount_count(mntns: &OwnedFd) -> Result<usize, Errno> {
    let mut info = MntNsInfo::new();
    // SAFETY: the kernel writes at most `size` bytes.
    unsafe { raw::get_mntns_info(mntns.as_raw_fd(), &raw mut info) }?;
    usize::try_from(info.mounts).map_err(|_| Errno::EOVERFLOW)
}

fn neighbour(
    mntns: &OwnedFd,
    step: unsafe fn(libc::c_int, *mut MntNsInfo) -> nix::Result<libc::c_int>,
) -> Result<OwnedFd, Errno> {
    let mut info = MntNsInfo::new();
    // SAFETY: the kernel writes at most `size` bytes and returns a new descriptor.
    let fd = unsafe { step(mntns.as_raw_fd(), &raw mut info) }?;
    // SAFETY: the kernel has just opened it for us.
    unsafe { super::owned::owned(fd.into()) }
}

/// The process that has this number in the pid namespace, as the caller numbers it (Linux 6.12).
/// ESRCH: there is none. ENOTTY: the kernel cannot tell.
pub fn process_from(pidns: impl AsFd, inside: Pid) -> Result<Pid, Errno> {
    translate(pidns, NS_GET_TGID_FROM_PIDNS, inside)
}

/// The number that a process of the caller's pid namespace has in this one (Linux 6.12).
/// ESRCH: it has none. ENOTTY: the kernel cannot tell.
pub fn process_in(pidns: impl AsFd, here: Pid) -> Result<Pid, Errno> {
    translate(pidns, NS_GET_TGID_IN_PIDNS, here)
}

fn translate(pidns: impl AsFd, request: libc::Ioctl, pid: Pid) -> Result<Pid, Errno> {
    // The kernel takes the number as an unsigned long and reads the low half as a pid_t.
    let argument = libc::c_ulong::try_from(pid).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the argument is a plain number.
    Errno::result(unsafe { libc::ioctl(pidns.as_fd().as_raw_fd(), request, argument) })
}
