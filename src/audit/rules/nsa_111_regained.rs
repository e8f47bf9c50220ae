//! NSA-111: an execve gives it capabilities that it lacks now.

use crate::audit::case::{Case, DOCKERS_DEFAULT};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, RESTRICTED, Rule};
use crate::model::{CapabilitySet, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-111",
    title: "an execve gives capabilities back",
    worst: Severity::High,
    why: "A process without capabilities looks harmless and need not be: when root executes a program \
          without no_new_privs, the kernel gives it its whole bounding set back, and a set-user-ID \
          program does the same for other users. What counts is not what a process has now but what \
          its next execve gives it.",
    remedy: "turn on no_new_privs, or empty the bounding set",
    remedies: &[
        (
            "docker",
            "--security-opt=no-new-privileges, or --cap-drop=ALL",
        ),
        (
            "podman",
            "--security-opt=no-new-privileges, or --cap-drop=ALL",
        ),
        (
            "kubernetes",
            "allowPrivilegeEscalation: false, or capabilities: drop: [ALL]",
        ),
        ("systemd", "NoNewPrivileges=yes, or CapabilityBoundingSet="),
        (
            "runc",
            "process.noNewPrivileges, or an empty process.capabilities.bounding",
        ),
    ],
    references: &["CIS Docker 5.26", RESTRICTED, "Kubescape C-0016"],
    needs: &[Need::Namespaces, Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
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
    let finding = Finding::new(&RULE, severity, verdict, why)
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
