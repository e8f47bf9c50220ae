//! The processes of a snapshot, found by their numbers.

use std::collections::{BTreeSet, HashSet};
use std::ops::Index;

use super::process::{Pid, Process};

/// In ascending order of the numbers under which they were read, which are all different. They lie
/// side by side: a scan has thousands of them and finds them all at once, which a tree of nodes
/// would need another copy for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processes(Vec<Process>);

impl Processes {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The process, or the thread, of this number.
    pub fn get(&self, task: Pid) -> Option<&Process> {
        let at = self.find(task).ok()?;
        self.0.get(at)
    }

    pub fn get_mut(&mut self, task: Pid) -> Option<&mut Process> {
        let at = self.find(task).ok()?;
        self.0.get_mut(at)
    }

    pub fn contains(&self, task: Pid) -> bool {
        self.find(task).is_ok()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Process> {
        self.0.iter()
    }

    /// All numbers, ascending.
    pub fn tasks(&self) -> impl Iterator<Item = Pid> {
        self.0.iter().map(Process::task)
    }

    /// Adds those of all parts, of which one grows and the others are let go of one by one. Who is there
    /// already is replaced; of two in the parts that have one number, either stays.
    pub fn add(&mut self, parts: Vec<Vec<Process>>) {
        if !self.is_empty() {
            let again: HashSet<Pid> = parts.iter().flatten().map(Process::task).collect();
            self.0.retain(|known| !again.contains(&known.task()));
        }
        let mut parts = parts.into_iter();
        if self.is_empty() {
            self.0 = parts.next().unwrap_or_default();
        }
        self.0
            .reserve_exact(parts.as_slice().iter().map(Vec::len).sum());
        for part in parts {
            self.0.extend(part);
        }
        self.0.sort_unstable_by_key(Process::task);
        self.0.dedup_by_key(|process| process.task());
    }

    /// Lets go of all others, and of their memory.
    pub fn keep(&mut self, tasks: &BTreeSet<Pid>) {
        self.0.retain(|process| tasks.contains(&process.task()));
        self.0.shrink_to_fit();
    }

    fn find(&self, task: Pid) -> Result<usize, usize> {
        self.0.binary_search_by_key(&task, Process::task)
    }
}

impl FromIterator<Process> for Processes {
    fn from_iter<I: IntoIterator<Item = Process>>(processes: I) -> Processes {
        let mut all = Processes::default();
        all.add(vec![processes.into_iter().collect()]);
        all
    }
}

/// Of a number that is known to be there; any other is a mistake of ours, and panics.
impl Index<Pid> for Processes {
    type Output = Process;

    fn index(&self, task: Pid) -> &Process {
        self.get(task).expect("a process of the snapshot")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::process::{Links, More};
    use crate::model::{Seen, Why};

    fn process(pid: Pid, nthreads: u32) -> Process {
        Process {
            pid,
            nthreads,
            links: Links::unknown(&Why::Skipped),
            uid: Seen::Known(0),
            more: None,
        }
    }

    fn threads(processes: &Processes) -> Vec<(Pid, u32)> {
        let one = |it: &Process| (it.task(), it.nthreads);
        processes.iter().map(one).collect()
    }

    #[test]
    fn they_are_in_order_of_their_numbers_and_found_by_them() {
        let mut all = Processes::default();
        all.add(vec![
            vec![process(30, 1), process(10, 1)],
            vec![],
            vec![process(20, 1)],
        ]);
        assert_eq!(threads(&all), [(10, 1), (20, 1), (30, 1)]);
        assert!(all.contains(20) && all.get(25).is_none());
        all.get_mut(30).unwrap().nthreads = 3;
        assert_eq!(all[30].nthreads, 3);
    }

    #[test]
    fn who_is_read_again_is_replaced_be_it_all_of_them() {
        let mut all: Processes = [process(1, 1), process(2, 1)].into_iter().collect();
        all.add(vec![vec![process(2, 2), process(3, 2)]]);
        assert_eq!(threads(&all), [(1, 1), (2, 2), (3, 2)]);
        all.add(vec![(1..=3).map(|pid| process(pid, 3)).collect()]);
        assert_eq!(threads(&all), [(1, 3), (2, 3), (3, 3)]);
    }

    #[test]
    fn a_thread_stands_where_its_own_number_belongs() {
        let mut thread = process(1, 1);
        thread.tid = Some(7);
        let all: Processes = [thread, process(5, 1)].into_iter().collect();
        assert_eq!(all.tasks().collect::<Vec<_>>(), [5, 7]);
        assert_eq!(all[7].pid, 1);
        assert!(!all.contains(1));
    }

    #[test]
    fn all_but_the_kept_are_let_go_of() {
        let mut all: Processes = (1..=9).map(|pid| process(pid, 1)).collect();
        all.keep(&[2, 8, 11].into());
        assert_eq!(threads(&all), [(2, 1), (8, 1)]);
    }

    #[test]
    fn what_nobody_has_asked_for_was_skipped() {
        let mut asked = process(1, 1);
        assert_eq!(*asked, More::NOTHING);
        asked.stat = Seen::Unknown(Why::Gone);
        assert_eq!(asked.stat.why(), Some(&Why::Gone));
        assert_eq!(asked.cmdline.why(), Some(&Why::Skipped));
    }
}
