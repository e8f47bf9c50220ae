//! What tells which container a process is in: the monitor above it, the mounts that a runtime has
//! made for it, and what runtimes and engines have written down. One process is looked at for each
//! place, and none in the host's own mount namespace.

mod above;
pub mod author;
pub mod bundle;
mod cgroups;
mod engine;
mod engines;
mod host;
mod lookup;
mod monitor;
mod mounts;
mod records;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::container::cgroup_path::{self, Named};
use crate::model::container::{Place, RuntimeMount, Traces};
use crate::model::{Author, NsKey, NsKind, Pid, Process, Seen, Snapshot, Why, text};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::{accounts, why};

use super::details;
use above::Above;
use host::Host;
use lookup::{Here, Records};
use mounts::HostPaths;

/// A mount table beyond this (bytes) is not searched.
const LARGEST_MOUNTINFO: usize = 16 << 20;

/// A record beyond this (bytes) is not read.
const LARGEST_RECORD: usize = 4 << 20;

/// Of an environment so much is searched (bytes).
const LONGEST_ENVIRON: usize = 32 << 10;

/// Whether the parents of a process are looked at too, for the one that watches over its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parents {
    Follow,
    /// A question about one process reads no other.
    Leave,
}

/// Looks at the places of the given processes that were not looked at before.
pub fn trace(root: &ProcRoot, snapshot: &mut Snapshot, tasks: &[Pid], parents: Parents) {
    cgroups::find_authors(root, snapshot, tasks);
    let wanted: BTreeSet<Place> = tasks
        .iter()
        .filter_map(|task| snapshot.processes.get(*task))
        .filter(|process| is_worth_it(snapshot, process))
        .map(Place::of)
        .filter(|place| !snapshot.traces.contains_key(place))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let looker = Looker::new(root, snapshot);
    let inits = oldest(snapshot, &wanted).into_iter();
    let mut found: Vec<(Place, Traces)> = inits
        .map(|(place, task)| (place, looker.look(snapshot, place, task, parents)))
        .collect();
    drop(looker);
    if snapshot.reader.pid == Seen::Known(nix::unistd::getpid().as_raw()) {
        ask_engine(&mut found);
    }
    let entries = found
        .iter()
        .filter_map(|(_, traces)| traces.cgroups.known());
    cgroups::add_authors(root, snapshot, entries.map(Vec::as_slice));
    let users = found
        .iter()
        .filter_map(|(_, traces)| traces.made_by.get())
        .filter(|uid| *uid != 0 && !snapshot.users.contains_key(uid));
    let users = accounts::user_names(&users.collect());
    snapshot.users.extend(users);
    snapshot.traces.extend(found);
}

/// Whether a process can be in a container at all: not in the mount namespace of the host, and
/// where that cannot be told, only if its cgroup says so.
fn is_worth_it(snapshot: &Snapshot, process: &Process) -> bool {
    match process.links.own(NsKind::Mnt) {
        Seen::Known(inode) => {
            let kind = NsKind::Mnt;
            let inode = *inode;
            snapshot.is_initial(NsKey { kind, inode }) != Seen::Known(true)
        }
        Seen::Unknown(_) => {
            let named = process.cgroups.known().map(|it| cgroup_path::named(it));
            named.is_some_and(|named| !named.containers.is_empty())
        }
    }
}

/// The oldest known process of each place: the container's init, unless that has ended.
fn oldest(snapshot: &Snapshot, wanted: &BTreeSet<Place>) -> BTreeMap<Place, Pid> {
    let mut oldest: BTreeMap<Place, (u64, Pid)> = BTreeMap::new();
    for process in snapshot.processes.iter() {
        let place = Place::of(process);
        if !wanted.contains(&place) {
            continue;
        }
        // Those that a question named are known better than others of their place.
        let stat = process.stat.known();
        let started = stat.map_or(u64::MAX, |stat| stat.start_time);
        let this = (started, process.task());
        oldest
            .entry(place)
            .and_modify(|known| *known = this.min(*known))
            .or_insert(this);
    }
    oldest
        .into_iter()
        .map(|(place, (_, task))| (place, task))
        .collect()
}

/// Who looks, with what is the same for all places.
struct Looker<'a> {
    root: &'a ProcRoot,
    /// `None`: what the host has written down cannot be reached from here.
    host: Option<Host<'a>>,
    above: Above<'a>,
}

impl Looker<'_> {
    fn new<'a>(root: &'a ProcRoot, snapshot: &Snapshot) -> Looker<'a> {
        Looker {
            root,
            host: Host::reach(root, snapshot),
            above: Above::new(root),
        }
    }

    fn look(&self, snapshot: &Snapshot, place: Place, task: Pid, parents: Parents) -> Traces {
        let dir = match self.root.task(task) {
            Ok(dir) => dir,
            Err(errno) => return Traces::unknown(task, &why(errno)),
        };
        let process = snapshot.processes.get(task);
        let cgroups = match process.map(|it| &it.cgroups) {
            Some(known @ Seen::Known(_)) => known.clone(),
            _ => details::cgroups_of(&dir),
        };
        let named = cgroups
            .known()
            .map(|entries| cgroup_path::named(entries))
            .unwrap_or_default();
        let mut traces = Traces {
            task,
            made_by: author::made_by(&dir),
            cgroups,
            monitors: match parents {
                Parents::Follow => self.above.monitors(snapshot, task, &dir),
                Parents::Leave => Seen::Unknown(Why::Skipped),
            },
            mounts: self.mounts(&dir, process),
            marker: Seen::Unknown(Why::Skipped),
            records: Vec::new(),
        };
        match &self.host {
            Some(host) => {
                tell_authors_of_mounts(host, snapshot, &mut traces);
                let here = Here::new(self.root, snapshot, place, &dir);
                traces.records = Records {
                    host,
                    snapshot,
                    here,
                }
                .find(&traces, &named);
            }
            None => leave_authors_open(&mut traces),
        }
        if !is_told(&traces, &named) {
            traces.marker = marker(&dir);
        }
        traces
    }

    /// Mounts of runtimes, from the table that was read already or from a new one.
    fn mounts(&self, dir: &TaskDir, process: Option<&Process>) -> Seen<Vec<RuntimeMount>> {
        let nothing = LazyCell::new(|| HostPaths::new(b""));
        let details = process.and_then(|process| process.details.as_deref());
        let known = details.and_then(|details| details.mounts.known());
        let read = |lines: &mut dyn Iterator<Item = mounts::Line>| match &self.host {
            Some(host) => mounts::of_runtimes(lines, &host.paths),
            None => mounts::of_runtimes(lines, &nothing),
        };
        if let Some(table) = known {
            return Seen::Known(read(&mut table.iter().map(mounts::Line::from)));
        }
        let table = dir.read_up_to("mountinfo", LARGEST_MOUNTINFO).map_err(why);
        Seen::from(table).map(|table| read(&mut mounts::promising_lines(&table)))
    }
}

/// Who could have made what is mounted. An overlay says of itself where its layers lie, by the paths
/// of whoever mounted it: in a user's own mount namespace they lead where the user likes.
fn tell_authors_of_mounts(host: &Host<'_>, snapshot: &Snapshot, traces: &mut Traces) {
    let Seen::Known(mounts) = &mut traces.mounts else {
        return;
    };
    let is_roots = traces.made_by == Seen::Known(0);
    for mount in mounts {
        let folder = match (&mount.folder, &mount.id) {
            (Some(folder), Some(id)) => Some(format!("{folder}/{id}")),
            (None, Some(_)) => None,
            (_, None) => Some(mount.source.clone()),
        };
        let author = folder.and_then(|folder| host.author(snapshot, &traces.made_by, &folder));
        mount.author = match author {
            Some(Author::Root) if !is_roots && mount.id.is_none() => Author::Anyone,
            Some(author) => author,
            None => Author::Anyone,
        };
    }
}

/// From here nobody can say who has made them.
fn leave_authors_open(traces: &mut Traces) {
    if let Seen::Known(mounts) = &mut traces.mounts {
        for mount in mounts {
            mount.author = Author::Unknown;
        }
    }
}

/// What the environment of a process calls its container (systemd's CONTAINER_INTERFACE).
fn marker(dir: &TaskDir) -> Seen<Option<String>> {
    // As far as there is room (environ_read in fs/proc/base.c).
    let environ = dir.read_records_up_to("environ", 1, LONGEST_ENVIRON);
    let environ = environ.map_err(why);
    Seen::from(environ).map(|environ| {
        environ
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(b"container="))
            .filter(|name| !name.is_empty())
            .map(text::from_bytes)
    })
}

/// Whether anything says which container this is.
fn is_told(traces: &Traces, named: &Named) -> bool {
    !named.containers.is_empty()
        || !traces.records.is_empty()
        || matches!(&traces.monitors, Seen::Known(monitors) if !monitors.is_empty())
        || matches!(&traces.mounts, Seen::Known(mounts) if mounts.iter().any(|it| it.author != Author::Anyone))
}

/// Asks docker for the names of those of its containers whose files we could not read.
fn ask_engine(found: &mut [(Place, Traces)]) {
    let wanted: Vec<(usize, String)> = found
        .iter()
        .enumerate()
        .filter_map(|(at, (_, traces))| Some((at, nameless_docker(traces)?)))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let answer = engine::ask("docker", &engine::docker_socket());
    for (at, id) in wanted {
        let of_this = answer.iter().filter(|record| record.id == id).cloned();
        found[at].1.records.extend(of_this);
    }
}

/// The id of a container of docker's of which no record was found.
fn nameless_docker(traces: &Traces) -> Option<String> {
    if !traces.records.is_empty() {
        return None;
    }
    let named = traces.cgroups.known().map(|it| cgroup_path::named(it))?;
    let by_cgroup = named
        .containers
        .into_iter()
        .next_back()
        .map(|it| it.container)
        .filter(|container| container.runtime == "docker")
        .map(|container| container.id);
    let mounts = traces.mounts.known().into_iter().flatten();
    let mut by_mount = mounts
        .filter(|mount| mount.runtime == "docker")
        .filter_map(|mount| mount.id.clone());
    by_mount.next().or(by_cgroup)
}

impl Traces {
    fn unknown(task: Pid, why: &Why) -> Traces {
        Traces {
            task,
            made_by: Seen::Unknown(why.clone()),
            cgroups: Seen::Unknown(why.clone()),
            monitors: Seen::Unknown(why.clone()),
            mounts: Seen::Unknown(why.clone()),
            marker: Seen::Unknown(why.clone()),
            records: Vec::new(),
        }
    }
}
