//! Joining a namespace to read what only its members can see; for forked children only
//! ([`super::child`]).

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};

use super::child::harden;

/// Joins a namespace with the rights that we have.
pub fn join_plainly(ns: &OwnedFd) -> Result<(), Errno> {
    setns(ns, CloneFlags::empty())
}

/// Joins a namespace, and when that takes more rights than we have, its owning user namespace
/// first: the creator of that has all rights in there.
///
/// # Errors
/// EPERM: neither way is open to us.
pub fn join(ns: &OwnedFd) -> Result<(), Errno> {
    match setns(ns, CloneFlags::empty()) {
        Err(Errno::EPERM) => {
            let owner = super::nsfs::owner(ns)?;
            setns(&owner, CloneFlags::CLONE_NEWUSER)?;
            harden();
            // A mount namespace of our own, in which we may then open file systems of the
            // namespaces that we join (may_mount in fs/namespace.c).
            unshare(CloneFlags::CLONE_NEWNS)?;
            setns(ns, CloneFlags::empty())
        }
        result => result,
    }
}
