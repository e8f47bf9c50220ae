//! A mount namespace that can be kept by a bind mount in the old one.
//!
//! The kernel binds a mount namespace only in one with a smaller number, so that no two keep each
//! other (mnt_ns_loop in fs/namespace.c). Linux 6.18 has a store of numbers for each processor
//! (ns_tree_gen_id in kernel/nstree.c), so that what is made later on another processor may have the
//! smaller one, and the bind is refused with EINVAL. Before and after it there is one for all.

use nix::errno::Errno;
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::unistd::Pid;

use crate::model::NsKind;
use crate::sys::nsfs;

/// The number of the mount namespace that we are in; `None` where the kernel does not tell it.
pub fn number() -> Option<u64> {
    let own = nsfs::own(NsKind::Mnt).ok()?;
    nsfs::id(own, NsKind::Mnt).ok()
}

/// Makes the mount namespace that we are in anew, on one processor after the other, until its number
/// is larger than that of the old one. Where it stays smaller, the bind says so.
///
/// # Errors
/// That of unshare(2) or sched_setaffinity(2).
pub fn outnumber(old: u64) -> Result<(), Errno> {
    if is_larger_than(old) {
        return Ok(());
    }
    let ourselves = Pid::from_raw(0);
    let processors = sched_getaffinity(ourselves)?;
    let made = make_anew_until_larger(ourselves, old);
    sched_setaffinity(ourselves, &processors)?;
    made
}

fn make_anew_until_larger(ourselves: Pid, old: u64) -> Result<(), Errno> {
    for processor in 0..CpuSet::count() {
        let mut only = CpuSet::new();
        only.set(processor)?;
        // There is no such processor, or it is not for us.
        if sched_setaffinity(ourselves, &only).is_err() {
            continue;
        }
        unshare(CloneFlags::CLONE_NEWNS)?;
        if is_larger_than(old) {
            break;
        }
    }
    Ok(())
}

fn is_larger_than(old: u64) -> bool {
    number().is_none_or(|new| new > old)
}
