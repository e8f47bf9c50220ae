//! Rule R3 for setns(2): whether a process may join a namespace. What each kind asks for is in its
//! `install` function: mntns_install, netns_install, userns_install …

use super::capable::{capable_over, ns_capable};
use super::{Answer, Credentials, Verdict, ptrace};
use crate::model::{CapabilitySet, NsKey, NsKind, Process, Seen, Snapshot};

/// Whether a process may join a namespace of which it has a descriptor.
pub fn may_join(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    key: NsKey,
) -> Answer {
    let admin = CapabilitySet::SYS_ADMIN;
    if key.kind == NsKind::User {
        return may_join_user(snapshot, credentials, process, key.inode);
    }
    let in_own = |capability| match credentials.user_ns {
        Seen::Known(own) => ns_capable(snapshot, credentials, own, capability),
        Seen::Unknown(ref why) => Answer::unknown("R1", "its user namespace", why),
    };
    let mut answer = capable_over(snapshot, credentials, key, admin).and(|| in_own(admin));
    match key.kind {
        NsKind::Mnt => answer = answer.and(|| in_own(CapabilitySet::SYS_CHROOT)),
        NsKind::Pid => answer = answer.and(|| is_at_or_below(snapshot, process, key.inode)),
        NsKind::Time => answer = answer.and(|| single_threaded(process)),
        NsKind::Cgroup | NsKind::Ipc | NsKind::Net | NsKind::User | NsKind::Uts => {}
    }
    answer
        .barriers
        .extend(super::operations::seccomp(credentials));
    answer
}

fn may_join_user(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    inode: u64,
) -> Answer {
    if credentials.user_ns.get() == Some(inode) {
        return Answer::new(
            false,
            "R3",
            "nobody can join the user namespace that they are in (EINVAL)",
            format!("/proc/{}/ns/user", process.task()),
        );
    }
    let mut answer = ns_capable(snapshot, credentials, inode, CapabilitySet::SYS_ADMIN)
        .and(|| single_threaded(process));
    answer
        .barriers
        .extend(super::operations::seccomp(credentials));
    answer
}

/// A pid namespace can be joined downwards only (pidns_install in kernel/pid_namespace.c).
fn is_at_or_below(snapshot: &Snapshot, process: &Process, inode: u64) -> Answer {
    let Seen::Known(own) = *process.links.own(NsKind::Pid) else {
        return Answer::new(Verdict::Unknown, "R3", "its pid namespace is not known", "");
    };
    let evidence = format!("/proc/{}/ns/pid pid:[{own}]", process.task());
    match ptrace::is_below(snapshot, inode, own) {
        Seen::Known(true) => Answer::new(true, "R3", "it is at or below its own", evidence),
        Seen::Known(false) => Answer::new(
            false,
            "R3",
            "it is not below its own pid namespace (EINVAL)",
            evidence,
        ),
        Seen::Unknown(why) => Answer::unknown("R3", "what encloses it", &why),
    }
}

/// A process with threads can fork a child that has none: it is no bar for long, so it is said and
/// does not decide.
fn single_threaded(process: &Process) -> Answer {
    let says = match process.nthreads {
        0 | 1 => "it has one thread, as setns asks for",
        _ => "it has several threads, so that only a child of its own can join",
    };
    let evidence = format!(
        "/proc/{}/status Threads {}",
        process.task(),
        process.nthreads
    );
    Answer::new(true, "R3", says, evidence)
}
