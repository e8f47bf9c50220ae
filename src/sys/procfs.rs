//! Reading below a procfs by held directory descriptors, so that a PID which is reused while we
//! read can never mix two processes up: a descriptor of `/proc/PID` stays with its process and
//! fails with ESRCH once that is gone.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use rustix::fs::{StatxFlags, readlinkat_raw, statx};

use super::look::{self, Look};
use super::{entries, errno_of};
use crate::model::namespace::NsKey;
use crate::model::{LinkName, NsKind, Pid};

/// A procfs, by a descriptor of its root directory.
pub struct ProcRoot {
    dir: OwnedFd,
}

/// `/proc/PID` or `/proc/PID/task/TID` of one task, by a descriptor.
pub struct TaskDir {
    dir: OwnedFd,
}

/// A procfs file that is larger than this is not read whole.
const USUAL_LIMIT: usize = 1 << 20;

/// A line that is longer than this (bytes) is taken for several.
const LONGEST_LINE: u64 = 1 << 20;

const PATH_FLAGS: OFlag = OFlag::O_PATH
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_CLOEXEC);

/// What else could stand in the place of a namespace must not make us wait.
const NS_FLAGS: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY);

impl ProcRoot {
    /// Opens the root directory of a procfs, or of a tree that looks like one.
    pub fn open(path: &Path) -> Result<ProcRoot, Errno> {
        let dir = nix::fcntl::open(path, PATH_FLAGS, Mode::empty())?;
        Ok(ProcRoot { dir })
    }

    /// The directory of a process, or of a thread by its TID.
    pub fn task(&self, pid: Pid) -> Result<TaskDir, Errno> {
        TaskDir::open(self.dir.as_fd(), pid.to_string().as_str())
    }

    /// Opens the namespace behind a link of a process, or of a thread by its TID, as
    /// [`TaskDir::open_ns`] does.
    pub fn open_ns(&self, pid: Pid, link: LinkName) -> Result<OwnedFd, Errno> {
        let path = format!("{pid}/ns/{}", link.name());
        openat(&self.dir, path.as_str(), NS_FLAGS, Mode::empty())
    }

    /// The directory of the calling process; ENOENT in a tree that is not a procfs of ours.
    pub fn own_task(&self) -> Result<TaskDir, Errno> {
        TaskDir::open(self.dir.as_fd(), "self")
    }

    /// The number of the calling process in this procfs.
    pub fn own_pid(&self) -> Result<Pid, Errno> {
        let target = nix::fcntl::readlinkat(&self.dir, "self")?;
        let number = target.to_str().and_then(|target| target.parse().ok());
        number.ok_or(Errno::EINVAL)
    }

    /// Whether its numbers are those of our own pid namespace, which system calls take.
    pub fn is_ours(&self) -> bool {
        self.own_pid() == Ok(nix::unistd::getpid().as_raw())
    }

    /// Whether it is a procfs at all, and no tree that looks like one.
    pub fn is_procfs(&self) -> bool {
        fstatfs(&self.dir).is_ok_and(|found| found.filesystem_type() == PROC_SUPER_MAGIC)
    }

    /// All process numbers, ascending.
    pub fn pids(&self) -> Result<Vec<Pid>, Errno> {
        entries::numbers(self.dir.as_fd(), ".", 1)
    }

    /// Tells of every process number, in the order of the listing.
    pub fn each_pid(&self, tell: &mut dyn FnMut(Pid)) -> Result<(), Errno> {
        entries::each_number(self.dir.as_fd(), ".", 1, tell)
    }

    /// About how many processes there are: a procfs counts them among its links
    /// (proc_root_getattr in fs/proc/root.c), as a tree on most file systems does.
    pub fn about_how_many(&self) -> usize {
        fstat(&self.dir).map_or(0, |stat| usize::try_from(stat.st_nlink).unwrap_or(0))
    }

    /// The contents of a file below the root, such as `sys/kernel/ostype`.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Errno> {
        read_below(self.dir.as_fd(), path, USUAL_LIMIT, None)
    }

    /// The same for a file that is one record.
    pub fn read_record(&self, path: &str) -> Result<Vec<u8>, Errno> {
        read_below(self.dir.as_fd(), path, USUAL_LIMIT, Some(1))
    }
}

impl AsFd for ProcRoot {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

/// A directory that has been opened already.
impl From<OwnedFd> for ProcRoot {
    fn from(dir: OwnedFd) -> ProcRoot {
        ProcRoot { dir }
    }
}

impl AsRawFd for ProcRoot {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.dir.as_raw_fd()
    }
}

/// A directory of a process that has been opened already.
impl From<OwnedFd> for TaskDir {
    fn from(dir: OwnedFd) -> TaskDir {
        TaskDir { dir }
    }
}

impl TaskDir {
    fn open(base: BorrowedFd<'_>, name: &str) -> Result<TaskDir, Errno> {
        let dir = openat(base, name, PATH_FLAGS, Mode::empty())?;
        Ok(TaskDir { dir })
    }

    /// The directory of one of its threads.
    pub fn thread(&self, tid: Pid) -> Result<TaskDir, Errno> {
        TaskDir::open(self.dir.as_fd(), format!("task/{tid}").as_str())
    }

    /// Numbers of its threads, ascending.
    pub fn tids(&self) -> Result<Vec<Pid>, Errno> {
        entries::numbers(self.dir.as_fd(), "task", 1)
    }

    /// The target of a namespace link, as `net:[4026531833]`. Formats the name only: unlike stat
    /// it makes the kernel create no nsfs inode, which costs twice as much.
    pub fn ns_link<'a>(&self, link: LinkName, buffer: &'a mut [u8; 64]) -> Result<&'a [u8], Errno> {
        self.readlink(ns_path(link), buffer)
    }

    /// The namespace of a kind that the task is in; `None` where the link cannot be read.
    pub fn namespace(&self, kind: NsKind) -> Option<NsKey> {
        let mut buffer = [0; 64];
        let target = self.ns_link(LinkName::Own(kind), &mut buffer).ok()?;
        NsKey::parse(std::str::from_utf8(target).ok()?)
    }

    fn readlink<'a>(&self, path: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
        readlink(self.dir.as_fd(), path, buffer)
    }

    /// The target of a link below the directory, such as `exe` or `fd/3`.
    pub fn link(&self, name: &str) -> Result<Vec<u8>, Errno> {
        let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
        let mut buffer = [0; libc::PATH_MAX as usize];
        self.readlink(&name, &mut buffer).map(<[u8]>::to_vec)
    }

    /// The target of the `cwd` link: the working directory's path as seen from the reader's root.
    pub fn cwd_path(&self) -> Result<Vec<u8>, Errno> {
        let mut buffer = [0; libc::PATH_MAX as usize];
        self.readlink(c"cwd", &mut buffer).map(<[u8]>::to_vec)
    }

    /// The target of the `root` link: the root directory's path as seen from the reader's root.
    pub fn root_path(&self) -> Result<Vec<u8>, Errno> {
        let mut buffer = [0; libc::PATH_MAX as usize];
        self.readlink(c"root", &mut buffer).map(<[u8]>::to_vec)
    }

    /// The target of the `exe` link: the program's path as seen from the reader's root.
    pub fn exe_path(&self) -> Result<Vec<u8>, Errno> {
        let mut buffer = [0; libc::PATH_MAX as usize];
        self.readlink(c"exe", &mut buffer).map(<[u8]>::to_vec)
    }

    /// What the root directory itself is.
    pub fn root_stat(&self) -> Result<Glance, Errno> {
        glance(self.dir.as_fd(), c"root")
    }

    /// Metadata of the `task` directory: its owner is the effective uid (task_dump_owner in
    /// fs/proc/base.c makes an exception for directories, so that holds for a process that is not
    /// dumpable too) and its link count is the number of threads plus two (proc_task_getattr).
    pub fn task_stat(&self) -> Result<FileStat, Errno> {
        fstatat(&self.dir, c"task", AtFlags::empty())
    }

    /// Owner of the files in the directory, which unlike that of the directories depends on whether
    /// the process is dumpable.
    pub fn file_owner(&self) -> Result<u32, Errno> {
        fstatat(&self.dir, c"stat", AtFlags::empty()).map(|stat| stat.st_uid)
    }

    /// What one of its links leads to, `exe` or `root`, without opening that.
    pub fn look_at(&self, link: &CStr) -> Result<Look, Errno> {
        look::at(self.dir.as_fd(), link)
    }

    /// Opens the namespace behind a link.
    pub fn open_ns(&self, link: LinkName) -> Result<OwnedFd, Errno> {
        openat(&self.dir, ns_path(link), NS_FLAGS, Mode::empty())
    }

    /// Numbers of its open file descriptors, ascending. 0 is one of them.
    pub fn fds(&self) -> Result<Vec<i32>, Errno> {
        entries::numbers(self.dir.as_fd(), "fd", 0)
    }

    /// What a descriptor of the task is open on.
    pub fn fd_stat(&self, fd: i32) -> Result<Glance, Errno> {
        glance(self.dir.as_fd(), &fd_path(fd))
    }

    /// Opens what a descriptor of the task is open on, for looking at what it is. Opening it in
    /// earnest could hang or do something: it may be a device by now.
    pub fn open_fd(&self, fd: i32) -> Result<OwnedFd, Errno> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        openat(&self.dir, fd_path(fd).as_c_str(), flags, Mode::empty())
    }

    /// Opens the directory behind one of its links, `root` or `cwd`, for going there.
    pub fn open_directory(&self, link: &str) -> Result<OwnedFd, Errno> {
        openat(&self.dir, link, PATH_FLAGS, Mode::empty())
    }

    /// How many descriptors wait in the queue of a socket, sent over it and not yet received
    /// (unix_show_fdinfo in net/unix/af_unix.c, Linux 5.8); none for what is no unix(7) socket.
    pub fn fds_in_queue(&self, fd: i32) -> Result<u64, Errno> {
        let fdinfo = self.read(&format!("fdinfo/{fd}"))?;
        let lines = fdinfo.split(|byte| *byte == b'\n');
        let counts = lines.filter_map(|line| line.strip_prefix(b"scm_fds:"));
        let number = |digits| std::str::from_utf8(digits).ok()?.trim().parse::<u64>().ok();
        Ok(counts.filter_map(number).sum())
    }

    /// Opens a file below the root directory of the task without following links out of it, for
    /// looking at what it is (openat2(2), RESOLVE_IN_ROOT). A file server on the way there may keep
    /// us waiting for ever.
    pub fn open_in_root(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.open_below_root(path, ResolveFlag::empty())
    }

    /// The same by what the kernel has in memory alone, where the way to a mount point is pinned
    /// (RESOLVE_CACHED, Linux 5.12). EAGAIN: a file server has to be asked. EINVAL: an older kernel.
    pub fn open_in_root_cached(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        const RESOLVE_CACHED: u64 = 0x20;
        self.open_below_root(path, ResolveFlag::from_bits_retain(RESOLVE_CACHED))
    }

    fn open_below_root(&self, path: &[u8], more: ResolveFlag) -> Result<OwnedFd, Errno> {
        let root = self.open_directory("root")?;
        let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS | more;
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
            .resolve(resolve);
        openat2(root, path, how)
    }

    /// The contents of a file below the directory, at most 1 MiB.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Errno> {
        self.read_up_to(path, USUAL_LIMIT)
    }

    /// The contents of a file below the directory; what lies beyond the limit (bytes) is not read.
    pub fn read_up_to(&self, path: &str, limit: usize) -> Result<Vec<u8>, Errno> {
        read_below(self.dir.as_fd(), path, limit, None)
    }

    /// The contents of a file whose records are no longer than said (bytes): the kernel fills what
    /// it is given to the last record that fits (seq_read_iter in fs/seq_file.c), so that a read
    /// which leaves room for one more has come to the end. At most 1 MiB.
    pub fn read_records(&self, path: &str, longest: usize) -> Result<Vec<u8>, Errno> {
        self.read_records_up_to(path, longest, USUAL_LIMIT)
    }

    /// The same with another limit (bytes), beyond which nothing is read.
    pub fn read_records_up_to(
        &self,
        path: &str,
        longest: usize,
        limit: usize,
    ) -> Result<Vec<u8>, Errno> {
        read_below(self.dir.as_fd(), path, limit, Some(longest))
    }

    /// Those lines of a file below the directory that are wanted, however long it is. EFBIG: they
    /// are more than the limit (bytes).
    pub fn lines_of(
        &self,
        path: &str,
        limit: usize,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Errno> {
        let mut file = BufReader::new(open_below(self.dir.as_fd(), path)?);
        let mut kept = Vec::new();
        while kept.len() <= limit {
            let start = kept.len();
            let mut line = file.by_ref().take(LONGEST_LINE);
            if line.read_until(b'\n', &mut kept).map_err(errno_of)? == 0 {
                return Ok(kept);
            }
            if !wanted(&kept[start..]) {
                kept.truncate(start);
            }
        }
        Err(Errno::EFBIG)
    }
}

impl AsFd for TaskDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

/// What a look at a file tells that asks no file server for news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    pub device: u64,
    pub inode: u64,
    pub is_socket: bool,
}

/// Looks at what a path leads to, also through a last link that is magic. AT_STATX_DONT_SYNC: a
/// hung FUSE or NFS mount must not hang us.
pub fn glance(base: BorrowedFd<'_>, path: &CStr) -> Result<Glance, Errno> {
    let flags = rustix::fs::AtFlags::STATX_DONT_SYNC | rustix::fs::AtFlags::EMPTY_PATH;
    let wanted = StatxFlags::TYPE | StatxFlags::INO;
    let stat = statx(base, path, flags, wanted).map_err(errno_of)?;
    Ok(Glance {
        device: libc::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        is_socket: u32::from(stat.stx_mode) & libc::S_IFMT == libc::S_IFSOCK,
    })
}

fn fd_path(fd: i32) -> CString {
    // Digits hold no NUL.
    CString::new(format!("fd/{fd}")).unwrap_or_default()
}

/// The contents of a file by its path, as far as the limit (bytes).
pub(super) fn read_path(path: &str, limit: usize) -> Result<Vec<u8>, Errno> {
    read_below(AT_FDCWD, path, limit, None)
}

/// The same up to the first read that leaves room.
pub(super) fn read_path_records(path: &str, limit: usize) -> Result<Vec<u8>, Errno> {
    read_below(AT_FDCWD, path, limit, Some(1))
}

fn open_below(base: BorrowedFd<'_>, path: &str) -> Result<File, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    openat(base, path, flags, Mode::empty()).map(File::from)
}

fn read_below(
    base: BorrowedFd<'_>,
    path: &str,
    limit: usize,
    longest_record: Option<usize>,
) -> Result<Vec<u8>, Errno> {
    let mut file = open_below(base, path)?;
    let mut contents = Vec::with_capacity(1024);
    let mut chunk = [0; 4096];
    while contents.len() < limit {
        let room = chunk.len().min(limit - contents.len());
        match file.read(&mut chunk[..room]) {
            Ok(0) => break,
            Ok(length) => {
                contents.extend_from_slice(&chunk[..length]);
                if longest_record.is_some_and(|longest| length + longest <= room) {
                    break;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(errno_of(error)),
        }
    }
    Ok(contents)
}

/// The target of a link below a directory.
pub(super) fn readlink<'a>(
    base: BorrowedFd<'_>,
    path: &CStr,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Errno> {
    let room = buffer.len();
    let length = readlinkat_raw(base, path, &mut *buffer).map_err(errno_of)?;
    // A result that fills the buffer may have been cut.
    if length == room {
        return Err(Errno::ENAMETOOLONG);
    }
    Ok(&buffer[..length])
}

/// The path of a namespace link below `/proc/PID`.
pub(super) const fn ns_path(link: LinkName) -> &'static CStr {
    match link {
        LinkName::Own(NsKind::Cgroup) => c"ns/cgroup",
        LinkName::Own(NsKind::Ipc) => c"ns/ipc",
        LinkName::Own(NsKind::Mnt) => c"ns/mnt",
        LinkName::Own(NsKind::Net) => c"ns/net",
        LinkName::Own(NsKind::Pid) => c"ns/pid",
        LinkName::Own(NsKind::Time) => c"ns/time",
        LinkName::Own(NsKind::User) => c"ns/user",
        LinkName::Own(NsKind::Uts) => c"ns/uts",
        LinkName::PidForChildren => c"ns/pid_for_children",
        LinkName::TimeForChildren => c"ns/time_for_children",
    }
}
