//! Processes: one that is started outside for this is to be named by its number from inside, and
//! looked for in every procfs that the target can reach.

use std::time::Instant;

use nix::errno::Errno;

use super::pinned::Pinned;
use super::procfs::{self, Seen};
use super::signaller::Signaller;
use super::worker::{Line, Place, Worker, random_name};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::collect::details;
use crate::model::{NsKind, Pid};
use crate::sys::procfs::ProcRoot;
use crate::verify::verdict::Evidence;

/// A number can be that of another process inside by chance; that of the next outside is another.
const TRIES: usize = 3;

/// A process that is outside for this, and does nothing.
enum Outsider {
    /// Where we are, under a random name.
    Ours(Worker),
    /// Born where another process is.
    Born(Signaller),
}

impl Outsider {
    fn start(from: Option<&Pinned>, deadline: Instant) -> Result<Outsider, NotTried> {
        let Some(from) = from else {
            let name = random_name();
            let wait = move |line: &Line| {
                let name = std::ffi::CString::new(name).map_err(|error| error.to_string())?;
                let named = nix::sys::prctl::set_name(&name);
                named.map_err(|errno| format!("cannot be named: {errno}"))?;
                line.say(&())?;
                line.hear::<()>()
            };
            let mut worker = Worker::start(&Place::Here, deadline, wait)?;
            worker.hear::<()>()?;
            return Ok(Outsider::Ours(worker));
        };
        let born = Signaller::start(&from.whole_place()?, deadline)?;
        Ok(Outsider::Born(born))
    }

    fn pid(&self) -> Pid {
        match self {
            Outsider::Ours(worker) => worker.pid().as_raw(),
            Outsider::Born(signaller) => signaller.pid(),
        }
    }

    /// Its number in each pid namespace that our procfs knows of, and its start time.
    fn numbers(&self) -> Result<(Vec<Pid>, u64), String> {
        let unread = || format!("/proc/{} cannot be read", self.pid());
        let proc = ProcRoot::open("/proc".as_ref()).map_err(|_| unread())?;
        let task = proc.task(self.pid()).map_err(|_| unread())?;
        let status = details::status_of(&task);
        let status = status.known().ok_or_else(unread)?;
        let numbers = status.nspid.clone().unwrap_or_else(|| vec![self.pid()]);
        let stat = crate::collect::processes::stat_of(&task);
        let start = stat.known().ok_or_else(unread)?.start_time;
        Ok((numbers, start))
    }
}

/// The target cannot name, signal or see a process on the other side.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let mut evidence = Vec::new();
    let outsider = Outsider::start(sides.from, sides.deadline)?;
    let pid = outsider.pid();
    let seen = seen(sides, &outsider);
    let named = named(sides, outsider, &mut evidence);
    if let Ok(Some(number)) = named {
        let did = format!("named outside process {number} from inside, by kill(2) with signal 0");
        return Ok(fails(did, evidence));
    }
    let looks = seen?;
    evidence.extend(looks.iter().map(procfs::Look::evidence));
    if let Some(look) = looks.iter().find(|it| it.is_outside()) {
        let whose = match sides.from {
            None => "the host",
            Some(_) => "the other side",
        };
        let did = format!(
            "saw outside process {pid} through {} (a procfs of {whose})",
            look.mount_point
        );
        return Ok(fails(did, evidence));
    }
    named?;
    if sides.same(NsKind::Pid)? {
        return Ok(fails("both are in one pid namespace", evidence));
    }
    if let Some(look) = looks.iter().find(|it| matches!(it.seen, Seen::Refused(_))) {
        return Err(format!(
            "outside process {pid} cannot be named from inside, but {} could not be looked at",
            look.mount_point
        )
        .into());
    }
    let is_there = |it: &&procfs::Look| !matches!(it.seen, Seen::Covered);
    let through = looks.iter().filter(is_there);
    let through: Vec<&str> = through.map(|it| it.mount_point.as_str()).collect();
    let where_to = match through.is_empty() {
        true => "by number (there is no procfs)".to_owned(),
        false => format!("by number or through {}", through.join(", ")),
    };
    let did = format!("started process {pid} outside: nobody inside can see it {where_to}");
    Ok(holds(did, evidence))
}

fn seen(sides: &Sides<'_>, outsider: &Outsider) -> Result<Vec<procfs::Look>, NotTried> {
    let (numbers, start_time) = outsider.numbers()?;
    let is_ours = matches!(outsider, Outsider::Ours(_));
    procfs::look_for(sides, &numbers, start_time, is_ours)
}

/// The number by which an outside process is named from inside, if any does: a process of this number
/// is there, and is no more when the outside process has ended.
fn named(
    sides: &Sides<'_>,
    mut outsider: Outsider,
    evidence: &mut Vec<Evidence>,
) -> Result<Option<Pid>, NotTried> {
    let mut signaller = Signaller::start(&sides.pinned.whole_place()?, sides.deadline)?;
    for _ in 0..TRIES {
        let (numbers, _) = outsider.numbers()?;
        let mut there = Vec::new();
        for number in numbers {
            let said = signaller.ask(number)?;
            let words = match said {
                Ok(()) => "success".to_owned(),
                Err(errno) => errno.to_string(),
            };
            evidence.push(Evidence::new(format!("kill({number}, 0) inside"), words));
            if said != Err(Errno::ESRCH) {
                there.push(number);
            }
        }
        if there.is_empty() {
            return Ok(None);
        }
        drop(outsider);
        for number in there {
            if signaller.ask(number)? == Err(Errno::ESRCH) {
                let gone = format!("kill({number}, 0) inside, after it has ended");
                evidence.push(Evidence::new(gone, Errno::ESRCH.to_string()));
                return Ok(Some(number));
            }
        }
        outsider = Outsider::start(sides.from, sides.deadline)?;
    }
    Err("processes inside have the numbers of those outside, so that nothing can be told".into())
}
