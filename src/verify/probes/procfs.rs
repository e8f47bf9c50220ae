//! Every procfs that the target can reach, whatever is mounted at /proc: what is seen there of a
//! process outside, and of the target itself.

use std::os::fd::AsFd;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::worker::{Line, Worker};
use super::{NotTried, Sides};
use crate::collect::parse;
use crate::model::mount::{Mount, below};
use crate::model::{NsKind, Pid};
use crate::sys::look;
use crate::sys::procfs::{ProcRoot, TaskDir};
use crate::verify::verdict::Evidence;

/// More are not looked at, and that is said.
const MOST_MOUNTS: usize = 64;

/// What is looked for.
#[derive(Clone, Serialize, Deserialize)]
struct Wanted {
    /// Numbers that a process outside may have there, and its start time.
    numbers: Vec<Pid>,
    start_time: u64,
    /// Number of the target in its own pid namespace, and its start time.
    target: Option<(Pid, u64)>,
    /// Whether the probe is of the same pid namespace as the process outside.
    is_ours: bool,
}

/// What is seen through one mount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Seen {
    /// The process outside, by this number.
    Outside(Pid),
    /// The probe itself, which is no process of the target's pid namespace, by this number.
    Probe(Pid),
    /// The target itself, by its number in its own pid namespace.
    Target(Pid),
    /// Others alone.
    Foreign,
    /// No process at all.
    Nobody,
    /// One process alone, by its directory: its number, and its start time.
    One(Pid, u64),
    /// Another file system lies over it.
    Covered,
    /// It could not be looked at.
    Refused(String),
}

/// A mount, and what is seen through it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Look {
    pub mount_point: String,
    pub seen: Seen,
    count: Option<usize>,
}

impl Look {
    /// Whether it shows somebody outside.
    pub fn is_outside(&self) -> bool {
        matches!(self.seen, Seen::Outside(_) | Seen::Probe(_))
    }

    /// How many processes it shows.
    pub fn count(&self) -> Option<usize> {
        self.count
    }

    pub fn evidence(&self) -> Evidence {
        let all = processes(self.count.unwrap_or(0));
        let value = match &self.seen {
            Seen::Outside(number) => format!("the outside process is {number} there"),
            Seen::Probe(number) => format!(
                "the probe, which is outside the target's pid namespace, is {number} there; {all}"
            ),
            Seen::Target(number) => format!("the target is {number} there; {all}"),
            Seen::Foreign => format!("{all}, and the target is not among them"),
            Seen::Nobody => "no process".to_owned(),
            Seen::One(number, _) => format!("process {number} of the procfs alone"),
            Seen::Covered => "another file system lies over it".to_owned(),
            Seen::Refused(reason) => format!("could not be looked at: {reason}"),
        };
        Evidence::new(format!("procfs at {} inside", self.mount_point), value)
    }
}

/// So many processes, in words.
pub fn processes(count: usize) -> String {
    match count {
        1 => "1 process".to_owned(),
        count => format!("{count} processes"),
    }
}

/// A mount of a procfs.
#[derive(Clone)]
struct Point {
    mount_point: String,
    device: String,
    /// The process whose directory alone it is.
    one: Option<Pid>,
    /// A later mount lies over it.
    is_covered: bool,
}

/// Every mount of a procfs that shows processes.
fn points(mounts: &[Mount]) -> Vec<Point> {
    let shown = |at: usize, it: &Mount| {
        let name = it.root.strip_prefix('/').filter(|_| it.fstype == "proc")?;
        let one = name.parse().ok();
        let is_over = |later: &Mount| below(&later.mount_point, &it.mount_point).is_some();
        (name.is_empty() || one.is_some()).then(|| Point {
            mount_point: it.mount_point.clone(),
            device: it.device.clone(),
            one,
            is_covered: mounts[at + 1..].iter().any(is_over),
        })
    };
    let all = mounts.iter().enumerate();
    all.filter_map(|(at, it)| shown(at, it)).collect()
}

/// Looks through every procfs inside, with the target's rights.
pub fn look_for(
    sides: &Sides<'_>,
    numbers: &[Pid],
    start_time: u64,
    is_ours: bool,
) -> Result<Vec<Look>, NotTried> {
    let points = points(&sides.pinned.mounts()?);
    if points.is_empty() {
        return Ok(Vec::new());
    }
    if points.len() > MOST_MOUNTS {
        return Err(format!("more than {MOST_MOUNTS} mounts of procfs are inside").into());
    }
    let innermost = sides.pinned.status()?.nspid;
    let innermost = innermost.and_then(|all| all.last().copied());
    let wanted = Wanted {
        numbers: numbers.to_vec(),
        start_time,
        target: innermost.zip(Some(sides.pinned.start_time()?)),
        is_ours: is_ours && !sides.pinned.is_in_our(NsKind::Pid)?,
    };
    let place = sides.pinned.place(&[NsKind::Mnt])?;
    let look = move |line: &Line| {
        for point in points {
            let (seen, count) = look_at(&point, &wanted);
            line.say(&Some(Look {
                mount_point: point.mount_point,
                seen,
                count,
            }))?;
        }
        line.say(&None::<Look>)
    };
    let mut inside = Worker::start(&place, sides.deadline, look)?;
    let mut looks: Vec<Look> = Vec::new();
    while let Some(mut look) = inside.hear::<Option<Look>>()? {
        if let Seen::One(number, start_time) = look.seen
            && sides.pinned.is_outside(number, start_time)?
        {
            look.seen = Seen::Outside(number);
        }
        looks.push(look);
    }
    Ok(looks)
}

/// What stands at the mount point is told by its device, so that no file server is asked: anything may
/// be mounted over it.
fn look_at(point: &Point, wanted: &Wanted) -> (Seen, Option<usize>) {
    let other = |what: &str| match point.is_covered {
        true => (Seen::Covered, None),
        // Somebody in there may move it out of our sight.
        false => (Seen::Refused(what.to_owned()), None),
    };
    let procfs = match look::open_path(&point.mount_point) {
        Ok(dir) => dir,
        Err(errno @ (Errno::ENOENT | Errno::ENOTDIR)) => return other(&errno.to_string()),
        Err(errno) => return (Seen::Refused(errno.to_string()), None),
    };
    let (major, minor) = match look::at(procfs.as_fd(), c"") {
        Ok(found) => found.device,
        Err(errno) => return (Seen::Refused(errno.to_string()), None),
    };
    if format!("{major}:{minor}") != point.device {
        return other("something else stands there");
    }
    if let Some(number) = point.one {
        let stat = TaskDir::from(procfs).read("stat");
        let stat = stat.ok().and_then(|stat| parse::stat(&stat));
        return match stat {
            Some(stat) => (Seen::One(number, stat.start_time), Some(1)),
            // It has ended, and nothing is left to be seen.
            None => (Seen::Nobody, Some(0)),
        };
    }
    let procfs = ProcRoot::from(procfs);
    let is_there = |number: Pid, start_time: u64| {
        let stat = procfs.task(number).and_then(|task| task.read("stat"));
        let stat = stat.ok().and_then(|stat| parse::stat(&stat));
        stat.is_some_and(|stat| stat.start_time == start_time)
    };
    let pids = match procfs.pids() {
        Ok(pids) => pids,
        Err(errno) => return (Seen::Refused(errno.to_string()), None),
    };
    let count = pids.len();
    let mut outside = wanted.numbers.iter().copied();
    let outside = outside.find(|it| is_there(*it, wanted.start_time));
    let probe = procfs.own_pid().ok();
    let target = wanted.target.filter(|it| is_there(it.0, it.1));
    let seen = match (outside, probe, target) {
        (Some(number), _, _) => Seen::Outside(number),
        (None, Some(number), _) if wanted.is_ours => Seen::Probe(number),
        (None, _, Some((number, _))) => Seen::Target(number),
        (None, _, None) if count == 0 => Seen::Nobody,
        (None, _, None) => Seen::Foreign,
    };
    // The probe does not count itself.
    (seen, Some(count - usize::from(probe.is_some())))
}
