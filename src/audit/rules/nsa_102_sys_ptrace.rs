//! NSA-102: CAP_SYS_PTRACE over the host.

use super::{nsa_040_chroot, nsa_110_privileged};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::over_host::held;
use crate::audit::questions::procfs::shows_host;
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, GivesWay, Rule};
use crate::model::{CapabilitySet, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-102",
    title: "CAP_SYS_PTRACE over the host",
    worst: Severity::Critical,
    why: "With CAP_SYS_PTRACE it reads and changes the memory of every process that it sees, and \
          follows their links in /proc. In the host's pid namespace, or with a procfs of the host at \
          hand, these are all processes of the machine, and a shell of the host's root is one \
          PTRACE_ATTACH away. In a pid namespace of its own nothing follows, as long as no other \
          process comes into sight.",
    remedy: "take the capability; a pid namespace of its own hides the host's processes",
    remedies: &[
        ("docker", "--cap-drop=SYS_PTRACE, and no --pid=host"),
        ("podman", "--cap-drop=SYS_PTRACE, and no --pid=host"),
        ("kubernetes", "capabilities: drop: [ALL]; hostPID: false"),
        ("systemd", "CapabilityBoundingSet=~CAP_SYS_PTRACE"),
    ],
    references: &[ESCAPE, "CIS Docker 5.4", BASELINE, "Kubescape C-0046"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::Label,
        Need::Procfs,
    ],
    asks: Asks::Held,
    gives_way: &[
        // They say all of this: the host's root.
        GivesWay::folded(&nsa_040_chroot::RULE),
        GivesWay::folded(&nsa_110_privileged::RULE),
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let sees_host = case.is_in_hosts(NsKind::Pid) || shows_host(case);
    let (severity, why) = match sees_host {
        true => (
            Severity::Critical,
            "CAP_SYS_PTRACE counts over the host, whose processes it sees: it may change the memory \
             of any",
        ),
        false => (
            Severity::Medium,
            "CAP_SYS_PTRACE counts over the host, should a process of the host come into its sight",
        ),
    };
    let finding = held(case, CapabilitySet::SYS_PTRACE, &RULE, severity, why)?;
    let finding = finding.with(case.link(NsKind::Pid));
    let finding = match sees_host {
        true => finding,
        false => finding
            .but(Verdict::Conditional)
            .provided("a process of the host is in sight: another procfs, or a handle of one"),
    };
    Some(match case.confined_by() {
        Some(label) => finding.but(Verdict::Mitigated).provided(format!(
            "the label {label:?} forbids tracing processes outside of it"
        )),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn a_label_that_is_enforced_forbids_to_reach_out_and_others_do_not() {
        for (label, verdict) in [
            ("docker-default (enforce)", Verdict::Mitigated),
            ("cri-containerd.apparmor.d (enforce)", Verdict::Mitigated),
            ("system_u:system_r:container_t:s0:c1,c2", Verdict::Mitigated),
            ("docker-default (complain)", EXPLOITABLE),
            ("unconfined", EXPLOITABLE),
            ("system_u:system_r:spc_t:s0", EXPLOITABLE),
            ("my-profile (enforce)", EXPLOITABLE),
        ] {
            let mut it = container(10, ID, &[NsKind::Pid]);
            set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_PTRACE);
            set_label(&mut it, label);
            let snapshot = machine([it]);
            let judged = |id| judged(&snapshot, 10, id);
            assert_eq!(
                judged("NSA-011"),
                Some((Severity::Critical, verdict)),
                "{label}"
            );
            assert_eq!(
                judged("NSA-102"),
                Some((Severity::Critical, verdict)),
                "{label}"
            );
        }
    }
}
