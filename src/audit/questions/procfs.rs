//! Procfs instances of other pid namespaces.

use crate::analyse::power::ptrace;
use crate::audit::case::Case;
use crate::model::exposure::ProcInstance;
use crate::model::{NsKind, Seen};

/// Whether a procfs of the host is mounted for a process whose own pid namespace is another.
pub fn shows_host(case: &Case<'_>) -> bool {
    let host = NsKind::Pid.initial_inode();
    let instances = case.exposure().map(|it| it.procfs.found.as_slice());
    let mut instances = instances.unwrap_or_default().iter();
    instances.any(|instance| whose(case, instance) == Some(host))
}

/// The pid namespace that an instance shows, if that is neither its own nor below it.
pub fn whose(case: &Case<'_>, instance: &ProcInstance) -> Option<u64> {
    let own = case.key(NsKind::Pid).get()?.inode;
    let reader = case.snapshot.reader.links.own(NsKind::Pid).get();
    match (instance.pid_ns, &instance.own) {
        (Some(shown), _) if shown == own => None,
        (Some(shown), _) => {
            let is_below = ptrace::is_below(case.snapshot, shown, own);
            (is_below != Seen::Known(true)).then_some(shown)
        }
        // Its number 1 refused, and it shows the reader: it is the reader's or encloses that.
        (None, Some(_)) => reader.filter(|reader| *reader != own),
        (None, None) => None,
    }
}
