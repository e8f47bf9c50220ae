//! What stands at each mount point of a process, which pid namespaces its procfs instances show,
//! and which files of the kernel they lead to.
//!
//! A mount point is opened by what the kernel has in memory, and is the mount of the table only if
//! it has its id: another may lie on top. From there on no other mount is entered.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::readlinkat;

use crate::model::exposure::{
    File, HiddenMount, KERNEL_FILES, KernelFile, MountPoint, Part, ProcInstance,
};
use crate::model::mount::{Mount, below, join};
use crate::model::{LinkName, NsKey, NsKind, Seen, Why, text};
use crate::sys::procfs::TaskDir;
use crate::sys::{look, mounts, nsfs, why};

/// Of one mount table so many are looked at.
const MOST: usize = 4096;

/// What the mounts of one process show.
#[derive(Clone, Default)]
pub struct Surveyed {
    pub points: Part<MountPoint>,
    pub procfs: Part<ProcInstance>,
    pub kernel_files: Part<KernelFile>,
}

pub fn survey(task: &TaskDir, table: &[Mount]) -> Surveyed {
    let mut surveyed = Surveyed::default();
    if table.is_empty() {
        // A root directory that is no mount point hides all mounts that it is in.
        surveyed.miss(&Why::failed("its mount table is empty: it is in a chroot"));
    }
    if table.len() > MOST {
        surveyed.miss(&super::too_many());
    }
    for mount in table.iter().take(MOST) {
        match open(task, table, mount) {
            Ok(Some((opened, file))) => surveyed.add(mount, &opened, file),
            // Another mount lies on top of it.
            Ok(None) | Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EXDEV) => {}
            Err(errno) => surveyed.points.miss(gap(errno)),
        }
    }
    surveyed
}

/// Opens what stands at a mount point, if that is this mount.
pub fn open(
    task: &TaskDir,
    table: &[Mount],
    mount: &Mount,
) -> Result<Option<(OwnedFd, File)>, Errno> {
    let opened = opened(task, table, mount, DEEPEST)?;
    let look = look::at(opened.as_fd(), c"")?;
    let is_it = look.mount.is_none_or(|id| id == mount.id);
    Ok(is_it.then(|| (opened, File::from(look))))
}

/// Mounts on mounts of a window to the kernel: no table has more levels that matter.
const DEEPEST: usize = 8;

/// File systems that never wait for a server. Some of them look names up anew each time
/// (proc_misc_d_revalidate in fs/proc/generic.c), so that RESOLVE_CACHED refuses the way through.
const IN_MEMORY: [&str; 7] = [
    "cgroup", "cgroup2", "devtmpfs", "proc", "ramfs", "sysfs", "tmpfs",
];

fn opened(task: &TaskDir, table: &[Mount], mount: &Mount, levels: usize) -> Result<OwnedFd, Errno> {
    match task.open_in_root_cached(&text::to_bytes(&mount.mount_point)) {
        Err(Errno::EAGAIN) if levels > 0 => {}
        result => return result,
    }
    let parent = table.iter().find(|it| it.id == mount.parent);
    let parent = parent.filter(|it| IN_MEMORY.contains(&it.fstype.as_str()));
    let parent = parent.ok_or(Errno::EAGAIN)?;
    let rest = below(&parent.mount_point, &mount.mount_point).ok_or(Errno::EAGAIN)?;
    let (directory, name) = rest.rsplit_once('/').unwrap_or((".", rest));
    let above = opened(task, table, parent, levels - 1)?;
    // Something else may lie on top of the parent by now, and wait for a server.
    if look::at(above.as_fd(), c"")?
        .mount
        .is_some_and(|id| id != parent.id)
    {
        return Err(Errno::ENOENT);
    }
    let directory = look::open_in_mount(&above, &text::to_bytes(directory))?;
    look::open_on_top(&directory, &text::to_bytes(name))
}

/// Why a path could not be followed by what the kernel has in memory.
pub fn gap(errno: Errno) -> Why {
    match errno {
        Errno::EAGAIN => Why::failed("a file server would have to be asked for the way there"),
        Errno::EINVAL => Why::Unsupported,
        other => why(other),
    }
}

impl Surveyed {
    fn miss(&mut self, why: &Why) {
        self.points.miss(why.clone());
        self.procfs.miss(why.clone());
        self.kernel_files.miss(why.clone());
    }

    fn add(&mut self, mount: &Mount, opened: &OwnedFd, file: File) {
        self.points.found.push(MountPoint {
            mount: mount.id,
            file,
        });
        if mount.fstype == "proc" && mount.root == "/" {
            self.procfs.found.push(instance(mount, opened));
        }
        for control in &KERNEL_FILES {
            if control.fstype == mount.fstype
                && let Some(rest) = below(&mount.root, control.path)
            {
                self.add_kernel_file(mount, opened, control.path, rest);
            }
        }
    }

    fn add_kernel_file(&mut self, mount: &Mount, opened: &OwnedFd, name: &str, rest: &str) {
        let looked = match rest {
            "" => look::at(opened.as_fd(), c"").map(Some),
            _ => match look::open_in_mount(opened, rest.as_bytes()) {
                Ok(file) => look::at(file.as_fd(), c"").map(Some),
                Err(Errno::EXDEV) => Ok(None),
                Err(errno) => Err(errno),
            },
        };
        match looked {
            Ok(file) => self.kernel_files.found.push(KernelFile {
                path: join(&mount.mount_point, rest),
                name: name.to_owned(),
                mount: mount.id,
                file: file.map(File::from),
            }),
            // This kernel does not have it.
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(errno) => self.kernel_files.miss(why(errno)),
        }
    }
}

fn instance(mount: &Mount, opened: &OwnedFd) -> ProcInstance {
    // Its number 1 is the init of the pid namespace that it shows, which may refuse to say so.
    let init = look::open_in_mount(opened, b"1/ns").ok();
    let link = init.and_then(|ns| readlinkat(ns, "pid").ok());
    let key = link.and_then(|link| NsKey::parse(link.to_str()?));
    let own = readlinkat(opened, "self").ok();
    ProcInstance {
        mount: mount.id,
        mount_point: mount.mount_point.clone(),
        pid_ns: key.map(|key| key.inode),
        own: own
            .and_then(|own| own.into_string().ok())
            .filter(|own| !own.is_empty()),
    }
}

/// The mounts of its mount namespace that its mount table does not show (listmount(2)).
pub fn hidden(task: &TaskDir, table: &[Mount]) -> Seen<Vec<HiddenMount>> {
    let list = || -> Result<Vec<HiddenMount>, Errno> {
        let namespace = task.open_ns(LinkName::Own(NsKind::Mnt))?;
        let id = nsfs::id(&namespace, NsKind::Mnt)?;
        let all = mounts::list(id)?;
        if all.len() == table.len() {
            return Ok(Vec::new());
        }
        // Linux 6.12 lists those of another mount namespace in part only.
        if all.len() < table.len() {
            return Err(Errno::EOPNOTSUPP);
        }
        let shown: BTreeSet<i32> = table.iter().map(|mount| mount.id).collect();
        let mut hidden = Vec::new();
        for mount in all.into_iter().take(MOST) {
            let mount = mounts::of_id(id, mount)?;
            let mount = mount.filter(|mount| !shown.contains(&mount.id));
            hidden.extend(mount.map(|mount| HiddenMount {
                id: mount.id,
                device: format!("{}:{}", mount.device.0, mount.device.1),
                root: mount.root.map(|root| text::from_bytes(&root)),
            }));
        }
        Ok(hidden)
    };
    Seen::from(list().map_err(|errno| match errno {
        Errno::EINVAL => Why::Unsupported,
        other => why(other),
    }))
}
