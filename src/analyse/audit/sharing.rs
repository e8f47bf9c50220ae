//! Namespaces that are the host's, and what that is worth with these credentials.

use super::case::Case;
use super::catalogue::USERNS_INITIAL;
use super::finding::{Finding, Severity, Verdict};
use crate::model::{NsKind, Seen};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.extend(user(case));
}

fn user(case: &Case<'_>) -> Option<Finding> {
    let source = case.file("ns/user");
    match case.shares_host(NsKind::User) {
        Seen::Known(false) => None,
        Seen::Known(true) => Some(
            Finding::new(
                &USERNS_INITIAL,
                Severity::Low,
                Verdict::Exploitable,
                "its ids and capabilities are those of the host: root in there is root out here",
            )
            .seen(source, NsKind::User.initial_inode().to_string()),
        ),
        Seen::Unknown(why) => Some(
            Finding::new(
                &USERNS_INITIAL,
                Severity::Low,
                Verdict::Unknown,
                "its user namespace could not be read",
            )
            .seen(source, why.to_string()),
        ),
    }
}
