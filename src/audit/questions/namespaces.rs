//! Namespaces that are the host's.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::rule::Rule;
use crate::model::{NsKind, Seen, Why};

/// A finding where a namespace is the host's; one that it cannot be told where that is not known.
pub fn shared(
    case: &Case<'_>,
    kind: NsKind,
    rule: &'static Rule,
    severity: Severity,
    why: &str,
) -> Option<Finding> {
    let finding =
        |verdict, why: &str| Finding::new(rule, severity, verdict, why).with(case.link(kind));
    match case.shares_host(kind) {
        Seen::Known(false) => None,
        Seen::Known(true) => Some(finding(Verdict::Exploitable, why)),
        // A kernel without this kind has one for all: there is nothing to give.
        Seen::Unknown(Why::Unsupported) => None,
        Seen::Unknown(_) => {
            let why = format!("whether its {kind} namespace is the host's could not be read");
            Some(finding(Verdict::Unknown, &why))
        }
    }
}

/// So many of a list are named.
pub const SOME: usize = 5;
