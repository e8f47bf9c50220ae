//! Bind mounts of namespaces, in every mount namespace: through a process that is in it, or without
//! one by the kernel's list of mount namespaces and by what other layers found.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::{Context, Fared, Findings};
use crate::collect::{details, open};
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, NsKind, Snapshot, Why, text};
use crate::sys::mounts::{Mounts, NsfsMount};
use crate::sys::procfs::TaskDir;
use crate::sys::{child, inside, mounts, nsfs, why};

/// The mount namespaces that a process is in.
pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let mut fared = Fared::default();
    // Whoever hides which mount namespace it is in may be in one that nobody else is in.
    for process in snapshot.processes.iter() {
        if let Some(why) = process.links.own(NsKind::Mnt).why() {
            fared.note(why);
        }
    }
    let inhabited = snapshot
        .namespaces
        .values()
        .filter(|it| it.key.kind == NsKind::Mnt && it.nprocs > 0);
    for namespace in inhabited {
        let key = namespace.key;
        if context.is_late(&mut fared) {
            break;
        }
        match through_member(context, snapshot, key) {
            Ok(all) => note(key, all, findings),
            Err(why) => fared.note(&why),
        }
    }
    fared.state()
}

/// The mount namespaces that none is in, with those that are mounted in these, and so on.
pub fn look_without_process(
    context: &Context<'_>,
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> LayerState {
    let mut fared = Fared::default();
    let mut snapshot = snapshot.clone();
    if let Err(why) = add_listed(&snapshot, findings) {
        fared.note(&why);
    }
    let mut done: BTreeSet<NsKey> = BTreeSet::new();
    loop {
        let so_far = findings.clone();
        super::merge(&mut snapshot, so_far);
        let next = snapshot
            .namespaces
            .values()
            .filter(|it| it.key.kind == NsKind::Mnt && it.nprocs == 0)
            .map(|it| it.key)
            .find(|key| !done.contains(key));
        let Some(key) = next else {
            return fared.state();
        };
        done.insert(key);
        if context.is_late(&mut fared) {
            return fared.state();
        }
        match without_process(context, &snapshot, key) {
            Ok(all) => note(key, all, findings),
            Err(why) => fared.note(&why),
        }
    }
}

/// A bind mount of a namespace: which, and where.
type Found = (NsKey, String);

fn note(mnt_ns: NsKey, found: Vec<Found>, findings: &mut Findings) {
    for (key, path) in found {
        let mnt_ns = mnt_ns.inode;
        findings.add(key, Holder::Mount { path, mnt_ns });
    }
}

fn through_member(
    context: &Context<'_>,
    snapshot: &Snapshot,
    key: NsKey,
) -> Result<Vec<Found>, Why> {
    // The table of a process in a chroot shows only the mounts below that; one may end meanwhile,
    // or leave.
    for task in open::unchrooted_members(context.root, snapshot, key) {
        if let Ok(found) = of_task(&task)
            && open::is_in(&task, key)
        {
            return Ok(found);
        }
    }
    without_process(context, snapshot, key)
}

/// Bind mounts of namespaces beyond this (bytes of mountinfo) are not read: some 100,000.
const LARGEST_FINDING: usize = 16 << 20;

/// nsfs mounts of a mount table. The kind and the number are in the root of the mount; what is
/// reached by its path may be another that lies on top.
fn of_task(task: &TaskDir) -> Result<Vec<Found>, Why> {
    const NSFS: &[u8] = b" - nsfs ";
    let is_nsfs = |line: &[u8]| line.windows(NSFS.len()).any(|window| window == NSFS);
    let lines = task.lines_of("mountinfo", LARGEST_FINDING, is_nsfs);
    let mut found = Vec::new();
    for line in lines.map_err(why)?.split_inclusive(|byte| *byte == b'\n') {
        let mounts = details::mounts(line).map_err(|error| Why::failed(error.to_string()))?;
        let nsfs = mounts.into_iter().filter(|mount| mount.fstype == "nsfs");
        found
            .extend(nsfs.filter_map(|mount| Some((NsKey::parse(&mount.root)?, mount.mount_point))));
    }
    Ok(found)
}

/// By listmount and statmount where the kernel has them, else by a child that enters.
fn without_process(
    context: &Context<'_>,
    snapshot: &Snapshot,
    key: NsKey,
) -> Result<Vec<Found>, Why> {
    let fd = open::open(context.root, snapshot, key)?;
    match nsfs::id(&fd, NsKind::Mnt).and_then(mounts::of_namespace) {
        Ok(mounts) if is_whole(&mounts, &fd) => Ok(listed(mounts)),
        Ok(_) | Err(Errno::ENOSYS | Errno::ENOTTY | Errno::EINVAL) => entering(context, &fd),
        Err(errno) => Err(why(errno)),
    }
}

/// Whether the kernel has listed all mounts. Linux 6.12 takes for the root of another mount
/// namespace what is mounted first in it, as on the empty root file system below all others
/// (grab_requested_root in fs/namespace.c); where that is the root itself, most are left out.
fn is_whole(mounts: &Mounts, mnt_ns: &OwnedFd) -> bool {
    const BELOW_ALL_OTHERS: usize = 1;
    nsfs::mount_count(mnt_ns).is_ok_and(|all| mounts.count + BELOW_ALL_OTHERS >= all)
}

fn listed(mounts: Mounts) -> Vec<Found> {
    let found = |mount: NsfsMount| {
        let key = NsKey::parse(&text::from_bytes(&mount.root))?;
        Some((key, text::from_bytes(&mount.mount_point)))
    };
    mounts.nsfs.into_iter().filter_map(found).collect()
}

fn entering(context: &Context<'_>, fd: &OwnedFd) -> Result<Vec<Found>, Why> {
    let read = || -> Result<Vec<Found>, Why> {
        inside::join(fd).map_err(why)?;
        // A procfs that does not show us does not show what we see in there.
        of_task(&context.root.own_task().map_err(|_| Why::Denied)?)
    };
    let answer = child::in_child(open::TIME_LIMIT, || {
        let found = read().map_err(|why| why.to_string());
        let found = found.map(|all| all.into_iter().map(|(key, path)| (key.to_string(), path)));
        serde_json::to_vec(&found.map(Vec::from_iter)).unwrap_or_default()
    });
    let answer = serde_json::from_slice(&answer.map_err(why)?);
    let found: Result<Vec<(String, String)>, String> =
        answer.map_err(|error| Why::failed(error.to_string()))?;
    let found = found.map_err(|reason| {
        let Ok(why) = reason.parse::<Why>();
        why
    })?;
    let keyed = |(key, path): (String, String)| Some((NsKey::parse(&key)?, path));
    Ok(found.into_iter().filter_map(keyed).collect())
}

/// Adds the mount namespaces of the kernel's list that no layer has found: the list says only that
/// they are there, and not why.
fn add_listed(snapshot: &Snapshot, findings: &mut Findings) -> Result<(), Why> {
    let own = nsfs::own(NsKind::Mnt).map_err(why)?;
    for fd in nsfs::mount_namespaces(own) {
        let fd = fd.map_err(why)?;
        let key = NsKey {
            kind: NsKind::Mnt,
            inode: nsfs::identity(&fd).map_err(why)?.inode,
        };
        if !snapshot.namespaces.contains_key(&key) {
            let ns_id = nsfs::id(&fd, NsKind::Mnt).map_err(why)?;
            findings.add(key, Holder::Kernel { ns_id });
        }
    }
    Ok(())
}
