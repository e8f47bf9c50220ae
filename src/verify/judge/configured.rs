//! Whether there is more than a runtime was told to make: mounts and device nodes.

use std::collections::BTreeSet;

use super::{Case, Read, mounts};
use crate::model::Seen;
use crate::model::mount::{Mount, below};
use crate::verify::claim::Places;
use crate::verify::verdict::Verdict;

pub fn no_other_mounts(case: &Case<'_>, places: &Places) -> Read {
    let table = match mounts(case.subject) {
        Ok(table) => table,
        Err(why) => return Read::unknown("its mount table", &why),
    };
    // Where a destination leads over links, its mount is known by its number.
    let by_look = |path: &String| match case.looks.get(path) {
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
            || is_below(&places.with_mounts) && is_of_host(case, mount)
    };
    let more: Vec<&Mount> = table.iter().filter(|mount| !is_told(mount)).collect();
    let hidden = case.snapshot.exposures.get(&case.task());
    let hidden = hidden.and_then(|exposure| exposure.hidden_mounts.known());
    if let Some(hidden) = hidden.filter(|hidden| !hidden.is_empty()) {
        let says = format!("{} mounts lie where no path of it leads", hidden.len());
        let read = Read::new(Verdict::Fails, says).sure();
        return read.seen("listmount(2)", format!("{} and more", hidden[0].id));
    }
    // Of what may have come in with a directory of the host, only the host's table tells.
    let is_untold = |mount: &&Mount| {
        let point = mount.mount_point.as_str();
        let mut tops = places.with_mounts.iter();
        tops.any(|top| below(top, point).is_some())
    };
    if let Seen::Unknown(why) = &case.snapshot.host_mounts
        && !more.is_empty()
        && more.iter().copied().all(|it| is_untold(&it))
    {
        let point = &more[0].mount_point;
        let what = format!("whether {point} came in with a directory of the host");
        return Read::unknown(&what, why).sure();
    }
    let Some(first) = more.first() else {
        let says = format!("all {} mounts are those that are configured", table.len());
        return Read::new(Verdict::Holds, says).sure();
    };
    let others = match more.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let says = format!(
        "{} is mounted on {}{others}",
        first.fstype, first.mount_point
    );
    let read = Read::new(Verdict::Fails, says).sure();
    more.iter().fold(read, |read, mount| {
        read.seen(
            case.file("mountinfo"),
            format!("{} {} {}", mount.mount_point, mount.fstype, mount.root),
        )
    })
}

/// Whether the host has the same mounted: it came in with the directory that it is mounted below.
fn is_of_host(case: &Case<'_>, mount: &Mount) -> bool {
    let host = case.snapshot.host_mounts.known().into_iter().flatten();
    let mut same = host.filter(|it| it.device == mount.device && it.root == mount.root);
    same.next().is_some()
}

pub fn no_other_devices(case: &Case<'_>, allowed: &BTreeSet<(u32, u32)>) -> Read {
    let Some(exposure) = case.snapshot.exposures.get(&case.task()) else {
        return Read::unknown("its device nodes", &crate::model::Why::Skipped);
    };
    let other = exposure.devices.found.iter().find(|node| {
        let device = node.file.device;
        device.is_none_or(|(major, minor)| !is_usual(major) && !allowed.contains(&(major, minor)))
    });
    match (other, &exposure.devices.gap) {
        (Some(node), _) => {
            let (major, minor) = node.file.device.unwrap_or_default();
            let says = format!("{} is device {major}:{minor}", node.path);
            Read::new(Verdict::Fails, says)
                .sure()
                .seen(&node.path, format!("{major}:{minor}"))
        }
        (None, Some(why)) => Read::unknown("whether it has more device nodes", why),
        (None, None) => {
            let count = exposure.devices.found.len();
            Read::new(
                Verdict::Holds,
                format!("all {count} device nodes are those"),
            )
            .sure()
        }
    }
}

/// Terminals of the container's own devpts (Documentation/admin-guide/devices.txt).
fn is_usual(major: u32) -> bool {
    (136..=143).contains(&major)
}
