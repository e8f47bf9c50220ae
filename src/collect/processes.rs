//! Processes: the ten links of each, and as much more as the question needs.

use std::collections::HashSet;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, mpsc};

use nix::errno::Errno;
use nix::sys::stat::FileStat;

use super::{details, parse};
use crate::model::process::{Details, EachLink, Stat};
use crate::model::{LinkName, Links, NsKind, Pid, Process, Seen, Why};
use crate::sys::ns_dir::NsDir;
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
#[derive(Default)]
pub struct MissingLinks(Vec<LinkName>);

/// We ourselves, as this procfs shows us.
pub struct Own {
    pub task: TaskDir,
    pub links: Links,
}

impl Own {
    /// Reads our links, which can all be read, unless the kernel lacks them.
    pub fn open(root: &ProcRoot) -> Result<Own, Errno> {
        let task = root.own_task()?;
        let links = read_links(&task, &MissingLinks(LinkName::ALL.to_vec()));
        Ok(Own { task, links })
    }

    pub fn missing_links(&self) -> MissingLinks {
        let is_missing = |(_, seen): &(LinkName, &Seen<u64>)| seen.why() == Some(&Why::Unsupported);
        let missing = self.links.iter().filter(is_missing);
        MissingLinks(missing.map(|(link, _)| link).collect())
    }
}

/// How many threads read at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threads(pub Option<NonZero<usize>>);

/// To read fewer processes than this is not worth a thread: it takes a millisecond or two.
const fn processes_per_thread(depth: Depth) -> usize {
    match depth {
        Depth::Links => 64,
        Depth::Stat => 48,
        Depth::Command | Depth::Status | Depth::Everything => 16,
    }
}

/// More threads than this only fight for the kernel's locks.
const MOST_THREADS: usize = 8;

/// Few enough that no core is left with more than a millisecond of work when the others are done.
const PROCESSES_PER_SHARE: usize = 16;

/// What was read of some processes.
pub struct Read {
    /// In parts, which come in any order, for whoever stores them elsewhere to let go of one after
    /// the other.
    pub parts: Vec<Vec<Process>>,
    /// Those that vanished before or while.
    pub gone: usize,
}

/// Large enough that malloc returns the memory of a part to the kernel when it is let go of
/// (M_MMAP_THRESHOLD, mallopt(3)), so that the next is stored in its place.
const PROCESSES_PER_PART: usize = 4096;

/// Reads the given processes on all cores.
pub fn read_all(
    root: &ProcRoot,
    missing: &MissingLinks,
    threads: Threads,
    pids: &[Pid],
    depth: Depth,
) -> Read {
    let list = |tell: &mut dyn FnMut(Pid)| pids.iter().for_each(|pid| tell(*pid));
    read_listed(root, missing, threads, pids.len(), depth, list).0
}

/// The same while they are still being listed, which no other core can help with. About how many there
/// will be says how many threads are worth their while.
pub fn read_listed<R>(
    root: &ProcRoot,
    missing: &MissingLinks,
    threads: Threads,
    about: usize,
    depth: Depth,
    list: impl FnOnce(&mut dyn FnMut(Pid)) -> R,
) -> (Read, R) {
    let (told, listed) = mpsc::channel();
    let listed = Mutex::new(listed);
    // Whoever is free takes the next share: cores are not alike, nor are processes.
    let share = || match listed.lock() {
        Ok(listed) => {
            let first = listed.recv().into_iter();
            let others = listed.try_iter().take(PROCESSES_PER_SHARE - 1);
            first.chain(others).collect()
        }
        Err(_) => Vec::new(),
    };
    let read = || read_shares(root, missing, depth, about.min(PROCESSES_PER_PART), &share);
    std::thread::scope(|scope| {
        // The calling thread reads too: one stack and one arena of malloc less.
        let others: Vec<_> = (1..threads.worth(about, depth))
            .map(|_| scope.spawn(read))
            .collect();
        // They read until we let go of our end, and as long as there is something in it.
        let mut asked = 0;
        let result = list(&mut |pid| {
            asked += 1;
            told.send(pid).unwrap_or_default();
        });
        drop(told);
        let mut parts = read();
        for other in others {
            // A panic of another is a bug of ours, and no reason to leave out what it has read.
            let read = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            parts.extend(read);
        }
        let there: usize = parts.iter().map(Vec::len).sum();
        let gone = asked - there;
        (Read { parts, gone }, result)
    })
}

/// Reads one share after another, until there is none.
fn read_shares(
    root: &ProcRoot,
    missing: &MissingLinks,
    depth: Depth,
    per_part: usize,
    share: &impl Fn() -> Vec<Pid>,
) -> Vec<Vec<Process>> {
    let mut known = KnownLinks::default();
    let mut parts: Vec<Vec<Process>> = Vec::new();
    loop {
        let pids = share();
        if pids.is_empty() {
            return parts;
        }
        let there = pids
            .into_iter()
            .filter_map(|pid| read_one(root, missing, pid, depth, &mut known));
        // A part never grows, which would be a copy of it.
        let has_room = |part: &Vec<Process>| part.len() + PROCESSES_PER_SHARE <= part.capacity();
        if !parts.last().is_some_and(has_room) {
            parts.push(Vec::with_capacity(per_part.max(PROCESSES_PER_SHARE)));
        }
        if let Some(part) = parts.last_mut() {
            part.extend(there);
        }
    }
}

impl Threads {
    /// How many are worth their while.
    fn worth(self, processes: usize, depth: Depth) -> usize {
        let worth = (processes / processes_per_thread(depth)).clamp(1, MOST_THREADS);
        match (worth, self.0) {
            // Counting the cores costs more than reading one process.
            (1, _) => 1,
            (_, Some(most)) => worth.min(most.get()),
            (_, None) => worth.min(std::thread::available_parallelism().map_or(1, NonZero::get)),
        }
    }
}

/// The different links that were read so far, and the last of them: neighbours tend to have the
/// same ones.
#[derive(Default)]
struct KnownLinks {
    all: HashSet<Links>,
    last: Option<Links>,
}

impl KnownLinks {
    /// The links, in the memory of those that were read first.
    fn share(&mut self, each: &EachLink) -> Links {
        if let Some(last) = &self.last
            && last.each() == each
        {
            return last.clone();
        }
        let known = match self.all.get(each) {
            Some(known) => known.clone(),
            None => {
                let new = Links::from(each.clone());
                self.all.insert(new.clone());
                new
            }
        };
        self.last.insert(known).clone()
    }
}

/// Reads one process, or one thread by its TID, through one held directory.
fn read_one(
    root: &ProcRoot,
    missing: &MissingLinks,
    pid: Pid,
    depth: Depth,
    known: &mut KnownLinks,
) -> Option<Process> {
    if depth == Depth::Links
        && let Some(process) = read_links_alone(root, missing, pid, known)
    {
        return Some(process);
    }
    let (task, mut process) = begin(root, missing, pid, depth)?;
    read_more(&task, &mut process, missing, depth, None);
    process.links = known.share(process.links.each());
    Some(process)
}

/// Reads one that another is compared with, or if it refuses its namespaces no more than is said. What
/// belongs to a namespace that the other is in too is known by that.
pub fn read_reference(
    root: &ProcRoot,
    missing: &MissingLinks,
    pid: Pid,
    if_refused: Depth,
    other: Option<&Process>,
) -> Option<Process> {
    let (task, mut process) = begin(root, missing, pid, Depth::Everything)?;
    let depth = match process.links.own_keys().next() {
        Some(_) => Depth::Everything,
        None => if_refused,
    };
    read_more(&task, &mut process, missing, depth, other);
    Some(process)
}

/// What every depth begins with. `None`: it is not there.
fn begin(
    root: &ProcRoot,
    missing: &MissingLinks,
    pid: Pid,
    depth: Depth,
) -> Option<(TaskDir, Process)> {
    let task = root.task(pid).ok()?;
    let (nthreads, uid) = match task.task_stat() {
        Ok(stat) => (threads_in(&stat), Seen::Known(stat.st_uid)),
        Err(Errno::ENOENT | Errno::ESRCH) if depth == Depth::Links => return None,
        Err(errno) => (1, Seen::Unknown(why(errno))),
    };
    let links = links_of(&task, missing, nthreads);
    if vanished(&links) {
        return None;
    }
    Some((task, process(pid, links, nthreads, uid)))
}

/// What the depth asks for beyond that; what another process of the same namespaces has told of
/// these is taken over.
fn read_more(
    task: &TaskDir,
    process: &mut Process,
    missing: &MissingLinks,
    depth: Depth,
    other: Option<&Process>,
) {
    if depth >= Depth::Stat {
        process.stat = stat_of(task);
    }
    if depth >= Depth::Command {
        process.cmdline = match process.is_kernel_thread() {
            // It has no memory that could hold any (get_task_mm in kernel/fork.c).
            true => Seen::Known(Vec::new()),
            false => cmdline_of(task),
        };
        process.cgroups = details::cgroups_of(task);
    }
    if depth >= Depth::Status {
        let details = details::read(task, process, missing, depth, other);
        name_thread(process, &details);
        process.details = Some(Box::new(details));
    }
}

/// The usual process, by the shortest way. `None`: it may be gone, dead, or its tree a forged one,
/// which takes a closer look.
fn read_links_alone(
    root: &ProcRoot,
    missing: &MissingLinks,
    pid: Pid,
    known: &mut KnownLinks,
) -> Option<Process> {
    let dir = NsDir::open(root, pid).ok()?;
    let stat = dir.task_stat().ok()?;
    let links = known.share(&read_each(missing, |link, buffer| dir.link(link, buffer)));
    let is_alive = links.own(NsKind::Mnt).why() != Some(&Why::Gone);
    is_alive.then(|| process(pid, links, threads_in(&stat), Seen::Known(stat.st_uid)))
}

fn process(pid: Pid, links: Links, nthreads: u32, uid: Seen<u32>) -> Process {
    Process {
        pid,
        nthreads,
        links,
        uid,
        more: None,
    }
}

/// Number of threads by the link count of the `task` directory. Two links are for the directory
/// itself; a tree on a file system that does not count subdirectories says 1.
pub fn threads_in(task: &FileStat) -> u32 {
    u32::try_from(task.st_nlink).map_or(1, |links| links.saturating_sub(2).max(1))
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
    // The kernel gives as much as there is room for (get_mm_cmdline in fs/proc/base.c).
    let contents = task.read_records_up_to("cmdline", 1, LONGEST_CMDLINE);
    let contents = contents.map_err(why);
    Seen::from(contents).map(|contents| {
        let mut arguments = parse::cmdline(&contents);
        if contents.len() == LONGEST_CMDLINE {
            arguments.push("…".to_owned());
        }
        arguments
    })
}

pub fn stat_of(task: &TaskDir) -> Seen<Stat> {
    Seen::from(task.read_records("stat", 1).map_err(why)).and_then(|bytes| {
        parse::stat(&bytes).map_or_else(
            || Seen::Unknown(Why::failed("/proc/PID/stat has an unknown form")),
            Seen::Known,
        )
    })
}

/// The links of a process. Where its first thread has ended and others live on, its own links are
/// gone, and those of the lowest living thread stand for the process: it is there, and it is in
/// these namespaces.
pub fn links_of(task: &TaskDir, missing: &MissingLinks, nthreads: u32) -> Links {
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
    read_each(missing, |link, buffer| task.ns_link(link, buffer)).into()
}

/// The kernel refuses all ten or none, by one and the same question (proc_ns_readlink in
/// fs/proc/namespaces.c), so that where one is refused no other is asked for.
fn read_each(
    missing: &MissingLinks,
    target: impl for<'a> Fn(LinkName, &'a mut [u8; 64]) -> Result<&'a [u8], Errno>,
) -> EachLink {
    let mut buffer = [0; 64];
    let mut are_refused = false;
    LinkName::ALL.map(|link| {
        let is_missing = missing.0.contains(&link);
        let target = match are_refused {
            true if is_missing => Err(Errno::ENOENT),
            true => Err(Errno::EACCES),
            false => target(link, &mut buffer),
        };
        are_refused |= target == Err(Errno::EACCES);
        match target {
            Ok(target) => parse::ns_link(link, target).map_or_else(
                || {
                    Seen::Unknown(Why::failed(format!(
                        "not a link to a {} namespace",
                        link.kind()
                    )))
                },
                Seen::Known,
            ),
            Err(Errno::ENOENT) if is_missing => Seen::Unknown(Why::Unsupported),
            Err(errno) => Seen::Unknown(why(errno)),
        }
    })
}

fn vanished(links: &Links) -> bool {
    links
        .iter()
        .all(|(_, seen)| matches!(seen.why(), Some(Why::Gone | Why::Unsupported)))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn where_one_link_is_refused_all_are_and_no_other_is_asked_for() {
        let asked = Cell::new(0);
        let missing = MissingLinks(vec![LinkName::TimeForChildren]);
        let links = Links::from(read_each(&missing, |_, _| {
            asked.set(asked.get() + 1);
            Err(Errno::EACCES)
        }));
        assert_eq!(asked.get(), 1);
        for (link, seen) in links.iter() {
            let expected = match link {
                LinkName::TimeForChildren => Why::Unsupported,
                _ => Why::Denied,
            };
            assert_eq!(seen.why(), Some(&expected), "{link:?}");
        }
    }

    #[test]
    fn a_link_that_is_gone_says_nothing_of_the_others() {
        let links = Links::from(read_each(
            &MissingLinks::default(),
            |link, buffer| match link {
                LinkName::Own(NsKind::Pid) => {
                    buffer[..7].copy_from_slice(b"pid:[7]");
                    Ok(&buffer[..7])
                }
                _ => Err(Errno::ENOENT),
            },
        ));
        assert_eq!(links.own(NsKind::Pid), &Seen::Known(7));
        assert_eq!(links.own(NsKind::Mnt), &Seen::Unknown(Why::Gone));
    }
}
