//! NSA-400: it has no seccomp filter. That there is a filter says nothing of what it lets through.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, RESTRICTED, Rule};
use crate::model::process::Seccomp;

pub static RULE: Rule = Rule {
    id: "NSA-400",
    title: "no seccomp filter",
    worst: Severity::Medium,
    why: "Without a filter every system call of the kernel is open to it, the old and rare ones \
          included, in which most holes are found. The default filters of engines forbid several dozen \
          of more than 300 calls, and many published escapes fail where they are on. They cost next to \
          nothing.",
    remedy: "filter its system calls",
    remedies: &[
        (
            "docker",
            "start it without --security-opt=seccomp=unconfined, and without --privileged",
        ),
        (
            "podman",
            "start it without --security-opt=seccomp=unconfined, and without --privileged",
        ),
        ("kubernetes", "seccompProfile: type: RuntimeDefault"),
        ("systemd", "SystemCallFilter=@system-service"),
        ("bwrap", "--seccomp FD"),
        (
            "lxc",
            "lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp",
        ),
        ("runc", "linux.seccomp"),
    ],
    references: &["CIS Docker 5.22", RESTRICTED],
    needs: &[Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let severity = Severity::Medium;
    match case.status().map(|status| status.seccomp) {
        Some(Some(Seccomp::Filter | Seccomp::Strict)) => None,
        Some(Some(Seccomp::Disabled)) => {
            let why = "every system call of the kernel is open to it";
            let finding = Finding::new(&RULE, severity, Verdict::Exploitable, why);
            Some(finding.with(case.line("Seccomp")))
        }
        _ => {
            let why = "whether its system calls are filtered could not be read";
            let finding = Finding::new(&RULE, severity, Verdict::Unknown, why);
            Some(finding.seen(case.file("status Seccomp"), "not there"))
        }
    }
}
