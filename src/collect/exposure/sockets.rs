//! Files of unix sockets on which somebody listens, and to which a mount of a process leads: told by
//! device and inode, whatever the file is called in there.
//!
//! The kernel's table of sockets has the file of each (UNIX_DIAG_VFS). A mount that is the file
//! itself shows its inode; below a mounted directory the name that the socket was bound to leads to
//! it, and the inode says whether that is true. No directory is searched: a bound socket keeps the
//! way to it in the kernel's memory.

use std::os::fd::AsFd;

use super::mounts::gap;
use super::{Looker, too_many};
use crate::model::exposure::{File, FileKind, Listener, MountPoint, Part, SocketFile};
use crate::model::mount::{Mount, below, join};
use crate::model::{Seen, text};
use crate::sys::look;
use crate::sys::procfs::TaskDir;
use crate::sys::unix_diag::UnixSocket;

/// Of one process so many are kept.
const MOST: usize = 1024;

pub fn of(
    looker: &Looker<'_>,
    task: &TaskDir,
    table: &[Mount],
    points: &Part<MountPoint>,
) -> Part<SocketFile> {
    let listening = match &looker.sockets {
        Seen::Known(all) => all
            .values()
            .filter(|socket| socket.is_listening || socket.is_datagram)
            .chain(&looker.elsewhere.found),
        Seen::Unknown(why) => return Part::unknown(why.clone()),
    };
    let mut part = Part {
        found: Vec::new(),
        gap: points.gap.clone().or_else(|| looker.elsewhere.gap.clone()),
    };
    for socket in listening {
        let Some((device, inode)) = socket.file else {
            continue;
        };
        let device = format!("{}:{}", device.0, device.1);
        for mount in table.iter().filter(|mount| mount.device == device) {
            let Some(point) = points.found.iter().find(|point| point.mount == mount.id) else {
                continue;
            };
            let found = match point.file.kind {
                FileKind::Socket => is_inode(&point.file, inode)
                    .then(|| SocketFile::new(mount, mount.mount_point.clone(), point.file, socket)),
                FileKind::Directory => {
                    below_directory(looker, task, mount, socket, inode, &mut part)
                }
                _ => None,
            };
            part.found.extend(found);
            if part.found.len() >= MOST {
                part.miss(too_many());
                return part;
            }
        }
    }
    part
}

/// sock_diag(7) has the lower 32 bits of an inode's number.
fn is_inode(file: &File, low: u64) -> bool {
    file.kind == FileKind::Socket && file.inode & 0xffff_ffff == low
}

fn below_directory(
    looker: &Looker<'_>,
    task: &TaskDir,
    mount: &Mount,
    socket: &UnixSocket,
    inode: u64,
    part: &mut Part<SocketFile>,
) -> Option<SocketFile> {
    let name = text::from_bytes(socket.name.as_deref()?);
    let host = looker.snapshot.host_mounts.known()?;
    // Where it is within its file system, if the name is one of the host.
    let within = host
        .iter()
        .filter(|it| it.device == mount.device)
        .filter_map(|it| Some((it, below(&it.mount_point, &name)?)))
        .max_by_key(|(it, _)| it.mount_point.len())
        .map(|(it, rest)| join(&it.root, rest))?;
    let rest = below(&mount.root, &within).filter(|rest| !rest.is_empty())?;
    let path = join(&mount.mount_point, rest);
    let file = match facts(task, &path) {
        Ok((id, file)) => (id == mount.id && is_inode(&file, inode)).then_some(file)?,
        // Bound under another root, or covered.
        Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR) => return None,
        Err(errno) => {
            part.miss(gap(errno));
            return None;
        }
    };
    let mut found = SocketFile::new(mount, path, file, socket);
    let parents = rest.match_indices('/').map(|(at, _)| &rest[..at]);
    let directories = std::iter::once("").chain(parents);
    found.above = directories
        .filter_map(|it| facts(task, &join(&mount.mount_point, it)).ok())
        .map(|(_, file)| file)
        .collect();
    Some(found)
}

fn facts(task: &TaskDir, path: &str) -> Result<(i32, File), nix::errno::Errno> {
    let opened = task.open_in_root_cached(&text::to_bytes(path))?;
    let look = look::at(opened.as_fd(), c"")?;
    Ok((look.mount.unwrap_or(-1), File::from(look)))
}

impl SocketFile {
    fn new(mount: &Mount, path: String, file: File, socket: &UnixSocket) -> SocketFile {
        SocketFile {
            path,
            mount: mount.id,
            file,
            above: Vec::new(),
            listener: Listener::from(socket),
        }
    }
}

impl From<&UnixSocket> for Listener {
    fn from(socket: &UnixSocket) -> Listener {
        let name = match socket.name.as_deref() {
            Some([0, name @ ..]) => format!("@{}", text::from_bytes(name)),
            Some(path) => text::from_bytes(path),
            None => String::new(),
        };
        Listener {
            name,
            socket: socket.inode,
            pid: None,
            program: None,
        }
    }
}
