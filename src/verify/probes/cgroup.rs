//! Cgroups: which paths are seen from inside the target's cgroup namespace, and whether anything above
//! its own cgroup can be written. Nothing is written: a file is opened for it and closed.

use serde::{Deserialize, Serialize};

use super::worker::{Line, Worker};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::analyse::diff::main_cgroup_path;
use crate::collect::details;
use crate::model::process::CgroupEntry;
use crate::model::{NsKind, Pid};
use crate::sys::procfs::ProcRoot;
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Cgroup];

/// The cgroups of the probe and of the target, as seen from inside.
#[derive(Serialize, Deserialize)]
pub struct Seen {
    probe: Vec<CgroupEntry>,
    pub target: Vec<CgroupEntry>,
}

pub fn seen(sides: &Sides<'_>) -> Result<Seen, NotTried> {
    let target = sides.pinned.pid;
    let read = move |line: &Line| {
        // Our own procfs: only the cgroup namespace has been joined.
        let own = std::process::id().cast_signed();
        line.say(&Seen {
            probe: cgroups_of(own)?,
            target: cgroups_of(target)?,
        })
    };
    Worker::start(&sides.inside(&KINDS)?, sides.deadline, read)?.hear()
}

fn cgroups_of(pid: Pid) -> Result<Vec<CgroupEntry>, String> {
    let unread = || format!("/proc/{pid}/cgroup cannot be read inside");
    let proc = ProcRoot::open("/proc".as_ref()).map_err(|_| unread())?;
    let task = proc.task(pid).map_err(|_| unread())?;
    details::cgroups_of(&task)
        .known()
        .cloned()
        .ok_or_else(unread)
}

/// The target shares no cgroup namespace with the other side, and sees no path of the host.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let seen = seen(sides)?;
    let ours = sides.pinned.our_cgroups()?;
    let (outside, inside) = (main_cgroup_path(&ours), main_cgroup_path(&seen.probe));
    let own = main_cgroup_path(&seen.target);
    let evidence = vec![
        Evidence::new("cgroup of the probe, seen outside", &outside),
        Evidence::new("cgroup of the probe, seen inside", &inside),
        Evidence::new("cgroup of the target, seen inside", &own),
    ];
    if sides.same(NsKind::Cgroup)? {
        return Ok(fails(
            format!("both are in one cgroup namespace: the target sees itself at {own}"),
            evidence,
        ));
    }
    // At the root of all there is nothing to tell two views apart.
    let sees_ours = sides.from.is_none() && outside != "/" && ours == seen.probe;
    Ok(match sees_ours {
        true => fails(
            format!("saw the host's paths inside: the probe is at {inside}, as it is outside"),
            evidence,
        ),
        false => holds(
            format!("looked at cgroups inside: the target is at {own}, the probe at {inside}"),
            evidence,
        ),
    })
}
