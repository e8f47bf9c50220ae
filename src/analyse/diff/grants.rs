//! What sharing a namespace hands the subject, in one line per kind.

use super::Pair;
use crate::model::{CapabilitySet, NsKind};

/// What the subject has of a namespace that it shares. The first is the line for people.
pub fn of(pair: &Pair<'_>, kind: NsKind) -> Vec<String> {
    let whose = format!("{}'s", pair.noun);
    let mut grants = match kind {
        NsKind::User => return user(pair, &whose),
        NsKind::Mnt => return mnt(pair, &whose),
        NsKind::Pid if pair.has(CapabilitySet::KILL) => {
            vec![format!("sees {whose} processes and can signal all of them")]
        }
        NsKind::Pid => vec![format!(
            "sees {whose} processes and can signal those of its own uid"
        )],
        NsKind::Net => vec![format!("{whose} interfaces, ports and abstract sockets")],
        NsKind::Ipc => vec![format!("{whose} System V objects and POSIX queues")],
        NsKind::Uts => vec![format!("{whose} names")],
        NsKind::Cgroup => vec![format!("sees {whose} cgroup paths")],
        NsKind::Time => vec!["same clocks".to_owned()],
    };
    let may = |capability, what: &str| pair.has(capability).then(|| what.to_owned());
    match kind {
        NsKind::Net => {
            grants.extend(may(CapabilitySet::NET_ADMIN, "can reconfigure them"));
            grants.extend(may(CapabilitySet::NET_RAW, "can read raw packets"));
        }
        NsKind::Uts => grants.extend(may(CapabilitySet::SYS_ADMIN, "can change them")),
        NsKind::Cgroup | NsKind::Ipc | NsKind::Mnt | NsKind::Pid | NsKind::Time | NsKind::User => {}
    }
    grants
}

fn user(pair: &Pair<'_>, whose: &str) -> Vec<String> {
    if !pair.reference.is_host() {
        return vec![format!(
            "its ids and capabilities are good in {whose} user namespace"
        )];
    }
    match pair.subject.uid.get() {
        Some(0) => vec!["root in here is root on the host".to_owned()],
        Some(uid) => vec![
            format!("uid {uid} in here is uid {uid} on the host"),
            "a root in here would be root on the host".to_owned(),
        ],
        None => vec!["ids in here are those of the host".to_owned()],
    }
}

/// chroot(2) makes no namespace: a process with another root directory in a shared mount namespace
/// still has all mounts of the reference, one system call away for whoever has CAP_SYS_CHROOT.
fn mnt(pair: &Pair<'_>, whose: &str) -> Vec<String> {
    let root = pair
        .subject
        .details
        .as_ref()
        .and_then(|details| details.root.known());
    match (pair.same_root(), root) {
        (Some(false), Some(root)) => vec![format!(
            "{whose} mounts: its root {} is only a chroot, and chroot is no namespace",
            root.path
        )],
        _ => {
            let mut grants = vec![format!("{whose} mounts")];
            if pair.has(CapabilitySet::SYS_ADMIN) {
                grants.push("can change them".to_owned());
            }
            grants
        }
    }
}
