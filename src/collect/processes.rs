//! Processes: the ten links of each, and as much more as the question needs.

use nix::errno::Errno;
use nix::sys::stat::FileStat;

use super::known_links::KnownLinks;
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
        let links = read_links(&task, &MissingLinks(LinkName::all().collect()));
        Ok(Own { task, links })
    }

    pub fn missing_links(&self) -> MissingLinks {
        let is_missing = |(_, seen): &(LinkName, &Seen<u64>)| seen.why() == Some(&Why::Unsupported);
        let missing = self.links.iter().filter(is_missing);
        MissingLinks(missing.map(|(link, _)| link).collect())
    }
}

/// Reads one process, or one thread by its TID, through one held directory.
pub fn read_one(
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
    if let Some(task) = task {
        read_more(&task, &mut process, missing, depth, None);
    }
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
    let Some(task) = task else {
        return Some(process);
    };
    let depth = match process.links.own_keys().next() {
        Some(_) => Depth::Everything,
        None => if_refused,
    };
    read_more(&task, &mut process, missing, depth, other);
    Some(process)
}

/// What every depth begins with. `None`: it is not there. Without a directory it is, as far as we
/// know, but it could not be opened for want of something of ours.
fn begin(
    root: &ProcRoot,
    missing: &MissingLinks,
    pid: Pid,
    depth: Depth,
) -> Option<(Option<TaskDir>, Process)> {
    let task = match root.task(pid) {
        Ok(task) => task,
        Err(errno @ (Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM)) => {
            let links = Links::read(|_| Seen::Unknown(why(errno)));
            return Some((None, process(pid, links, 1, Seen::Unknown(why(errno)))));
        }
        Err(_) => return None,
    };
    let (nthreads, uid) = match task.task_stat() {
        Ok(stat) => (threads_in(&stat), Seen::Known(stat.st_uid)),
        Err(Errno::ENOENT | Errno::ESRCH) if depth == Depth::Links => return None,
        Err(errno) => (1, Seen::Unknown(why(errno))),
    };
    let links = links_of(&task, missing, nthreads);
    if vanished(&links) {
        return None;
    }
    Some((Some(task), process(pid, links, nthreads, uid)))
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
    let each = read_each(missing, |link, buffer| dir.link(link, buffer));
    let is_alive = each.get(LinkName::Own(NsKind::Mnt)).why() != Some(&Why::Gone);
    is_alive.then(|| {
        let (links, uid) = (known.share(&each), Seen::Known(stat.st_uid));
        process(pid, links, threads_in(&stat), uid)
    })
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
    EachLink::read(|link| {
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
