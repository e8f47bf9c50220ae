//! NSA-110: all that a container can be given. The yardstick is what the host itself can have: neither a fixed number
//! nor the kernel's last capability, as a host may have dropped some for all.

use super::nsa_040_chroot;
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::devices::may_open_a_disk;
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, Rule};
use crate::model::mount::{Mount, below};
use crate::model::process::Seccomp;
use crate::model::{NsKind, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-110",
    title: "privileged in every respect",
    worst: Severity::Critical,
    why: "All capabilities, no seccomp filter, every device, and nothing hidden in /proc: this is what \
          --privileged does. Such a container is root of the host in all but its mounts, and to get at \
          these is one command: mount /dev/sda1. What single capabilities are worth follows from it, \
          and is only named.",
    remedy: "start it without privileges, and give it the one device or capability that it needs",
    remedies: &[
        (
            "docker",
            "start it without --privileged; --device and --cap-add for what it needs",
        ),
        (
            "podman",
            "start it without --privileged; --device and --cap-add for what it needs",
        ),
        ("kubernetes", "privileged: false"),
        (
            "systemd",
            "CapabilityBoundingSet=, SystemCallFilter=@system-service, ProtectKernelTunables=yes",
        ),
        ("systemd-nspawn", "-U"),
    ],
    references: &[ESCAPE, "CIS Docker 5.5", BASELINE, "Kubescape C-0057"],
    needs: &[
        Need::Namespaces,
        Need::EveryCredentials,
        Need::Mounts,
        Need::HostMounts,
        Need::DeviceRules,
    ],
    asks: Asks::Held,
    gives_way: &[
        // It says all of this: the host's root.
        GivesWay::folded(&nsa_040_chroot::RULE),
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let Seen::Known(all) = case.machine.bounding else {
        return None;
    };
    let status = case.status()?;
    let ceiling = case.ceiling();
    let has_all = case.is_in_hosts(NsKind::User) && all.0 & !ceiling.0 == 0 && !all.is_empty();
    let is_filtered = status.seccomp != Some(Seccomp::Disabled);
    let devices = may_open_a_disk(case);
    if !has_all || is_filtered || devices.is_no() {
        return None;
    }
    let table = case.details().and_then(|details| details.mounts.known());
    let covers = |table: &[Mount]| {
        table
            .iter()
            .any(|mount| below("/proc", &mount.mount_point).is_some_and(|rest| !rest.is_empty()))
    };
    let masked = table
        .filter(|table| !table.is_empty())
        .map(|table| covers(table));
    let now = all.0 & !status.capabilities.effective.0 == 0;
    let devices = match devices {
        Ability::Yes => "it allows the host's disks",
        _ => "whether it allows the host's disks is not known",
    };
    let why = "it has every capability that the host has, no seccomp filter, and no part of /proc is \
               hidden: it is the host's root in all but its mounts";
    let finding = Finding::new(&RULE, Severity::Critical, Verdict::Exploitable, why)
        .with(case.line("CapEff"))
        .seen("/proc/1/status CapBnd", format!("{:016x}", all.0))
        .with(case.line("Seccomp"))
        .seen("device cgroup", devices)
        .with(case.link(NsKind::User));
    let finding = match now {
        true => finding,
        false => finding
            .with(case.line("CapBnd"))
            .but(Verdict::Conditional)
            .provided("it executes a program that gives it its bounding set"),
    };
    match masked {
        Some(false) => Some(finding.seen(case.file("mountinfo"), "no mount below /proc")),
        Some(true) => None,
        None => Some(
            finding
                .but(Verdict::Conditional)
                .provided("no part of /proc is hidden, which its mount table does not tell"),
        ),
    }
}
