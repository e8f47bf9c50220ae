//! What sharing a namespace hands the subject, in one line per kind.

use super::Pair;
use crate::model::{CapabilitySet, NsKind};

/// What the subject has of a namespace that it shares. The first is the line for people.
pub fn of(pair: &Pair<'_>, kind: NsKind) -> Vec<String> {
    let whom = &pair.noun;
    match kind {
        NsKind::User => user(pair),
        NsKind::Pid => {
            let reach = if pair.has(CapabilitySet::KILL) {
                "can signal all of them"
            } else {
                "can signal those of its own uid"
            };
            vec![format!("sees the processes of {whom}, {reach}")]
        }
        NsKind::Mnt => mnt(pair),
        NsKind::Net => {
            let mut grants = vec![format!("interfaces, ports and abstract sockets of {whom}")];
            if pair.has(CapabilitySet::NET_ADMIN) {
                grants.push("can reconfigure them".to_owned());
            }
            if pair.has(CapabilitySet::NET_RAW) {
                grants.push("can read raw packets".to_owned());
            }
            grants
        }
        NsKind::Ipc => vec![format!("System V objects and POSIX queues of {whom}")],
        NsKind::Uts => {
            let mut grants = vec![format!("the names of {whom}")];
            if pair.has(CapabilitySet::SYS_ADMIN) {
                grants.push("can change them".to_owned());
            }
            grants
        }
        NsKind::Cgroup => vec![format!("sees the cgroup paths of {whom}")],
        NsKind::Time => vec!["same clocks".to_owned()],
    }
}

fn user(pair: &Pair<'_>) -> Vec<String> {
    let whom = &pair.noun;
    match pair.subject.uid.get() {
        Some(0) => vec![format!("root in here is root on {whom}")],
        Some(uid) => vec![
            format!("uid {uid} in here is uid {uid} on {whom}"),
            format!("a root in here would be root on {whom}"),
        ],
        None => vec![format!("ids in here are those of {whom}")],
    }
}

/// chroot(2) makes no namespace: a process with another root directory in a shared mount namespace
/// still has all mounts of the reference, one system call away for whoever has CAP_SYS_CHROOT.
fn mnt(pair: &Pair<'_>) -> Vec<String> {
    let whom = &pair.noun;
    let root = pair
        .subject
        .details
        .as_ref()
        .and_then(|details| details.root.known());
    match (pair.same_root(), root) {
        (Some(false), Some(root)) => vec![format!(
            "the mounts of {whom}: its root {} is only a chroot, and chroot is no namespace",
            root.path
        )],
        _ => {
            let mut grants = vec![format!("the mounts of {whom}")];
            if pair.has(CapabilitySet::SYS_ADMIN) {
                grants.push("can change them".to_owned());
            }
            grants
        }
    }
}
