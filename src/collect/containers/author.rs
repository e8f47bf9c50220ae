//! Who could have started a process with the name and arguments that it has, and made the namespaces
//! that it is in.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;

use crate::collect::details;
use crate::model::container::cgroup_path;
use crate::model::{Author, LinkName, NsKey, NsKind, Seen, Snapshot, text};
use crate::sys::look::{self, Look};
use crate::sys::procfs::TaskDir;
use crate::sys::{authored, nsfs, why};

/// Who decides what a process of the host does: root where it is all root's, runs one of these
/// programs of root's, and is where the host is; else the user whose it is, or a container.
///
/// The name and the arguments of a process are what whoever starts it likes. A user can start a
/// set-user-ID program of root's under any name (execve(2)); it keeps her real uid, and its file is
/// called otherwise.
pub fn of_process(dir: &TaskDir, snapshot: &Snapshot, programs: &[&str]) -> Author {
    let status = details::status_of(dir);
    let Some(status) = status.known() else {
        return Author::Unknown;
    };
    let uids = [
        status.uids.real,
        status.uids.effective,
        status.uids.saved,
        status.uids.fs,
    ];
    let is_initial = |kind| snapshot.is_initial(dir.namespace(kind)?).get();
    if let Some(user) = uids.into_iter().find(|uid| *uid != 0) {
        return of_user(dir, user, is_initial);
    }
    let mnt = match is_initial(NsKind::Mnt) {
        Some(false) => Some(is_apart_on_host(dir, snapshot)),
        other => other,
    };
    let places = [is_initial(NsKind::Pid), is_initial(NsKind::User), mnt];
    if places.contains(&Some(false)) {
        return Author::Container;
    }
    if places.contains(&None) {
        return Author::Unknown;
    }
    match program_of_root(dir) {
        Some(name) if programs.iter().any(|it| name.starts_with(it)) => Author::Root,
        Some(_) => Author::Anyone,
        None => Author::Unknown,
    }
}

/// Whether a process in a mount namespace of its own is the host's all the same, as systemd has its
/// services with PrivateTmp=: its root directory is the host's, and its cgroup is no container's.
fn is_apart_on_host(dir: &TaskDir, snapshot: &Snapshot) -> bool {
    let reader = snapshot.reader.links.own(NsKind::Mnt).get();
    let reader = reader.map(|inode| NsKey {
        kind: NsKind::Mnt,
        inode,
    });
    let is_on_host = reader.is_some_and(|key| snapshot.is_initial(key) == Seen::Known(true));
    let place = |look: Look| (look.device, look.inode);
    let own = authored::open_directory(c"/").and_then(|root| look::at(root.as_fd(), c""));
    let has_hosts_root = is_on_host
        && matches!((dir.look_at(c"root"), own), (Ok(theirs), Ok(own)) if place(theirs) == place(own));
    let cgroups = details::cgroups_of(dir);
    has_hosts_root
        && cgroups
            .known()
            .is_some_and(|it| cgroup_path::named(it).containers.is_empty())
}

/// A user's process outside of all containers: where the host is, or in a user namespace that she
/// has made. What runs in a container has another pid namespace, a mount namespace that took root to
/// make, or a user namespace that somebody else made.
fn of_user(dir: &TaskDir, uid: u32, is_initial: impl Fn(NsKind) -> Option<bool>) -> Author {
    let mine = |is_mine: bool| match is_mine {
        true => Author::User(uid),
        false => Author::Container,
    };
    match (is_initial(NsKind::Pid), is_initial(NsKind::User)) {
        (Some(false), _) => Author::Container,
        (_, Some(true)) => mine(is_initial(NsKind::Mnt) != Some(false)),
        (_, Some(false)) => mine(made_by(dir).get().is_none_or(|maker| maker == uid)),
        // Refused by the kernel: it is no more than that user's in any case.
        (_, None) => Author::User(uid),
    }
}

/// The name of the program of a process, if its file is root's own and nobody else may write to it.
fn program_of_root(dir: &TaskDir) -> Option<String> {
    let path = text::from_bytes(&dir.exe_path().ok()?);
    let look = dir.look_at(c"exe").ok()?;
    let is_roots = look.uid == 0 && look.mode & libc::S_IWOTH == 0;
    let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
    let name = path.rsplit('/').next()?.to_owned();
    Some(if is_roots { name } else { String::new() })
}

/// The user who made the outermost user namespace that a process is in, below the host's.
pub fn made_by(dir: &TaskDir) -> Seen<u32> {
    let made_by = || -> Result<u32, Errno> {
        let link = LinkName::Own(NsKind::User);
        let is_hosts = |fd: &OwnedFd| {
            Ok::<bool, Errno>(nsfs::identity(fd)?.inode == NsKind::User.initial_inode())
        };
        if dir.namespace(NsKind::User).map(|key| key.inode) == Some(NsKind::User.initial_inode()) {
            return Ok(0);
        }
        let mut at = dir.open_ns(link)?;
        // The kernel nests 32 of them (create_user_ns in kernel/user_namespace.c).
        loop {
            if is_hosts(&at)? {
                return Ok(0);
            }
            let parent = nsfs::parent(&at)?;
            if is_hosts(&parent)? {
                return nsfs::owner_uid(&at);
            }
            at = parent;
        }
    };
    Seen::from(made_by().map_err(why))
}
