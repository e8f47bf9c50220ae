//! NSA-204: device nodes, by the numbers of the device and what decides about opening it: the device cgroup, `nodev`,
//! the bits of the node, and what the driver asks for.

use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::devices::{Class, allowed, class_of, letter};
use crate::audit::questions::exposed::{bits, inode, told, unknown};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::{DeviceNode, DeviceRules};
use crate::model::{Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-204",
    title: "a device of the host can be opened",
    worst: Severity::Critical,
    why: "A device node talks to a driver in the host's kernel, and no namespace stands between the \
          two. A disk is all its files without their permissions; /dev/mem and /dev/kmsg are the \
          machine's memory and log; kvm, vfio, fuse and tun are large interfaces for bugs. What \
          decides is the device cgroup, nodev on the mount, and the bits of the node.",
    remedy: "do not give it the device, or deny it in its device cgroup",
    remedies: &[
        ("docker", "drop --device and --privileged"),
        ("podman", "drop --device and --privileged"),
        (
            "kubernetes",
            "privileged: false, no hostPath volume of /dev",
        ),
        ("systemd", "PrivateDevices=yes, DevicePolicy=closed"),
        ("lxc", "lxc.cgroup.devices.deny, lxc.cgroup2.devices.deny"),
    ],
    references: &[ESCAPE, "CIS Docker 5.18"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::Devices,
        Need::DeviceRules,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    let what = "which devices it has";
    let gap = |why: &Why| unknown(&RULE, Severity::Critical, what, why);
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return vec![gap(&why)],
    };
    let nodes = exposure.devices.found.iter();
    let found = nodes.filter_map(|node| {
        let class = class_of(&node.file, node.driver.as_deref())?;
        Some(judge(case, node, class, &exposure.device_rules))
    });
    told(gap, exposure.devices.gap.as_ref(), found.collect())
}

fn judge(case: &Case<'_>, node: &DeviceNode, class: Class, rules: &Seen<DeviceRules>) -> Finding {
    let may_open = |access: Access| {
        let by_bits = || Ability::of(case, |it| may_access(it, inode(node.file), access));
        is_on_nodev(case, node)
            .and(|| allowed(rules, &node.file, access))
            .and(by_bits)
    };
    let (write, read) = (may_open(Access::Write), may_open(Access::Read));
    let is_read_only = write.is_no();
    let open = match is_read_only {
        true => read,
        false => write,
    };
    let severity = match (class.severity, is_read_only && !open.is_no()) {
        // Files of root for reading, and not for writing.
        (Severity::Critical, true) => Severity::High,
        (severity, _) => severity,
    };
    let (path, name) = (&node.path, class.name);
    let of_use = class.is_of_use(case);
    let (verdict, why) = match (&open, &of_use) {
        (Ability::No(reason), _) => (
            Verdict::Mitigated,
            format!("{path} is {name}, but {reason}"),
        ),
        (_, Ability::No(reason)) => (
            Verdict::SharedOnly,
            format!("it can open {path}, {name}, but {reason}"),
        ),
        _ => {
            let how = match is_read_only {
                true => "read",
                false => "write",
            };
            let both = open.clone().and(|| of_use.clone());
            let why = format!("it can open {path}, {name}, to {how} it");
            (both.verdict(Verdict::Mitigated), why)
        }
    };
    let both = open.and(|| of_use);
    let finding = Finding::new(&RULE, severity, verdict, why);
    both.settle(evidence(node, rules, finding))
}

fn evidence(node: &DeviceNode, rules: &Seen<DeviceRules>, finding: Finding) -> Finding {
    let (major, minor) = node.file.device.unwrap_or_default();
    let kind = letter(&node.file);
    let mut finding = finding.seen(
        format!("statx of {}", node.path),
        format!("{kind} {major}:{minor}"),
    );
    finding.evidence.push(bits(&node.path, &node.file));
    match rules {
        Seen::Known(rules) => {
            if let (Some(list), Some(source)) = (&rules.list, &rules.source) {
                return finding.seen(source.clone(), list.join(", "));
            }
            let programs = rules
                .programs
                .map_or("not known".to_owned(), |it| it.to_string());
            finding.seen(
                "BPF_PROG_QUERY of its cgroup",
                format!("device programs: {programs}"),
            )
        }
        Seen::Unknown(why) => finding.seen("its device cgroup", why.to_string()),
    }
}

/// A mount that says nodev opens no device (may_open_dev in fs/namei.c).
fn is_on_nodev(case: &Case<'_>, node: &DeviceNode) -> Ability {
    let mount = node.mount.and_then(|id| case.mount(id));
    match mount.is_some_and(|mount| mount.has_option("nodev")) {
        true => Ability::No("its mount is nodev".to_owned()),
        false => Ability::Yes,
    }
}
