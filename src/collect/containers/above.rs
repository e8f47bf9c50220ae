//! The processes above another one, among which is the monitor of its container.

use std::cell::{LazyCell, RefCell};
use std::collections::BTreeMap;

use super::{author, monitor};
use crate::collect::parse;
use crate::collect::processes::{cmdline_of, stat_of};
use crate::model::container::Monitor;
use crate::model::{LinkName, NsKind, Pid, Process, Seen, Snapshot, Why, text};
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::sys::why;

/// A monitor is the parent of its container, or a few levels above. A line of parents that is
/// longer than this is not followed to its end.
const LONGEST_LINE: usize = 64;

/// Parents that were looked at: most places have the same ones above them.
pub struct Above<'a> {
    root: &'a ProcRoot,
    parents: RefCell<BTreeMap<Pid, Parent>>,
}

/// A process above one that is looked at.
#[derive(Clone)]
struct Parent {
    ppid: Seen<Pid>,
    /// The monitor that it seems to be, with its mount namespace.
    monitor: Option<(Monitor, Option<u64>)>,
}

impl Above<'_> {
    pub fn new(root: &ProcRoot) -> Above<'_> {
        Above {
            root,
            parents: RefCell::default(),
        }
    }

    /// The monitors above a process that are outside of its mount namespace, nearest first. What runs
    /// inside can call itself what it likes.
    pub fn monitors(
        &self,
        snapshot: &Snapshot,
        task: Pid,
        subject: &TaskDir,
    ) -> Seen<Vec<Monitor>> {
        let known = snapshot.processes.get(task);
        let known = known.and_then(|process| process.stat.known());
        let mut above = match known {
            Some(stat) => Seen::Known(stat.ppid),
            None => stat_of(subject).part(|stat| stat.ppid),
        };
        let inside = LazyCell::new(|| mount_namespace(subject));
        let mut found = Vec::new();
        for _ in 0..LONGEST_LINE {
            let parent = match above {
                // PID 1 watches over everything; 0 stands for a parent outside.
                Seen::Known(0 | Process::INIT) => return Seen::Known(found),
                Seen::Known(parent) => self.parent(snapshot, parent),
                Seen::Unknown(why) => return Seen::Unknown(why),
            };
            if let Some((monitor, theirs)) = parent.monitor
                && (theirs.is_none() || theirs != *inside)
            {
                found.push(monitor);
            }
            above = parent.ppid;
        }
        Seen::Unknown(Why::failed("its line of parents is too long"))
    }

    /// A parent, read once; not at all where a scan has told that it can be no monitor.
    fn parent(&self, snapshot: &Snapshot, pid: Pid) -> Parent {
        if let Some(known) = self.parents.borrow().get(&pid) {
            return known.clone();
        }
        let known = snapshot.processes.get(pid);
        let parent = match known.and_then(|it| it.stat.known()) {
            Some(stat) if !monitor::may_be(&stat.comm) => Parent {
                ppid: Seen::Known(stat.ppid),
                monitor: None,
            },
            _ => self.read_parent(snapshot, pid),
        };
        self.parents.borrow_mut().insert(pid, parent.clone());
        parent
    }

    fn read_parent(&self, snapshot: &Snapshot, pid: Pid) -> Parent {
        let dir = match self.root.task(pid) {
            Ok(dir) => dir,
            Err(errno) => {
                return Parent {
                    ppid: Seen::Unknown(why(errno)),
                    monitor: None,
                };
            }
        };
        let stat = stat_of(&dir);
        let may_be = stat.known().is_none_or(|stat| monitor::may_be(&stat.comm));
        let found = may_be.then(|| read_monitor(snapshot, &dir, pid)).flatten();
        Parent {
            ppid: stat.part(|stat| stat.ppid),
            monitor: found.map(|found| (found, mount_namespace(&dir))),
        }
    }
}

fn mount_namespace(dir: &TaskDir) -> Option<u64> {
    let link = LinkName::Own(NsKind::Mnt);
    let mut buffer = [0; 64];
    parse::ns_link(link, dir.ns_link(link, &mut buffer).ok()?)
}

fn read_monitor(snapshot: &Snapshot, dir: &TaskDir, pid: Pid) -> Option<Monitor> {
    let uid = dir.task_stat().ok().map(|stat| stat.st_uid);
    let args = cmdline_of(dir);
    let args = args.known()?;
    let mut found = monitor::read(pid, uid, args)?;
    found.author = author::of_process(dir, snapshot, monitor::programs_of(&found.runtime));
    // A shim works in the folder of the bundle that it was started for.
    if found.namespace.is_some() {
        found.bundle = dir.cwd_path().ok().map(|path| text::from_bytes(&path));
    }
    Some(found)
}
