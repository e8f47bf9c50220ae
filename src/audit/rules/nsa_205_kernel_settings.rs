//! NSA-205: files of procfs and sysfs by which the kernel is controlled, wherever a mount leads to them.

use crate::analyse::power::files::{Access, Inode, may_access, may_write_sysctl};
use crate::audit::case::Case;
use crate::audit::finding::{Evidence, Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::{Ability, mounts_are_hosts};
use crate::audit::questions::exposed::{bits, inode, told, unknown};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::Why;
use crate::model::exposure::{KernelFile, MountPoint, Role};
use crate::model::mount::Mount;

pub static RULE: Rule = Rule {
    id: "NSA-205",
    title: "settings of the kernel can be written",
    worst: Severity::Critical,
    why: "Some files below /proc/sys and /sys name a program that the kernel starts as root of the \
          host: core_pattern when a program crashes, modprobe, uevent_helper. Others stop the machine. \
          To write them takes uid 0 of the host and no capability at all, so that dropping \
          capabilities protects nothing: only a read-only mount, or a user namespace, does.",
    remedy: "mount /proc/sys and /sys read-only, or give it a user namespace",
    remedies: &[
        (
            "docker",
            "drop --privileged and --security-opt systempaths=unconfined",
        ),
        ("podman", "drop --privileged and --security-opt unmask"),
        ("kubernetes", "privileged: false, procMount: Default"),
        ("runc", "linux.readonlyPaths in config.json"),
        ("systemd", "ProtectKernelTunables=yes"),
        ("lxc", "lxc.mount.auto = proc:mixed sys:ro"),
    ],
    references: &[
        ESCAPE,
        "Pod Security Standards baseline: procMount, sysctls",
    ],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
        Need::MountPoints,
        Need::KernelFiles,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

/// File systems that are controls as a whole, with what is written there.
const CONTROLS: [(&str, &str); 6] = [
    (
        "binfmt_misc",
        "register, by which the kernel runs a program for any file",
    ),
    ("bpf", "programs of BPF of others"),
    ("debugfs", "the internals of the kernel"),
    ("efivarfs", "the variables of the firmware"),
    ("securityfs", "the policies of security modules"),
    ("tracefs", "the tracing of the kernel"),
];

fn check(case: &Case<'_>) -> Vec<Finding> {
    let what = "which settings of the kernel it has";
    let gap = |why: &Why| unknown(&RULE, Severity::Critical, what, why);
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return vec![gap(&why)],
    };
    let files = &exposure.kernel_files;
    let single = files.found.iter().filter_map(|it| control(case, it));
    let shown = case.shown();
    let wholes = shown.filter_map(|(mount, point)| whole(case, mount, point));
    told(gap, files.gap.as_ref(), single.chain(wholes).collect())
}

/// Read-only mounts stand in the way of those who may not undo them: of whoever may not unmount in
/// there. In a mount namespace of a user namespace they may be locked besides.
fn through(case: &Case<'_>, mount: &Mount) -> Ability {
    let is_read_only = mount.read_only || mount.super_options.split(',').any(|it| it == "ro");
    if !is_read_only {
        return Ability::Yes;
    }
    let reason = format!("{} is mounted read-only", mount.mount_point);
    match Ability::to_mount(case) {
        Ability::No(_) => Ability::No(reason),
        able if mounts_are_hosts(case) => able,
        able => able.and(|| Ability::If("its read-only mounts are not locked".to_owned())),
    }
}

fn control(case: &Case<'_>, kernel: &KernelFile) -> Option<Finding> {
    let role = kernel.role().filter(|role| *role != Role::Masked)?;
    let (file, mount) = (kernel.file?, case.mount(kernel.mount)?);
    let is_sysctl = kernel.name.starts_with("/sys/") && mount.fstype == "proc";
    let by_bits = Ability::of(case, |credentials| match is_sysctl {
        true => may_write_sysctl(credentials, file.mode),
        false => may_access(credentials, inode(file), Access::Write),
    });
    let (severity, what) = match role {
        Role::Stops => (Severity::High, "which stops the machine"),
        _ => (
            Severity::Critical,
            "by which the kernel runs a program as root of the host",
        ),
    };
    let path = &kernel.path;
    let ability = match by_bits {
        Ability::No(_) if is_sysctl => Ability::No(format!(
            "only uid and gid 0 of the host may write there, by its mode {:03o}",
            file.mode
        )),
        other => other,
    };
    let ability = ability.and(|| through(case, mount));
    let why = match &ability {
        Ability::No(reason) => format!("{path} is in sight, {what}, but {reason}"),
        _ if mount.read_only => {
            format!("it can write {path}, {what}: it may unmount what makes that read-only")
        }
        _ => format!("it can write {path}, {what}; no capability is asked for"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let mut finding = Finding::new(&RULE, severity, verdict, why);
    finding.evidence.push(case.mount_line(mount));
    finding.evidence.push(bits(path, &file));
    finding.evidence.extend(own_uid(case));
    Some(ability.settle(finding))
}

fn own_uid(case: &Case<'_>) -> Option<Evidence> {
    let uids = case.details()?.status.known()?.uids;
    Some(Evidence {
        source: case.file("status"),
        value: format!(
            "Uid {} {} {} {}",
            uids.real, uids.effective, uids.saved, uids.fs
        ),
    })
}

/// A file system that is a control as a whole, and not one that the process has made for itself.
fn whole(case: &Case<'_>, mount: &Mount, point: &MountPoint) -> Option<Finding> {
    let (_, what) = CONTROLS.iter().find(|(name, _)| *name == mount.fstype)?;
    let is_hosts = match case.snapshot.host_mounts.known() {
        Some(host) if host.iter().any(|it| it.device == mount.device) => Ability::Yes,
        // Each mount of these two is one of its own, or of a user namespace.
        Some(_) if matches!(mount.fstype.as_str(), "bpf" | "binfmt_misc") => return None,
        _ => Ability::If("it is the host's".to_owned()),
    };
    let root = Inode {
        mode: 0o600,
        is_directory: false,
        ..inode(point.file)
    };
    let by_bits = Ability::of(case, |credentials| {
        may_access(credentials, root, Access::Write)
    });
    let ability = is_hosts.and(|| by_bits).and(|| through(case, mount));
    let at = &mount.mount_point;
    let why = match &ability {
        Ability::No(reason) => format!("{at} is {}, but {reason}", mount.fstype),
        _ => format!("in {at} it can write {what}"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let mut finding = Finding::new(&RULE, Severity::Critical, verdict, why);
    finding.evidence.push(case.mount_line(mount));
    finding.evidence.push(bits(at, &point.file));
    Some(ability.settle(finding))
}
