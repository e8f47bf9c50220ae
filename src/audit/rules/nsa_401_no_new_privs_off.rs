//! NSA-401: no_new_privs is off. What it amounts to is NSA-111.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, RESTRICTED, Rule};

pub static RULE: Rule = Rule {
    id: "NSA-401",
    title: "no_new_privs is off",
    worst: Severity::Low,
    why: "Without no_new_privs an execve may add rights: set-user-ID programs such as su, sudo and \
          mount work, and so do file capabilities. A process that has dropped its rights can get them \
          back by such a program, or by a hole in one. A service that needs none of them loses \
          nothing.",
    remedy: "turn it on, unless it needs set-user-ID programs",
    remedies: &[
        ("docker", "--security-opt=no-new-privileges"),
        ("podman", "--security-opt=no-new-privileges"),
        ("kubernetes", "allowPrivilegeEscalation: false"),
        ("systemd", "NoNewPrivileges=yes"),
        ("runc", "process.noNewPrivileges: true"),
        ("lxc", "lxc.no_new_privs = 1"),
        ("systemd-nspawn", "--no-new-privileges=yes"),
    ],
    references: &["CIS Docker 5.26", RESTRICTED, "Kubescape C-0016"],
    needs: &[Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let finding = |verdict, why| {
        Finding::new(&RULE, Severity::Low, verdict, why).with(case.line("NoNewPrivs"))
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
