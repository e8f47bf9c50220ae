//! Namespaces that are the host's or another container's, and what that is worth with these
//! credentials.

use super::case::{Case, Holds};
use super::catalogue::Rule;
use super::catalogue::sharing::{
    CGROUPNS_HOST, CHROOT_ONLY, IPCNS_HOST, NETNS_HOST, NETNS_OF_OTHERS, PIDNS_HOST, TIMENS_HOST,
    UTSNS_HOST,
};
use super::finding::{Finding, Severity, Verdict};
use super::machine::Known;
use crate::model::facts::SysvCounts;
use crate::model::{CapabilitySet, NsKey, NsKind, Seen};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.extend(pid(case));
    findings.extend(net(case));
    findings.extend(net_of_others(case));
    findings.extend(ipc(case));
    findings.extend(uts(case));
    findings.extend(cgroup(case));
    findings.extend(time(case));
    findings.extend(chroot(case));
}

/// A finding where a namespace is the host's; one that it cannot be told where that is not known.
fn shared(
    case: &Case<'_>,
    kind: NsKind,
    rule: &'static Rule,
    severity: Severity,
    why: &str,
) -> Option<Finding> {
    let finding =
        |verdict, why: &str| Finding::new(rule, severity, verdict, why).with(case.link(kind));
    match case.shares_host(kind) {
        Seen::Known(false) => None,
        Seen::Known(true) => Some(finding(Verdict::Exploitable, why)),
        // A kernel without this kind has one for all: there is nothing to give.
        Seen::Unknown(crate::model::Why::Unsupported) => None,
        Seen::Unknown(_) => {
            let why = format!("whether its {kind} namespace is the host's could not be read");
            Some(finding(Verdict::Unknown, &why))
        }
    }
}

/// NSA-010.
fn pid(case: &Case<'_>) -> Option<Finding> {
    let kills = case.holds(CapabilitySet::KILL) == Holds::Now;
    let why = match kills {
        true => {
            "it sees every process of the host with its arguments, and with CAP_KILL can end any"
        }
        false => {
            "it sees every process of the host with its arguments, and can end those of its uid"
        }
    };
    let finding = shared(case, NsKind::Pid, &PIDNS_HOST, Severity::Medium, why)?;
    Some(match kills {
        true => finding.with(case.line("CapEff")),
        false => finding,
    })
}

/// NSA-020. What its capabilities are worth there is NSA-107.
fn net(case: &Case<'_>) -> Option<Finding> {
    let why = "it reaches what listens on the host's loopback and on abstract sockets, which takes \
               no capability";
    let finding = shared(case, NsKind::Net, &NETNS_HOST, Severity::Medium, why)?;
    let kind = NsKind::Net;
    let inode = kind.initial_inode();
    let host = case.process.links.own(kind).get().unwrap_or(inode);
    let facts = case.snapshot.namespaces.get(&NsKey { kind, inode: host });
    let listening = facts.and_then(|it| it.facts.listening.known());
    Some(match listening {
        Some(all) if !all.is_empty() => {
            let named = all
                .iter()
                .take(SOME)
                .map(|it| format!("{} {}", it.protocol, it.address));
            let named: Vec<String> = named.collect();
            let source = format!("sock_diag in net:[{host}]");
            finding.seen(
                source,
                format!("{} listen: {}", all.len(), named.join(", ")),
            )
        }
        _ => finding,
    })
}

/// So many of a list are named.
const SOME: usize = 5;

/// NSA-022.
fn net_of_others(case: &Case<'_>) -> Option<Finding> {
    if case.is_in_hosts(NsKind::Net) {
        return None;
    }
    let own = case.machine.by_place(case.process)?;
    let key = case.key(NsKind::Net);
    let key = *key.known()?;
    let others = || {
        case.machine
            .within(key)
            .filter(|other| other.init.task() != own.init.task())
    };
    let named: Vec<String> = others().take(SOME).map(Known::name).collect();
    if named.is_empty() {
        return None;
    }
    let in_one_pod = others().all(|other| are_in_one_pod(own, other));
    let (severity, why) = match in_one_pod {
        true => (
            Severity::Info,
            format!(
                "containers of its pod share it, as is meant: {}",
                named.join(", ")
            ),
        ),
        false => (
            Severity::Medium,
            format!(
                "it reaches what listens on the loopback of {}, and they its own",
                named.join(", ")
            ),
        ),
    };
    let mut finding = Finding::new(&NETNS_OF_OTHERS, severity, Verdict::Exploitable, why)
        .with(case.link(NsKind::Net));
    for other in others().take(SOME) {
        finding = finding.seen(
            format!("/proc/{}/ns/net", other.init.task()),
            key.to_string(),
        );
    }
    Some(finding)
}

fn are_in_one_pod(one: &Known<'_>, other: &Known<'_>) -> bool {
    let uid = |known: &Known<'_>| known.identity.pod.as_ref()?.uid.clone();
    // Podman's pods have a cgroup of their own, and no uid.
    let podman = |known: &Known<'_>| {
        let entries = known.init.cgroups.known()?.iter();
        let mut parts = entries.flat_map(|entry| entry.path.split('/'));
        parts
            .find(|part| part.contains("libpod_pod_"))
            .map(str::to_owned)
    };
    let same =
        |of: &dyn Fn(&Known<'_>) -> Option<String>| of(one).is_some() && of(one) == of(other);
    same(&uid) || same(&podman)
}

/// NSA-030.
fn ipc(case: &Case<'_>) -> Option<Finding> {
    let why = "it reaches the shared memory, semaphores and message queues of the host's programs, \
               as far as their permission bits let its uid";
    let finding = shared(case, NsKind::Ipc, &IPCNS_HOST, Severity::Medium, why)?;
    if finding.verdict == Verdict::Unknown {
        return Some(finding);
    }
    let inode = case.process.links.own(NsKind::Ipc).get()?;
    let key = NsKey {
        kind: NsKind::Ipc,
        inode,
    };
    let facts = case.snapshot.namespaces.get(&key).map(|it| &it.facts);
    let counts = facts.and_then(|facts| facts.sysv.get());
    let finding = match counts {
        Some(SysvCounts {
            shared_memory,
            semaphores,
            queues,
        }) => finding.seen(
            "/proc/sysvipc of the host",
            format!("shm {shared_memory}, sem {semaphores}, msg {queues}"),
        ),
        None => finding,
    };
    let owns_all = case
        .credentials()
        .is_ok_and(|it| it.ids_are_exact && it.uids.effective == 0)
        || case.holds(CapabilitySet::IPC_OWNER) == Holds::Now;
    let is_empty =
        counts.is_none_or(|counts| counts.shared_memory + counts.semaphores + counts.queues == 0);
    let finding = match owns_all {
        true => finding,
        false => finding
            .but(Verdict::Conditional)
            .provided("an object there is its uid's, or open to all"),
    };
    Some(match is_empty {
        false => finding,
        true => finding.but(Verdict::Conditional).provided(
            "a program of the host makes such an object: there is none now, as far as was seen",
        ),
    })
}

/// NSA-031.
fn uts(case: &Case<'_>) -> Option<Finding> {
    let why = "it can rename the host: CAP_SYS_ADMIN counts over the host's uts namespace";
    let finding = shared(case, NsKind::Uts, &UTSNS_HOST, Severity::Low, why)?;
    if finding.verdict == Verdict::Unknown {
        return Some(finding);
    }
    Some(
        match case.holds_over_own(NsKind::Uts, CapabilitySet::SYS_ADMIN) {
            Holds::Never => finding.but(Verdict::SharedOnly).because(
                "it sees the host's name, and cannot change it: it has no CAP_SYS_ADMIN there",
            ),
            holds => holds.judge(finding).with(case.line("CapEff")),
        },
    )
}

/// NSA-032.
fn cgroup(case: &Case<'_>) -> Option<Finding> {
    let why = "it sees the host's cgroup paths, and release_agent may be open to it if it has \
               CAP_SYS_ADMIN";
    shared(case, NsKind::Cgroup, &CGROUPNS_HOST, Severity::Low, why)
}

/// NSA-033.
fn time(case: &Case<'_>) -> Option<Finding> {
    let why = "it has the host's clocks, as nearly every container";
    let finding = shared(case, NsKind::Time, &TIMENS_HOST, Severity::Info, why)?;
    Some(match finding.verdict {
        Verdict::Exploitable => finding.but(Verdict::SharedOnly),
        _ => finding,
    })
}

/// NSA-040. The mount table of such a process can be empty, which says nothing.
fn chroot(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::Mnt) {
        return None;
    }
    let details = case.details()?;
    let path = match &details.root {
        Seen::Known(root) if root.path == "/" => return None,
        Seen::Known(root) => root.path.clone(),
        Seen::Unknown(_) => return None,
    };
    let own_user = case.holds_in_own_user_ns(CapabilitySet::SYS_CHROOT);
    let is_root = case
        .credentials()
        .is_ok_and(|it| it.ids_are_exact && it.uids.effective == 0);
    let finding = |severity, why: &str| {
        Finding::new(&CHROOT_ONLY, severity, Verdict::Exploitable, why)
            .with(case.link(NsKind::Mnt))
            .seen(case.file("root"), path.clone())
            .with(case.line("CapEff"))
            .with(case.line("Uid"))
    };
    let breaks = "it is in the host's mount namespace, and whoever has CAP_SYS_CHROOT leaves a chroot by a \
                  second one";
    Some(match own_user {
        Holds::Never if is_root => finding(
            Severity::Critical,
            "it is in the host's mount namespace and the host's root, though without CAP_SYS_CHROOT",
        )
        .but(Verdict::Conditional)
        .provided("a directory or process of the host is in sight, by a descriptor or a procfs"),
        Holds::Never => finding(
            Severity::High,
            "it is in the host's mount namespace, but has no CAP_SYS_CHROOT, with which it would leave",
        )
        .but(Verdict::SharedOnly),
        holds @ (Holds::Now | Holds::ByRaising | Holds::ByExec) => {
            holds.judge(finding(Severity::Critical, breaks))
        }
        holds => holds.judge(finding(Severity::High, breaks)),
    })
}
