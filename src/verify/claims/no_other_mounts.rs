//! Nothing is mounted but what a runtime was told to mount.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::mount::{Mount, below};
use crate::model::{NsKind, Process, Seen};
use crate::verify::claim::{Claim, Needs};
use crate::verify::reading::{Context, Reading};
use crate::verify::verdict::Verdict;

pub const ABOUT: &str = "Nothing is mounted but at the places of its OCI configuration";

/// Where something may be mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub at: BTreeSet<String>,
    /// File systems that the runtime mounts in parts (cgroup v1).
    pub below: BTreeSet<String>,
    /// Directories of the host with what is mounted on them (`rbind`).
    pub with_mounts: BTreeSet<String>,
}

/// Nothing is mounted but at these places, below these, and what the host has below those that are
/// brought in with all that is mounted on them.
#[derive(Clone, Debug)]
pub struct NoOtherMounts(pub Places);

impl fmt::Display for NoOtherMounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no mounts but those that are configured")
    }
}

impl Claim for NoOtherMounts {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Mnt)
    }

    fn needs(&self) -> Needs {
        Needs {
            paths: self.0.at.iter().cloned().collect(),
            ..Needs::default()
        }
    }

    fn explain(&self) -> String {
        "reads /proc/PID/mountinfo".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        read(context, &self.0)
    }
}

fn read(context: &Context<'_>, places: &Places) -> Reading {
    let table = match context.mounts() {
        Ok(table) => table,
        Err(why) => return Reading::unknown("its mount table", &why),
    };
    // Where a destination leads over links, its mount is known by its number.
    let by_look = |path: &String| match context.looks.get(path) {
        Some(Seen::Known(Some(there))) => there.mount,
        _ => None,
    };
    let ids: BTreeSet<i32> = places.at.iter().filter_map(by_look).collect();
    let is_told = |mount: &&Mount| {
        let point = mount.mount_point.as_str();
        let is_below = |tops: &BTreeSet<String>| tops.iter().any(|top| below(top, point).is_some());
        places.at.contains(point)
            || ids.contains(&mount.id)
            || is_below(&places.below)
            || is_below(&places.with_mounts) && is_of_host(context, mount)
    };
    let more: Vec<&Mount> = table.iter().filter(|mount| !is_told(mount)).collect();
    let hidden = context.snapshot.exposures.get(&context.task());
    let hidden = hidden.and_then(|exposure| exposure.hidden_mounts.known());
    if let Some(hidden) = hidden.filter(|hidden| !hidden.is_empty()) {
        let says = format!("{} mounts lie where no path of it leads", hidden.len());
        let read = Reading::new(Verdict::Fails, says).sure();
        return read.seen("listmount(2)", format!("{} and more", hidden[0].id));
    }
    // Of what may have come in with a directory of the host, only the host's table tells.
    let is_untold = |mount: &&Mount| {
        let point = mount.mount_point.as_str();
        let mut tops = places.with_mounts.iter();
        tops.any(|top| below(top, point).is_some())
    };
    if let Seen::Unknown(why) = &context.snapshot.host_mounts
        && !more.is_empty()
        && more.iter().copied().all(|it| is_untold(&it))
    {
        let point = &more[0].mount_point;
        let what = format!("whether {point} came in with a directory of the host");
        return Reading::unknown(&what, why).sure();
    }
    let Some(first) = more.first() else {
        let says = format!("all {} mounts are those that are configured", table.len());
        return Reading::new(Verdict::Holds, says).sure();
    };
    let others = match more.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let says = format!(
        "{} is mounted on {}{others}",
        first.fstype, first.mount_point
    );
    let read = Reading::new(Verdict::Fails, says).sure();
    more.iter().fold(read, |read, mount| {
        read.seen(
            context.file("mountinfo"),
            format!("{} {} {}", mount.mount_point, mount.fstype, mount.root),
        )
    })
}

/// Whether the host has the same mounted: it came in with the directory that it is mounted below.
fn is_of_host(context: &Context<'_>, mount: &Mount) -> bool {
    let host = context.snapshot.host_mounts.known().into_iter().flatten();
    let mut same = host.filter(|it| it.device == mount.device && it.root == mount.root);
    same.next().is_some()
}
