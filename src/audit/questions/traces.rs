//! Questions that the rules about signs of an escape share: which container a process belongs to by
//! its cgroup, whose namespaces it is in, and what it has beyond the init there.

use crate::analyse::containers::cgroup_author;
use crate::audit::machine::{Known, Machine};
use crate::model::container::cgroup_path;
use crate::model::container::cgroup_path::Named;
use crate::model::process::{Seccomp, Status};
use crate::model::{CapabilitySet, NsKey, NsKind, Process, Snapshot};

/// What its cgroup names.
pub fn named(process: &Process) -> Option<Named> {
    process
        .cgroups
        .known()
        .map(|entries| cgroup_path::named(entries))
}

/// Whether the cgroup of a process names a container, be it one around another, by the word of whoever
/// vouches for that container.
pub fn is_named(snapshot: &Snapshot, process: &Process, known: &Known<'_>) -> bool {
    let id = &known.identity.container.id;
    named(process).is_some_and(|it| {
        cgroup_author(snapshot, &it.path).rank() <= known.identity.owner.rank()
            && it.containers.iter().any(|it| it.container.id == *id)
    })
}

/// The container whose mount namespace a process is in, or its pid namespace where its cgroup is
/// that of no other container, though its cgroup is not the container's.
pub fn visited<'a, 'm>(machine: &'m Machine<'a>, process: &Process) -> Option<&'m Known<'a>> {
    let own = named(process)?;
    let within = |kind: NsKind| {
        let inode = process.links.own(kind).get()?;
        let key = NsKey { kind, inode };
        machine
            .within(key)
            .find(|known| known.init.task() != process.task())
    };
    let found = match within(NsKind::Mnt) {
        Some(known) => known,
        None if own.containers.is_empty() => within(NsKind::Pid)?,
        None => return None,
    };
    let is_named = |process| is_named(machine.snapshot, process, found);
    let is_foreign = !own.hidden && !is_named(process) && is_named(found.init);
    is_foreign.then_some(found)
}

pub fn status_of(process: &Process) -> Option<&Status> {
    process.details.as_deref()?.status.known()
}

/// Capabilities that nobody in a container can come by whose init is this: beyond its bounding set.
pub fn beyond(own: &Status, init: &Status) -> CapabilitySet {
    let most = init.capabilities.bounding.0 | init.capabilities.permitted.0;
    CapabilitySet((own.capabilities.effective.0 | own.capabilities.permitted.0) & !most)
}

/// Whether it has no seccomp filter where the init has one.
pub fn is_less_filtered(own: &Status, init: &Status) -> bool {
    init.seccomp == Some(Seccomp::Filter) && own.seccomp == Some(Seccomp::Disabled)
}

/// A child of kthreadd that is no thread of the kernel: call_usermodehelper in kernel/umh.c.
pub fn is_helper(process: &Process) -> bool {
    let ppid = process.stat.known().map(|stat| stat.ppid);
    ppid == Some(Process::KTHREADD) && !process.is_kernel_thread()
}

/// The label of its security module.
pub fn label(process: &Process) -> Option<&str> {
    process.details.as_deref()?.lsm.known()?.as_deref()
}
