//! Capabilities that count over the host, now or after an execve. One that counts only in a user
//! namespace of its own is no finding, however full the set is.

use super::ability::Ability;
use super::case::{Case, DOCKERS_DEFAULT, Holds};
use super::catalogue::Rule;
use super::catalogue::capabilities::{
    BPF, DAC_READ_SEARCH, INHERITABLE, MKNOD, NET, OTHERS, PRIVILEGED, PTRACE, RAWIO, REGAINED,
    SYS_ADMIN, SYS_MODULE,
};
use super::finding::{Finding, Severity, Verdict};
use super::{devices, mounts, procfs};
use crate::model::mount::below;
use crate::model::process::Seccomp;
use crate::model::{CapabilitySet, NsKind, Seen};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if let Err(why) = case.credentials() {
        let why = format!("which capabilities it has could not be read ({why})");
        findings.push(Finding::new(
            &SYS_ADMIN,
            Severity::Critical,
            Verdict::Unknown,
            why,
        ));
        return;
    }
    findings.extend(privileged(case));
    findings.extend(sys_admin(case));
    findings.extend(sys_module(case));
    findings.extend(ptrace(case));
    findings.extend(read_search(case));
    findings.extend(raw_io(case));
    findings.extend(bpf(case));
    findings.extend(mknod(case));
    findings.extend(net(case));
    findings.extend(others(case));
    findings.extend(regained(case));
    findings.extend(inheritable(case));
}

/// A capability over the host, with its seccomp filter as a precondition where that may matter.
fn held(
    case: &Case<'_>,
    capability: u32,
    rule: &'static Rule,
    severity: Severity,
    why: &str,
) -> Option<Finding> {
    let holds = case.holds(capability);
    if holds == Holds::Never {
        return None;
    }
    let mut finding = Finding::new(rule, severity, Verdict::Exploitable, why)
        .with(case.line("CapEff"))
        .with(case.link(NsKind::User));
    if holds != Holds::Now {
        finding = finding
            .with(case.line("CapBnd"))
            .with(case.line("NoNewPrivs"));
    }
    finding = holds.judge(finding);
    if let Some(filter) = case.filter_against(capability) {
        finding = finding.but(Verdict::Conditional).provided(filter);
    }
    if case
        .status()
        .is_some_and(|it| it.seccomp == Some(Seccomp::Strict))
    {
        finding = finding
            .but(Verdict::Mitigated)
            .provided("strict seccomp leaves it read, write and exit");
    }
    Some(finding)
}

/// NSA-100.
fn sys_admin(case: &Case<'_>) -> Option<Finding> {
    let why = "CAP_SYS_ADMIN counts over the host: it may mount the host's disks, join its \
               namespaces, or have the kernel run a program as root";
    held(
        case,
        CapabilitySet::SYS_ADMIN,
        &SYS_ADMIN,
        Severity::Critical,
        why,
    )
}

/// NSA-101.
fn sys_module(case: &Case<'_>) -> Option<Finding> {
    let why = "CAP_SYS_MODULE counts over the host: it may load code into the kernel";
    let finding = held(
        case,
        CapabilitySet::SYS_MODULE,
        &SYS_MODULE,
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
        Seen::Unknown(crate::model::Why::Unsupported) => finding
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

/// That lockdown, where it is in force, leaves less.
fn lockdown(case: &Case<'_>, finding: Finding, leaves: &str) -> Finding {
    match &case.snapshot.settings.lockdown {
        Seen::Known(state) if state == "none" => finding,
        Seen::Known(state) => finding
            .seen("/sys/kernel/security/lockdown", state.clone())
            .but(Verdict::Mitigated)
            .provided(leaves),
        // Without the module nothing is locked down.
        Seen::Unknown(crate::model::Why::Unsupported) => finding,
        Seen::Unknown(_) => finding
            .but(Verdict::Conditional)
            .provided("the kernel is not locked down, which was not read"),
    }
}

/// NSA-102.
fn ptrace(case: &Case<'_>) -> Option<Finding> {
    let sees_host = case.is_in_hosts(NsKind::Pid) || procfs::shows_host(case);
    let (severity, why) = match sees_host {
        true => (
            Severity::Critical,
            "CAP_SYS_PTRACE counts over the host, whose processes it sees: it may change the memory \
             of any",
        ),
        false => (
            Severity::Medium,
            "CAP_SYS_PTRACE counts over the host, should a process of the host come into its sight",
        ),
    };
    let finding = held(case, CapabilitySet::SYS_PTRACE, &PTRACE, severity, why)?;
    let finding = finding.with(case.link(NsKind::Pid));
    let finding = match sees_host {
        true => finding,
        false => finding
            .but(Verdict::Conditional)
            .provided("a process of the host is in sight: another procfs, or a handle of one"),
    };
    Some(match case.confined_by() {
        Some(label) => finding.but(Verdict::Mitigated).provided(format!(
            "the label {label:?} forbids tracing processes outside of it"
        )),
        None => finding,
    })
}

/// NSA-103.
fn read_search(case: &Case<'_>) -> Option<Finding> {
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
        &DAC_READ_SEARCH,
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

/// NSA-104.
fn raw_io(case: &Case<'_>) -> Option<Finding> {
    let why = "CAP_SYS_RAWIO counts over the host: ports by iopl, and memory and disks by their \
               device nodes";
    let finding = held(
        case,
        CapabilitySet::SYS_RAWIO,
        &RAWIO,
        Severity::Critical,
        why,
    )?
    .but(Verdict::Conditional)
    .provided("iopl is allowed, or it may open /dev/mem, /dev/port or a raw disk");
    Some(lockdown(case, finding, "the kernel is locked down"))
}

/// NSA-105. Whoever has CAP_SYS_ADMIN has this too, and worse: that is said there.
fn bpf(case: &Case<'_>) -> Option<Finding> {
    if case.holds(CapabilitySet::SYS_ADMIN) == Holds::Now {
        return None;
    }
    let traces = case.holds(CapabilitySet::PERFMON) != Holds::Never;
    let loads = case.holds(CapabilitySet::BPF) != Holds::Never;
    match (loads, traces) {
        (true, true) => held(
            case,
            CapabilitySet::BPF,
            &BPF,
            Severity::Critical,
            "CAP_BPF and CAP_PERFMON count over the host: its programs read the kernel's memory and \
             that of every process",
        ),
        (true, false) => held(
            case,
            CapabilitySet::BPF,
            &BPF,
            Severity::High,
            "CAP_BPF counts over the host: it may load programs into the kernel, though not those \
             that trace",
        ),
        (false, true) => held(
            case,
            CapabilitySet::PERFMON,
            &BPF,
            Severity::High,
            "CAP_PERFMON counts over the host: it may sample every process and the kernel",
        ),
        (false, false) => None,
    }
}

/// NSA-106. By itself it is in every container of Docker's, and the device cgroup is the barrier.
fn mknod(case: &Case<'_>) -> Option<Finding> {
    let opens = devices::may_open_a_disk(case);
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
    let finding = held(case, CapabilitySet::MKNOD, &MKNOD, severity, why)?;
    Some(match opens {
        Ability::Yes => finding,
        Ability::No(barrier) => finding.but(Verdict::Mitigated).provided(barrier),
        Ability::If(condition) => finding.but(Verdict::Conditional).provided(condition),
        Ability::Unknown(what) => finding
            .but(Verdict::Conditional)
            .provided(format!("it may open the node: not known is {what}")),
    })
}

/// NSA-107. Over a network namespace of its own these are harmless.
fn net(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::Net) {
        return None;
    }
    let [admin, raw] = [CapabilitySet::NET_ADMIN, CapabilitySet::NET_RAW]
        .map(|capability| (case.holds_over_own(NsKind::Net, capability), capability));
    let effective = case.status()?.capabilities.effective;
    if admin.0 == Holds::Never && raw.0 == Holds::Never {
        let has = |capability| effective.contains(capability);
        let why = "its network capabilities count in its own user namespace only, and the host's \
                   network is not governed by that";
        return (has(CapabilitySet::NET_ADMIN) || has(CapabilitySet::NET_RAW)).then(|| {
            Finding::new(&NET, Severity::Medium, Verdict::SharedOnly, why)
                .with(case.line("CapEff"))
                .with(case.link(NsKind::User))
        });
    }
    let (capability, why) = match admin.0 {
        Holds::Never => (
            raw.1,
            "CAP_NET_RAW counts over the host's network: it can listen to its packets and forge \
             others",
        ),
        _ => (
            admin.1,
            "CAP_NET_ADMIN counts over the host's network: its addresses, routes and packet filter",
        ),
    };
    held(case, capability, &NET, Severity::Medium, why)
}

/// The rest, each with what it is worth.
const OTHER: [(u32, Severity, &str); 10] = [
    (
        CapabilitySet::MAC_ADMIN,
        Severity::High,
        "changes the security module's policy",
    ),
    (
        CapabilitySet::MAC_OVERRIDE,
        Severity::High,
        "overrides the security module's policy",
    ),
    (
        CapabilitySet::SYS_TIME,
        Severity::Medium,
        "sets the host's clock",
    ),
    (
        CapabilitySet::AUDIT_CONTROL,
        Severity::Medium,
        "switches auditing off",
    ),
    (
        CapabilitySet::CHECKPOINT_RESTORE,
        Severity::Medium,
        "reads the maps of other processes",
    ),
    (
        CapabilitySet::SYSLOG,
        Severity::Low,
        "reads the kernel's log and addresses",
    ),
    (
        CapabilitySet::AUDIT_READ,
        Severity::Low,
        "reads the audit log",
    ),
    (
        CapabilitySet::SYS_RESOURCE,
        Severity::Low,
        "exceeds quotas and limits",
    ),
    (
        CapabilitySet::LINUX_IMMUTABLE,
        Severity::Low,
        "makes files immutable that are in its reach",
    ),
    (
        CapabilitySet::IPC_OWNER,
        Severity::Low,
        "reads any System V object of its ipc namespace",
    ),
];

/// NSA-108.
fn others(case: &Case<'_>) -> Option<Finding> {
    let mut worst: Option<Finding> = None;
    let mut words = Vec::new();
    // In a pid namespace of its own a reboot ends that, and no other kernel can be started.
    let boots = case.is_in_hosts(NsKind::Pid).then_some((
        CapabilitySet::SYS_BOOT,
        Severity::High,
        "reboots the machine, or starts another kernel",
    ));
    // What is in an ipc namespace of its own is its own.
    let counts =
        |capability: u32| capability != CapabilitySet::IPC_OWNER || case.is_in_hosts(NsKind::Ipc);
    let rest = OTHER
        .into_iter()
        .filter(|(capability, ..)| counts(*capability));
    for (capability, severity, does) in boots.into_iter().chain(rest) {
        let Some(finding) = held(case, capability, &OTHERS, severity, "") else {
            continue;
        };
        words.push(format!("{} {does}", CapabilitySet::name_of(capability)));
        let weight = |finding: &Finding| (finding.verdict, finding.severity);
        if worst
            .as_ref()
            .is_none_or(|known| weight(&finding) > weight(known))
        {
            worst = Some(finding);
        }
    }
    Some(worst?.because(format!("these count over the host: {}", words.join("; "))))
}

/// NSA-110. The yardstick is what the host itself can have: neither a fixed number nor the
/// kernel's last capability, as a host may have dropped some for all.
fn privileged(case: &Case<'_>) -> Option<Finding> {
    let Seen::Known(all) = case.machine.bounding else {
        return None;
    };
    let status = case.status()?;
    let ceiling = case.ceiling();
    let has_all = case.is_in_hosts(NsKind::User) && all.0 & !ceiling.0 == 0 && !all.is_empty();
    let is_filtered = status.seccomp != Some(Seccomp::Disabled);
    let devices = devices::may_open_a_disk(case);
    if !has_all || is_filtered || devices.is_no() {
        return None;
    }
    let table = case.details().and_then(|details| details.mounts.known());
    let covers = |table: &[crate::model::mount::Mount]| {
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
    let finding = Finding::new(&PRIVILEGED, Severity::Critical, Verdict::Exploitable, why)
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

/// NSA-111.
fn regained(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::User) {
        return None;
    }
    let (credentials, exec) = (case.credentials().ok()?, case.after_exec()?);
    let permitted = credentials.capabilities.permitted;
    let beyond = |set: CapabilitySet| CapabilitySet(set.0 & !permitted.0);
    let plain = beyond(exec.plain.get().unwrap_or_default());
    let by_file = beyond(exec.by_file);
    let is_usual = by_file.0 & !DOCKERS_DEFAULT.0 == 0;
    let (severity, verdict, gained, how) = match (plain.is_empty(), by_file.is_empty()) {
        (false, _) => (
            Severity::High,
            Verdict::Exploitable,
            plain,
            "any program that it executes gives it, as root without no_new_privs,",
        ),
        (true, false) => (
            if is_usual {
                Severity::Low
            } else {
                Severity::Medium
            },
            Verdict::Conditional,
            by_file,
            "a set-user-ID program, or one with file capabilities, gives it up to",
        ),
        (true, true) => return None,
    };
    let count = gained.len();
    let first: Vec<String> = gained.names().into_iter().take(3).collect();
    let others = match count {
        0..=3 => String::new(),
        more => format!(" and {} others", more - 3),
    };
    let why = format!("{how} {}{others}, which it lacks now", first.join(", "));
    let finding = Finding::new(&REGAINED, severity, verdict, why)
        .with(case.line("Uid"))
        .with(case.line("NoNewPrivs"))
        .with(case.line("CapPrm"))
        .with(case.line("CapBnd"));
    Some(match verdict {
        Verdict::Conditional => finding.provided(
            "there is such a program on a mount without nosuid, which was not looked for",
        ),
        _ => finding,
    })
}

/// NSA-112.
fn inheritable(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::User) {
        return None;
    }
    let sets = case.status()?.capabilities;
    if sets.inheritable.is_empty() && sets.ambient.is_empty() {
        return None;
    }
    let why = "programs that it executes inherit capabilities without being root: by their file's \
               inheritable set, or as ambient ones by none at all";
    Some(
        Finding::new(&INHERITABLE, Severity::Low, Verdict::Exploitable, why)
            .with(case.line("CapInh"))
            .with(case.line("CapAmb")),
    )
}
