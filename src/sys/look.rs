//! What a file is, told by what the kernel has in memory: no file server is asked, so that a hung
//! FUSE or NFS mount cannot hang us.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::Mode;
use nix::unistd::AccessFlags;
use rustix::fs::{AtFlags, StatxFlags, statx};

use super::errno_of;
use crate::model::text;

/// A file as statx(2) shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The mount that leads to it, as in mountinfo; `None` before Linux 5.8.
    pub mount: Option<i32>,
    pub device: (u32, u32),
    pub inode: u64,
    /// Type and permission bits.
    pub mode: u32,
    /// As the mount shows them: after the translation of an idmapped mount.
    pub uid: u32,
    pub gid: u32,
    /// Which device a device node stands for.
    pub rdev: (u32, u32),
}

/// Looks at what a path leads to, also through a last link that is magic; an empty path is the
/// descriptor itself.
pub fn at(base: BorrowedFd<'_>, path: &CStr) -> Result<Look, Errno> {
    look(base, path, AtFlags::empty())
}

/// The same, and a last symbolic link is looked at itself.
pub fn without_following(base: BorrowedFd<'_>, path: &CStr) -> Result<Look, Errno> {
    look(base, path, AtFlags::SYMLINK_NOFOLLOW)
}

fn look(base: BorrowedFd<'_>, path: &CStr, flags: AtFlags) -> Result<Look, Errno> {
    let flags = flags | AtFlags::STATX_DONT_SYNC | AtFlags::EMPTY_PATH | AtFlags::NO_AUTOMOUNT;
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    let stat = statx(base, path, flags, wanted).map_err(errno_of)?;
    let has_mount = stat.stx_mask & StatxFlags::MNT_ID.bits() != 0;
    Ok(Look {
        mount: has_mount
            .then_some(stat.stx_mnt_id)
            .and_then(|id| i32::try_from(id).ok()),
        device: (stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        mode: u32::from(stat.stx_mode),
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        rdev: (stat.stx_rdev_major, stat.stx_rdev_minor),
    })
}

/// Whether the caller may read or write what is open, by its effective ids: the permission bits, the
/// capabilities, the device cgroup and a read-only mount have their say (faccessat2(2), Linux 5.8).
/// The file is not opened, which for a device can have effects.
///
/// # Errors
/// EACCES, EPERM, EROFS: it may not.
pub fn may(file: BorrowedFd<'_>, mode: AccessFlags) -> Result<(), Errno> {
    let flags = libc::AT_EMPTY_PATH | libc::AT_EACCESS;
    // SAFETY: the path ends in NUL, and the rest are plain numbers.
    let result = unsafe {
        libc::syscall(
            libc::SYS_faccessat2,
            file.as_raw_fd(),
            c"".as_ptr(),
            mode.bits(),
            flags,
        )
    };
    Errno::result(result).map(drop)
}

/// Opens what a path leads to for the caller, for looking at it. Magic links are followed by nobody:
/// they lead to what another process has (openat2(2)).
pub fn open_path(path: &str) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .mode(Mode::empty())
        .resolve(ResolveFlag::RESOLVE_NO_MAGICLINKS);
    openat2(nix::fcntl::AT_FDCWD, text::to_bytes(path).as_slice(), how)
}

/// Opens what is at a relative path of the same mount, for looking at it: neither links nor other
/// mounts are crossed (openat2(2)). EXDEV: another mount lies on it or on the way.
pub fn open_in_mount(dir: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    open(dir, path, OFlag::O_PATH, ResolveFlag::RESOLVE_NO_XDEV)
}

/// Opens what stands at a name of a directory, for looking at it: what is mounted there, if anything
/// is.
pub fn open_on_top(dir: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    open(dir, name, OFlag::O_PATH, ResolveFlag::empty())
}

/// Opens a directory in the same mount for reading its names.
pub fn read_dir_in_mount(dir: impl AsFd, path: &[u8]) -> Result<Dir, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NONBLOCK;
    Dir::from_fd(open(dir, path, flags, ResolveFlag::RESOLVE_NO_XDEV)?)
}

/// Whether nothing is in a directory; `None` where that could not be read to the end.
pub fn is_empty(directory: &impl AsFd) -> Option<bool> {
    let mut dir = read_dir_in_mount(directory, b".").ok()?;
    for entry in dir.iter() {
        if !matches!(entry.ok()?.file_name().to_bytes(), b"." | b"..") {
            return Some(false);
        }
    }
    Some(true)
}

fn open(dir: impl AsFd, path: &[u8], flags: OFlag, more: ResolveFlag) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlag::RESOLVE_BENEATH
        | more
        | ResolveFlag::RESOLVE_NO_SYMLINKS
        | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new()
        .flags(flags | OFlag::O_CLOEXEC)
        .mode(Mode::empty())
        .resolve(resolve);
    openat2(dir, path, how)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn a_file_is_looked_at_with_its_mount_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        symlink("file", folder.path().join("link")).unwrap();
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let dir = nix::fcntl::open(folder.path(), flags, Mode::empty()).unwrap();
        let file = at(dir.as_fd(), c"file").unwrap();
        let expected = std::fs::metadata(folder.path().join("file")).unwrap();
        assert_eq!(file.inode, expected.ino());
        assert_eq!(file.mode, expected.mode());
        assert_eq!(at(dir.as_fd(), c"link").unwrap(), file);
        let link = without_following(dir.as_fd(), c"link").unwrap();
        assert_eq!(link.mode & libc::S_IFMT, libc::S_IFLNK);
        let opened = open_in_mount(&dir, b"file").unwrap();
        assert_eq!(at(opened.as_fd(), c"").unwrap(), file);
        assert_eq!(open_in_mount(&dir, b"link").unwrap_err(), Errno::ELOOP);
        assert_eq!(open_in_mount(&dir, b"../x").unwrap_err(), Errno::EXDEV);
    }

    #[test]
    fn another_mount_is_not_entered() {
        let root = nix::fcntl::open("/", OFlag::O_PATH, Mode::empty()).unwrap();
        assert_eq!(open_in_mount(&root, b"proc").unwrap_err(), Errno::EXDEV);
    }
}
