//! Unix sockets of other network namespaces than ours. The file of a socket leads to it from all of
//! them (unix(7)), and daemons have been put into networks of their own, as those of rootless engines
//! are, while the kernel's table is that of one namespace.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::errno::Errno;

use super::too_many;
use crate::model::exposure::Part;
use crate::model::{LinkName, NsKey, NsKind, Pid, Snapshot, Why};
use crate::sys::procfs::ProcRoot;
use crate::sys::unix_diag::{self, UnixSocket};
use crate::sys::{child, inside, nsfs, why};

/// A thousand of them take a fraction of a second.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// So many namespaces are looked into.
const MOST: usize = 4096;

/// Sockets that are bound to files and take connections or messages, of every network namespace with
/// a process in it but our own.
pub fn sockets(root: &ProcRoot, snapshot: &Snapshot) -> Part<UnixSocket> {
    let mut others = members(snapshot);
    let mut part = Part {
        found: Vec::new(),
        gap: (others.len() > MOST).then(too_many),
    };
    others.truncate(MOST);
    if others.is_empty() {
        return part;
    }
    let answer = child::in_child(TIME_LIMIT, || {
        let all: Vec<_> = others.iter().map(|it| of(root, *it)).collect();
        serde_json::to_vec(&all).unwrap_or_default()
    });
    let answer = answer.map_err(why).and_then(|bytes| {
        serde_json::from_slice::<Vec<Result<Vec<UnixSocket>, i32>>>(&bytes)
            .map_err(|_| Why::failed("the child that looked there died"))
    });
    match answer {
        Ok(all) => all.into_iter().for_each(|it| match it {
            Ok(found) => part.found.extend(found),
            Err(errno) => part.miss(why(Errno::from_raw(errno))),
        }),
        Err(why) => part.miss(why),
    }
    part
}

/// The first member of each.
fn members(snapshot: &Snapshot) -> Vec<(NsKey, Pid)> {
    let kind = NsKind::Net;
    let own = snapshot.reader.links.own(kind).get();
    let mut first: BTreeMap<u64, Pid> = BTreeMap::new();
    for process in snapshot.processes.iter() {
        if let Some(inode) = process.links.own(kind).get()
            && Some(inode) != own
        {
            first.entry(inode).or_insert(process.task());
        }
    }
    let key = |(inode, pid)| (NsKey { kind, inode }, pid);
    first.into_iter().map(key).collect()
}

/// In a child, which stays in the namespace. Of one that has gone meanwhile there is nothing to tell.
fn of(root: &ProcRoot, (key, pid): (NsKey, Pid)) -> Result<Vec<UnixSocket>, i32> {
    let look = || {
        let namespace = root.open_ns(pid, LinkName::Own(key.kind))?;
        if nsfs::identity(&namespace)?.inode != key.inode {
            return Err(Errno::ESRCH);
        }
        inside::join_plainly(&namespace)?;
        unix_diag::all()
    };
    let counts =
        |socket: &UnixSocket| socket.file.is_some() && (socket.is_listening || socket.is_datagram);
    match look() {
        Ok(all) => Ok(all.into_iter().filter(counts).collect()),
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(Vec::new()),
        Err(errno) => Err(errno as i32),
    }
}
