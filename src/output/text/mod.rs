//! Answers as text for people.

pub mod audit;
pub mod can;
pub mod coverage;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod list;
pub mod pid;
pub mod reach;
pub mod show;
pub mod tree;
pub mod verify;
pub mod watch;

use crate::analyse::containers::{Confidence, Identity, identity};
use crate::model::{Holder, LayerState, NsKind, Pid, Process, Snapshot};
use crate::output::sanitize::for_terminal;
use crate::output::terminal::{shorten, width};

/// A container in a few words: runtime, name with its pod, short id, and the user whose it is if that
/// is not root; with a question mark where that is hardly more than a claim, or another goes by it.
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
    let is_doubted = found.confidence == Confidence::Low || found.rival.is_some();
    let mark = if is_doubted { "?" } else { "" };
    // Before the id, which gives way first where room is short.
    words.extend(
        found
            .owner_name
            .iter()
            .map(|user| format!("({user}{mark})")),
    );
    words.push(container.short_id().to_owned());
    if is_doubted && found.owner_name.is_none() {
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

/// PID, command and container of a process; the command gives way where that is too long.
pub fn process(snapshot: &Snapshot, process: &Process, room: Option<u16>) -> String {
    let pid = match process.tid {
        Some(tid) => format!("{tid} (thread of {})", process.pid),
        None => process.pid.to_string(),
    };
    let container = identity(snapshot, process).map(|found| format!(", {}", container(&found)));
    let container = for_terminal(container.as_deref().unwrap_or_default()).into_owned();
    let command = for_terminal(&command(process)).into_owned();
    let command = match room {
        None => command,
        Some(room) => {
            let others = width(&pid) + 1 + width(&container);
            let room = usize::from(room).saturating_sub(others);
            shorten(&command, room.max(SHORTEST_COMMAND))
        }
    };
    format!("{pid} {command}{container}")
}

/// Less of a command than this (columns) says nothing.
const SHORTEST_COMMAND: usize = 16;

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
        Holder::Socket { pid, tid, fd, .. } => format!("socket, fd {fd} of {}", task(pid, tid)),
        Holder::Child { namespace } => format!("its child {namespace}"),
        Holder::Kernel { .. } if was_searched(snapshot) => {
            "the kernel, for a reason that cannot be seen".to_owned()
        }
        Holder::Kernel { .. } => "something that was not searched for".to_owned(),
    }
}

/// Whether all was looked for that can hold a namespace.
fn was_searched(snapshot: &Snapshot) -> bool {
    let skipped = |state: &LayerState| *state == LayerState::Skipped;
    !snapshot.coverage.layers.values().any(skipped)
}
