//! Answers as text for people.

pub mod can;
pub mod coverage;
pub mod diff;
pub mod doctor;
pub mod list;
pub mod pid;
pub mod reach;
pub mod show;
pub mod tree;

use crate::analyse::containers::{Confidence, Identity, identity};
use crate::model::{Holder, NsKind, Pid, Process, Snapshot, Why};

/// A container in a few words: runtime, name with its pod, short id; with a question mark where
/// that is hardly more than a claim.
pub fn container(found: &Identity) -> String {
    let container = &found.container;
    let pod = found.pod.as_ref().and_then(|pod| pod.name.as_deref());
    let mut words = vec![container.runtime.clone()];
    match (&container.name, pod) {
        (Some(name), Some(pod)) => words.push(format!("{pod}/{name}")),
        (Some(name), None) if *name != container.id => words.push(name.clone()),
        (None, Some(pod)) => words.push(pod.to_owned()),
        _ => {}
    }
    words.push(container.short_id().to_owned());
    if found.confidence == Confidence::Low {
        words.push("(?)".to_owned());
    }
    words.join(" ")
}

/// What a process is called: its command line, else its name, in brackets as ps(1) has it.
pub fn command(process: &Process) -> String {
    let has_arguments = process.cmdline.known().is_some_and(|args| !args.is_empty());
    match process.command() {
        Some(command) if has_arguments => command,
        Some(comm) => format!("[{comm}]"),
        None => "?".to_owned(),
    }
}

/// PID, command and container of a process.
pub fn process(snapshot: &Snapshot, process: &Process) -> String {
    let who = match process.tid {
        Some(tid) => format!("{tid} (thread of {}) {}", process.pid, command(process)),
        None => format!("{} {}", process.pid, command(process)),
    };
    match identity(snapshot, process) {
        Some(found) => format!("{who}, {}", container(&found)),
        None => who,
    }
}

/// What keeps a namespace alive, in a few words.
pub fn holder(snapshot: &Snapshot, holder: &Holder) -> String {
    let task = |pid: &Pid, tid: &Pid| match pid == tid {
        true => format!("process {pid}"),
        false => format!("thread {tid} of process {pid}"),
    };
    match holder {
        Holder::Processes { count: 1, lowest } => format!("process {lowest}"),
        Holder::Processes { count, lowest } => format!("{count} processes from {lowest} on"),
        Holder::Thread { pid, tid } => task(pid, tid),
        Holder::ForChildren { pid, tid, broken } => {
            let fails = if *broken {
                ", whose forks all fail: its init is dead"
            } else {
                ""
            };
            format!("the next child of {}{fails}", task(pid, tid))
        }
        Holder::Fd { pid, tid, fd } => format!("fd {fd} of {}", task(pid, tid)),
        Holder::Mount { path, mnt_ns } => {
            let own = snapshot.reader.links.own(NsKind::Mnt).get();
            match own == Some(*mnt_ns) {
                true => format!("mount {path}"),
                false => format!("mount {path} in mnt:[{mnt_ns}]"),
            }
        }
        Holder::Socket { pid, fd, .. } => format!("socket, fd {fd} of process {pid}"),
        Holder::Child { namespace } => format!("its child {namespace}"),
        Holder::Kernel { .. } => "the kernel, for a reason that cannot be seen".to_owned(),
    }
}

/// A reason in words that say what would help.
pub fn reason(why: &Why) -> String {
    match why {
        Why::Denied => "permission denied".to_owned(),
        Why::Gone => "gone".to_owned(),
        Why::Unsupported => "not on this kernel".to_owned(),
        Why::Skipped => "not looked at".to_owned(),
        Why::Failed(reason) => reason.to_string(),
    }
}
