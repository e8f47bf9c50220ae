//! What the program sees of the file system: how mounts propagate, its root directory, its /proc.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, chroot, fchdir, pivot_root};

use super::failure::{During, Failure, Step};
use crate::sys::mountfs;

/// How mount events travel between the new mount namespace and the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    Private,
    Slave,
    Shared,
    Unchanged,
}

/// Another root directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewRoot {
    /// By pivot_root(2): the old root is gone from the mount namespace.
    Pivot { dir: PathBuf, read_only: bool },
    /// By chroot(2), which whoever has CAP_SYS_CHROOT walks out of.
    Chroot(PathBuf),
}

/// What is changed in a mount namespace of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub propagation: Propagation,
    pub root: Option<NewRoot>,
    /// Where a fresh procfs is mounted, below the new root.
    pub proc: Option<PathBuf>,
}

impl View {
    /// Makes it so.
    ///
    /// # Errors
    /// The first step that the kernel refuses.
    pub fn arrange(&self, own_mount_namespace: bool) -> Result<(), Failure> {
        if own_mount_namespace {
            self.propagation.set().during(|| Step::Propagation)?;
        }
        match &self.root {
            Some(NewRoot::Pivot { dir, read_only }) => self.pivot(dir, *read_only),
            Some(NewRoot::Chroot(dir)) => {
                let step = || Step::Chroot(dir.display().to_string());
                chroot(dir).during(step)?;
                chdir("/").during(step)?;
                self.mount_proc()
            }
            None => self.mount_proc(),
        }
    }

    fn mount_proc(&self) -> Result<(), Failure> {
        let Some(at) = &self.proc else { return Ok(()) };
        keep_to_ourselves(at).during(|| Step::Propagation)?;
        mount_proc(at).during(|| Step::MountProc(at.display().to_string()))
    }

    /// The procfs is mounted before the old root goes: in a user namespace the kernel wants to see
    /// one that hides nothing (mount_too_revealing in fs/namespace.c).
    fn pivot(&self, dir: &Path, read_only: bool) -> Result<(), Failure> {
        let step = || Step::PivotRoot(dir.display().to_string());
        // By a name such as `.` we would open what lies below the mount that we make there.
        let dir = dir.canonicalize().during(step)?;
        let dir = dir.as_path();
        let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(dir), dir, None::<&str>, bind, None::<&str>).during(step)?;
        let root = open(dir, DIRECTORY, Mode::empty()).during(step)?;
        if read_only {
            mountfs::make_read_only(&root).during(step)?;
        }
        if let Some(at) = &self.proc {
            self.mount_proc_below(&root, at)?;
        }
        let pivot = || {
            fchdir(&root)?;
            pivot_root(".", ".")?;
            umount2(".", MntFlags::MNT_DETACH)?;
            chdir("/")
        };
        pivot().during(step)
    }

    /// The directory of a root file system that somebody else has made may be a link to anywhere.
    fn mount_proc_below(&self, root: &OwnedFd, at: &Path) -> Result<(), Failure> {
        let step = || Step::MountProc(at.display().to_string());
        let below = at.strip_prefix("/").unwrap_or(at);
        let dir = openat(root, below, DIRECTORY | OFlag::O_NOFOLLOW, Mode::empty());
        let dir = dir.during(step)?;
        mount_proc(Path::new(&format!("/proc/self/fd/{}", dir.as_raw_fd()))).during(step)
    }
}

const DIRECTORY: OFlag = OFlag::O_PATH
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_CLOEXEC);

fn mount_proc(at: &Path) -> Result<(), Errno> {
    let harmless = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), at, Some("proc"), harmless, None::<&str>)
}

/// Where mounts propagate to the old namespace, a fresh procfs must not: everybody out there would
/// have it over their own.
fn keep_to_ourselves(mount_point: &Path) -> Result<(), Errno> {
    let private = MsFlags::MS_PRIVATE;
    match mount(
        None::<&str>,
        mount_point,
        None::<&str>,
        private,
        None::<&str>,
    ) {
        // It is no mount point, or not there, which the next step says.
        Err(Errno::EINVAL | Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
        result => result,
    }
}

impl Propagation {
    fn set(self) -> Result<(), Errno> {
        let how = match self {
            Propagation::Private => MsFlags::MS_PRIVATE,
            Propagation::Slave => MsFlags::MS_SLAVE,
            Propagation::Shared => MsFlags::MS_SHARED,
            Propagation::Unchanged => return Ok(()),
        };
        let all = MsFlags::MS_REC | how;
        mount(None::<&str>, "/", None::<&str>, all, None::<&str>)
    }
}

/// Opens a directory that is to become a root or a working directory.
pub fn open_directory(path: &Path) -> Result<OwnedFd, Failure> {
    nix::fcntl::openat(AT_FDCWD, path, DIRECTORY, Mode::empty())
        .during(|| Step::Open(path.display().to_string()))
}

/// Makes an open directory the root.
pub fn enter_root(root: &OwnedFd, name: &str) -> Result<(), Failure> {
    let enter = || {
        fchdir(root)?;
        chroot(".")?;
        chdir("/")
    };
    enter().during(|| Step::Chroot(name.to_owned()))
}
