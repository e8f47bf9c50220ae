//! NSA-206: files of the kernel that container runtimes hide, and that are in sight or have something else on top.

use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{bits, inode, merged, told, unknown};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::Why;
use crate::model::exposure::{Exposure, File, FileKind, KernelFile, Role};
use crate::model::mount::{Mount, join};

pub static RULE: Rule = Rule {
    id: "NSA-206",
    title: "files of the kernel are not masked",
    worst: Severity::High,
    why: "Runtimes lay empty files and folders over those parts of /proc and /sys that tell secrets of \
          the machine or have been a way out: kcore is its memory, keys its keyrings, timer_list and \
          sched_debug tell of every process. Where they are missing the container was started without \
          them; where something else lies in their place the runtime was tricked, as by \
          CVE-2025-31133.",
    remedy: "mask what container runtimes mask by default, and update the runtime",
    remedies: &[
        (
            "docker",
            "drop --privileged and --security-opt systempaths=unconfined",
        ),
        ("podman", "drop --privileged and --security-opt unmask"),
        ("kubernetes", "privileged: false, procMount: Default"),
        (
            "runc",
            "linux.maskedPaths in config.json; 1.2.8, 1.3.3 or newer",
        ),
    ],
    references: &[
        ESCAPE,
        "CVE-2025-31133",
        "CVE-2025-52565",
        "Pod Security Standards baseline: procMount",
    ],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::MountPoints,
        Need::KernelFiles,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    let what = "which files of the kernel are masked";
    let gap = |why: &Why| unknown(&RULE, Severity::Medium, what, why);
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return vec![gap(&why)],
    };
    let files = &exposure.kernel_files;
    let found = files.found.iter().filter_map(|it| subverted(case, it));
    let all = found.chain(missing(case, exposure)).collect();
    told(gap, files.gap.as_ref(), all)
}

/// A control that is mounted where it does not belong, for writing, or where a mask belongs: the
/// shape of CVE-2025-31133 and CVE-2025-52565.
fn subverted(case: &Case<'_>, kernel: &KernelFile) -> Option<Finding> {
    let mount = case.mount(kernel.mount)?;
    let told = |why: String, mount: &Mount| {
        let verdict = Verdict::Exploitable;
        let mut finding = Finding::new(&RULE, Severity::High, verdict, why);
        finding.evidence.push(case.mount_line(mount));
        finding
    };
    if kernel.file.is_some() {
        let is_control = kernel.role() != Some(Role::Masked);
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
    let is_masked_role = kernel.role() == Some(Role::Masked);
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
    let bare = files.filter(|it| it.role() == Some(Role::Masked));
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
    let mut finding = Finding::new(&RULE, severity, verdict, why);
    finding.evidence.push(bits(path, &file));
    finding.evidence.push(case.mount_line(mount));
    Some(ability.settle(finding))
}
