//! Looking again and again: what is known of a process that has not run since stays known.
//!
//! While no thread that we know of has run, none can have moved and none can have made another. So
//! every thread has a clock, which is read before its links are.

mod clock;
mod threads;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use nix::errno::Errno;

use super::discover::{TIME_LIMIT, hold_by_threads};
use super::processes::Depth;
use super::{Collector, conclude, count, gather, mark_initial, now};
use crate::error::Error;
use crate::model::namespace::{Namespace, NsKey};
use crate::model::process::Stat;
use crate::model::{LayerState, Links, Pid, Process, Seen, Snapshot, Why};
use crate::sys::procfs::ProcRoot;
use crate::sys::{list, why};
use clock::{Clock, Room};
use threads::{Others, Reader};

/// Looks at all processes whenever it is told to.
pub struct Watcher<'a> {
    collector: &'a Collector,
    /// Where and by whom, which does not change.
    frame: Snapshot,
    states: Vec<State>,
    namespaces: BTreeMap<NsKey, Namespace>,
    room: Room,
}

/// What one look has found.
pub struct Look {
    pub snapshot: Snapshot,
    /// Whether those namespaces live on that no process leads to any more. The living ones are in
    /// the snapshot still.
    pub left: BTreeMap<NsKey, Seen<bool>>,
}

/// What is kept of a process.
struct State {
    pid: Pid,
    process: Process,
    /// That of its first thread.
    clock: Option<Clock>,
    /// `None`: it has no others, or they could not be read.
    others: Option<Box<Others>>,
    /// Its first thread is as it was at the look before.
    is_kept: bool,
}

/// A process that is to be read, with what was known of it.
struct Again {
    pid: Pid,
    process: Option<Process>,
    clock: Option<Clock>,
    others: Option<Box<Others>>,
}

impl<'a> Watcher<'a> {
    /// Reads what is the same at every look.
    pub fn new(collector: &'a Collector) -> Watcher<'a> {
        Watcher {
            frame: collector.frame(),
            collector,
            states: Vec::new(),
            namespaces: BTreeMap::new(),
            room: Room::new(),
        }
    }

    /// Every process with its links and `stat`, the links of its other threads, and every namespace
    /// with its relations.
    pub fn look(&mut self) -> Result<Look, Error> {
        let pids = self.collector.root.pids().map_err(Error::Listing)?;
        if pids.is_empty() {
            return Err(Error::NotOneProcess);
        }
        let mut snapshot = self.frame.clone();
        snapshot.taken_at = now();
        snapshot.coverage.gone = self.read(&pids);
        let is_late = self.read_threads();
        for state in &self.states {
            count(&mut snapshot.coverage, &state.process);
        }
        conclude(&mut snapshot);
        snapshot.processes = self.states.iter().map(|it| it.process.clone()).collect();
        snapshot.namespaces = gather(&snapshot.processes);
        let others = |it: &State| Some((it.pid, it.others.as_ref()?.threads.clone()));
        snapshot.threads = self.states.iter().filter_map(others).collect();
        hold_by_threads(&mut snapshot);
        if is_late {
            snapshot
                .coverage
                .layers
                .insert("threads", LayerState::Denied);
        }
        let left = self.fill_in(&mut snapshot);
        self.namespaces = snapshot.namespaces.clone();
        Ok(Look { snapshot, left })
    }

    /// Keeps what was read of some processes beyond what a look reads.
    pub fn remember(&mut self, snapshot: &Snapshot, tasks: &[Pid]) {
        for task in tasks {
            let state = self.states.binary_search_by_key(task, |state| state.pid);
            let known = state.ok().zip(snapshot.processes.get(*task));
            if let Some((at, process)) = known
                && self.states[at].process.links == process.links
            {
                self.states[at].process = process.clone();
            }
        }
    }

    /// Reads the processes that are new or whose first thread has run. Says how many vanished
    /// meanwhile.
    fn read(&mut self, pids: &[Pid]) -> usize {
        let (mut kept, mut again) = self.part(pids);
        for it in &mut again {
            // Before the links: whoever moves after this will be seen to have run.
            it.clock = Clock::start(&self.collector.root, it.pid, it.clock.take(), &self.room);
        }
        let pids: Vec<Pid> = again.iter().map(|it| it.pid).collect();
        let read = self.collector.read_all(&pids, Depth::Stat);
        let there = read.parts.into_iter().flatten();
        let mut there: HashMap<Pid, Process> = there.map(|it| (it.task(), it)).collect();
        for before in again {
            let Some(mut process) = there.remove(&before.pid) else {
                continue;
            };
            if let Some(process_before) = before.process {
                name_as_before(&mut process, process_before);
            }
            kept.push(State {
                pid: before.pid,
                clock: before.clock.filter(|_| process.stat.is_known()),
                process,
                others: before.others,
                is_kept: false,
            });
        }
        kept.sort_unstable_by_key(|state| state.pid);
        self.states = kept;
        read.gone
    }

    /// Those whose first thread has not run, and those that are to be read.
    fn part(&mut self, pids: &[Pid]) -> (Vec<State>, Vec<Again>) {
        let root = &self.collector.root;
        let mut before = std::mem::take(&mut self.states).into_iter().peekable();
        let mut kept = Vec::with_capacity(pids.len());
        let mut again = Vec::new();
        for &pid in pids {
            while before.next_if(|state| state.pid < pid).is_some() {}
            match before.next_if(|state| state.pid == pid) {
                Some(mut state) if !state.has_run(root) => {
                    state.is_kept = true;
                    kept.push(state);
                }
                state => again.push(Again::new(pid, state)),
            }
        }
        (kept, again)
    }

    /// Reads the threads of processes of which one has run, or that are new. Says whether there was
    /// no time for all of them.
    fn read_threads(&mut self) -> bool {
        let reader = Reader {
            root: &self.collector.root,
            missing: &self.collector.missing,
            room: &self.room,
            deadline: Instant::now() + TIME_LIMIT,
        };
        for state in &mut self.states {
            state.read_threads(&reader);
        }
        reader.is_late()
    }

    /// Relations of namespaces that are new, those of the others as they were; and what became of
    /// the ones that no process leads to any more.
    fn fill_in(&self, snapshot: &mut Snapshot) -> BTreeMap<NsKey, Seen<bool>> {
        // An inode is reused at once: only somebody who stayed vouches for a namespace.
        let stayed: HashSet<NsKey> = self
            .states
            .iter()
            .filter(|state| state.is_kept)
            .flat_map(|state| state.process.links.keys())
            .chain(self.threads_that_stayed().flat_map(Links::keys))
            .collect();
        let mut left = BTreeMap::new();
        for (key, before) in &self.namespaces {
            match snapshot.namespaces.get_mut(key) {
                Some(now) if stayed.contains(key) => now.relate_as(before),
                Some(_) => {}
                None => {
                    let lives = is_alive(before);
                    if lives == Seen::Known(true) {
                        let mut empty = Namespace::new(*key);
                        empty.relate_as(before);
                        snapshot.namespaces.insert(*key, empty);
                    }
                    left.insert(*key, lives);
                }
            }
        }
        let is_known = |key: &NsKey| stayed.contains(key) || left.contains_key(key);
        let found = snapshot.namespaces.keys().copied();
        let new: HashSet<NsKey> = found
            .filter(|key| !is_known(key) || !self.namespaces.contains_key(key))
            .collect();
        match new.is_empty() {
            true => mark_initial(snapshot),
            false => self.collector.relate(snapshot, |key| new.contains(&key)),
        }
        left
    }

    fn threads_that_stayed(&self) -> impl Iterator<Item = &Links> {
        let others = self.states.iter().filter_map(|it| it.others.as_deref());
        let kept = others.filter(|others| others.is_kept);
        kept.flat_map(|others| others.threads.iter().map(|thread| &thread.links))
    }
}

impl State {
    fn has_run(&self, root: &ProcRoot) -> bool {
        let clock = self.clock.as_ref();
        clock.is_none_or(|clock| clock.has_run(root, self.pid))
    }

    fn read_threads(&mut self, reader: &Reader<'_>) {
        let is_as_it_was = self.is_kept
            && match &self.others {
                None => self.process.nthreads < 2,
                Some(others) => !others.have_run(reader.root),
            };
        if is_as_it_was {
            if let Some(others) = &mut self.others {
                others.is_kept = true;
            }
            return;
        }
        let before = self.others.take();
        if !self.is_kept && self.process.nthreads < 2 {
            return;
        }
        let first = &self.process.links;
        // Who cannot be read has its number of threads still, and is tried again.
        if let Ok((nthreads, others)) = reader.read(self.pid, first, before.map(|it| *it)) {
            self.process.nthreads = nthreads;
            if self.process.stat.known().is_some_and(Stat::is_zombie)
                && let Some(links) = others.stand_in()
            {
                // Read after the clocks, which those that stood for it before were not.
                self.process.links = links.clone();
            }
            self.others = (nthreads > 1).then(|| Box::new(others));
        }
    }
}

impl Again {
    fn new(pid: Pid, before: Option<State>) -> Again {
        let (process, clock, others) = match before {
            Some(it) => (Some(it.process), it.clock, it.others),
            None => (None, None, None),
        };
        Again {
            pid,
            process,
            clock,
            others,
        }
    }
}

/// Command line and cgroups are those of the look before, if it is the same process, where it was
/// and running the same program: they only tell what it is called.
fn name_as_before(process: &mut Process, before: Process) {
    let is_same = |process: &Process, before: &Process| {
        let (now, then) = (process.stat.known()?, before.stat.known()?);
        Some(now.start_time == then.start_time && now.comm == then.comm)
    };
    if process.links == before.links
        && is_same(process, &before) == Some(true)
        && let Some(more) = before.more
    {
        process.cmdline = more.cmdline;
        process.cgroups = more.cgroups;
    }
}

/// Whether a namespace without a process is alive: its id is never used again, and whoever may open
/// the living by their ids learns so of the dead.
fn is_alive(namespace: &Namespace) -> Seen<bool> {
    let ns_id = match &namespace.ns_id {
        Seen::Known(ns_id) => *ns_id,
        Seen::Unknown(why) => return Seen::Unknown(why.clone()),
    };
    let opened = list::open_by_key(ns_id, namespace.key).or_else(|_| list::open_by_id(ns_id));
    match opened {
        Ok(_) => Seen::Known(true),
        Err(Errno::ESTALE) => Seen::Known(false),
        // A kernel that has ids and no handles of namespaces.
        Err(Errno::EBADF | Errno::EINVAL) => Seen::Unknown(Why::Unsupported),
        Err(errno) => Seen::Unknown(why(errno)),
    }
}
