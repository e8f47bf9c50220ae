//! NSA-104: CAP_SYS_RAWIO over the host.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::over_host::{held, lockdown};
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, Rule};
use crate::model::CapabilitySet;

pub static RULE: Rule = Rule {
    id: "NSA-104",
    title: "CAP_SYS_RAWIO over the host",
    worst: Severity::Critical,
    why: "CAP_SYS_RAWIO reaches the hardware below the kernel's own checks: ports by iopl(2), memory \
          by /dev/mem, disks by raw SCSI commands. Where it can open such a device that is the whole \
          machine. A kernel that is locked down refuses most of it.",
    remedy: "take the capability",
    remedies: &[
        ("docker", "--cap-drop=SYS_RAWIO, and no --privileged"),
        ("podman", "--cap-drop=SYS_RAWIO, and no --privileged"),
        ("kubernetes", "capabilities: drop: [ALL]; privileged: false"),
        (
            "systemd",
            "CapabilityBoundingSet=~CAP_SYS_RAWIO, PrivateDevices=yes",
        ),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::Lockdown,
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
    let why = "CAP_SYS_RAWIO counts over the host: ports by iopl, and memory and disks by their \
               device nodes";
    let finding = held(
        case,
        CapabilitySet::SYS_RAWIO,
        &RULE,
        Severity::Critical,
        why,
    )?
    .but(Verdict::Conditional)
    .provided("iopl is allowed, or it may open /dev/mem, /dev/port or a raw disk");
    Some(lockdown(case, finding, "the kernel is locked down"))
}
