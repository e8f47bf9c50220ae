//! NSA-106: CAP_MKNOD over the host. By itself it is in every container of Docker's, and the device cgroup is the
//! barrier.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::devices::may_open_a_disk;
use crate::audit::questions::over_host::held;
use crate::audit::rule::{Asks, Check, GivesWay, RESTRICTED, Rule};
use crate::model::CapabilitySet;

pub static RULE: Rule = Rule {
    id: "NSA-106",
    title: "CAP_MKNOD over the host",
    worst: Severity::Critical,
    why: "With CAP_MKNOD it makes a node for any device, the host's disks among them. Whether it may \
          open the node is up to the device cgroup: where that lets it, the node of the root disk \
          reads and writes every file of the host. Engines give this capability by default, and rely \
          on the device cgroup alone.",
    remedy: "take the capability, and keep the device cgroup closed",
    remedies: &[
        ("docker", "--cap-drop=MKNOD"),
        ("podman", "--cap-drop=MKNOD"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "PrivateDevices=yes"),
    ],
    references: &["CIS Docker 5.4", RESTRICTED],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::Mounts,
        Need::HostMounts,
        Need::DeviceRules,
    ],
    asks: Asks::Held,
    gives_way: &[
        // They say all of this: the host's root.
        GivesWay::folded(&nsa_040_chroot::RULE),
        GivesWay::folded(&nsa_110_privileged::RULE),
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let opens = may_open_a_disk(case);
    let (severity, why) = match opens {
        Ability::Yes => (
            Severity::Critical,
            "CAP_MKNOD counts over the host, and its device cgroup lets it open what it makes: the \
             host's disks",
        ),
        _ => (
            Severity::Info,
            "CAP_MKNOD counts over the host: it can make the node of any device, which is worth \
             something only if it may open it",
        ),
    };
    let finding = held(case, CapabilitySet::MKNOD, &RULE, severity, why)?;
    Some(match opens {
        Ability::Yes => finding,
        Ability::No(barrier) => finding.but(Verdict::Mitigated).provided(barrier),
        Ability::If(condition) => finding.but(Verdict::Conditional).provided(condition),
        Ability::Unknown(what) => finding
            .but(Verdict::Conditional)
            .provided(format!("it may open the node: not known is {what}")),
    })
}
