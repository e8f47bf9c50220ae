//! NSA-107: CAP_NET_ADMIN or CAP_NET_RAW over the host's network. Over a network namespace of its own these are
//! harmless.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::over_host::held;
use crate::audit::rule::{Asks, BASELINE, Check, GivesWay, Rule};
use crate::model::{CapabilitySet, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-107",
    title: "CAP_NET_ADMIN or CAP_NET_RAW over the host's network",
    worst: Severity::Medium,
    why: "In the host's network namespace CAP_NET_ADMIN changes the host's addresses, routes and \
          packet filter, and CAP_NET_RAW listens to all its packets and forges others: the traffic of \
          every pod on a node can be read or redirected, by ARP and DNS spoofing for instance. In a \
          network namespace of its own both are harmless to the host.",
    remedy: "give it a network namespace of its own, or take the capabilities",
    remedies: &[
        (
            "docker",
            "start it without --network=host, or --cap-drop=NET_ADMIN --cap-drop=NET_RAW",
        ),
        (
            "podman",
            "start it without --network=host, or --cap-drop=NET_ADMIN --cap-drop=NET_RAW",
        ),
        (
            "kubernetes",
            "hostNetwork: false, or capabilities: drop: [ALL]",
        ),
        (
            "systemd",
            "PrivateNetwork=yes, or CapabilityBoundingSet=~CAP_NET_ADMIN CAP_NET_RAW",
        ),
    ],
    references: &[
        "ATT&CK T1557",
        "ATT&CK T1040",
        "CIS Docker 5.4",
        BASELINE,
        "Kubescape C-0046",
    ],
    needs: &[Need::Namespaces, Need::Credentials, Need::Containers],
    asks: Asks::Held,
    gives_way: &[
        // They say all of this: the host's root.
        GivesWay::folded(&nsa_040_chroot::RULE),
        GivesWay::folded(&nsa_110_privileged::RULE),
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::Net) {
        return None;
    }
    let [admin, raw] = [CapabilitySet::NET_ADMIN, CapabilitySet::NET_RAW]
        .map(|capability| (case.holds_over_own(NsKind::Net, capability), capability));
    let effective = case.status()?.capabilities.effective;
    if admin.0 == Holds::Never && raw.0 == Holds::Never {
        let has = |capability| effective.contains(capability);
        let why = "its network capabilities count in its own user namespace only, and the host's \
                   network is not governed by that";
        return (has(CapabilitySet::NET_ADMIN) || has(CapabilitySet::NET_RAW)).then(|| {
            Finding::new(&RULE, Severity::Medium, Verdict::SharedOnly, why)
                .with(case.line("CapEff"))
                .with(case.link(NsKind::User))
        });
    }
    let (capability, why) = match admin.0 {
        Holds::Never => (
            raw.1,
            "CAP_NET_RAW counts over the host's network: it can listen to its packets and forge \
             others",
        ),
        _ => (
            admin.1,
            "CAP_NET_ADMIN counts over the host's network: its addresses, routes and packet filter",
        ),
    };
    held(case, capability, &RULE, Severity::Medium, why)
}
