//! Every procfs that the target can reach, whatever is mounted at /proc: what is seen there of a
//! process outside, and of the target itself.

use std::os::fd::AsFd;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::Case;
use super::party::{Line, Party};
use crate::collect::parse;
use crate::model::mount::Mount;
use crate::model::{NsKind, Pid};
use crate::sys::look;
use crate::sys::procfs::ProcRoot;
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
    /// The target itself.
    Target,
    /// Others alone.
    Foreign,
    /// No process at all.
    Nobody,
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
            Seen::Target => format!("the target's own; {all}"),
            Seen::Foreign => format!("{all}, and the target is not among them"),
            Seen::Nobody => "no process".to_owned(),
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

/// Looks through every procfs inside, with the target's rights.
pub fn look_for(
    case: &Case<'_>,
    numbers: &[Pid],
    start_time: u64,
    is_ours: bool,
) -> Result<Vec<Look>, String> {
    let is_whole = |it: &Mount| it.fstype == "proc" && it.root == "/";
    let mounts = case.held.mounts()?.into_iter().filter(is_whole);
    let mut points: Vec<(String, String)> = mounts.map(|it| (it.mount_point, it.device)).collect();
    points.sort_unstable();
    points.dedup();
    if points.is_empty() {
        return Ok(Vec::new());
    }
    if points.len() > MOST_MOUNTS {
        return Err(format!(
            "more than {MOST_MOUNTS} mounts of procfs are inside"
        ));
    }
    let shares_ours = case.held.namespace(NsKind::Pid)? == case.held.our_namespace(NsKind::Pid)?;
    let innermost = case
        .held
        .status()?
        .nspid
        .and_then(|all| all.last().copied());
    let wanted = Wanted {
        numbers: numbers.to_vec(),
        start_time,
        target: innermost.zip(Some(case.held.start_time()?)),
        is_ours: is_ours && !shares_ours,
    };
    let place = case.held.place(&[NsKind::Mnt])?;
    let look = move |line: &Line| {
        for (mount_point, device) in points {
            let (seen, count) = look_at(&mount_point, &device, &wanted);
            line.say(&Some(Look {
                mount_point,
                seen,
                count,
            }))?;
        }
        line.say(&None::<Look>)
    };
    let mut inside = Party::start(&place, case.deadline, look)?;
    let mut looks: Vec<Look> = Vec::new();
    while let Some(look) = inside.hear()? {
        looks.push(look);
    }
    Ok(looks)
}

/// What stands at the mount point is told by its device, so that no file server is asked: anything may
/// be mounted over it.
fn look_at(mount_point: &str, device: &str, wanted: &Wanted) -> (Seen, Option<usize>) {
    let opened = look::open_path(mount_point);
    let procfs = match opened {
        Ok(dir) => dir,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return (Seen::Covered, None),
        Err(errno) => return (Seen::Refused(errno.to_string()), None),
    };
    let (major, minor) = match look::at(procfs.as_fd(), c"") {
        Ok(found) => found.device,
        Err(errno) => return (Seen::Refused(errno.to_string()), None),
    };
    if format!("{major}:{minor}") != device {
        return (Seen::Covered, None);
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
    let seen = match (outside, probe) {
        (Some(number), _) => Seen::Outside(number),
        (None, Some(number)) if wanted.is_ours => Seen::Probe(number),
        _ if wanted
            .target
            .is_some_and(|(number, start)| is_there(number, start)) =>
        {
            Seen::Target
        }
        _ if count == 0 => Seen::Nobody,
        _ => Seen::Foreign,
    };
    // The probe does not count itself.
    (seen, Some(count - usize::from(probe.is_some())))
}
