//! NSA-103: CAP_DAC_READ_SEARCH over the host.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::mounts;
use crate::audit::need::Need;
use crate::audit::questions::over_host::held;
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, Rule};
use crate::model::CapabilitySet;

pub static RULE: Rule = Rule {
    id: "NSA-103",
    title: "CAP_DAC_READ_SEARCH over the host",
    worst: Severity::Critical,
    why: "open_by_handle_at(2) opens a file by its number in the file system. It asks for \
          CAP_DAC_READ_SEARCH and walks no path, so that neither mounts nor a chroot bound it. One \
          file of the disk at hand is enough, such as the /etc/hosts that every engine binds, and all \
          of that disk can be read. This is how \"shocker\" read the host's /etc/shadow from a \
          container of Docker's in 2014.",
    remedy: "take the capability, or give it a user namespace",
    remedies: &[
        ("docker", "--cap-drop=DAC_READ_SEARCH"),
        ("podman", "--cap-drop=DAC_READ_SEARCH"),
        ("kubernetes", "capabilities: drop: [ALL]"),
        ("systemd", "CapabilityBoundingSet=~CAP_DAC_READ_SEARCH"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::Mounts,
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
    let writes = case.holds(CapabilitySet::DAC_OVERRIDE) == Holds::Now;
    let why = match writes {
        true => {
            "CAP_DAC_READ_SEARCH counts over the host: open_by_handle_at finds any file of a disk \
             that is mounted in there, and CAP_DAC_OVERRIDE writes it"
        }
        false => {
            "CAP_DAC_READ_SEARCH counts over the host: open_by_handle_at finds and reads any file \
             of a disk that is mounted in there"
        }
    };
    let finding = held(
        case,
        CapabilitySet::DAC_READ_SEARCH,
        &RULE,
        Severity::Critical,
        why,
    )?;
    let table = case.details().and_then(|details| details.mounts.known());
    let shared = table.and_then(|table| table.iter().find(|mount| mounts::is_on_disk(mount)));
    Some(match shared {
        Some(mount) => finding.seen(
            case.file("mountinfo"),
            format!(
                "{} {} {} on {}",
                mount.device, mount.root, mount.fstype, mount.mount_point
            ),
        ),
        None => finding
            .but(Verdict::Conditional)
            .provided("a directory or file of one of the host's disks is mounted in there"),
    })
}
