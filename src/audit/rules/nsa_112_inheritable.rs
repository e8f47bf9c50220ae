//! NSA-112: inheritable or ambient capabilities.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-112",
    title: "inheritable or ambient capabilities",
    worst: Severity::Low,
    why: "Inheritable capabilities go to programs whose file has them in its inheritable set, ambient \
          ones to any program. A container needs neither. Engines that filled the inheritable set by \
          mistake let ordinary users in the container gain capabilities by such files \
          (CVE-2022-24769).",
    remedy: "empty both sets",
    remedies: &[
        (
            "docker",
            "update the engine: releases before 20.10.14 fill the inheritable set",
        ),
        (
            "podman",
            "update the engine: releases before 4.0.3 fill the inheritable set",
        ),
        ("systemd", "AmbientCapabilities= empty"),
        ("runc", "empty process.capabilities.inheritable and ambient"),
    ],
    references: &["CVE-2022-24769", "CVE-2022-27649"],
    needs: &[Need::Namespaces, Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::User) {
        return None;
    }
    case.credentials().ok()?;
    let sets = case.status()?.capabilities;
    if sets.inheritable.is_empty() && sets.ambient.is_empty() {
        return None;
    }
    let why = "programs that it executes inherit capabilities without being root: by their file's \
               inheritable set, or as ambient ones by none at all";
    Some(
        Finding::new(&RULE, Severity::Low, Verdict::Exploitable, why)
            .with(case.line("CapInh"))
            .with(case.line("CapAmb")),
    )
}
