//! NSA-205 and NSA-206: files of procfs and sysfs by which the kernel is controlled, and those that
//! container runtimes hide, wherever a mount leads to them.

use super::ability::{Ability, mounts_are_hosts};
use super::case::Case;
use super::catalogue::{KERNEL_CONTROL, MASKS, Rule};
use super::exposed::{bits, inode, merged, told, unknown};
use super::finding::{Finding, Severity, Verdict};
use crate::analyse::power::files::{Access, Inode, may_access, may_write_sysctl};
use crate::model::exposure::{
    Exposure, File, FileKind, KERNEL_FILES, KernelFile, MountPoint, Role,
};
use crate::model::mount::{Mount, join};

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

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const CONTROL: (&Rule, Severity, &str) = (
        &KERNEL_CONTROL,
        Severity::Critical,
        "which settings of the kernel it has",
    );
    const MASKED: (&Rule, Severity, &str) = (
        &MASKS,
        Severity::Medium,
        "which files of the kernel are masked",
    );
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => {
            findings.push(unknown(CONTROL.0, CONTROL.1, CONTROL.2, &why));
            return findings.push(unknown(MASKED.0, MASKED.1, MASKED.2, &why));
        }
    };
    let files = &exposure.kernel_files;
    let mut found: Vec<Finding> = files
        .found
        .iter()
        .filter_map(|it| control(case, it))
        .collect();
    found.extend(
        case.shown()
            .filter_map(|(mount, point)| whole(case, mount, point)),
    );
    told(findings, CONTROL, files, found);
    let mut found: Vec<Finding> = files
        .found
        .iter()
        .filter_map(|it| subverted(case, it))
        .collect();
    found.extend(missing(case, exposure));
    told(findings, MASKED, files, found);
}

fn role(file: &KernelFile) -> Option<Role> {
    let control = KERNEL_FILES.iter().find(|it| it.path == file.name)?;
    Some(control.role)
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
    let role = role(kernel).filter(|role| *role != Role::Masked)?;
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
    let mut finding = Finding::new(&KERNEL_CONTROL, severity, verdict, why);
    finding.evidence.push(case.mount_line(mount));
    finding.evidence.push(bits(path, &file));
    finding.evidence.extend(own_uid(case));
    Some(ability.settle(finding))
}

fn own_uid(case: &Case<'_>) -> Option<super::finding::Evidence> {
    let uids = case.details()?.status.known()?.uids;
    Some(super::finding::Evidence {
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
    let mut finding = Finding::new(&KERNEL_CONTROL, Severity::Critical, verdict, why);
    finding.evidence.push(case.mount_line(mount));
    finding.evidence.push(bits(at, &point.file));
    Some(ability.settle(finding))
}

/// A control that is mounted where it does not belong, for writing, or where a mask belongs: the
/// shape of CVE-2025-31133 and CVE-2025-52565.
fn subverted(case: &Case<'_>, kernel: &KernelFile) -> Option<Finding> {
    let mount = case.mount(kernel.mount)?;
    let told = |why: String, mount: &Mount| {
        let verdict = Verdict::Exploitable;
        let mut finding = Finding::new(&MASKS, Severity::High, verdict, why);
        finding.evidence.push(case.mount_line(mount));
        finding
    };
    if kernel.file.is_some() {
        let is_control = role(kernel) != Some(Role::Masked);
        let is_elsewhere = mount.root != "/" && !is_at_home(mount);
        return (is_control && is_elsewhere && !mount.read_only).then(|| {
            let why = format!("{} leads to {} of the kernel", kernel.path, kernel.name);
            told(why, mount)
        });
    }
    // What lies on top of a file that is to be masked.
    let (top, point) = case.shown().find(|(it, _)| it.mount_point == kernel.path)?;
    let is_mask = is_null(&point.file) || is_empty_folder(top, &point.file);
    let is_kernels = matches!(top.fstype.as_str(), "proc" | "sysfs");
    let is_masked_role = role(kernel) == Some(Role::Masked);
    (is_masked_role && is_kernels && !is_mask && !top.read_only).then(|| {
        let why = format!(
            "on {} lies {} of the kernel, and no mask",
            top.mount_point, top.root
        );
        told(why, top)
    })
}

/// Whether a part of procfs or sysfs is mounted on itself, as runtimes do to make it read-only.
fn is_at_home(mount: &Mount) -> bool {
    let rest = mount.root.trim_start_matches('/');
    let homes = ["/proc", "/sys"].map(|top| join(top, rest));
    homes.contains(&mount.mount_point)
}

fn is_null(file: &File) -> bool {
    file.kind == FileKind::Char && file.device == Some((1, 3))
}

fn is_empty_folder(mount: &Mount, file: &File) -> bool {
    file.kind == FileKind::Directory && mount.fstype == "tmpfs" && mount.read_only
}

/// Files that runtimes mask and that are in sight. One that the kernel does not have is not missing.
fn missing(case: &Case<'_>, exposure: &Exposure) -> Option<Finding> {
    let files = exposure.kernel_files.found.iter();
    let bare = files.filter(|it| role(it) == Some(Role::Masked));
    let found = bare.filter_map(|kernel| bare_file(case, kernel));
    merged(found.collect())
}

fn bare_file(case: &Case<'_>, kernel: &KernelFile) -> Option<Finding> {
    let (file, mount) = (kernel.file?, case.mount(kernel.mount)?);
    let is_secret = file.mode & 0o004 == 0;
    let ability = Ability::of(case, |it| may_access(it, inode(file), Access::Read));
    let path = &kernel.path;
    let severity = match is_secret {
        true => Severity::Medium,
        false => Severity::Low,
    };
    let why = match &ability {
        Ability::No(reason) => format!("{path} is not masked, but {reason}"),
        _ => format!("{path} of the kernel is not masked, and it may read that"),
    };
    let verdict = ability.verdict(Verdict::SharedOnly);
    let mut finding = Finding::new(&MASKS, severity, verdict, why);
    finding.evidence.push(bits(path, &file));
    finding.evidence.push(case.mount_line(mount));
    Some(ability.settle(finding))
}
