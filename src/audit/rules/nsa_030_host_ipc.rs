//! NSA-030: it is in the host's ipc namespace.

use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::namespaces::shared;
use crate::audit::rule::{Asks, BASELINE, Check, Rule};
use crate::model::facts::SysvCounts;
use crate::model::{CapabilitySet, NsKey, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-030",
    title: "the host's ipc namespace",
    worst: Severity::Medium,
    why: "Shared memory, semaphores and message queues of System V are found by a number in the ipc \
          namespace, and nothing but their permission bits guards them. In the host's namespace a \
          container can read or overwrite memory that programs of the host share, databases and \
          display servers among them, if its uid fits.",
    remedy: "give it an ipc namespace of its own",
    remedies: &[
        ("docker", "start it without --ipc=host"),
        ("podman", "start it without --ipc=host"),
        ("kubernetes", "hostIPC: false"),
        ("systemd", "PrivateIPC=yes"),
        ("runc", "an entry ipc in linux.namespaces"),
        ("bwrap", "--unshare-ipc"),
    ],
    references: &["CIS Docker 5.17", BASELINE, "Kubescape C-0038"],
    needs: &[Need::Namespaces, Need::Credentials, Need::HostIpcObjects],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let why = "it reaches the shared memory, semaphores and message queues of the host's programs, \
               as far as their permission bits let its uid";
    let finding = shared(case, NsKind::Ipc, &RULE, Severity::Medium, why)?;
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
