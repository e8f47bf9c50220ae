//! A process that is held, so that nobody else can take its number while it is read and entered.

use crate::collect::{Collector, details};
use crate::commands::source::Source;
use crate::error::Error;
use crate::isolate::{Failure, Step};
use crate::model::process::{CgroupEntry, IdRange, Status};
use crate::model::{CapabilitySet, Pid, Seen};
use crate::sys::capabilities;
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::TaskDir;

/// A process that is held, so that nobody else can take its number. What is asked of it is read
/// when it is asked: a plain enter needs none of it.
pub struct Pinned {
    number: Pid,
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
        // Alive after both were opened: the number was its own all the time.
        let is_alive = pidfd.as_ref().is_none_or(|it| it.is_alive() == Ok(true));
        match is_alive {
            true => Ok(Pinned {
                number: pid,
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
            false => Err(Error::NoProcess(self.number)),
        }
    }

    pub fn status(&self) -> Result<Status, Failure> {
        self.known("status", details::status_of(&self.task))
    }

    /// The capabilities that it can have. By the quickest way: every plain enter asks.
    pub fn permitted(&self) -> CapabilitySet {
        let asked = match &self.pidfd {
            Some(_) => capabilities::of(self.number)
                .ok()
                .map(|sets| sets.permitted),
            None => self
                .status()
                .ok()
                .map(|status| status.capabilities.permitted),
        };
        asked.unwrap_or_default()
    }

    /// Its `uid_map` or `gid_map`.
    pub fn id_map(&self, file: &str) -> Result<Vec<IdRange>, Failure> {
        self.known(file, details::id_map_of(&self.task, file))
    }

    pub fn cgroups(&self) -> Result<Vec<CgroupEntry>, Failure> {
        self.known("cgroup", details::cgroups_of(&self.task))
    }

    /// Whether nobody in its user namespace can change the supplementary groups.
    pub fn forbids_setgroups(&self) -> bool {
        details::setgroups_of(&self.task)
            .known()
            .map(String::as_str)
            == Some("deny")
    }

    /// Its security label, where a module is active and tells it.
    pub fn label(&self) -> Option<String> {
        details::lsm_of(&self.task).known().cloned().flatten()
    }

    /// What cannot be read cannot be taken over.
    fn known<T>(&self, file: &str, seen: Seen<T>) -> Result<T, Failure> {
        match seen {
            Seen::Known(value) => Ok(value),
            Seen::Unknown(why) => Err(Failure::because(
                Step::Open(self.name(file)),
                format!("it cannot be read: {why}"),
            )),
        }
    }

    /// The path of one of its files, for messages.
    pub fn name(&self, file: &str) -> String {
        format!("{}/{file}", self.directory())
    }

    /// The path of its directory, for messages.
    pub fn directory(&self) -> String {
        format!("/proc/{}", self.number)
    }
}
