//! Open file descriptors of namespaces, told by what they are open on and not by the text of their
//! links: that is `net:[…]` only for one that was opened through /proc.

use super::tables::{self, Table};
use super::{Context, Fared, Findings};
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, Pid, Snapshot};
use crate::sys::{nsfs, why};

/// The descriptors of every process.
pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let mut fared = Fared::default();
    for process in tables::owners(snapshot) {
        match tables::of_process(context.root, process) {
            Ok(table) => look_at(context, process.pid, &table, findings, &mut fared),
            Err(errno) => fared.note(&why(errno)),
        }
    }
    fared.state()
}

/// The descriptors of threads that have a table of their own.
pub fn look_at_threads(
    context: &Context<'_>,
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> LayerState {
    let mut fared = Fared::default();
    for process in tables::owners(snapshot) {
        let tables = match tables::of_threads(context.root, process) {
            Ok(tables) => tables,
            Err(errno) => {
                fared.note(&why(errno));
                continue;
            }
        };
        for table in tables {
            match table {
                Ok(table) => look_at(context, process.pid, &table, findings, &mut fared),
                Err(errno) => fared.note(&why(errno)),
            }
        }
    }
    fared.state()
}

fn look_at(
    context: &Context<'_>,
    pid: Pid,
    table: &Table,
    findings: &mut Findings,
    fared: &mut Fared,
) {
    let tid = table.tid;
    for &fd in &table.fds {
        if context.is_late(fared) {
            return;
        }
        // One that was closed meanwhile holds nothing.
        let is_namespace = |stat: crate::sys::procfs::Glance| stat.device == context.nsfs;
        if !table.task.fd_stat(fd).is_ok_and(is_namespace) {
            continue;
        }
        // What it is open on now: it may have been opened on something else since.
        let opened = table.task.open_fd(fd).and_then(|file| nsfs::reopen(&file));
        let key = opened.and_then(|opened| {
            let Some(opened) = opened else {
                return Ok(None);
            };
            let (kind, inode) = (nsfs::kind(&opened)?, nsfs::identity(&opened)?.inode);
            Ok(Some(NsKey { kind, inode }))
        });
        match key {
            Ok(Some(key)) => findings.add(key, Holder::Fd { pid, tid, fd }),
            Ok(None) => {}
            Err(errno) => fared.note(&why(errno)),
        }
    }
}
