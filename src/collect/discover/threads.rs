//! Threads: setns(2) and unshare(2) are per thread, so that one may be where its process is not.

use nix::errno::Errno;

use super::{Context, Fared, Findings};
use crate::collect::open;
use crate::collect::processes::{is_dead, links_of, living_task, read_links};
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, LinkName, Links, NsKind, Pid, Process, Snapshot};
use crate::sys::procfs::ProcRoot;
use crate::sys::{nsfs, why};

pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let mut fared = Fared::default();
    let threaded = |process: &&Process| process.nthreads > 1;
    for process in snapshot.processes.iter().filter(threaded) {
        look_at(context, process, findings, &mut fared);
    }
    fared.state()
}

fn look_at(context: &Context<'_>, process: &Process, findings: &mut Findings, fared: &mut Fared) {
    let pid = process.task();
    let task = match context.root.task(pid) {
        Ok(task) => task,
        Err(errno) => return fared.note(&why(errno)),
    };
    // Read again through the directory that its threads are read through: the process may have
    // moved since, and its number may have passed to another.
    let (own, tids) = (
        links_of(&task, context.missing, process.nthreads),
        task.tids(),
    );
    let tids = match tids {
        Ok(tids) => tids,
        Err(errno) => return fared.note(&why(errno)),
    };
    for tid in tids.into_iter().filter(|tid| *tid != pid) {
        if context.is_late(fared) {
            return;
        }
        let Ok(thread) = task.thread(tid) else {
            continue;
        };
        let links = read_links(&thread, context.missing);
        if let Some(why) = links.gap() {
            fared.note(why);
        }
        note_differences((process.pid, tid), &own, &links, findings);
    }
}

/// The same for threads that somebody has read.
pub fn compare(snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let mut fared = Fared::default();
    for (pid, threads) in &snapshot.threads {
        let Some(Process { links: own, .. }) = snapshot.processes.get(*pid) else {
            continue;
        };
        // Most are where the first one is, and share its links.
        for thread in threads.iter().filter(|thread| thread.links != *own) {
            if let Some(why) = thread.links.gap() {
                fared.note(why);
            }
            note_differences((*pid, thread.tid), own, &thread.links, findings);
        }
        if let Some(why) = own.gap() {
            fared.note(why);
        }
    }
    fared.state()
}

fn note_differences((pid, tid): (Pid, Pid), own: &Links, links: &Links, findings: &mut Findings) {
    for (link, seen) in links.iter() {
        let Some(inode) = seen.get() else { continue };
        let kind = link.kind();
        let is_known = own.get(link).get() == Some(inode);
        let holder = match link {
            _ if is_known => continue,
            LinkName::Own(_) => Holder::Thread { pid, tid },
            // Where the thread itself is, it needs no second mention.
            _ if links.own(kind).get() == Some(inode) => continue,
            LinkName::PidForChildren | LinkName::TimeForChildren => Holder::ForChildren {
                pid,
                tid,
                broken: false,
            },
        };
        findings.add(NsKey { kind, inode }, holder);
    }
}

/// Marks those who wait to fork into a pid namespace whose init is dead: the kernel refuses them
/// every fork with ENOMEM (pid_namespaces(7)).
pub fn mark_broken(root: &ProcRoot, snapshot: &mut Snapshot) {
    let is_waited_for = |holder: &Holder| matches!(holder, Holder::ForChildren { .. });
    let dead: Vec<NsKey> = snapshot
        .namespaces
        .values()
        .filter(|it| it.key.kind == NsKind::Pid)
        .filter(|it| it.holders.iter().any(is_waited_for))
        .map(|it| it.key)
        .filter(|key| is_init_dead(root, snapshot, *key))
        .collect();
    for key in dead {
        let Some(namespace) = snapshot.namespaces.get_mut(&key) else {
            continue;
        };
        for holder in &mut namespace.holders {
            if let Holder::ForChildren { broken, .. } = holder {
                *broken = true;
            }
        }
    }
}

/// The kernel shows a pid namespace for children only once it has had an init, so one without a
/// PID 1 has lost it. A dead one that nobody has waited for is still there, and dead.
fn is_init_dead(root: &ProcRoot, snapshot: &Snapshot, key: NsKey) -> bool {
    let Ok(pidns) = open::open(root, snapshot, key) else {
        return false;
    };
    let is_alive = |pid| living_task(root, pid).is_ok_and(|task| !is_dead(&task));
    match nsfs::process_from(&pidns, 1) {
        Err(Errno::ESRCH) => true,
        Ok(init) if root.is_ours() => !is_alive(init),
        // A kernel before 6.12 does not tell. Nobody outlives the init in there.
        Err(Errno::ENOTTY) => {
            let is_member =
                |process: &&Process| process.links.own(key.kind).get() == Some(key.inode);
            let mut members = snapshot.processes.iter().filter(is_member);
            snapshot.coverage.unreadable.is_empty() && !members.any(|it| is_alive(it.pid))
        }
        _ => false,
    }
}
