//! Processes: the ten links of each, and as much more as the question needs.

use std::collections::HashSet;
use std::num::NonZero;

use nix::errno::Errno;

use super::{details, parse};
use crate::model::process::{Details, Stat};
use crate::model::{LinkName, Links, NsKind, OnDemand, Pid, Process, Seen, Why};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::why;

/// How much of each process is read; each step holds all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The ten links, the uid and the number of threads.
    Links,
    /// Name, state, parent and start time too.
    Stat,
    /// Command line and cgroups too.
    Command,
    /// Credentials, PIDs in every pid namespace and id maps too.
    Status,
    /// Root directory, mounts, label, offsets and threads too.
    Everything,
}

/// Links that this kernel does not have at all.
pub struct MissingLinks(Vec<LinkName>);

impl MissingLinks {
    /// Tells by our own links: they can all be read, unless the kernel lacks them.
    pub fn probe(root: &ProcRoot) -> MissingLinks {
        let missing = |own: TaskDir| {
            let mut buffer = [0; 64];
            LinkName::ALL
                .into_iter()
                .filter(|link| own.ns_link(*link, &mut buffer) == Err(Errno::ENOENT))
                .collect()
        };
        MissingLinks(root.own_task().map(missing).unwrap_or_default())
    }
}

/// A scan of fewer processes than this per thread is not worth a thread.
const PROCESSES_PER_THREAD: usize = 256;

/// More threads than this only fight for the kernel's locks.
const MOST_THREADS: usize = 8;

/// Some processes that were read together.
#[derive(Default)]
pub struct Batch {
    /// With the numbers under which they were read, in the given order.
    pub processes: Vec<(Pid, Process)>,
    /// How many vanished before or while they were read.
    pub gone: usize,
}

/// Small enough that to hand its memory on batch by batch makes a difference, and large enough
/// that malloc returns it to the kernel (M_MMAP_THRESHOLD, mallopt(3)).
const PROCESSES_PER_BATCH: usize = 2048;

/// Reads the given processes on all cores; the batches are in the given order.
pub fn read_all(root: &ProcRoot, missing: &MissingLinks, pids: &[Pid], depth: Depth) -> Vec<Batch> {
    let threads = threads_for(pids.len());
    let read = |share: &[Pid]| -> Vec<Batch> {
        let mut known = KnownLinks::default();
        share
            .chunks(PROCESSES_PER_BATCH)
            .map(|pids| read_batch(root, missing, pids, depth, &mut known))
            .collect()
    };
    let share = pids.len().div_ceil(threads).max(1);
    // The first share is for the calling thread itself: one stack and one arena of malloc less.
    let (own, others) = pids.split_at(share.min(pids.len()));
    std::thread::scope(|scope| {
        let workers: Vec<_> = others
            .chunks(share)
            .map(|share| scope.spawn(move || read(share)))
            .collect();
        let mut batches = read(own);
        for worker in workers {
            // A panic in a worker is a bug of ours: let it be seen as one.
            let panic = |panic| std::panic::resume_unwind(panic);
            batches.extend(worker.join().unwrap_or_else(panic));
        }
        batches
    })
}

fn threads_for(processes: usize) -> usize {
    let worth = (processes / PROCESSES_PER_THREAD).clamp(1, MOST_THREADS);
    // Counting the cores costs more than reading one process.
    match worth {
        1 => 1,
        _ => worth.min(std::thread::available_parallelism().map_or(1, NonZero::get)),
    }
}

fn read_batch(
    root: &ProcRoot,
    missing: &MissingLinks,
    pids: &[Pid],
    depth: Depth,
    known: &mut KnownLinks,
) -> Batch {
    let mut batch = Batch {
        processes: Vec::with_capacity(pids.len()),
        gone: 0,
    };
    for pid in pids {
        match read_one(root, missing, *pid, depth) {
            None => batch.gone += 1,
            Some(mut process) => {
                process.links = known.share(process.links);
                batch.processes.push((process.task(), process));
            }
        }
    }
    batch
}

/// The different links that were read so far.
#[derive(Default)]
struct KnownLinks(HashSet<Links>);

impl KnownLinks {
    /// The same links, in the memory of those that were read first.
    fn share(&mut self, links: Links) -> Links {
        if let Some(known) = self.0.get(&links) {
            return known.clone();
        }
        self.0.insert(links.clone());
        links
    }
}

/// Reads one process, or one thread by its TID, through one held directory.
fn read_one(root: &ProcRoot, missing: &MissingLinks, pid: Pid, depth: Depth) -> Option<Process> {
    let task = root.task(pid).ok()?;
    let (nthreads, uid) = match task.task_stat() {
        // Two links are for the directory itself; a tree on a file system that does not count
        // subdirectories says 1.
        Ok(stat) => (
            usize::try_from(stat.st_nlink).map_or(1, |links| links.saturating_sub(2).max(1)),
            Seen::Known(stat.st_uid),
        ),
        Err(Errno::ENOENT | Errno::ESRCH) if depth == Depth::Links => return None,
        Err(errno) => (1, Seen::Unknown(why(errno))),
    };
    let links = links_of(&task, missing, nthreads);
    if vanished(&links) {
        return None;
    }
    let mut process = Process {
        pid,
        tid: None,
        links,
        nthreads,
        uid,
        stat: OnDemand::NOT,
        cmdline: OnDemand::NOT,
        cgroups: OnDemand::NOT,
        details: None,
    };
    if depth >= Depth::Stat {
        process.stat = stat_of(&task).into();
    }
    if depth >= Depth::Command {
        process.cmdline = cmdline_of(&task).into();
        process.cgroups = details::cgroups_of(&task).into();
    }
    if depth >= Depth::Status {
        let details = details::read(&task, &process, missing, depth);
        name_thread(&mut process, &details);
        process.details = Some(Box::new(details));
    }
    Some(process)
}

/// A TID opens a directory too, although no listing of /proc shows it: say whose thread it is.
fn name_thread(process: &mut Process, details: &Details) {
    if let Seen::Known(status) = &details.status
        && status.tgid != process.pid
    {
        process.tid = Some(process.pid);
        process.pid = status.tgid;
    }
}

/// Arguments beyond this (bytes) are not read. A process with megabytes of them can fork thousands
/// that share their memory, of which we would hold a copy each.
const LONGEST_CMDLINE: usize = 32 << 10;

pub fn cmdline_of(task: &TaskDir) -> Seen<Vec<String>> {
    let contents = task.read_up_to("cmdline", LONGEST_CMDLINE).map_err(why);
    Seen::from(contents).map(|contents| {
        let mut arguments = parse::cmdline(&contents);
        if contents.len() == LONGEST_CMDLINE {
            arguments.push("…".to_owned());
        }
        arguments
    })
}

pub fn stat_of(task: &TaskDir) -> Seen<Stat> {
    Seen::from(task.read("stat").map_err(why)).and_then(|bytes| {
        parse::stat(&bytes).map_or_else(
            || Seen::Unknown(Why::failed("/proc/PID/stat has an unknown form")),
            Seen::Known,
        )
    })
}

/// The links of a process. Where its first thread has ended and others live on, its own links are
/// gone, and those of the lowest living thread stand for the process: it is there, and it is in
/// these namespaces.
pub fn links_of(task: &TaskDir, missing: &MissingLinks, nthreads: usize) -> Links {
    let links = read_links(task, missing);
    let leader_is_dead = links.own(NsKind::Mnt).why() == Some(&Why::Gone);
    if !leader_is_dead || nthreads < 2 {
        return links;
    }
    living_thread(task).map_or(links, |thread| read_links(&thread, missing))
}

/// The directory of a process, or where its first thread has ended and others live on, that of the
/// lowest living one.
pub fn living_task(root: &ProcRoot, pid: Pid) -> Result<TaskDir, Errno> {
    let task = root.task(pid)?;
    match is_dead(&task) {
        true => Ok(living_thread(&task).unwrap_or(task)),
        false => Ok(task),
    }
}

fn living_thread(task: &TaskDir) -> Option<TaskDir> {
    let threads = task.tids().unwrap_or_default().into_iter();
    threads
        .filter_map(|tid| task.thread(tid).ok())
        .find(|thread| !is_dead(thread))
}

/// The dead are in two namespaces still, but in no mount namespace.
pub fn is_dead(task: &TaskDir) -> bool {
    let link = task
        .ns_link(LinkName::Own(NsKind::Mnt), &mut [0; 64])
        .map(drop);
    matches!(link, Err(Errno::ENOENT | Errno::ESRCH))
}

/// The ten links of one task, each with a result of its own.
pub fn read_links(task: &TaskDir, missing: &MissingLinks) -> Links {
    let mut buffer = [0; 64];
    Links::read(|link| match task.ns_link(link, &mut buffer) {
        Ok(target) => parse::ns_link(link, target).map_or_else(
            || {
                Seen::Unknown(Why::failed(format!(
                    "not a link to a {} namespace",
                    link.kind()
                )))
            },
            Seen::Known,
        ),
        Err(Errno::ENOENT) if missing.0.contains(&link) => Seen::Unknown(Why::Unsupported),
        Err(errno) => Seen::Unknown(why(errno)),
    })
}

fn vanished(links: &Links) -> bool {
    links
        .iter()
        .all(|(_, seen)| matches!(seen.why(), Some(Why::Gone | Why::Unsupported)))
}
