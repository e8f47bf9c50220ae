//! NSA-100: CAP_SYS_ADMIN over the host; and that no capability of it is known.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::over_host::held;
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, Rule};
use crate::model::CapabilitySet;

pub static RULE: Rule = Rule {
    id: "NSA-100",
    title: "CAP_SYS_ADMIN over the host",
    worst: Severity::Critical,
    why: "CAP_SYS_ADMIN is asked for by mount, setns, bpf, swapon, quotactl and hundreds of other \
          places in the kernel. Held over the host it is root in nearly all that counts: it mounts the \
          host's disk, joins the namespaces of the host's init, or sets a release_agent. It is the \
          first thing that an attacker looks for in a container.",
    remedy: "take the capability, or give it a user namespace",
    remedies: &[
        ("docker", "--cap-drop=SYS_ADMIN, and no --privileged"),
        ("podman", "--cap-drop=SYS_ADMIN, and no --privileged"),
        ("kubernetes", "capabilities: drop: [ALL]; privileged: false"),
        ("systemd", "CapabilityBoundingSet=~CAP_SYS_ADMIN"),
        ("systemd-nspawn", "-U, or --drop-capability=CAP_SYS_ADMIN"),
        ("lxc", "lxc.cap.drop = sys_admin, or lxc.idmap"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
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
    if let Err(why) = case.credentials() {
        let why = format!("which capabilities it has could not be read ({why})");
        let worst = Severity::Critical;
        return Some(Finding::new(&RULE, worst, Verdict::Unknown, why));
    }
    let why = "CAP_SYS_ADMIN counts over the host: it may mount the host's disks, join its \
               namespaces, or have the kernel run a program as root";
    held(
        case,
        CapabilitySet::SYS_ADMIN,
        &RULE,
        Severity::Critical,
        why,
    )
}
