//! Who listens on a unix socket, and what it is worth to connect: told by the process and its rights,
//! never by the name of the socket.

use crate::audit::case::Case;
use crate::audit::finding::Severity;
use crate::audit::questions::exposed::{called, is_on_host};
use crate::model::exposure::Listener;
use crate::model::{Pid, Process};

/// Programs that do for whoever may connect what they themselves may do.
const ENGINES: [&str; 12] = [
    "buildkitd",
    "containerd",
    "cri-dockerd",
    "crio",
    "dockerd",
    "incusd",
    "kubelet",
    "libvirtd",
    "lxd",
    "podman",
    "systemd",
    "virtqemud",
];

/// Programs that ask a policy first.
const BUSES: [&str; 3] = ["dbus-broker", "dbus-broker-launch", "dbus-daemon"];

/// Who listens, and what that is worth to those who connect.
pub struct Grade {
    pub severity: Severity,
    /// Who it is and as whom, as a part of a sentence.
    pub who: String,
    pub precondition: Option<&'static str>,
    pub is_known: bool,
}

/// Judges a listener; `None`: it is inside too, or watches over the container itself.
pub fn grade(case: &Case<'_>, listener: &Listener) -> Option<Grade> {
    let Some(pid) = listener.pid else {
        return Some(Grade {
            severity: Severity::High,
            who: format!("somebody unknown listens on {}", listener.name),
            precondition: None,
            is_known: false,
        });
    };
    if case.is_inside(pid) == Some(true) || is_above(case, pid) {
        return None;
    }
    let owner = case.snapshot.processes.get(pid);
    let program = listener.program.as_deref().unwrap_or_default();
    let program = program.strip_suffix(" (deleted)").unwrap_or(program);
    let name = program.rsplit('/').next().unwrap_or_default();
    let uid = owner.and_then(|owner| owner.uid.get());
    let as_whom = match (uid, owner.is_some_and(|owner| is_on_host(case, owner))) {
        (Some(0), true) => "root of the host".to_owned(),
        (Some(uid), true) => format!("uid {uid} of the host"),
        (_, true) => "a user of the host".to_owned(),
        (_, false) => "a process of another container".to_owned(),
    };
    let (is_root, is_other) = (as_whom.starts_with("root"), as_whom.ends_with("container"));
    let precondition = match name {
        name if ENGINES.contains(&name) => None,
        name if BUSES.contains(&name) => Some("the policy of the bus lets it do harm"),
        _ => Some("what it serves lets others act as it does"),
    };
    let severity = match (is_other, is_root, precondition) {
        (true, _, _) => Severity::Medium,
        (_, true, None) => Severity::Critical,
        (_, true, Some(_)) if BUSES.contains(&name) => Severity::Critical,
        (_, false, None) | (_, true, Some(_)) => Severity::High,
        (_, false, Some(_)) => Severity::Medium,
    };
    let who = match program {
        "" => format!("{} listens there as {as_whom}", called(owner, pid)),
        _ => format!("{program} ({pid}) listens there as {as_whom}"),
    };
    Some(Grade {
        severity,
        who,
        precondition,
        is_known: true,
    })
}

/// A runtime that has left a socket for its own container to report to.
fn is_above(case: &Case<'_>, pid: Pid) -> bool {
    let parent = |process: &Process| process.stat.known().map(|stat| stat.ppid);
    let line = std::iter::successors(parent(case.process), |at| {
        parent(case.snapshot.processes.get(*at)?)
    });
    line.take(64).take_while(|at| *at > 1).any(|at| at == pid)
}
