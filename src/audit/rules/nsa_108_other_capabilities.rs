//! NSA-108: the other capabilities that count over the host.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity};
use crate::audit::need::Need;
use crate::audit::questions::over_host::held;
use crate::audit::rule::{Asks, BASELINE, Check, GivesWay, Rule};
use crate::model::{CapabilitySet, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-108",
    title: "other capabilities over the host",
    worst: Severity::High,
    why: "None of these gives the host away by itself, but each counts over the host and not only in \
          the container: a wrong clock breaks certificates and logs, CAP_AUDIT_CONTROL switches \
          auditing off, CAP_SYS_BOOT stops the machine, CAP_MAC_ADMIN changes the policy that \
          everybody else relies on. Hardly a service needs more than one of them.",
    remedy: "take those that it does not need",
    remedies: &[
        ("docker", "--cap-drop=ALL, and --cap-add what it needs"),
        ("podman", "--cap-drop=ALL, and --cap-add what it needs"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "CapabilityBoundingSet= with what it needs"),
    ],
    references: &["CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
    needs: &[Need::Namespaces, Need::Credentials, Need::Containers],
    asks: Asks::Held,
    gives_way: &[
        // They say all of this: the host's root.
        GivesWay::folded(&nsa_040_chroot::RULE),
        GivesWay::folded(&nsa_110_privileged::RULE),
    ],
    check: Check::One(check),
};

/// Each with what it is worth.
const OTHER: [(u32, Severity, &str); 10] = [
    (
        CapabilitySet::MAC_ADMIN,
        Severity::High,
        "changes the security module's policy",
    ),
    (
        CapabilitySet::MAC_OVERRIDE,
        Severity::High,
        "overrides the security module's policy",
    ),
    (
        CapabilitySet::SYS_TIME,
        Severity::Medium,
        "sets the host's clock",
    ),
    (
        CapabilitySet::AUDIT_CONTROL,
        Severity::Medium,
        "switches auditing off",
    ),
    (
        CapabilitySet::CHECKPOINT_RESTORE,
        Severity::Medium,
        "reads the maps of other processes",
    ),
    (
        CapabilitySet::SYSLOG,
        Severity::Low,
        "reads the kernel's log and addresses",
    ),
    (
        CapabilitySet::AUDIT_READ,
        Severity::Low,
        "reads the audit log",
    ),
    (
        CapabilitySet::SYS_RESOURCE,
        Severity::Low,
        "exceeds quotas and limits",
    ),
    (
        CapabilitySet::LINUX_IMMUTABLE,
        Severity::Low,
        "makes files immutable that are in its reach",
    ),
    (
        CapabilitySet::IPC_OWNER,
        Severity::Low,
        "reads any System V object of its ipc namespace",
    ),
];

fn check(case: &Case<'_>) -> Option<Finding> {
    let mut worst: Option<Finding> = None;
    let mut words = Vec::new();
    // In a pid namespace of its own a reboot ends that, and no other kernel can be started.
    let boots = case.is_in_hosts(NsKind::Pid).then_some((
        CapabilitySet::SYS_BOOT,
        Severity::High,
        "reboots the machine, or starts another kernel",
    ));
    // What is in an ipc namespace of its own is its own.
    let counts =
        |capability: u32| capability != CapabilitySet::IPC_OWNER || case.is_in_hosts(NsKind::Ipc);
    let rest = OTHER
        .into_iter()
        .filter(|(capability, ..)| counts(*capability));
    for (capability, severity, does) in boots.into_iter().chain(rest) {
        let Some(finding) = held(case, capability, &RULE, severity, "") else {
            continue;
        };
        words.push(format!("{} {does}", CapabilitySet::name_of(capability)));
        let weight = |finding: &Finding| (finding.verdict, finding.severity);
        if worst
            .as_ref()
            .is_none_or(|known| weight(&finding) > weight(known))
        {
            worst = Some(finding);
        }
    }
    Some(worst?.because(format!("these count over the host: {}", words.join("; "))))
}
