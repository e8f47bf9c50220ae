//! NSA-101: CAP_SYS_MODULE over the host.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::over_host::{held, lockdown};
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, Rule};
use crate::model::{CapabilitySet, Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-101",
    title: "CAP_SYS_MODULE over the host",
    worst: Severity::Critical,
    why: "A module is code in the kernel, which no barrier holds any more. With CAP_SYS_MODULE over \
          the host a container loads one by init_module(2), from its own memory: it takes no file on \
          the host. The seccomp filters of engines forbid that call; beside them only switching \
          modules off, or locking the kernel down, stands in the way.",
    remedy: "take the capability; kernel.modules_disabled=1 once the machine is up",
    remedies: &[
        ("docker", "--cap-drop=SYS_MODULE, and no --privileged"),
        ("podman", "--cap-drop=SYS_MODULE, and no --privileged"),
        ("kubernetes", "capabilities: drop: [ALL]; privileged: false"),
        ("systemd", "ProtectKernelModules=yes"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::Sysctls,
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
    let why = "CAP_SYS_MODULE counts over the host: it may load code into the kernel";
    let finding = held(
        case,
        CapabilitySet::SYS_MODULE,
        &RULE,
        Severity::Critical,
        why,
    )?;
    let settings = &case.snapshot.settings;
    let finding = match settings.sysctl("kernel/modules_disabled") {
        Seen::Known("0") => finding.seen("/proc/sys/kernel/modules_disabled", "0"),
        Seen::Known(value) => finding
            .seen("/proc/sys/kernel/modules_disabled", value)
            .but(Verdict::Mitigated)
            .provided("loading modules is switched off until the next boot"),
        Seen::Unknown(Why::Unsupported) => finding
            .but(Verdict::Mitigated)
            .provided("this kernel has no modules (no /proc/sys/kernel/modules_disabled)"),
        Seen::Unknown(_) => finding
            .but(Verdict::Conditional)
            .provided("loading modules is not switched off (modules_disabled was not read)"),
    };
    Some(lockdown(
        case,
        finding,
        "the kernel is locked down: only signed modules",
    ))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn settings_of_the_host_stand_in_the_way_of_capabilities() {
        let mut it = container(10, ID, &[]);
        set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_MODULE);
        let mut snapshot = machine([it]);
        let judged = |snapshot: &Snapshot| judged(snapshot, 10, "NSA-101").unwrap();
        set(&mut snapshot, "kernel/modules_disabled", "0");
        assert_eq!(judged(&snapshot), (Severity::Critical, EXPLOITABLE));
        snapshot.settings.lockdown = Seen::Known("integrity".to_owned());
        assert_eq!(judged(&snapshot), (Severity::Critical, Verdict::Mitigated));
        snapshot.settings.lockdown = Seen::Known("none".to_owned());
        set(&mut snapshot, "kernel/modules_disabled", "1");
        assert_eq!(judged(&snapshot), (Severity::Critical, Verdict::Mitigated));
        let unread = Seen::Unknown(Why::Denied);
        snapshot
            .settings
            .sysctls
            .insert("kernel/modules_disabled", unread);
        assert_eq!(
            judged(&snapshot),
            (Severity::Critical, Verdict::Conditional)
        );
    }
}
