//! Capabilities that count over the host, now or after an execve. One that counts only in a user
//! namespace of its own is no finding, however full the set is.

use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::rule::Rule;
use crate::model::process::Seccomp;
use crate::model::{NsKind, Seen, Why};

/// A finding about a capability over the host, with its seccomp filter as a precondition where that may matter.
pub fn held(
    case: &Case<'_>,
    capability: u32,
    rule: &'static Rule,
    severity: Severity,
    why: &str,
) -> Option<Finding> {
    // That they are not known is said once, by NSA-100.
    case.credentials().ok()?;
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

/// That lockdown, where it is in force, leaves less.
pub fn lockdown(case: &Case<'_>, finding: Finding, leaves: &str) -> Finding {
    match &case.snapshot.settings.lockdown {
        Seen::Known(state) if state == "none" => finding,
        Seen::Known(state) => finding
            .seen("/sys/kernel/security/lockdown", state.clone())
            .but(Verdict::Mitigated)
            .provided(leaves),
        // Without the module nothing is locked down.
        Seen::Unknown(Why::Unsupported) => finding,
        Seen::Unknown(_) => finding
            .but(Verdict::Conditional)
            .provided("the kernel is not locked down, which was not read"),
    }
}
