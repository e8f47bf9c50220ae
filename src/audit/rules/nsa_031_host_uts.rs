//! NSA-031: it is in the host's uts namespace.

use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::namespaces::shared;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::{CapabilitySet, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-031",
    title: "the host's uts namespace",
    worst: Severity::Low,
    why: "The host name belongs to the uts namespace. With CAP_SYS_ADMIN over the host's it can rename \
          the machine, which confuses logs, clusters, licences, and whatever else finds a machine by \
          its name. Without the capability it can read the name and no more.",
    remedy: "give it a uts namespace of its own",
    remedies: &[
        ("docker", "start it without --uts=host"),
        ("podman", "start it without --uts=host"),
        ("systemd", "ProtectHostname=yes"),
        ("runc", "an entry uts in linux.namespaces"),
        ("bwrap", "--unshare-uts"),
    ],
    references: &["CIS Docker 5.21"],
    needs: &[Need::Namespaces, Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let why = "it can rename the host: CAP_SYS_ADMIN counts over the host's uts namespace";
    let finding = shared(case, NsKind::Uts, &RULE, Severity::Low, why)?;
    if finding.verdict == Verdict::Unknown {
        return Some(finding);
    }
    Some(
        match case.holds_over_own(NsKind::Uts, CapabilitySet::SYS_ADMIN) {
            Holds::Never => finding.but(Verdict::SharedOnly).because(
                "it sees the host's name, and cannot change it: it has no CAP_SYS_ADMIN there",
            ),
            holds => holds.judge(finding).with(case.line("CapEff")),
        },
    )
}
