//! Inside a mount namespace: its root, what of it comes from the reference, and how mounts travel.

use std::collections::BTreeSet;

use super::{Inside, difference, plural, told};
use crate::analyse::diff::Pair;
use crate::analyse::diff::value::{Difference, Filesystem, ForeignMount, Value};
use crate::model::Seen;
use crate::model::mount::Mount;

/// File systems that are a view of the kernel: sharing one is nothing like a bind mount of a disk.
fn is_kernel_view(fstype: &str) -> bool {
    ["cgroup", "cgroup2", "nsfs"].contains(&fstype)
}

pub fn mnt(pair: &Pair<'_>) -> Inside {
    let mounts = pair.details(|details| details.mounts.clone());
    let root = |mounts: &Vec<Mount>| root_mount(mounts).map_or(Value::Nothing, filesystem);
    let count = |mounts: &Vec<Mount>| Value::Number(mounts.len() as i64);
    let (foreign, travel) = match (&mounts.0, &mounts.1) {
        (Seen::Known(subject), Seen::Known(reference)) => (
            Seen::Known(foreign_mounts(subject, reference)),
            Seen::Known(propagation(subject, reference)),
        ),
        (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) => {
            (Seen::Unknown(why.clone()), Seen::Unknown(why.clone()))
        }
    };
    let sentence = told(&mounts.0, "mounts", |own| {
        let mut parts = vec![match root_mount(own) {
            Some(root) => format!("root on {}", root_in_words(root)),
            None => "no mount is its root: it runs in a chroot".to_owned(),
        }];
        parts.push(match foreign.known() {
            Some(foreign) => foreign_in_words(own.len(), foreign, &pair.noun),
            None => plural(own.len(), "mount"),
        });
        parts.extend(
            travel
                .known()
                .and_then(|travel| travel.in_words(&pair.noun)),
        );
        return parts.join(", ");

        fn root_in_words(root: &Mount) -> String {
            match (root.fstype.as_str(), root.root.as_str()) {
                ("overlay" | "tmpfs", _) => root.fstype.clone(),
                (fstype, "/") => format!("{fstype} {}", root.source),
                (fstype, directory) => format!("{fstype} {} at {directory}", root.source),
            }
        }
    });
    let nothing = Seen::Known(Value::Nothing);
    Inside {
        differences: vec![
            difference("root_filesystem", (&mounts.0, &mounts.1), root),
            difference("mounts", (&mounts.0, &mounts.1), count),
            Difference {
                what: "mounts_from_reference",
                subject: foreign.part(|foreign| Value::Mounts(foreign.clone())),
                reference: nothing.clone(),
            },
            Difference {
                what: "propagation",
                subject: travel.part(|travel| Value::Text(travel.name().to_owned())),
                reference: nothing,
            },
        ],
        sentence,
    }
}

/// The mount that is the root directory: the topmost, where several lie on `/`.
fn root_mount(mounts: &[Mount]) -> Option<&Mount> {
    let at_root = |mount: &&Mount| mount.mount_point == "/";
    let covered: BTreeSet<i32> = mounts
        .iter()
        .filter(at_root)
        .map(|mount| mount.parent)
        .collect();
    mounts
        .iter()
        .filter(at_root)
        .find(|mount| !covered.contains(&mount.id))
}

fn filesystem(mount: &Mount) -> Value {
    Value::Filesystem(Filesystem {
        fstype: mount.fstype.clone(),
        source: mount.source.clone(),
        directory: mount.root.clone(),
    })
}

/// Mounts of file systems that the reference has mounted too, without the root itself, which has
/// a line of its own.
fn foreign_mounts(subject: &[Mount], reference: &[Mount]) -> Vec<ForeignMount> {
    let devices: BTreeSet<&str> = reference
        .iter()
        .map(|mount| mount.device.as_str())
        .collect();
    let root = root_mount(subject).map(|root| root.id);
    subject
        .iter()
        .filter(|mount| devices.contains(mount.device.as_str()) && Some(mount.id) != root)
        .map(|mount| ForeignMount {
            mount_point: mount.mount_point.clone(),
            fstype: mount.fstype.clone(),
            source: mount.source.clone(),
            directory: mount.root.clone(),
            read_only: mount.read_only,
        })
        .collect()
}

/// As many mount points as fit a line and still can be read.
const NAMED_MOUNTS: usize = 3;

fn foreign_in_words(all: usize, foreign: &[ForeignMount], whom: &str) -> String {
    let views = foreign
        .iter()
        .filter(|mount| is_kernel_view(&mount.fstype))
        .count();
    let files: Vec<&str> = foreign
        .iter()
        .filter(|mount| !is_kernel_view(&mount.fstype))
        .map(|mount| mount.mount_point.as_str())
        .collect();
    let all = plural(all, "mount");
    match (files.len(), views) {
        (0, 0) => format!("{all}, none of them from {whom}"),
        (0, views) => format!("{all}, {views} of them cgroup mounts of {whom}"),
        (count, _) => {
            let more = if count > NAMED_MOUNTS { " …" } else { "" };
            let named = files[..count.min(NAMED_MOUNTS)].join(" ");
            let cgroups = match views {
                0 => String::new(),
                views => format!(" and {views} of its cgroup mounts"),
            };
            format!("{all}, {count} of them from {whom} ({named}{more}){cgroups}")
        }
    }
}

/// Whether mounts travel between the two mount namespaces.
enum Travel {
    /// Neither way.
    None,
    /// What the reference mounts appears in the subject too: below so many of its mounts, not
    /// counting those of cgroups, below which nobody mounts anything.
    In(usize),
    /// What the subject mounts appears in the reference too: so many of its mounts.
    Out(usize),
}

impl Travel {
    const fn name(&self) -> &'static str {
        match self {
            Travel::None => "private",
            Travel::In(_) => "slave",
            Travel::Out(_) => "shared",
        }
    }

    fn in_words(&self, whom: &str) -> Option<String> {
        match self {
            Travel::None | Travel::In(0) => None,
            Travel::In(1) => Some(format!("1 mount receives what {whom} mounts below it")),
            Travel::In(count) => Some(format!(
                "{count} mounts receive what {whom} mounts below them"
            )),
            Travel::Out(count) => Some(format!(
                "what it mounts below {} shows up on {whom}",
                plural(*count, "shared mount")
            )),
        }
    }
}

/// A peer group that occurs on both sides carries mounts both ways; one that is the master of a
/// mount of the subject carries them inwards (mount_namespaces(7)). Groups that are only the
/// subject's own, as nspawn and LXC make them, carry nothing out.
fn propagation(subject: &[Mount], reference: &[Mount]) -> Travel {
    let groups: BTreeSet<u32> = reference.iter().filter_map(|mount| mount.shared).collect();
    let of_theirs = |group: Option<u32>| group.is_some_and(|group| groups.contains(&group));
    let out = subject
        .iter()
        .filter(|mount| of_theirs(mount.shared))
        .count();
    if out > 0 {
        return Travel::Out(out);
    }
    let slaves: Vec<&Mount> = subject
        .iter()
        .filter(|mount| of_theirs(mount.master))
        .collect();
    match slaves.is_empty() {
        true => Travel::None,
        false => Travel::In(
            slaves
                .iter()
                .filter(|mount| !is_kernel_view(&mount.fstype))
                .count(),
        ),
    }
}
