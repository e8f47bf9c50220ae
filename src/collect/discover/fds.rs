//! Open file descriptors of namespaces, told by what they are open on and not by the text of their
//! links: that is `net:[…]` only for one that was opened through /proc.

use super::{Context, Fared, Findings};
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, Pid, Process, Snapshot};
use crate::sys::procfs::TaskDir;
use crate::sys::{nsfs, sockets, why};

/// The descriptors of every process.
pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let mut fared = Fared::default();
    for process in others(snapshot) {
        let pid = process.task();
        if let Ok(task) = context.root.task(pid) {
            look_at(context, &task, (process.pid, pid), findings, &mut fared);
        }
    }
    fared.state()
}

/// The descriptors of threads that have a table of their own (unshare(2), CLONE_FILES).
pub fn look_at_threads(
    context: &Context<'_>,
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> LayerState {
    let mut fared = Fared::default();
    for process in others(snapshot).filter(|process| process.nthreads > 1) {
        let pid = process.task();
        let Ok(task) = context.root.task(pid) else {
            continue;
        };
        for tid in task.tids().unwrap_or_default() {
            // Where kcmp cannot tell, the table is read: at worst it is the same once more.
            if tid == pid || sockets::share_fds(pid, tid) == Ok(true) {
                continue;
            }
            if let Ok(thread) = task.thread(tid) {
                look_at(context, &thread, (process.pid, tid), findings, &mut fared);
            }
        }
    }
    fared.state()
}

/// All processes but ourselves: what we have open ends with us.
pub fn others(snapshot: &Snapshot) -> impl Iterator<Item = &Process> {
    let own = snapshot.reader.pid.get();
    let processes = snapshot.processes.values();
    processes.filter(move |process| Some(process.pid) != own && !process.is_kernel_thread())
}

fn look_at(
    context: &Context<'_>,
    task: &TaskDir,
    (pid, tid): (Pid, Pid),
    findings: &mut Findings,
    fared: &mut Fared,
) {
    let fds = match task.fds() {
        Ok(fds) => fds,
        Err(errno) => return fared.note(&why(errno)),
    };
    for fd in fds {
        let is_namespace = |stat: &crate::sys::procfs::FdStat| stat.device == context.nsfs;
        // One that was closed meanwhile holds nothing.
        let Ok(stat) = task.fd_stat(fd) else { continue };
        if !is_namespace(&stat) {
            continue;
        }
        match task.open_fd(fd).and_then(|opened| nsfs::kind(&opened)) {
            Ok(kind) => {
                let inode = stat.inode;
                findings.add(NsKey { kind, inode }, Holder::Fd { pid, tid, fd });
            }
            // pidfs shares nothing with nsfs, but a file of nsfs need not be a namespace for ever.
            Err(errno) => fared.note(&why(errno)),
        }
    }
}
