//! How a claim is found out, told before anything is done.

use super::claim::{Claim, PathState, Socket};
use crate::model::NsKind;

/// In a few words: what is read, and what is tried.
pub fn explain(claim: &Claim) -> String {
    match claim {
        Claim::Isolated { kind, .. } => {
            format!(
                "reads /proc/PID/ns/{kind} on both sides; tries: {}",
                experiment(*kind)
            )
        }
        Claim::Shared { kind, .. } | Claim::InNamespace { kind, .. } => {
            format!("reads /proc/PID/ns/{kind} on both sides")
        }
        Claim::RootNotHostRoot => "reads uid_map and gid_map; tries in there what takes a \
                                   capability over the host and changes nothing"
            .to_owned(),
        Claim::IdMap { ids, .. } => format!("reads /proc/PID/{}_map", ids.name()),
        Claim::Setgroups(_) => "reads /proc/PID/setgroups".to_owned(),
        Claim::Uid(_) | Claim::NotRoot => "reads Uid in /proc/PID/status and uid_map".to_owned(),
        Claim::Capabilities { .. } => "reads Cap… in /proc/PID/status".to_owned(),
        Claim::NoNewPrivs(_) => "reads NoNewPrivs in /proc/PID/status".to_owned(),
        Claim::Seccomp(_) => "reads Seccomp in /proc/PID/status".to_owned(),
        Claim::Lsm(_) => "reads /proc/PID/attr/current".to_owned(),
        Claim::Hostname(_) => "reads its uts namespace; tries uname(2) in there".to_owned(),
        Claim::Path { is, .. } => path(*is).to_owned(),
        Claim::Propagation { .. } => "reads /proc/PID/mountinfo and that of the host".to_owned(),
        Claim::NoOtherMounts(_) => "reads /proc/PID/mountinfo".to_owned(),
        Claim::NoOtherDevices(_) => "reads below its /dev".to_owned(),
        Claim::OnlyOwnProcesses => "reads which pid namespace each of its procfs shows; tries to \
                                    find a process of outside in them"
            .to_owned(),
        Claim::AtMostProcesses(_) => "reads /proc/*/ns/pid; tries to count in there".to_owned(),
        Claim::Interfaces(_) => "reads its net namespace; tries to list in there".to_owned(),
        Claim::Unreachable(socket) | Claim::Reachable(socket) => match socket {
            Socket::Path(_) => "reads what is there; tries to connect as the target".to_owned(),
            _ => {
                "reads who listens in its net namespace; tries to connect as the target".to_owned()
            }
        },
        Claim::Device { .. } => "reads what is there; asks access(2) as the target".to_owned(),
        Claim::CgroupPath(_) => "reads /proc/PID/cgroup as it sees it".to_owned(),
        Claim::CgroupNotWritable => "reads its cgroup mounts; asks access(2) as the target for \
                                     the files above its own cgroup"
            .to_owned(),
        Claim::TimeOffsets(_) => {
            "reads /proc/PID/timens_offsets; tries both clocks in there and outside".to_owned()
        }
        Claim::Stays(_) => "does it, and looks outside".to_owned(),
        Claim::NoFindingAbove(_) => "audits it, as `nsinspect audit` does".to_owned(),
    }
}

const fn experiment(kind: NsKind) -> &'static str {
    match kind {
        NsKind::Pid => "to name a process of outside from inside, by number and by any procfs",
        NsKind::Net => "to reach, from inside, a socket and a port opened outside, and back",
        NsKind::Ipc => "to find, inside, a System V object and a POSIX queue made outside",
        NsKind::Uts => "to read both names on both sides",
        NsKind::Mnt => "to find, inside, a file planted outside, and a mount made outside",
        NsKind::User => "who root inside is outside, by a message, and what it may do there",
        NsKind::Cgroup => "to read its cgroup paths on both sides",
        NsKind::Time => "to read both clocks on both sides",
    }
}

const fn path(is: PathState) -> &'static str {
    match is {
        PathState::Absent => "looks below its root directory; looks in there, as the target",
        PathState::Unreadable => "asks access(2) in there, as the target",
        PathState::Masked => "reads what lies on it; looks in there, as the target",
        PathState::ReadOnly | PathState::NoSuid => {
            "reads the options of its mount, from outside and in there"
        }
        PathState::NotWritable => {
            "reads the options of its mount; asks access(2) in there, as the target"
        }
        PathState::Mounted | PathState::NotMounted => "reads /proc/PID/mountinfo",
    }
}
