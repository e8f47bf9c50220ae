//! A process that is held, so that nobody else can take its number while it is read and entered.

use crate::collect::Collector;
use crate::commands::source::Source;
use crate::error::Error;
use crate::isolate::{Failure, Step};
use crate::model::process::{Details, Status};
use crate::model::{Pid, Process, Seen};
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::TaskDir;

/// A process that is held, so that nobody else can take its number.
pub struct Pinned {
    pub process: Process,
    /// `None` for a thread that is not the first, and in a procfs that is not ours.
    pub pidfd: Option<PidFd>,
    pub task: TaskDir,
}

impl Pinned {
    pub fn open(collector: &Collector, source: &Source, pid: Pid) -> Result<Pinned, Error> {
        let pidfd = match collector.root().is_ours() {
            true => PidFd::open(pid).ok(),
            false => None,
        };
        let task = collector.root().task(pid);
        let task = task.map_err(|_| source.no_process(pid))?;
        let snapshot = source.read(pid)?;
        let process = snapshot.processes.get(&pid).cloned();
        let process = process.ok_or_else(|| source.no_process(pid))?;
        // Alive after everything was opened: the number was its own all the time.
        let is_alive = pidfd.as_ref().is_none_or(|it| it.is_alive() == Ok(true));
        match is_alive {
            true => Ok(Pinned {
                process,
                pidfd,
                task,
            }),
            false => Err(source.no_process(pid)),
        }
    }

    pub fn must_be(&self, pidfs: u64) -> Result<(), Error> {
        let inode = self.pidfd.as_ref().and_then(|it| it.inode().ok());
        match inode == Some(pidfs) {
            true => Ok(()),
            false => Err(Error::NoProcess(self.process.task())),
        }
    }

    pub fn details(&self) -> Option<&Details> {
        self.process.details.as_deref()
    }

    /// Its status; what cannot be read cannot be taken over.
    pub fn status(&self) -> Result<&Status, Failure> {
        let status = self.details().map(|details| &details.status);
        match status {
            Some(Seen::Known(status)) => Ok(status),
            _ => Err(self.unreadable("status")),
        }
    }

    pub fn unreadable(&self, file: &str) -> Failure {
        let pid = self.process.task();
        Failure::because(
            Step::Open(format!("/proc/{pid}/{file}")),
            "it cannot be read",
        )
    }

    pub fn name(&self, what: &str) -> String {
        format!("/proc/{}/{what}", self.process.task())
    }
}
