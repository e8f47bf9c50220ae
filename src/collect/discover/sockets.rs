//! Sockets: each keeps the network namespace alive that it was made in, wherever its owner went.

use std::collections::BTreeSet;

use super::fds::others;
use super::{Context, Fared, Findings};
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, NsKind, Process, Snapshot};
use crate::sys::pidfd::PidFd;
use crate::sys::sockets::{namespace, namespace_cookie};
use crate::sys::{nsfs, why};

pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    // pidfd_open takes numbers of our own pid namespace, which those of another procfs are not.
    if !context.root.is_ours() {
        return LayerState::Unsupported;
    }
    let mut fared = Fared::default();
    let mut seen = BTreeSet::new();
    for process in others(snapshot) {
        look_at(context, process, &mut seen, findings, &mut fared);
    }
    fared.state()
}

/// Sockets that several processes have open are looked at once.
fn look_at(
    context: &Context<'_>,
    process: &Process,
    seen: &mut BTreeSet<u64>,
    findings: &mut Findings,
    fared: &mut Fared,
) {
    let pid = process.task();
    let Ok(task) = context.root.task(pid) else {
        return;
    };
    let fds = match task.fds() {
        Ok(fds) => fds,
        Err(errno) => return fared.note(&why(errno)),
    };
    let sockets: Vec<(i32, u64)> = fds
        .into_iter()
        .filter_map(|fd| Some((fd, task.fd_stat(fd).ok()?)))
        .filter(|(_, stat)| stat.is_socket && seen.insert(stat.inode))
        .map(|(fd, stat)| (fd, stat.inode))
        .collect();
    if sockets.is_empty() {
        return;
    }
    let pidfd = match PidFd::open(pid) {
        Ok(pidfd) => pidfd,
        Err(errno) => return fared.note(&why(errno)),
    };
    let own = process.links.own(NsKind::Net).get();
    let mut own_cookie = None;
    for (fd, inode) in sockets {
        let found = pidfd.copy_fd(fd).and_then(|socket| {
            let cookie = namespace_cookie(&socket).ok();
            if cookie.is_some() && cookie == own_cookie {
                return Ok(own);
            }
            let net = nsfs::identity(namespace(&socket)?)?.inode;
            if Some(net) == own {
                own_cookie = cookie;
            }
            Ok(Some(net))
        });
        match found {
            Ok(Some(net)) if Some(net) != own => {
                let kind = NsKind::Net;
                findings.add(
                    NsKey { kind, inode: net },
                    Holder::Socket { pid, fd, inode },
                );
            }
            Ok(_) | Err(nix::errno::Errno::EBADF) => {}
            Err(errno) => fared.note(&why(errno)),
        }
    }
}
