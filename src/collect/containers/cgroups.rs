//! Who could have called a cgroup after a container: whoever owns a directory on the way to it. A
//! service manager delegates cgroups to users, who name what they make below as they like.

use std::collections::BTreeMap;

use crate::collect::details;
use crate::model::container::cgroup_path;
use crate::model::mount::Hierarchy;
use crate::model::process::CgroupEntry;
use crate::model::{Author, NsKey, NsKind, Pid, Seen, Snapshot, text};
use crate::sys::authored::{self, Links, Reached};
use crate::sys::procfs::ProcRoot;

/// Tells it of the cgroups of some processes that name a container.
pub fn find_authors(root: &ProcRoot, snapshot: &mut Snapshot, tasks: &[Pid]) {
    let mut found = std::mem::take(&mut snapshot.cgroup_authors);
    let mut hierarchies = None;
    for task in tasks {
        let process = snapshot.processes.get(*task);
        let entries = process.and_then(|it| it.cgroups.known());
        if let Some(entries) = entries {
            add(root, snapshot, &mut hierarchies, &mut found, entries);
        }
    }
    snapshot.cgroup_authors = found;
}

/// The same of entries that were read by themselves.
pub fn add_authors<'a>(
    root: &ProcRoot,
    snapshot: &mut Snapshot,
    all: impl Iterator<Item = &'a [CgroupEntry]>,
) {
    let mut found = std::mem::take(&mut snapshot.cgroup_authors);
    let mut hierarchies = None;
    for entries in all {
        add(root, snapshot, &mut hierarchies, &mut found, entries);
    }
    snapshot.cgroup_authors = found;
}

fn add(
    root: &ProcRoot,
    snapshot: &Snapshot,
    hierarchies: &mut Option<Vec<Hierarchy>>,
    found: &mut BTreeMap<String, Author>,
    entries: &[CgroupEntry],
) {
    let named = cgroup_path::named(entries);
    let Some(outermost) = named.containers.first() else {
        return;
    };
    if found.contains_key(&named.path) {
        return;
    }
    let read = || match is_ours(root, snapshot) {
        true => mounted(root),
        false => Vec::new(),
    };
    let hierarchies = hierarchies.get_or_insert_with(read);
    let entry = entries.iter().find(|entry| entry.path == named.path);
    let part = cgroup_path::up_to(&named.path, outermost);
    let author = entry.and_then(|entry| owner(hierarchies, entry, part));
    found.insert(
        named.path.clone(),
        author.unwrap_or_else(|| cgroup_path::delegated_to(part)),
    );
}

/// Whether the cgroups that this procfs names are in our own hierarchies, with ids as we see them.
fn is_ours(root: &ProcRoot, snapshot: &Snapshot) -> bool {
    let initial = |kind: NsKind| {
        let inode = snapshot.reader.links.own(kind).get();
        inode.map(|inode| snapshot.is_initial(NsKey { kind, inode })) == Some(Seen::Known(true))
    };
    root.is_ours() && initial(NsKind::Cgroup) && initial(NsKind::User)
}

fn mounted(root: &ProcRoot) -> Vec<Hierarchy> {
    let own = root.own_task().ok();
    let hierarchies = own.map(|own| details::cgroup_hierarchies(&own));
    match hierarchies {
        Some(Seen::Known(hierarchies)) => hierarchies,
        _ => Vec::new(),
    }
}

/// Who decides about the directory of a cgroup.
fn owner(hierarchies: &[Hierarchy], entry: &CgroupEntry, path: &str) -> Option<Author> {
    let hierarchy = hierarchies.iter().find(|it| it.is_of(entry))?;
    let below = hierarchy.below(path)?;
    let mount_point = std::ffi::CString::new(text::to_bytes(&hierarchy.mount_point)).ok()?;
    let mount = Reached::root(authored::open_directory(&mount_point).ok()?).ok()?;
    let reached = mount.walk(&text::to_bytes(below), Links::Refuse, &|_| false);
    reached.ok().map(|it| it.author)
}
