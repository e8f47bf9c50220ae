//! Opening a namespace by whatever keeps it alive: each holder is a way in.

use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open as open_file};
use nix::sys::stat::Mode;

use super::parse;
use super::processes::living_task;
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{LinkName, NsKind, Pid, Process, Snapshot, Why, text};
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{child, inside, list, nsfs, sockets, why};

/// A child that has not opened a namespace by then is stuck on a file server.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A few other members are tried where the first has ended meanwhile.
const OTHER_MEMBERS: usize = 3;

/// Opens a namespace, and makes sure that what was opened is that namespace: PIDs and descriptors
/// may have been reused since, and another mount may lie on top of a path.
///
/// # Errors
/// The last reason why a holder was no way in.
pub fn open(root: &ProcRoot, snapshot: &Snapshot, key: NsKey) -> Result<OwnedFd, Why> {
    let namespace = snapshot.namespaces.get(&key).ok_or(Why::Gone)?;
    let mut reason = Why::Gone;
    for holder in &namespace.holders {
        match (through(root, snapshot, namespace, holder), holder) {
            (Ok(Some(fd)), _) if is(&fd, key) => return Ok(fd),
            (Ok(_), Holder::Mount { .. }) => {
                reason = Why::failed("something else is mounted on top of it");
            }
            (Ok(_), _) => {}
            (Err(errno), _) => reason = why(errno),
        }
    }
    other_members(root, snapshot, key).ok_or(reason)
}

fn is(fd: &OwnedFd, key: NsKey) -> bool {
    let inode = nsfs::identity(fd).map(|identity| identity.inode);
    // Kernels before 4.11 do not tell the kind; a holder was found by its kind then.
    let kind = nsfs::kind(fd).unwrap_or(key.kind);
    inode == Ok(key.inode) && kind == key.kind
}

/// What a holder leads to; `None`: to something that is no namespace.
fn through(
    root: &ProcRoot,
    snapshot: &Snapshot,
    namespace: &Namespace,
    holder: &Holder,
) -> Result<Option<OwnedFd>, Errno> {
    let key = namespace.key;
    let opened = match holder {
        Holder::Processes { lowest, .. } => link(root, *lowest, LinkName::Own(key.kind)),
        Holder::Thread { tid, .. } => link(root, *tid, LinkName::Own(key.kind)),
        Holder::ForChildren { tid, .. } => {
            let link_name = LinkName::for_children(key.kind).ok_or(Errno::ESRCH);
            link_name.and_then(|name| link(root, *tid, name))
        }
        Holder::Fd { tid, fd, .. } => return nsfs::reopen(&root.task(*tid)?.open_fd(*fd)?),
        Holder::Mount { path, mnt_ns } => {
            return nsfs::reopen(&mounted(root, snapshot, *mnt_ns, &text::to_bytes(path))?);
        }
        Holder::Socket { tid, fd, inode, .. } => {
            let task = PidFd::open(*tid).or_else(|_| PidFd::open_thread(*tid))?;
            sockets::namespace(&sockets::copy(&task, *fd, *inode)?)
        }
        // What is below leads up, and relations follow that way anyhow.
        Holder::Child { .. } => Err(Errno::ESRCH),
        Holder::Kernel { ns_id } => list::open_by_key(*ns_id, key)
            .or_else(|_| list::open_by_id(*ns_id))
            .or_else(|_| listed_mount_namespace(key)),
    };
    opened.map(Some)
}

/// Kernels without handles of namespaces have a list of mount namespaces at least.
fn listed_mount_namespace(key: NsKey) -> Result<OwnedFd, Errno> {
    let mut all = nsfs::mount_namespaces(nsfs::own(NsKind::Mnt)?);
    all.find(|fd| fd.as_ref().is_ok_and(|fd| is(fd, key)))
        .unwrap_or(Err(Errno::ESRCH))
}

fn link(root: &ProcRoot, task: Pid, link: LinkName) -> Result<OwnedFd, Errno> {
    match root.open_ns(task, link) {
        // Of a first thread that has ended they are gone, and others may live on.
        Err(Errno::ENOENT | Errno::ESRCH) => living_task(root, task)?.open_ns(link),
        result => result,
    }
}

fn other_members(root: &ProcRoot, snapshot: &Snapshot, key: NsKey) -> Option<OwnedFd> {
    let own = LinkName::Own(key.kind);
    let members = snapshot
        .processes
        .iter()
        .filter(|process| process.links.get(own).get() == Some(key.inode));
    members
        .skip(1)
        .take(OTHER_MEMBERS)
        .filter_map(|process| link(root, process.task(), own).ok())
        .find(|fd| is(fd, key))
}

/// Opens what is at a path of a mount namespace, for looking at what it is: below the root of a
/// process in there, or for want of one by a child that enters it.
fn mounted(
    root: &ProcRoot,
    snapshot: &Snapshot,
    mnt_ns: u64,
    path: &[u8],
) -> Result<OwnedFd, Errno> {
    let key = NsKey {
        kind: NsKind::Mnt,
        inode: mnt_ns,
    };
    if let Some(member) = unchrooted_members(root, snapshot, key).next() {
        return match member.open_in_root_cached(path) {
            Err(Errno::EAGAIN | Errno::EINVAL) => {
                child::open_in_child(TIME_LIMIT, || member.open_in_root(path))
            }
            result => result,
        };
    }
    let mnt_ns = open(root, snapshot, key).map_err(|_| Errno::EACCES)?;
    child::open_in_child(TIME_LIMIT, || {
        inside::join(&mnt_ns)?;
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        open_file(path, flags, Mode::empty())
    })
}

/// As many members are asked for their root directory; all may run in a chroot.
const ASKED_FOR_ROOT: usize = 16;

/// Members of a mount namespace whose root is that of the namespace, so that their mount table and
/// their paths are whole.
pub fn unchrooted_members(
    root: &ProcRoot,
    snapshot: &Snapshot,
    key: NsKey,
) -> impl Iterator<Item = TaskDir> {
    let is_member = move |process: &&Process| process.links.own(key.kind).get() == Some(key.inode);
    let has_its_root = |task: &TaskDir| task.root_path().is_ok_and(|path| path == b"/");
    snapshot
        .processes
        .iter()
        .filter(is_member)
        .take(ASKED_FOR_ROOT)
        .filter_map(|process| living_task(root, process.task()).ok())
        .filter(move |task| is_in(task, key))
        .filter(has_its_root)
}

/// Whether a task is in a namespace now. Its number may have passed to another since it was read.
pub fn is_in(task: &TaskDir, key: NsKey) -> bool {
    let mut buffer = [0; 64];
    let link = LinkName::Own(key.kind);
    let target = task.ns_link(link, &mut buffer);
    target.map(|target| parse::ns_link(link, target)) == Ok(Some(key.inode))
}
