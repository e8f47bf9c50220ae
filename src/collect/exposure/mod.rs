//! What is within the reach of processes beside their namespaces: one file per source. Nothing is
//! entered, mounted or written. Where a file server could keep us waiting, a forked child goes, and
//! what is not looked at is told as a gap.

mod devices;
mod handles;
mod listeners;
mod mounts;
mod networks;
mod rules;
mod sockets;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::processes::living_task;
use super::{details, open};
use crate::model::exposure::{Exposure, File, FileKind, Handle, Part};
use crate::model::mount::Mount;
use crate::model::{NsKey, NsKind, Pid, Process, Seen, Snapshot, Why};
use crate::sys::look::Look;
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::unix_diag::{self, UnixSocket};
use crate::sys::why;

/// All processes together take no longer. Whoever makes more than can be looked at buys a gap that
/// is told.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Looks at the given processes, which were read closely, and at what is around them.
pub fn expose(root: &ProcRoot, snapshot: &mut Snapshot, tasks: &[Pid]) {
    if !snapshot.host_mounts.is_known() {
        snapshot.host_mounts = host_mounts(root, snapshot);
    }
    let looker = Looker::new(root, snapshot);
    let mut surfaces = BTreeMap::new();
    let mut exposures: BTreeMap<Pid, Exposure> = BTreeMap::new();
    for task in tasks {
        if let Some(process) = snapshot.processes.get(*task) {
            exposures.insert(*task, looker.look(process, &mut surfaces));
        }
    }
    let mut abstract_ones = listeners::of_shared_networks(&looker, tasks);
    listeners::find_owners(&looker, &mut exposures, &mut abstract_ones);
    snapshot.exposures.extend(exposures);
    snapshot.listeners.extend(abstract_ones);
}

/// Of processes that are like one that was read closely in all but what they hold: those that hold
/// something of the host. Each stands beside the one that it is like, whose mounts are its own.
pub fn holders(root: &ProcRoot, snapshot: &Snapshot, others: &BTreeMap<Pid, Pid>) -> Vec<Pid> {
    if others.is_empty() {
        return Vec::new();
    }
    let looker = Looker::new(root, snapshot);
    let host = host_mounts(root, snapshot);
    let host: BTreeSet<i32> = host.known().into_iter().flatten().map(|it| it.id).collect();
    let holds = |(task, like): &(&Pid, &Pid)| {
        let process = snapshot.processes.get(**task)?;
        let like = snapshot.processes.get(**like)?.details.as_deref()?;
        let table = like.mounts.known()?;
        let dir = looker.task(process).ok()?;
        let handles = handles::of(&looker, process, &dir, table).found;
        handles.iter().any(|it| is_of_host(it, &host)).then_some(())
    };
    let holders = others.iter().filter(|pair| holds(pair).is_some());
    holders.map(|(task, _)| *task).collect()
}

/// Whether something that is held deserves a closer look: not a terminal, nor what a runtime keeps
/// in memory.
fn is_of_host(handle: &Handle, host: &BTreeSet<i32>) -> bool {
    let is_outside = handle.mount.is_some_and(|mount| host.contains(&mount));
    match handle.file {
        None => handle.what.is_some(),
        Some(file) => match file.kind {
            FileKind::Directory => handle.name != "root",
            FileKind::Block => true,
            // Terminals, and what every program has: null, zero, random …
            FileKind::Char => !matches!(
                file.device,
                Some((4 | 5 | 136..=143, _) | (1, 3 | 5 | 7..=9))
            ),
            _ => is_outside && !matches!(handle.name.as_str(), "fd/0" | "fd/1" | "fd/2"),
        },
    }
}

/// The mount table of the host's mount namespace, by which mounts of others get their paths there.
pub fn host_mounts(root: &ProcRoot, snapshot: &Snapshot) -> Seen<Vec<Mount>> {
    let kind = NsKind::Mnt;
    let own = snapshot.reader.links.own(kind);
    let is_ours = own.part(|inode| {
        snapshot.is_initial(NsKey {
            kind,
            inode: *inode,
        })
    });
    if is_ours.and_then(|it| it) == Seen::Known(true)
        && let Ok(own) = root.own_task()
    {
        return details::mounts_of(&own);
    }
    match snapshot.initial_inode(kind) {
        Seen::Known(inode) => {
            let key = NsKey {
                kind,
                inode: *inode,
            };
            let mut members = open::unchrooted_members(root, snapshot, key);
            let first = members.next();
            first.map_or(Seen::Unknown(Why::Denied), |it| details::mounts_of(&it))
        }
        Seen::Unknown(why) => Seen::Unknown(why.clone()),
    }
}

/// What depends on nothing but mount namespace and root directory.
#[derive(Clone)]
struct Surface {
    mounts: mounts::Surveyed,
    devices: Part<crate::model::exposure::DeviceNode>,
    sockets: Part<crate::model::exposure::SocketFile>,
}

/// Mount namespace, and device and inode of the root directory.
type Place = (u64, u64, u64);

/// Who looks, with what is the same for all processes.
struct Looker<'a> {
    root: &'a ProcRoot,
    snapshot: &'a Snapshot,
    deadline: Instant,
    /// Unix sockets of our own network namespace, by inode.
    sockets: Seen<BTreeMap<u64, UnixSocket>>,
    /// Those of other ones that are bound to files.
    elsewhere: Part<UnixSocket>,
    drivers: devices::Drivers,
    hierarchies: rules::Hierarchies,
}

impl<'a> Looker<'a> {
    fn new(root: &'a ProcRoot, snapshot: &'a Snapshot) -> Looker<'a> {
        let sockets = match root.is_ours() {
            true => Seen::from(unix_diag::all().map_err(why)),
            // Numbers of that tree say nothing of our kernel.
            false => Seen::Unknown(Why::Unsupported),
        };
        let elsewhere = match sockets {
            Seen::Known(_) => networks::sockets(root, snapshot),
            Seen::Unknown(_) => Part::unknown(Why::Unsupported),
        };
        let by_inode = |all: Vec<UnixSocket>| all.into_iter().map(|it| (it.inode, it)).collect();
        Looker {
            root,
            snapshot,
            deadline: Instant::now() + TIME_LIMIT,
            sockets: sockets.map(by_inode),
            elsewhere,
            drivers: devices::Drivers::read(root),
            hierarchies: rules::Hierarchies::read(root),
        }
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn look(&self, process: &Process, surfaces: &mut BTreeMap<Place, Surface>) -> Exposure {
        if self.is_late() {
            return Exposure::unknown(&late());
        }
        let task = match self.task(process) {
            Ok(task) => task,
            Err(errno) => return Exposure::unknown(&why(errno)),
        };
        let details = process.details.as_deref();
        let table = match details.map(|details| &details.mounts) {
            Some(Seen::Known(table)) => table,
            Some(Seen::Unknown(why)) => return Exposure::unknown(why),
            None => return Exposure::unknown(&Why::Skipped),
        };
        let root = details.and_then(|details| details.root.known());
        let place = root.zip(process.links.own(NsKind::Mnt).get());
        let place = place.map(|(root, mnt)| (mnt, root.device, root.inode));
        let known = place.and_then(|place| surfaces.get(&place).cloned());
        let surface = known.unwrap_or_else(|| self.survey(&task, table));
        if let Some(place) = place {
            surfaces.entry(place).or_insert_with(|| surface.clone());
        }
        Exposure {
            mount_points: surface.mounts.points,
            procfs: surface.mounts.procfs,
            kernel_files: surface.mounts.kernel_files,
            devices: surface.devices,
            device_rules: self.hierarchies.rules_of(process),
            sockets: surface.sockets,
            hidden_mounts: mounts::hidden(&task, table),
            handles: handles::of(self, process, &task, table),
        }
    }

    fn survey(&self, task: &TaskDir, table: &[Mount]) -> Surface {
        let surveyed = mounts::survey(task, table);
        let devices = devices::of(self, task, table, &surveyed.points);
        let sockets = sockets::of(self, task, table, &surveyed.points);
        Surface {
            mounts: surveyed,
            devices,
            sockets,
        }
    }

    /// The directory of a process that is still in the mount namespace in which it was seen: its
    /// number may have passed to another.
    fn task(&self, process: &Process) -> Result<TaskDir, Errno> {
        let task = living_task(self.root, process.task())?;
        let kind = NsKind::Mnt;
        match process.links.own(kind) {
            Seen::Known(inode)
                if open::is_in(
                    &task,
                    NsKey {
                        kind,
                        inode: *inode,
                    },
                ) =>
            {
                Ok(task)
            }
            Seen::Known(_) => Err(Errno::ESRCH),
            Seen::Unknown(_) => Ok(task),
        }
    }
}

fn late() -> Why {
    Why::failed("there is more than can be looked at in time")
}

fn too_many() -> Why {
    Why::failed("there are more than are looked at")
}

impl<T> Part<T> {
    /// Notes why something is missing; the first reason is kept.
    fn miss(&mut self, why: Why) {
        self.gap.get_or_insert(why);
    }
}

impl From<Look> for File {
    fn from(look: Look) -> File {
        let kind = match look.mode & libc::S_IFMT {
            libc::S_IFDIR => FileKind::Directory,
            libc::S_IFREG => FileKind::Regular,
            libc::S_IFBLK => FileKind::Block,
            libc::S_IFCHR => FileKind::Char,
            libc::S_IFSOCK => FileKind::Socket,
            libc::S_IFIFO => FileKind::Fifo,
            libc::S_IFLNK => FileKind::Link,
            _ => FileKind::Anonymous,
        };
        let is_device = matches!(kind, FileKind::Block | FileKind::Char);
        File {
            kind,
            inode: look.inode,
            uid: look.uid,
            gid: look.gid,
            mode: look.mode & 0o7777,
            device: is_device.then_some(look.rdev),
        }
    }
}
