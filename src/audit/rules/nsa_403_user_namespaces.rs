//! NSA-403: it can make user namespaces.

use super::nsa_100_sys_admin;
use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, GivesWay, How, Rule};
use crate::model::process::Seccomp;
use crate::model::{CapabilitySet, NsKind, Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-403",
    title: "can make user namespaces",
    worst: Severity::Medium,
    why: "Whoever makes a user namespace has every capability in it, and reaches parts of the kernel \
          that ordinary users never get to: the packet filter, mounting, traffic control. Nothing is \
          won by that alone, but many holes of recent years took it (CVE-2022-0185). The filters of \
          engines forbid it; browsers, and engines without root, need it.",
    remedy: "forbid it by seccomp, or on the host by user.max_user_namespaces=0 where nobody needs them",
    remedies: &[
        (
            "docker",
            "start it without --security-opt=seccomp=unconfined: the engine's filter forbids it",
        ),
        (
            "podman",
            "start it without --security-opt=seccomp=unconfined: the engine's filter forbids it",
        ),
        ("kubernetes", "seccompProfile: type: RuntimeDefault"),
        ("systemd", "RestrictNamespaces=yes"),
        ("bwrap", "--disable-userns"),
        (
            "runc",
            "linux.seccomp that refuses unshare and clone with CLONE_NEWUSER",
        ),
    ],
    references: &["CVE-2022-0185", "Kubescape C-0079"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Root,
        Need::Sysctls,
    ],
    asks: Asks::Held,
    gives_way: &[
        // Nothing is won by whoever has it all without.
        GivesWay {
            to: &nsa_100_sys_admin::RULE,
            how: How::Dropped,
            when: |case, _| case.holds(CapabilitySet::SYS_ADMIN) == Holds::Now,
        },
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let settings = &case.snapshot.settings;
    let path = "user/max_user_namespaces";
    let severity = match case.filter() {
        None => Severity::Medium,
        Some(_) => Severity::Low,
    };
    let why = "it can make user namespaces, in which it has every capability: that opens much more \
               of the kernel to it";
    let mut finding =
        Finding::new(&RULE, severity, Verdict::Exploitable, why).with(case.line("Seccomp"));
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

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_403_a_host_that_allows_no_user_namespaces() {
        let mut it = container(10, ID, &[]);
        status(&mut it).seccomp = Some(Seccomp::Disabled);
        let mut snapshot = machine([it]);
        let judged = |snapshot: &Snapshot| judged(snapshot, 10, "NSA-403");
        assert_eq!(judged(&snapshot), Some((Severity::Medium, EXPLOITABLE)));
        set(
            &mut snapshot,
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
        );
        assert_eq!(
            judged(&snapshot),
            Some((Severity::Medium, Verdict::Conditional))
        );
        set(&mut snapshot, "user/max_user_namespaces", "0");
        assert_eq!(
            judged(&snapshot),
            Some((Severity::Medium, Verdict::Mitigated))
        );
    }
}
