//! The threads of a process beside its first. Each may go its own way (setns(2), unshare(2)), and
//! each has a clock of its own: the file of a process is that of its first thread alone.

use std::sync::Arc;
use std::time::Instant;

use nix::errno::Errno;

use super::clock::{Clock, Room};
use crate::collect::processes::{MissingLinks, read_links, threads_in};
use crate::model::process::ThreadLinks;
use crate::model::{Links, NsKind, Pid};
use crate::sys::procfs::{ProcRoot, TaskDir};

/// What is kept of them.
pub struct Others {
    /// By TID, ascending.
    pub threads: Arc<[ThreadLinks]>,
    /// One for each of them.
    clocks: Vec<Option<Clock>>,
    /// None of the process's threads is missing that none of these will be seen to have made.
    is_complete: bool,
    /// They are as they were at the look before.
    pub is_kept: bool,
}

/// What they are read with.
pub struct Reader<'a> {
    pub root: &'a ProcRoot,
    pub missing: &'a MissingLinks,
    pub room: &'a Room,
    /// Whoever makes a million threads buys a gap: what is not read by then is read at the next look.
    pub deadline: Instant,
}

/// One of them, from the look before.
struct Known {
    thread: ThreadLinks,
    clock: Option<Clock>,
}

impl Others {
    /// Whether one of them has run, or may have: then it can have moved or made another.
    pub fn have_run(&self, root: &ProcRoot) -> bool {
        let has_run = |(thread, clock): (&ThreadLinks, &Option<Clock>)| {
            clock.as_ref().is_none_or(|it| it.has_run(root, thread.tid))
        };
        !self.is_complete || self.threads.iter().zip(&self.clocks).any(has_run)
    }

    /// The links of the lowest living one, which stand for a process whose first thread has ended.
    pub fn stand_in(&self) -> Option<&Links> {
        let links = self.threads.iter().map(|thread| &thread.links);
        links.into_iter().find(|it| it.own(NsKind::Mnt).is_known())
    }

    fn into_known(self) -> impl Iterator<Item = Known> {
        let threads = self.threads;
        let clocks = self.clocks.into_iter().enumerate();
        clocks.map(move |(at, clock)| Known {
            thread: threads[at].clone(),
            clock,
        })
    }
}

impl Reader<'_> {
    pub fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Reads those threads that are new or have run. `first` are the links of the first, which most
    /// share. Says how many threads the process has, the first included.
    pub fn read(
        &self,
        pid: Pid,
        first: &Links,
        before: Option<Others>,
    ) -> Result<(u32, Others), Errno> {
        // By one directory: its number may pass to another process meanwhile.
        let task = self.root.task(pid)?;
        let mut before = before.into_iter().flat_map(Others::into_known).peekable();
        let (mut threads, mut clocks) = (Vec::new(), Vec::new());
        for tid in task.tids()?.into_iter().filter(|tid| *tid != pid) {
            while before.next_if(|it| it.thread.tid < tid).is_some() {}
            let known = before.next_if(|it| it.thread.tid == tid);
            if let Some(Known { thread, clock }) = self.look_at(&task, tid, first, known) {
                threads.push(thread);
                clocks.push(clock);
            }
        }
        // Of as many threads as there are now, one that is not among these was made by one that is,
        // after its clock was read, or there has been another which is gone: both are seen next.
        let count = threads_in(&task.task_stat()?);
        let others = Others {
            is_complete: count as usize == threads.len() + 1,
            threads: threads.into(),
            clocks,
            is_kept: false,
        };
        Ok((count, others))
    }

    /// `None`: it is gone, or there is no time left.
    fn look_at(
        &self,
        task: &TaskDir,
        tid: Pid,
        first: &Links,
        known: Option<Known>,
    ) -> Option<Known> {
        let clock = match known {
            Some(Known {
                thread,
                clock: Some(clock),
            }) if !clock.has_run(self.root, tid) => {
                let clock = Some(clock);
                return Some(Known { thread, clock });
            }
            known => known.and_then(|it| it.clock),
        };
        if self.is_late() {
            return None;
        }
        let clock = Clock::start(self.root, tid, clock, self.room);
        let links = read_links(&task.thread(tid).ok()?, self.missing);
        let links = match links == *first {
            true => first.clone(),
            false => links,
        };
        let thread = ThreadLinks { tid, links };
        Some(Known { thread, clock })
    }
}
