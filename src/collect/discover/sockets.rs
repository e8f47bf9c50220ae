//! Sockets: each keeps the network namespace alive that it was made in, wherever its owner goes, and
//! may have descriptors in its queue that keep anything alive.

use std::collections::BTreeSet;

use nix::errno::Errno;

use super::tables::{self, Table};
use super::{Context, Fared, Findings};
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, NsKind, Process, Snapshot};
use crate::sys::pidfd::PidFd;
use crate::sys::{nsfs, sockets, why};

pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    // pidfd_open takes numbers of our own pid namespace, which those of another procfs are not.
    if !context.root.is_ours() {
        return LayerState::Denied;
    }
    let mut search = Search {
        context,
        seen: BTreeSet::new(),
        findings,
        fared: Fared::default(),
    };
    for process in tables::owners(snapshot) {
        search.look_at(process);
    }
    search.fared.state()
}

struct Search<'a> {
    context: &'a Context<'a>,
    /// Inodes: sockets that several have open are looked at once.
    seen: BTreeSet<u64>,
    findings: &'a mut Findings,
    fared: Fared,
}

impl Search<'_> {
    fn look_at(&mut self, process: &Process) {
        let own = tables::of_process(self.context.root, process);
        let threads = tables::of_threads(self.context.root, process);
        let threads = threads.into_iter().flatten();
        for table in std::iter::once(own).chain(threads) {
            match table {
                Ok(table) => self.look_through(process, &table),
                Err(errno) => self.fared.note(&why(errno)),
            }
        }
    }

    fn look_through(&mut self, process: &Process, table: &Table) {
        let sockets = self.new_sockets(table);
        if sockets.is_empty() {
            return;
        }
        let task = match table.tid == process.pid {
            true => PidFd::open(table.tid),
            false => PidFd::open_thread(table.tid),
        };
        let task = match task {
            Ok(task) => task,
            Err(errno) => return self.fared.note(&why(errno)),
        };
        let mut usual = Usual {
            net: process.links.own(NsKind::Net).get(),
            cookie: None,
        };
        for (fd, inode) in sockets {
            match usual.other(&task, fd, inode) {
                Ok(Some(net)) => self.findings.add(
                    NsKey {
                        kind: NsKind::Net,
                        inode: net,
                    },
                    Holder::Socket {
                        pid: process.pid,
                        tid: table.tid,
                        fd,
                        inode,
                    },
                ),
                Ok(None) | Err(Errno::EBADF) => {}
                Err(errno) => self.fared.note(&why(errno)),
            }
        }
    }

    /// Descriptors of sockets that were not looked at yet, with their inodes. Counts what is in
    /// their queues.
    fn new_sockets(&mut self, table: &Table) -> Vec<(i32, u64)> {
        let mut sockets = Vec::new();
        for &fd in &table.fds {
            if self.context.is_late(&mut self.fared) {
                break;
            }
            let Ok(stat) = table.task.fd_stat(fd) else {
                continue;
            };
            if stat.is_socket && self.seen.insert(stat.inode) {
                self.findings.in_flight += table.task.fds_in_queue(fd).unwrap_or(0);
                sockets.push((fd, stat.inode));
            }
        }
        sockets
    }
}

/// The network namespace of the process itself, which is that of most of its sockets.
struct Usual {
    net: Option<u64>,
    /// By which a socket of it is known, once one was found.
    cookie: Option<u64>,
}

impl Usual {
    /// The network namespace of a socket, if it is another.
    fn other(&mut self, task: &PidFd, fd: i32, inode: u64) -> Result<Option<u64>, Errno> {
        let socket = sockets::copy(task, fd, inode)?;
        let cookie = sockets::namespace_cookie(&socket).ok();
        if cookie.is_some() && cookie == self.cookie {
            return Ok(None);
        }
        let net = nsfs::identity(sockets::namespace(&socket)?)?.inode;
        if Some(net) == self.net {
            self.cookie = cookie;
            return Ok(None);
        }
        Ok(Some(net))
    }
}
