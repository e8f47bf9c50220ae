//! Claims -> what can be tried, and how that is told beforehand.

use super::claim::{Against, Claim, PathState, Propagation, Socket};
use super::judge::target_of;
use super::probes::Question;
use crate::model::{NsKey, NsKind, Seen, Snapshot, Why};

/// Whether a claim can be tried.
pub enum Trial {
    /// The statement to try, and whether the claim is its opposite.
    Of {
        question: Question,
        is_opposite: bool,
    },
    /// Why there is nothing to try with.
    Refused(String),
    /// Reading says all.
    Needless,
}

impl Trial {
    fn of(question: Question) -> Trial {
        Trial::Of {
            question,
            is_opposite: false,
        }
    }

    /// An experiment that tells something of the host only where we are on it: in its namespace of a
    /// kind.
    fn on_host(snapshot: &Snapshot, kind: NsKind, question: Question) -> Trial {
        let inode = match snapshot.reader.links.own(kind) {
            Seen::Known(inode) => *inode,
            // A kernel without this kind has one for all.
            Seen::Unknown(Why::Unsupported) => return Trial::of(question),
            Seen::Unknown(_) => return Trial::Refused(not_known(kind)),
        };
        match snapshot.is_initial(NsKey { kind, inode }) {
            Seen::Known(true) => Trial::of(question),
            Seen::Known(false) => Trial::Refused(format!(
                "nsinspect itself is not in the host's {kind} namespace"
            )),
            Seen::Unknown(_) => Trial::Refused(not_known(kind)),
        }
    }
}

fn not_known(kind: NsKind) -> String {
    format!("whether nsinspect itself is in the host's {kind} namespace is not known")
}

/// What can be tried for a claim.
pub fn trial(snapshot: &Snapshot, claim: &Claim) -> Trial {
    let question = match claim {
        Claim::Isolated { kind, against } => {
            let (kind, from) = (*kind, None);
            match against {
                Against::Host => {
                    return Trial::on_host(snapshot, kind, Question::Isolated { kind, from });
                }
                Against::Caller => Question::Isolated { kind, from },
                Against::Task { pid, name } => match snapshot.processes.get(*pid) {
                    Some(other) => Question::Isolated {
                        kind,
                        from: Some(target_of(other)),
                    },
                    None => return Trial::Refused(format!("{name} has ended")),
                },
            }
        }
        Claim::RootNotHostRoot => {
            return Trial::on_host(snapshot, NsKind::User, Question::HostCapabilitiesRefused);
        }
        Claim::TimeOffsets(offsets) => {
            return Trial::on_host(snapshot, NsKind::Time, Question::TimeOffsets(*offsets));
        }
        Claim::Hostname(name) => Question::Hostname(name.clone()),
        Claim::Path {
            is: PathState::Mounted | PathState::NotMounted,
            ..
        } => return Trial::Needless,
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
        Claim::Reachable(socket) => {
            return Trial::Of {
                question: Question::Unreachable(socket.clone()),
                is_opposite: true,
            };
        }
        Claim::Device {
            path,
            access,
            allowed,
        } => {
            let question = Question::DeviceRefused {
                path: path.clone(),
                access: *access,
            };
            return Trial::Of {
                question,
                is_opposite: *allowed,
            };
        }
        Claim::CgroupPath(path) => Question::CgroupPath(path.clone()),
        Claim::CgroupNotWritable => Question::CgroupNotWritable,
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
        | Claim::NoFindingAbove(_) => return Trial::Needless,
    };
    Trial::of(question)
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
