//! Claims -> what can be tried, and how that is told beforehand.

use super::claim::{Against, Claim, PathState, Propagation, Socket};
use super::judge::target_of;
use super::probes::Question;
use crate::model::Snapshot;

/// The statement to try for a claim, and whether the claim is its opposite; `None`: reading says all.
pub fn question(snapshot: &Snapshot, claim: &Claim) -> Option<(Question, bool)> {
    let question = match claim {
        Claim::Isolated { kind, against } => {
            let from = match against {
                Against::Host => None,
                Against::Task { pid, .. } => Some(target_of(snapshot.processes.get(*pid)?)),
            };
            Question::Isolated { kind: *kind, from }
        }
        Claim::RootNotHostRoot => Question::HostCapabilitiesRefused,
        Claim::Hostname(name) => Question::Hostname(name.clone()),
        Claim::Path {
            is: PathState::Mounted | PathState::NotMounted,
            ..
        } => return None,
        Claim::Path { path, is } => Question::Path {
            path: path.clone(),
            is: *is,
        },
        Claim::Propagation { path, is } => Question::Propagation {
            path: path.clone(),
            is: *is,
        },
        Claim::OnlyOwnProcesses => Question::OnlyOwnProcesses,
        Claim::AtMostProcesses(most) => Question::AtMostProcesses(*most),
        Claim::Interfaces(names) => Question::Interfaces(names.iter().cloned().collect()),
        Claim::Unreachable(socket) => Question::Unreachable(socket.clone()),
        Claim::Reachable(socket) => return Some((Question::Unreachable(socket.clone()), true)),
        Claim::Device {
            path,
            access,
            allowed,
        } => {
            let question = Question::DeviceRefused {
                path: path.clone(),
                access: *access,
            };
            return Some((question, *allowed));
        }
        Claim::CgroupPath(path) => Question::CgroupPath(path.clone()),
        Claim::CgroupNotWritable => Question::CgroupNotWritable,
        Claim::TimeOffsets(offsets) => Question::TimeOffsets(*offsets),
        Claim::Shared { .. }
        | Claim::InNamespace { .. }
        | Claim::IdMap { .. }
        | Claim::Setgroups(_)
        | Claim::Uid(_)
        | Claim::NotRoot
        | Claim::Capabilities { .. }
        | Claim::NoNewPrivs(_)
        | Claim::Seccomp(_)
        | Claim::Lsm(_)
        | Claim::NoOtherMounts(_)
        | Claim::NoOtherDevices(_)
        | Claim::Stays(_)
        | Claim::NoFindingAbove(_) => return None,
    };
    Some((question, false))
}

/// Whether the experiment looks for a way out: one that it finds is one, but where it finds none,
/// there may be another.
pub fn is_search(question: &Question) -> bool {
    matches!(
        question,
        Question::Isolated { .. }
            | Question::HostCapabilitiesRefused
            | Question::OnlyOwnProcesses
            | Question::Propagation {
                is: Propagation::NotToHost,
                ..
            }
    )
}

/// The paths that have to be looked at for a claim.
pub fn paths(claim: &Claim) -> Vec<&str> {
    match claim {
        Claim::Path { path, .. }
        | Claim::Propagation { path, .. }
        | Claim::Device { path, .. }
        | Claim::Unreachable(Socket::Path(path))
        | Claim::Reachable(Socket::Path(path)) => vec![path],
        Claim::NoOtherMounts(places) => places.at.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}
