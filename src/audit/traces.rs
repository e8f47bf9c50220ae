//! Signs that something has happened already, which no process shows that was left alone: it has
//! left its container, it came into one, it has more power than its container's init, the kernel
//! runs it from a container's files, or its threads are in different places.

use super::case::{Case, is_confining};
use super::catalogue::traces::{
    ESCAPED, FOREIGN_VISITOR, KERNEL_HELPER, PRIVILEGED_SIBLING, THREADS_DIVERGE,
};
use super::finding::{Finding, Severity, Verdict};
use super::machine::{Known, Machine};
use super::storage;
use crate::model::container::cgroup_path::{self, Named};
use crate::model::process::{Seccomp, Status};
use crate::model::{CapabilitySet, NsKey, NsKind, Place, Process, Seen, Snapshot};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.extend(escaped(case));
    findings.extend(visitor(case));
    findings.extend(sibling(case));
    findings.extend(helper(case));
    findings.extend(settings(case));
    findings.extend(threads(case));
}

/// Names in cgroups that are no containers of namespaces: virtual machines, and applications whose
/// helpers run on the host by design.
const NOT_CONTAINERS: [&str; 3] = ["libvirt-qemu", "flatpak", "snap"];

/// Kinds in which whoever has left its container is in other namespaces than its init.
const LEAVING: [NsKind; 6] = [
    NsKind::Mnt,
    NsKind::Pid,
    NsKind::User,
    NsKind::Net,
    NsKind::Ipc,
    NsKind::Uts,
];

/// NSA-500.
fn escaped(case: &Case<'_>) -> Option<Finding> {
    let named = named(case.process)?;
    let claim = named.containers.last().map(|it| &it.container);
    let claim = claim.filter(|it| !NOT_CONTAINERS.contains(&it.runtime.as_str()));
    let by_cgroup = claim.and_then(|it| case.machine.by_id(&it.id));
    let (from, how) = match by_cgroup {
        Some(known) => (known, "its cgroup is that of"),
        None if claim.is_none() => (ancestor(case)?, "it was started from within"),
        None => return None,
    };
    let init = from.init;
    if init.task() == case.process.task() || is_above(case.snapshot, case.process, init) {
        return orphan(case, from, &named.path);
    }
    let outside: Vec<NsKind> = LEAVING
        .into_iter()
        .filter(|kind| has_left(case, init, *kind))
        .collect();
    if outside.is_empty() {
        return None;
    }
    let list = names(&outside);
    let why = format!(
        "{how} {}, and its {list} {} not: it has left its container",
        from.name(),
        if outside.len() == 1 {
            "namespace is"
        } else {
            "namespaces are"
        }
    );
    let mut finding = Finding::new(&ESCAPED, Severity::Critical, Verdict::Exploitable, why)
        .seen(case.file("cgroup"), named.path.clone());
    for kind in outside {
        let theirs = init.links.own(kind).get().unwrap_or_default();
        let theirs = format!("{kind}:[{theirs}]");
        finding = finding
            .with(case.link(kind))
            .seen(format!("/proc/{}/ns/{kind}", init.task()), theirs);
    }
    Some(match is_runtime(case.process) {
        true => finding.but(Verdict::Conditional).provided(
            "it is still there in a moment: a runtime that sets a container up looks the same",
        ),
        false => finding,
    })
}

/// The container that a process on the host was started from: one above it is in there.
fn ancestor<'a>(case: &'a Case<'_>) -> Option<&'a Known<'a>> {
    if case.machine.by_place(case.process).is_some() {
        return None;
    }
    let parent = case.process.stat.known()?.ppid;
    let parent = case.snapshot.processes.get(parent)?;
    case.machine.by_place(parent)
}

/// Whether a process is in another namespace than the init of its container: in the host's, or in
/// that of another container.
fn has_left(case: &Case<'_>, init: &Process, kind: NsKind) -> bool {
    let (own, theirs) = (case.process.links.own(kind), init.links.own(kind));
    let (Seen::Known(own), Seen::Known(theirs)) = (own, theirs) else {
        return false;
    };
    let is_initial = |inode: u64| case.snapshot.is_initial(NsKey { kind, inode });
    if own == theirs || is_initial(*theirs) != Seen::Known(false) {
        return false;
    }
    is_initial(*own) == Seen::Known(true)
        || kind == NsKind::Mnt && is_in_anothers(case, NsKey { kind, inode: *own }, init)
}

fn is_in_anothers(case: &Case<'_>, key: NsKey, init: &Process) -> bool {
    let mut others = case.machine.within(key);
    others.any(|other| other.init.task() != init.task() && is_named(other.init, other))
}

/// Whether the cgroup of a process names a container, be it one around another.
fn is_named(process: &Process, known: &Known<'_>) -> bool {
    let id = &known.identity.container.id;
    named(process).is_some_and(|it| it.containers.iter().any(|it| it.container.id == *id))
}

/// The cgroup names a container of which nobody is in namespaces of its own.
fn orphan(case: &Case<'_>, from: &Known<'_>, path: &str) -> Option<Finding> {
    let is_alone = from.init.task() == case.process.task() && case.is_in_hosts(NsKind::Mnt);
    if !is_alone {
        return None;
    }
    let why = format!(
        "its cgroup is that of {}, it is in the host's namespaces, and nobody else of that container \
         is left",
        from.name()
    );
    let finding = Finding::new(&ESCAPED, Severity::Critical, Verdict::Conditional, why)
        .seen(case.file("cgroup"), path)
        .with(case.link(NsKind::Mnt))
        .provided(
            "it is no monitor of a virtual machine (Kata, gVisor) and no runtime that sets a \
             container up: these look the same",
        );
    Some(finding)
}

/// The name that runtimes have while they set a container up. Anybody can call themselves so.
fn is_runtime(process: &Process) -> bool {
    let comm = process.stat.known().map(|stat| stat.comm.as_str());
    comm.is_some_and(|comm| {
        ["runc", "crun", "conmon"]
            .iter()
            .any(|it| comm.starts_with(it))
    })
}

/// Whether one process is above another: its monitor is never what has escaped from a container.
fn is_above(snapshot: &Snapshot, above: &Process, process: &Process) -> bool {
    let mut at = process.stat.known().map(|stat| stat.ppid);
    for _ in 0..LONGEST_LINE {
        match at {
            None | Some(0) => return false,
            Some(pid) if pid == above.pid => return true,
            Some(pid) => {
                let parent = snapshot.processes.get(pid);
                at = parent.and_then(|it| it.stat.known()).map(|stat| stat.ppid);
            }
        }
    }
    false
}

/// A line of parents is not followed further.
const LONGEST_LINE: usize = 64;

fn named(process: &Process) -> Option<Named> {
    process
        .cgroups
        .known()
        .map(|entries| cgroup_path::named(entries))
}

fn names(kinds: &[NsKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
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
    let is_foreign = !own.hidden && !is_named(process, found) && is_named(found.init, found);
    is_foreign.then_some(found)
}

/// NSA-501.
fn visitor(case: &Case<'_>) -> Option<Finding> {
    let host = visited(case.machine, case.process)?;
    let (own, theirs) = (case.status()?, status(host.init)?);
    let has_more = !beyond(own, theirs).is_empty() || is_less_filtered(own, theirs);
    let (severity, more) = match has_more {
        true => (
            Severity::Medium,
            ", with more power than is meant for in there",
        ),
        false => (Severity::Info, ""),
    };
    let why = format!(
        "it is in namespaces of {}, and its cgroup is not: somebody came in from outside{more}",
        host.name()
    );
    let path = named(case.process).map(|named| named.path);
    Some(
        Finding::new(&FOREIGN_VISITOR, severity, Verdict::Exploitable, why)
            .seen(case.file("cgroup"), path.unwrap_or_default())
            .with(case.link(NsKind::Mnt))
            .with(case.link(NsKind::Pid))
            .with(case.line("CapEff")),
    )
}

fn status(process: &Process) -> Option<&Status> {
    process.details.as_deref()?.status.known()
}

/// Capabilities that nobody in a container can come by whose init is this: beyond its bounding set.
fn beyond(own: &Status, init: &Status) -> CapabilitySet {
    let most = init.capabilities.bounding.0 | init.capabilities.permitted.0;
    CapabilitySet((own.capabilities.effective.0 | own.capabilities.permitted.0) & !most)
}

fn is_less_filtered(own: &Status, init: &Status) -> bool {
    init.seccomp == Some(Seccomp::Filter) && own.seccomp == Some(Seccomp::Disabled)
}

/// NSA-502.
fn sibling(case: &Case<'_>) -> Option<Finding> {
    let known = case.machine.by_place(case.process)?;
    let init = known.init;
    let same_user = case.process.links.own(NsKind::User) == init.links.own(NsKind::User);
    if init.task() == case.process.task()
        || !same_user
        || visited(case.machine, case.process).is_some()
    {
        return None;
    }
    let (own, theirs) = (case.status()?, status(init)?);
    let more = beyond(own, theirs);
    let is_less_labelled = match (label(case.process), label(init)) {
        (Some(own), Some(init)) => is_confining(init) && !is_confining(own) && own != init,
        _ => false,
    };
    let weaker: Vec<(&str, &str)> = [
        (
            is_less_filtered(own, theirs),
            "no seccomp filter",
            "Seccomp",
        ),
        (
            theirs.no_new_privs == Some(true) && own.no_new_privs == Some(false),
            "no_new_privs off",
            "NoNewPrivs",
        ),
        (is_less_labelled, "another label", ""),
    ]
    .into_iter()
    .filter_map(|(holds, says, field)| holds.then_some((says, field)))
    .collect();
    if more.is_empty() && weaker.is_empty() {
        return None;
    }
    let mut words: Vec<String> = more.names();
    words.extend(weaker.iter().map(|(says, _)| (*says).to_owned()));
    let why = format!(
        "it is beside the init of {} with more than that can ever have: {}",
        known.name(),
        words.join(", ")
    );
    let init_file = |field: &str| format!("/proc/{}/status {field}", init.task());
    let mut finding = Finding::new(
        &PRIVILEGED_SIBLING,
        Severity::High,
        Verdict::Exploitable,
        why,
    )
    .with(case.line("CapEff"))
    .seen(
        init_file("CapBnd"),
        format!("{:016x}", theirs.capabilities.bounding.0),
    );
    for (_, field) in weaker.iter().filter(|(_, field)| !field.is_empty()) {
        finding = finding.with(case.line(field)).seen(
            init_file(field),
            match *field {
                "Seccomp" => "2",
                _ => "1",
            },
        );
    }
    // A filter and no_new_privs pass from parent to child: an init that has taken them on later has
    // children without.
    let from_outside = parent_is_outside(case);
    Some(match more.is_empty() && !from_outside {
        true => finding
            .but(Verdict::Conditional)
            .provided("it was not started before the init took on the barrier by itself"),
        false => finding,
    })
}

fn label(process: &Process) -> Option<&str> {
    process.details.as_deref()?.lsm.known()?.as_deref()
}

fn parent_is_outside(case: &Case<'_>) -> bool {
    let parent = case.process.stat.known().map(|stat| stat.ppid);
    let parent = parent.and_then(|pid| case.snapshot.processes.get(pid));
    parent.is_some_and(|parent| Place::of(parent) != Place::of(case.process))
}

/// NSA-503: a program that the kernel has started, as root and outside of all containers.
fn helper(case: &Case<'_>) -> Option<Finding> {
    if !is_helper(case.process) || !case.is_in_hosts(NsKind::Mnt) {
        return None;
    }
    let exe = case.details()?.exe.known()?;
    let (whose, by) = storage::owner(case.machine, exe)?;
    let why = format!(
        "the kernel has started it as the host's root, and its program lies in the files of {whose}"
    );
    Some(
        Finding::new(
            &KERNEL_HELPER,
            Severity::Critical,
            Verdict::Exploitable,
            why,
        )
        .seen(case.file("status PPid"), "2")
        .seen(case.file("exe"), exe.clone())
        .seen("storage", by)
        .with(case.link(NsKind::Mnt))
        .with(case.line("CapEff")),
    )
}

/// A child of kthreadd that is no thread of the kernel: call_usermodehelper in kernel/umh.c.
pub fn is_helper(process: &Process) -> bool {
    let ppid = process.stat.known().map(|stat| stat.ppid);
    ppid == Some(Process::KTHREADD) && !process.is_kernel_thread()
}

/// NSA-503, before it happens: a program that the kernel would start. Told of kthreadd, which would
/// be its parent.
fn settings(case: &Case<'_>) -> Option<Finding> {
    if case.process.pid != Process::KTHREADD || !case.process.is_kernel_thread() {
        return None;
    }
    let programs = storage::programs_of_kernel(case.snapshot);
    let mut findings = programs.into_iter().filter_map(|(source, value, path)| {
        let (whose, by) = storage::owner(case.machine, &path)?;
        let why = format!(
            "the kernel is set to start a program as the host's root that lies in the files of {whose}"
        );
        let rule = &KERNEL_HELPER;
        let finding = Finding::new(rule, Severity::Critical, Verdict::Exploitable, why);
        Some(finding.seen(source, value).seen("storage", by))
    });
    let first = findings.next()?;
    Some(findings.fold(first, |mut first, more| {
        first.evidence.extend(more.evidence);
        first
    }))
}

/// NSA-504. Programs of the host that manage others' namespaces do so by design.
fn threads(case: &Case<'_>) -> Option<Finding> {
    let threads = case.details()?.threads.known()?;
    let first = threads.first()?;
    let on_host = case.is_in_hosts(NsKind::Pid) && case.machine.by_place(case.process).is_none();
    let severity = if on_host {
        Severity::Info
    } else {
        Severity::Medium
    };
    let why = format!(
        "{} of its threads are in other namespaces than the process shows, such as {}",
        threads.len(),
        first.comm
    );
    let finding = Finding::new(&THREADS_DIVERGE, severity, Verdict::Exploitable, why);
    let differing = threads.iter().take(5).flat_map(|thread| {
        thread.differs.iter().map(|(link, inode)| {
            (
                case.file(&format!("task/{}/ns/{}", thread.tid, link.name())),
                format!("{}:[{inode}]", link.kind()),
            )
        })
    });
    Some(differing.fold(finding, Finding::with))
}
