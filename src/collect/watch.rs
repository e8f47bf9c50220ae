//! Looking again and again: what is known of a process that has not run since stays known.

use std::collections::{BTreeMap, HashSet};

use nix::errno::Errno;

use super::processes::Depth;
use super::{Collector, conclude, count, gather, mark_initial, now};
use crate::error::Error;
use crate::model::namespace::{Namespace, NsKey};
use crate::model::process::Stat;
use crate::model::{NsKind, Pid, Process, Seen, Snapshot, Why};
use crate::sys::schedstat::{Moment, SchedStat, raise_open_files};
use crate::sys::{list, why};

/// Looks at all processes whenever it is told to.
pub struct Watcher<'a> {
    collector: &'a Collector,
    /// Where and by whom, which does not change.
    frame: Snapshot,
    states: Vec<State>,
    namespaces: BTreeMap<NsKey, Namespace>,
    /// How many files may be held open.
    most_held: usize,
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
    clock: Option<Clock>,
    /// It is as it was at the look before.
    is_kept: bool,
}

/// Tells whether a process has run since its links were read.
struct Clock {
    file: Option<SchedStat>,
    moment: Moment,
}

/// For all else that a look opens.
const OTHER_FILES: usize = 256;

impl<'a> Watcher<'a> {
    /// Reads what is the same at every look.
    pub fn new(collector: &'a Collector) -> Watcher<'a> {
        Watcher {
            frame: collector.frame(),
            collector,
            states: Vec::new(),
            namespaces: BTreeMap::new(),
            most_held: raise_open_files().saturating_sub(OTHER_FILES),
        }
    }

    /// Every process with its links and `stat`, and every namespace with its relations.
    pub fn look(&mut self) -> Result<Look, Error> {
        let pids = self.collector.root.pids().map_err(Error::Listing)?;
        if pids.is_empty() {
            return Err(Error::NotOneProcess);
        }
        let mut snapshot = self.frame.clone();
        snapshot.taken_at = now();
        snapshot.coverage.gone = self.read(&pids);
        for state in &self.states {
            count(&mut snapshot.coverage, &state.process);
        }
        conclude(&mut snapshot);
        let processes = self.states.iter().map(|it| (it.pid, it.process.clone()));
        snapshot.processes = processes.collect();
        snapshot.namespaces = gather(&snapshot.processes);
        let left = self.fill_in(&mut snapshot);
        self.namespaces = snapshot.namespaces.clone();
        Ok(Look { snapshot, left })
    }

    /// Keeps what was read of some processes beyond what a look reads.
    pub fn remember(&mut self, snapshot: &Snapshot, tasks: &[Pid]) {
        for task in tasks {
            let state = self.states.binary_search_by_key(task, |state| state.pid);
            let known = state.ok().zip(snapshot.processes.get(task));
            if let Some((at, process)) = known
                && self.states[at].process.links == process.links
            {
                self.states[at].process = process.clone();
            }
        }
    }

    /// Reads the processes that are new or have run. Says how many vanished meanwhile.
    fn read(&mut self, pids: &[Pid]) -> usize {
        let (mut kept, again) = self.part(pids);
        let held = kept
            .iter()
            .filter(|state| state.clock.as_ref().is_some_and(|it| it.file.is_some()));
        let mut room = self.most_held.saturating_sub(held.count());
        let again: Vec<(Pid, Option<Process>, Option<Clock>)> = again
            .into_iter()
            .map(|(pid, before)| {
                let (process, clock) =
                    before.map_or((None, None), |it| (Some(it.process), it.clock));
                // Before the links: whoever moves after this will be seen to have run.
                let clock = self.start(pid, clock, room > 0);
                room = room.saturating_sub(1);
                (pid, process, clock)
            })
            .collect();
        let pids: Vec<Pid> = again.iter().map(|(pid, ..)| *pid).collect();
        let parts = self.collector.read_all(&pids, Depth::Stat);
        let mut read: BTreeMap<Pid, Option<Process>> = parts.into_iter().flatten().collect();
        let mut gone = 0;
        for (pid, before, clock) in again {
            let Some(mut process) = read.remove(&pid).flatten() else {
                gone += 1;
                continue;
            };
            if let Some(before) = before {
                name_as_before(&mut process, before);
            }
            kept.push(State {
                pid,
                // The clock is that of the first thread. Once that has ended, the links are not
                // its own.
                clock: clock.filter(|_| !is_ended(&process)),
                process,
                is_kept: false,
            });
        }
        kept.sort_unstable_by_key(|state| state.pid);
        self.states = kept;
        gone
    }

    /// Those that have not run, and those that are to be read, with what was known of them.
    fn part(&mut self, pids: &[Pid]) -> (Vec<State>, Vec<(Pid, Option<State>)>) {
        let mut before = std::mem::take(&mut self.states).into_iter().peekable();
        let mut kept = Vec::with_capacity(pids.len());
        let mut again = Vec::new();
        for &pid in pids {
            while before.next_if(|state| state.pid < pid).is_some() {}
            match before.next_if(|state| state.pid == pid) {
                Some(mut state) if self.has_not_run(&state) => {
                    state.is_kept = true;
                    kept.push(state);
                }
                state => again.push((pid, state)),
            }
        }
        (kept, again)
    }

    fn has_not_run(&self, state: &State) -> bool {
        let Some(clock) = &state.clock else {
            return false;
        };
        let now = match &clock.file {
            Some(file) => file.read(),
            None => SchedStat::open(&self.collector.root, state.pid).and_then(|it| it.read()),
        };
        now == Ok(Some(clock.moment))
    }

    /// The clock of a process that is about to be read; the file of the look before is used again
    /// while it is that of a living process.
    fn start(&self, pid: Pid, before: Option<Clock>, is_held: bool) -> Option<Clock> {
        let before = before.and_then(|clock| clock.file);
        let again = before.and_then(|file| Some((file.read().ok()??, file)));
        let (moment, file) = match again {
            Some(again) => again,
            None => {
                let file = SchedStat::open(&self.collector.root, pid).ok()?;
                (file.read().ok()??, file)
            }
        };
        let file = is_held.then_some(file);
        Some(Clock { file, moment })
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
}

/// Command line and cgroups are those of the look before, if it is the same process, where it was
/// and running the same program: they only tell what it is called.
fn name_as_before(process: &mut Process, before: Process) {
    let is_same = |process: &Process, before: &Process| {
        let (now, then) = (process.stat.known()?, before.stat.known()?);
        Some(now.start_time == then.start_time && now.comm == then.comm)
    };
    if process.links == before.links && is_same(process, &before) == Some(true) {
        process.cmdline = before.cmdline;
        process.cgroups = before.cgroups;
    }
}

/// A zombie, or a process whose first thread has ended while others live on.
fn is_ended(process: &Process) -> bool {
    let is_dead = process.stat.known().is_none_or(Stat::is_zombie);
    is_dead || process.links.own(NsKind::Mnt).why() == Some(&Why::Gone)
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
