//! Inter-process communication: a shared memory segment and a message queue, made outside with random
//! names, are looked for inside, and removed.

use std::ffi::CString;
use std::os::fd::AsFd;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::worker::{Line, Worker, random_name};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::model::NsKind;
use crate::sys::{ipc, look};
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Ipc];

/// Queues of whatever ipc namespace can be seen by mounts of their file system.
const MOST_MOUNTS: usize = 64;

#[derive(Clone, Serialize, Deserialize)]
struct Made {
    /// Key of the segment, where the kernel has such.
    segment: Option<i32>,
    /// Name of the queue, where the kernel has such.
    queue: Option<String>,
}

/// Whether each was found: a reason where that cannot be told.
#[derive(Serialize, Deserialize)]
struct Found {
    segment: Option<Result<bool, String>>,
    queue: Option<Result<bool, String>>,
}

/// Makes both, and removes them when nobody is on the line any more.
fn make(line: &Line) -> Result<(), String> {
    let name = random_name();
    let digits = u64::from_str_radix(&name[4..], 16).unwrap_or(1);
    // Any key but 0, which is IPC_PRIVATE.
    let key = i32::try_from(digits & 0x3fff_ffff).unwrap_or(1) | 0x4000_0000;
    let c_name = CString::new(name.clone()).map_err(|error| error.to_string())?;
    let segment = there(ipc::Segment::make(key), "a shared memory segment")?;
    let queue = there(ipc::Queue::make(&c_name), "a message queue")?;
    line.say(&Made {
        segment: segment.as_ref().map(|_| key),
        queue: queue.as_ref().map(|_| name),
    })?;
    let _ = line.hear::<()>();
    Ok(())
}

fn there<T>(made: Result<T, Errno>, what: &str) -> Result<Option<T>, String> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(Errno::ENOSYS) => Ok(None),
        Err(errno) => Err(format!("cannot make {what} outside: {errno}")),
    }
}

fn look_for(made: &Made) -> Found {
    let told = |found: Result<bool, Errno>| found.map_err(|errno| errno.to_string());
    let queue = |name: &String| {
        let name = CString::new(name.as_str()).map_err(|_| Errno::EINVAL);
        told(name.and_then(|name| ipc::has_queue(&name)))
    };
    Found {
        segment: made.segment.map(|key| told(ipc::has_segment(key))),
        queue: made.queue.as_ref().map(queue),
    }
}

/// The target shares no ipc namespace with the other side.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let mut outside = Worker::start_tidy(&sides.outside(&KINDS)?, sides.deadline, make)?;
    let made: Made = outside.hear()?;
    let again = made.clone();
    let found: Found = Worker::start(&sides.inside(&KINDS)?, sides.deadline, move |line| {
        line.say(&look_for(&again))
    })?
    .hear()?;
    let mut names = Vec::new();
    let mut evidence = Vec::new();
    let mut seen = Vec::new();
    let segment = made
        .segment
        .map(|key| format!("shared memory segment {key:#x}"));
    let queue = made
        .queue
        .as_ref()
        .map(|name| format!("message queue /{name}"));
    for (name, found) in [(segment, found.segment), (queue, found.queue)] {
        let (Some(name), Some(found)) = (name, found) else {
            continue;
        };
        let said = match &found {
            Ok(true) => "found".to_owned(),
            Ok(false) => "not found (ENOENT)".to_owned(),
            Err(reason) => reason.clone(),
        };
        evidence.push(Evidence::new(format!("{name}, looked for inside"), said));
        if found? {
            seen.push(name.clone());
        }
        names.push(name);
    }
    if seen.is_empty()
        && let Some(name) = &made.queue
        && let Some(mount_point) = mounted_queue(sides, name)?
    {
        let path = format!("{mount_point}/{name}");
        evidence.push(Evidence::new(format!("{path} inside"), "found"));
        seen.push(format!("message queue at {path}"));
    }
    Ok(
        match (seen.first(), sides.same(NsKind::Ipc)?, names.is_empty()) {
            (Some(name), _, _) => fails(
                format!("found inside what was made outside: {name}"),
                evidence,
            ),
            (None, true, _) => fails("both are in one ipc namespace", evidence),
            (None, false, true) => {
                return Err("this kernel has neither shared memory segments nor queues".into());
            }
            (None, false, false) => holds(
                format!("made outside a {}: not found inside", names.join(" and a ")),
                evidence,
            ),
        },
    )
}

/// The queues of an ipc namespace are files where their file system is mounted, whoever looks: the
/// mount point inside at which our queue is seen.
fn mounted_queue(sides: &Sides<'_>, name: &str) -> Result<Option<String>, NotTried> {
    let mounts = sides.pinned.mounts()?.into_iter();
    let queues = mounts.filter(|it| it.fstype == "mqueue");
    let points: Vec<String> = queues.map(|it| it.mount_point).take(MOST_MOUNTS).collect();
    if points.is_empty() {
        return Ok(None);
    }
    let name = name.to_owned();
    let place = sides.pinned.place(&[NsKind::Mnt])?;
    let look = move |line: &Line| {
        let has_it = |point: &&String| {
            let dir = look::open_path(point);
            dir.is_ok_and(|dir| {
                let file = CString::new(name.as_str()).unwrap_or_default();
                look::without_following(dir.as_fd(), &file).is_ok()
            })
        };
        line.say(&points.iter().find(has_it))
    };
    Worker::start(&place, sides.deadline, look)?.hear()
}
