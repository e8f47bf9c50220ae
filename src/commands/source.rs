//! Where answers come from: the running machine, or a snapshot of one.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use crate::analyse::containers;
use crate::cli::Global;
use crate::collect::containers::bundle::{self, Configuration};
use crate::collect::paths::{self, Looks};
use crate::collect::{Collector, Depth, InnerCgroups, Parents, Reach, Threads};
use crate::error::Error;
use crate::model::container::Traces;
use crate::model::namespace::NsKey;
use crate::model::{Pid, Snapshot};
use crate::output::wire;
use crate::sys::files;

/// The running machine, or a snapshot, which has been looked at as closely as ever will be.
pub enum Source {
    Live(Collector),
    Saved(Box<Snapshot>),
}

/// A snapshot beyond this (bytes) is not read: one of a machine has some 25 kB for each process.
pub const LARGEST: usize = 1 << 30;

impl Source {
    /// What the global options name.
    pub fn open(global: &Global) -> Result<Source, Error> {
        let Some(file) = &global.from else {
            let collector = Collector::open(&global.proc)?;
            return Ok(Source::Live(
                collector.with_threads(Threads(global.threads)),
            ));
        };
        let from = match file.to_str() {
            Some("-") => "from standard input".to_owned(),
            _ => file.display().to_string(),
        };
        let text = match file.to_str() {
            Some("-") => files::read_stdin(LARGEST),
            _ => files::read_named(file, LARGEST),
        };
        let mut snapshot = text
            .map_err(|why| why.to_string())
            .and_then(|text| wire::snapshot::read(&text))
            .map_err(|reason| Error::Snapshot { from, reason })?;
        containers::note_rivals(&mut snapshot);
        Ok(Source::Saved(Box::new(snapshot)))
    }

    /// Every process, to the given depth.
    pub fn scan(&self, depth: Depth) -> Result<Snapshot, Error> {
        match self {
            Source::Live(collector) => collector.scan(depth),
            Source::Saved(snapshot) => Ok((**snapshot).clone()),
        }
    }

    /// One process, as closely as can be.
    pub fn read(&self, task: Pid) -> Result<Snapshot, Error> {
        let snapshot = match self {
            Source::Live(collector) => collector.read(&[task], Depth::Everything),
            Source::Saved(snapshot) => (**snapshot).clone(),
        };
        match snapshot.processes.contains(task) {
            true => Ok(snapshot),
            false => Err(self.no_process(task)),
        }
    }

    /// That there is no such process where we look.
    pub fn no_process(&self, task: Pid) -> Error {
        match self {
            Source::Live(_) => Error::NoProcess(task),
            Source::Saved(_) => Error::NotInSnapshot(task),
        }
    }

    /// One process more, if it is there.
    pub fn add(&self, snapshot: &mut Snapshot, task: Pid) {
        if let Source::Live(collector) = self
            && !snapshot.processes.contains(task)
        {
            collector.add(snapshot, &[task], Depth::Everything);
        }
    }

    /// One more, if it is there, to compare another with it; one that refuses its namespaces no deeper
    /// than is said.
    pub fn add_reference(&self, snapshot: &mut Snapshot, task: Pid, if_refused: Depth, other: Pid) {
        if let Source::Live(collector) = self
            && !snapshot.processes.contains(task)
        {
            collector.add_reference(snapshot, task, if_refused, other);
        }
    }

    /// Some processes of a scan more closely.
    pub fn deepen(&self, snapshot: &mut Snapshot, tasks: &[Pid], depth: Depth) {
        if let Source::Live(collector) = self {
            collector.deepen(snapshot, tasks, depth);
        }
    }

    /// Namespaces that no process is in, what holds each, and their relations.
    pub fn discover(&self, snapshot: &mut Snapshot, reach: Reach) {
        if let Source::Live(collector) = self {
            collector.discover(snapshot, reach);
        }
    }

    /// Owners, parents and ids of namespaces.
    pub fn relate(&self, snapshot: &mut Snapshot, wanted: impl Fn(NsKey) -> bool) {
        if let Source::Live(collector) = self {
            collector.relate(snapshot, wanted);
        }
    }

    /// The same for a namespace that was opened by its path.
    pub fn relate_opened(&self, snapshot: &mut Snapshot, key: NsKey, fd: OwnedFd) {
        if let Source::Live(collector) = self {
            collector.relate_opened(snapshot, key, fd);
        }
    }

    /// What is inside namespaces.
    pub fn look_inside(&self, snapshot: &mut Snapshot, wanted: &[(NsKey, Pid)]) -> InnerCgroups {
        match self {
            Source::Live(collector) => collector.look_inside(snapshot, wanted),
            Source::Saved(_) => InnerCgroups::new(),
        }
    }

    /// The cgroup paths as a process itself sees them.
    pub fn look_at_cgroups(&self, snapshot: &mut Snapshot, task: Pid, seen: &InnerCgroups) {
        if let Source::Live(collector) = self {
            collector.look_at_cgroups(snapshot, task, seen);
        }
    }

    /// What tells which containers the given processes are in.
    pub fn trace(&self, snapshot: &mut Snapshot, tasks: &[Pid]) {
        if let Source::Live(collector) = self {
            collector.trace(snapshot, tasks, Parents::Follow);
            containers::note_rivals(snapshot);
        }
    }

    /// The same by what the process itself shows, without a look at any other.
    pub fn trace_alone(&self, snapshot: &mut Snapshot, task: Pid) {
        if let Source::Live(collector) = self {
            collector.trace(snapshot, &[task], Parents::Leave);
        }
    }

    /// What is within the reach of the given processes.
    pub fn expose(&self, snapshot: &mut Snapshot, tasks: &[Pid]) {
        if let Source::Live(collector) = self {
            collector.expose(snapshot, tasks);
        }
    }

    /// Of processes that are like another: those that hold something which deserves a look.
    pub fn holders(&self, snapshot: &Snapshot, others: &BTreeMap<Pid, Pid>) -> Vec<Pid> {
        match self {
            Source::Live(collector) => collector.holders(snapshot, others),
            Source::Saved(_) => {
                let is_known = |task: &&Pid| snapshot.exposures.contains_key(task);
                others.keys().filter(is_known).copied().collect()
            }
        }
    }

    /// What holds for the whole machine.
    pub fn look_at_settings(&self, snapshot: &mut Snapshot) {
        if let Source::Live(collector) = self {
            collector.look_at_settings(snapshot);
        }
    }

    /// The root directories of some processes of a scan.
    pub fn look_at_roots(&self, snapshot: &mut Snapshot, tasks: &[Pid]) {
        if let Source::Live(collector) = self {
            collector.look_at_roots(snapshot, tasks);
        }
    }

    /// What paths of a process lead to; a snapshot does not tell.
    pub fn look_at_paths<'a>(&self, task: Pid, paths: impl IntoIterator<Item = &'a str>) -> Looks {
        match self {
            Source::Live(collector) => paths::look_at(collector.root(), task, paths),
            Source::Saved(_) => Looks::new(),
        }
    }

    /// The configuration that a runtime was given for the container with these traces; a snapshot
    /// does not hold it.
    pub fn configuration(
        &self,
        snapshot: &Snapshot,
        traces: &Traces,
    ) -> Option<Result<Configuration, Vec<String>>> {
        match self {
            Source::Live(collector) => Some(bundle::find(collector.root(), snapshot, traces)),
            Source::Saved(_) => None,
        }
    }

    /// Why no experiment can be made on what is looked at, if that is so: they take the system calls of
    /// this machine, and the numbers of our own pid namespace.
    pub fn untried(&self) -> Option<&'static str> {
        match self {
            Source::Live(collector) if collector.root().is_ours() => None,
            Source::Live(_) => Some("--proc names no procfs of our own pid namespace"),
            Source::Saved(_) => Some("there is only a snapshot to look at"),
        }
    }

    /// What the kernel lets us do.
    pub fn try_features(&self, snapshot: &mut Snapshot) {
        if let Source::Live(collector) = self {
            collector.try_features(snapshot);
        }
    }

    /// Login names of the uids in the snapshot.
    pub fn name_users(&self, snapshot: &mut Snapshot) {
        if let Source::Live(collector) = self {
            collector.name_users(snapshot);
        }
    }
}
