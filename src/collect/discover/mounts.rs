//! Bind mounts of namespaces, in every mount namespace: through a process that is in it, or without
//! one by the kernel's list of mount namespaces and by what other layers found.

use std::collections::BTreeSet;

use nix::errno::Errno;

use super::{Context, Fared, Findings};
use crate::collect::{details, open};
use crate::model::mount::Mount;
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, LinkName, NsKind, Seen, Snapshot, Why, text};
use crate::sys::{child, inside, mounts, nsfs, why};

/// The mount namespaces that a process is in.
pub fn look(context: &Context<'_>, snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let mut fared = Fared::default();
    let inhabited = snapshot
        .namespaces
        .values()
        .filter(|it| it.key.kind == NsKind::Mnt && it.nprocs > 0);
    for namespace in inhabited {
        let key = namespace.key;
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
    if let Err(why) = add_listed(context, &snapshot, findings) {
        fared.note(&why);
    }
    let mut done: BTreeSet<NsKey> = BTreeSet::new();
    loop {
        let so_far = Findings(findings.0.clone());
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
    // The table of a process in a chroot shows only the mounts below that.
    let Some(member) = open::unchrooted_member(context.root, snapshot, key) else {
        return without_process(context, snapshot, key);
    };
    let task = context.root.task(member).map_err(why)?;
    match details::mounts_of(&task) {
        Seen::Known(mounts) => Ok(of_table(&mounts)),
        Seen::Unknown(why) => Err(why),
    }
}

/// nsfs mounts of a mount table. The kind and the number are in the root of the mount; what is
/// reached by its path may be another that lies on top.
fn of_table(mounts: &[Mount]) -> Vec<Found> {
    mounts
        .iter()
        .filter(|mount| mount.fstype == "nsfs")
        .filter_map(|mount| Some((NsKey::parse(&mount.root)?, mount.mount_point.clone())))
        .collect()
}

/// By listmount and statmount where the kernel has them, else by a child that enters.
fn without_process(
    context: &Context<'_>,
    snapshot: &Snapshot,
    key: NsKey,
) -> Result<Vec<Found>, Why> {
    let fd = open::open(context.root, snapshot, key)?;
    let listed = nsfs::id(&fd, NsKind::Mnt).and_then(mounts::nsfs_mounts);
    match listed {
        Ok(all) => Ok(all
            .into_iter()
            .filter_map(|mount| {
                let root = text::from_bytes(&mount.root);
                Some((NsKey::parse(&root)?, text::from_bytes(&mount.mount_point)))
            })
            .collect()),
        Err(Errno::ENOSYS | Errno::ENOTTY | Errno::EINVAL) => entering(context, &fd),
        Err(errno) => Err(why(errno)),
    }
}

fn entering(context: &Context<'_>, fd: &std::os::fd::OwnedFd) -> Result<Vec<Found>, Why> {
    let table = child::in_child(open::TIME_LIMIT, || {
        let read = inside::join(fd).and_then(|()| context.root.own_task()?.read("mountinfo"));
        read.unwrap_or_default()
    })
    .map_err(why)?;
    // Every mount namespace has a root, so that an empty table is none.
    if table.is_empty() {
        return Err(Why::Denied);
    }
    let mounts = details::mounts(&table).map_err(|error| Why::failed(error.to_string()))?;
    Ok(of_table(&mounts))
}

/// Adds the mount namespaces of the kernel's list that no layer has found: the list says only that
/// they are there, and not why.
fn add_listed(
    context: &Context<'_>,
    snapshot: &Snapshot,
    findings: &mut Findings,
) -> Result<(), Why> {
    let own = context.root.own_task().map_err(why)?;
    let own = own.open_ns(LinkName::Own(NsKind::Mnt)).map_err(why)?;
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
