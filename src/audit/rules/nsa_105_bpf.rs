//! NSA-105: CAP_BPF and CAP_PERFMON over the host.

use super::nsa_100_sys_admin;
use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity};
use crate::audit::need::Need;
use crate::audit::questions::over_host::held;
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, How, Rule};
use crate::model::CapabilitySet;

pub static RULE: Rule = Rule {
    id: "NSA-105",
    title: "CAP_BPF or CAP_PERFMON over the host",
    worst: Severity::Critical,
    why: "BPF programs run in the kernel. With CAP_BPF and CAP_PERFMON a container loads programs that \
          trace, and these read the memory of the kernel and of every process of the machine, keys and \
          passwords included, whatever namespaces they are in. CAP_PERFMON alone can sample all \
          processes; CAP_BPF alone reaches the verifier, in which ways into the kernel have been found \
          again and again.",
    remedy: "take the capabilities",
    remedies: &[
        ("docker", "--cap-drop=BPF --cap-drop=PERFMON"),
        ("podman", "--cap-drop=BPF --cap-drop=PERFMON"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "CapabilityBoundingSet=~CAP_BPF CAP_PERFMON"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
    needs: &[Need::Namespaces, Need::Credentials, Need::Containers],
    asks: Asks::Held,
    gives_way: &[
        // Whoever has CAP_SYS_ADMIN has this too, and worse.
        GivesWay {
            to: &nsa_100_sys_admin::RULE,
            how: How::Dropped,
            when: |case, _| case.holds(CapabilitySet::SYS_ADMIN) == Holds::Now,
        },
        // They say all of this: the host's root.
        GivesWay::folded(&nsa_040_chroot::RULE),
        GivesWay::folded(&nsa_110_privileged::RULE),
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let traces = case.holds(CapabilitySet::PERFMON) != Holds::Never;
    let loads = case.holds(CapabilitySet::BPF) != Holds::Never;
    match (loads, traces) {
        (true, true) => held(
            case,
            CapabilitySet::BPF,
            &RULE,
            Severity::Critical,
            "CAP_BPF and CAP_PERFMON count over the host: its programs read the kernel's memory and \
             that of every process",
        ),
        (true, false) => held(
            case,
            CapabilitySet::BPF,
            &RULE,
            Severity::High,
            "CAP_BPF counts over the host: it may load programs into the kernel, though not those \
             that trace",
        ),
        (false, true) => held(
            case,
            CapabilitySet::PERFMON,
            &RULE,
            Severity::High,
            "CAP_PERFMON counts over the host: it may sample every process and the kernel",
        ),
        (false, false) => None,
    }
}
