//! NSA-033: it is in the host's time namespace.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::namespaces::shared;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-033",
    title: "the host's time namespace",
    worst: Severity::Info,
    why: "A time namespace holds offsets of two clocks, the time since boot and the monotonic clock; \
          the time of day is one for all. Nearly every container shares the host's, and can see how \
          long the host is up. It is told so that the list of namespaces is complete.",
    remedy: "nothing to do: no runtime makes one unless it is told to",
    remedies: &[],
    references: &[],
    needs: &[Need::Namespaces],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let why = "it has the host's clocks, as nearly every container";
    let finding = shared(case, NsKind::Time, &RULE, Severity::Info, why)?;
    Some(match finding.verdict {
        Verdict::Exploitable => finding.but(Verdict::SharedOnly),
        _ => finding,
    })
}
