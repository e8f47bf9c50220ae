//! Barriers beside namespaces and capabilities that are missing, or that the host leaves open.

use super::case::{Case, Holds, is_confining, is_unconfined};
use super::catalogue::barriers::{
    HOST_SYSCTLS, KEYRING_SHARED, LSM_UNCONFINED, MAKES_USER_NAMESPACES, NO_NEW_PRIVS_OFF,
    SECCOMP_OFF,
};
use super::finding::{Finding, Severity, Verdict};
use super::machine::Known;
use crate::model::process::Seccomp;
use crate::model::{CapabilitySet, NsKind, Seen, Why};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.extend(seccomp(case));
    findings.extend(no_new_privs(case));
    findings.extend(label(case));
    findings.extend(user_namespaces(case));
    findings.extend(keyring(case));
    findings.extend(sysctls(case));
}

/// NSA-400. That there is a filter says nothing of what it lets through.
fn seccomp(case: &Case<'_>) -> Option<Finding> {
    let severity = Severity::Medium;
    match case.status().map(|status| status.seccomp) {
        Some(Some(Seccomp::Filter | Seccomp::Strict)) => None,
        Some(Some(Seccomp::Disabled)) => {
            let why = "every system call of the kernel is open to it";
            let finding = Finding::new(&SECCOMP_OFF, severity, Verdict::Exploitable, why);
            Some(finding.with(case.line("Seccomp")))
        }
        _ => {
            let why = "whether its system calls are filtered could not be read";
            let finding = Finding::new(&SECCOMP_OFF, severity, Verdict::Unknown, why);
            Some(finding.seen(case.file("status Seccomp"), "not there"))
        }
    }
}

/// NSA-401. What it amounts to is NSA-111.
fn no_new_privs(case: &Case<'_>) -> Option<Finding> {
    let finding = |verdict, why| {
        Finding::new(&NO_NEW_PRIVS_OFF, Severity::Low, verdict, why).with(case.line("NoNewPrivs"))
    };
    match case.status().map(|status| status.no_new_privs) {
        Some(Some(true)) => None,
        Some(Some(false)) => Some(finding(
            Verdict::Exploitable,
            "set-user-ID programs and file capabilities work in there",
        )),
        _ => Some(finding(
            Verdict::Unknown,
            "whether set-user-ID programs work in there could not be read",
        )),
    }
}

/// NSA-402.
fn label(case: &Case<'_>) -> Option<Finding> {
    let source = case.file("attr/current");
    let finding = |severity, verdict, why: &str, value: &str| {
        Finding::new(&LSM_UNCONFINED, severity, verdict, why).seen(source.clone(), value)
    };
    let seen = case.details().map(|details| &details.lsm);
    let label = match seen {
        Some(Seen::Known(None)) => {
            let why = "no security module that labels processes is in force on this machine";
            return Some(finding(Severity::Info, Verdict::Exploitable, why, "none"));
        }
        Some(Seen::Known(Some(label))) => label.as_str(),
        Some(Seen::Unknown(why)) => {
            let says = "the label of its security module could not be read";
            return Some(finding(
                Severity::Medium,
                Verdict::Unknown,
                says,
                &why.to_string(),
            ));
        }
        None => return None,
    };
    if is_unconfined(label) {
        let why = "its security module lets it do everything";
        return Some(finding(Severity::Medium, Verdict::Exploitable, why, label));
    }
    if let Some(init) = differs_from_init(case, label) {
        let why = format!(
            "its label is not that of its container's init, {init:?}: writing it was led astray, or \
             somebody else has started it"
        );
        return Some(finding(Severity::Medium, Verdict::Exploitable, &why, label));
    }
    let twin = twin(case, label)?;
    let why = format!("{twin} has the same label and categories: the module does not part the two");
    Some(finding(Severity::Medium, Verdict::Exploitable, &why, label))
}

fn differs_from_init(case: &Case<'_>, label: &str) -> Option<String> {
    let known = case.machine.by_place(case.process)?;
    let details = known.init.details.as_deref()?;
    let init = details.lsm.known()?.as_deref()?;
    // A profile may have others stacked below it, or a transition of its own to another.
    (init != label && is_confining(init) && !is_confining(label)).then(|| init.to_owned())
}

/// Another container with the same pair of SELinux categories.
fn twin(case: &Case<'_>, label: &str) -> Option<String> {
    let own = case.machine.by_place(case.process)?;
    let has_categories = label.split(':').count() >= 5 && label.contains(":container_t:");
    let pod = |known: &Known<'_>| known.identity.pod.as_ref().and_then(|pod| pod.uid.clone());
    let mut others = case.machine.labelled(label).filter(|other| {
        let in_one_pod = pod(own).is_some() && pod(own) == pod(other);
        other.init.task() != own.init.task() && !in_one_pod
    });
    has_categories.then(|| others.next().map(Known::name))?
}

/// NSA-403.
fn user_namespaces(case: &Case<'_>) -> Option<Finding> {
    // Nothing is won by whoever has it all without.
    if case.holds(CapabilitySet::SYS_ADMIN) == Holds::Now {
        return None;
    }
    let settings = &case.snapshot.settings;
    let path = "user/max_user_namespaces";
    let severity = match case.filter() {
        None => Severity::Medium,
        Some(_) => Severity::Low,
    };
    let why = "it can make user namespaces, in which it has every capability: that opens much more \
               of the kernel to it";
    let mut finding = Finding::new(&MAKES_USER_NAMESPACES, severity, Verdict::Exploitable, why)
        .with(case.line("Seccomp"));
    match settings.sysctl(path) {
        Seen::Known("0") => {
            finding = finding
                .seen(format!("/proc/sys/{path}"), "0")
                .but(Verdict::Mitigated)
                .provided("the host allows none");
        }
        Seen::Known(most) => finding = finding.seen(format!("/proc/sys/{path}"), most),
        Seen::Unknown(Why::Unsupported) => return None,
        Seen::Unknown(why) => {
            finding = finding
                .but(Verdict::Unknown)
                .provided(format!("/proc/sys/{path} allows any ({why})"));
        }
    }
    let is_root = case
        .credentials()
        .is_ok_and(|it| it.uids.effective == 0 && it.ids_are_exact);
    let clone = settings.sysctl("kernel/unprivileged_userns_clone");
    if clone == Seen::Known("0") && !is_root {
        finding = finding
            .seen("/proc/sys/kernel/unprivileged_userns_clone", "0")
            .but(Verdict::Mitigated)
            .provided("the host allows them to root only");
    }
    let apparmor = "kernel/apparmor_restrict_unprivileged_userns";
    if settings.sysctl(apparmor) == Seen::Known("1") {
        finding = finding
            .seen(format!("/proc/sys/{apparmor}"), "1")
            .but(Verdict::Conditional)
            .provided("AppArmor allows them to its profile");
    }
    // create_user_ns in kernel/user_namespace.c refuses a process in a chroot.
    let root = case.details().and_then(|details| details.root.known());
    if case.is_in_hosts(NsKind::Mnt) && root.is_some_and(|root| root.path != "/") {
        finding = finding
            .but(Verdict::Mitigated)
            .provided("a process in a chroot is refused them");
    }
    if let Some(filter) = case.filter() {
        finding = finding.but(Verdict::Conditional).provided(filter);
    }
    if case
        .status()
        .is_some_and(|it| it.seccomp == Some(Seccomp::Strict))
    {
        return None;
    }
    Some(finding)
}

/// NSA-404. Keyrings of a uid belong to that uid in one user namespace.
fn keyring(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::User) {
        return None;
    }
    let uid = case.process.uid.get();
    let uid = uid.map_or("its uid".to_owned(), |uid| format!("uid {uid}"));
    let why =
        format!("the keyrings of {uid} are the host's: no namespace parts them but a user one");
    let finding = Finding::new(&KEYRING_SHARED, Severity::Low, Verdict::Conditional, why)
        .with(case.link(NsKind::User))
        .with(case.line("Seccomp"))
        .provided(format!(
            "a program of the host keeps a key in the keyring of {uid}"
        ));
    Some(match case.filter() {
        Some(filter) => finding.provided(filter),
        None => finding,
    })
}

/// Settings of the host that leave processes more than need be: the value that does, and what it
/// leaves. An empty value stands for a file that is not there.
const LAX: [(&str, &[&str], &str); 6] = [
    (
        "kernel/yama/ptrace_scope",
        &["0", ""],
        "tracing any process of one's uid",
    ),
    ("kernel/kptr_restrict", &["0"], "addresses of the kernel"),
    ("kernel/dmesg_restrict", &["0"], "the kernel's log"),
    (
        "kernel/unprivileged_bpf_disabled",
        &["0"],
        "bpf programs without a capability",
    ),
    (
        "kernel/perf_event_paranoid",
        &["-1", "0", "1"],
        "measuring the kernel",
    ),
    (
        "fs/suid_dumpable",
        &["1"],
        "core dumps of set-user-ID programs",
    ),
];

/// NSA-405.
fn sysctls(case: &Case<'_>) -> Option<Finding> {
    let settings = &case.snapshot.settings;
    let lax = LAX.iter().filter_map(|(path, values, leaves)| {
        let value = match settings.sysctl(path) {
            Seen::Known(value) => value,
            Seen::Unknown(Why::Unsupported) => "",
            Seen::Unknown(_) => return None,
        };
        values.contains(&value).then_some((*path, value, *leaves))
    });
    let lax: Vec<(&str, &str, &str)> = lax.collect();
    let leaves: Vec<&str> = lax.iter().map(|(.., leaves)| *leaves).collect();
    if leaves.is_empty() {
        return None;
    }
    let why = format!("the host leaves to every process: {}", leaves.join(", "));
    let finding = Finding::new(&HOST_SYSCTLS, Severity::Info, Verdict::Exploitable, why);
    Some(lax.iter().fold(finding, |finding, (path, value, _)| {
        let value = if value.is_empty() { "not there" } else { value };
        finding.seen(format!("/proc/sys/{path}"), value)
    }))
}
