//! Tables of file descriptors: each process has one, and a thread may have another for itself
//! (unshare(2), CLONE_FILES).

use nix::errno::Errno;

use crate::model::{Pid, Process, Snapshot};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::sockets;

/// A table, by a task that has it.
pub struct Table {
    pub tid: Pid,
    pub task: TaskDir,
    pub fds: Vec<i32>,
}

impl Table {
    fn of(task: TaskDir, tid: Pid) -> Result<Table, Errno> {
        let fds = task.fds()?;
        Ok(Table { tid, task, fds })
    }
}

/// All processes but ourselves, and kernel threads: what we have open ends with us.
pub fn owners(snapshot: &Snapshot) -> impl Iterator<Item = &Process> {
    let own = snapshot.reader.pid.get();
    let processes = snapshot.processes.iter();
    processes.filter(move |process| Some(process.pid) != own && !process.is_kernel_thread())
}

/// The table of a process. Its first thread has none any more once it has ended, and the lowest of
/// those that live on stands for it then.
pub fn of_process(root: &ProcRoot, process: &Process) -> Result<Table, Errno> {
    let pid = process.task();
    let first = Table::of(root.task(pid)?, pid)?;
    if !first.fds.is_empty() || process.nthreads < 2 {
        return Ok(first);
    }
    let living = first.task.tids().unwrap_or_default().into_iter();
    let living = living
        .filter(|tid| *tid != pid)
        .filter_map(|tid| Table::of(first.task.thread(tid).ok()?, tid).ok())
        .find(|table| !table.fds.is_empty());
    Ok(living.unwrap_or(first))
}

/// The tables of threads which are not that of their process, and what refused itself.
pub fn of_threads(
    root: &ProcRoot,
    process: &Process,
) -> Result<impl Iterator<Item = Result<Table, Errno>>, Errno> {
    let pid = process.task();
    let task = root.task(pid)?;
    let (tids, usual) = match process.nthreads {
        0 | 1 => (Vec::new(), pid),
        _ => (task.tids()?, of_process(root, process)?.tid),
    };
    // kcmp(2) takes numbers of our own pid namespace. Where it cannot tell, the table is read: at
    // worst it is the same once more.
    let can_compare = root.is_ours();
    let is_own = move |tid: &Pid| !(can_compare && sockets::share_fds(usual, *tid) == Ok(true));
    let tables = tids
        .into_iter()
        .filter(move |tid| *tid != usual)
        .filter(is_own)
        .map(move |tid| Table::of(task.thread(tid)?, tid));
    Ok(tables)
}
