//! NSA-010: it is in the host's pid namespace.

use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity};
use crate::audit::need::Need;
use crate::audit::questions::namespaces::shared;
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, Rule};
use crate::model::{CapabilitySet, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-010",
    title: "the host's pid namespace",
    worst: Severity::Medium,
    why: "In the host's pid namespace it sees every process of the machine with its command line, in \
          which there are passwords more often than there should be. It can send signals to processes \
          of its own uid, and the files, environment and memory of others are one capability or one \
          equal uid away (NSA-011). Monitoring agents ask for it; hardly any other program needs it.",
    remedy: "give it a pid namespace of its own",
    remedies: &[
        ("docker", "start it without --pid=host"),
        ("podman", "start it without --pid=host"),
        ("kubernetes", "hostPID: false"),
        ("systemd", "PrivatePIDs=yes (systemd 257)"),
        ("runc", "an entry pid in linux.namespaces"),
        ("bwrap", "--unshare-pid"),
    ],
    references: &[ESCAPE, "CIS Docker 5.16", BASELINE, "Kubescape C-0038"],
    needs: &[Need::Namespaces, Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let kills = case.holds(CapabilitySet::KILL) == Holds::Now;
    let why = match kills {
        true => {
            "it sees every process of the host with its arguments, and with CAP_KILL can end any"
        }
        false => {
            "it sees every process of the host with its arguments, and can end those of its uid"
        }
    };
    let finding = shared(case, NsKind::Pid, &RULE, Severity::Medium, why)?;
    Some(match kills {
        true => finding.with(case.line("CapEff")),
        false => finding,
    })
}
