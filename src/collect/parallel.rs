//! Many processes, read on all cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, mpsc};
use std::thread::Builder;

use super::known_links::KnownLinks;
use super::processes::{Depth, MissingLinks, read_one};
use crate::model::{Pid, Process};
use crate::sys::procfs::ProcRoot;

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
        // The calling thread reads too: one stack and one arena of malloc less, and where no other
        // can be had (RLIMIT_NPROC, pids.max, a seccomp filter, no memory) it reads alone.
        let others: Vec<_> = (1..threads.worth(about, depth))
            .map_while(|_| Builder::new().spawn_scoped(scope, read).ok())
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
            parts.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
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
