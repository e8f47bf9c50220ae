//! NSA-402: no security module confines it, or not as it confines others.

use crate::audit::case::{Case, is_confining, is_unconfined};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::machine::Known;
use crate::audit::need::Need;
use crate::audit::rule::{Asks, BASELINE, Check, Rule};
use crate::model::Seen;

pub static RULE: Rule = Rule {
    id: "NSA-402",
    title: "no security module confines it",
    worst: Severity::Medium,
    why: "AppArmor and SELinux forbid what a container has no business with, whatever namespaces and \
          capabilities say: to write /proc/sys, to mount, to trace others. Unconfined, or in complain \
          mode, that layer is off. Two containers with one label of SELinux are not kept apart by it, \
          and a label other than that of the container's init can be the trace of an attack on the \
          runtime (CVE-2019-19921, CVE-2025-52881).",
    remedy: "put it under a profile that is enforced",
    remedies: &[
        (
            "docker",
            "--security-opt=apparmor=docker-default, or --selinux-enabled for the daemon",
        ),
        (
            "podman",
            "start it without --security-opt=label=disable and apparmor=unconfined",
        ),
        (
            "kubernetes",
            "appArmorProfile: type: RuntimeDefault; no seLinuxOptions of type spc_t",
        ),
        ("systemd", "AppArmorProfile=, or SELinuxContext="),
        ("lxc", "lxc.apparmor.profile = generated"),
    ],
    references: &[
        "CIS Docker 5.1",
        "CIS Docker 5.2",
        BASELINE,
        "CVE-2025-52881",
        "CVE-2019-19921",
    ],
    needs: &[Need::Namespaces, Need::Label, Need::Containers],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let source = case.file("attr/current");
    let finding = |severity, verdict, why: &str, value: &str| {
        Finding::new(&RULE, severity, verdict, why).seen(source.clone(), value)
    };
    let seen = case.details().map(|details| &details.lsm);
    let label = match seen {
        Some(Seen::Known(None)) => {
            let why = "no security module that labels processes is in force on this machine";
            return Some(finding(Severity::Info, Verdict::Exploitable, why, "none"));
        }
        Some(Seen::Known(Some(label))) => label.as_str(),
        Some(Seen::Unknown(why)) => {
            let says = "the label of its security module could not be read";
            return Some(finding(
                Severity::Medium,
                Verdict::Unknown,
                says,
                &why.to_string(),
            ));
        }
        None => return None,
    };
    if is_unconfined(label) {
        let why = "its security module lets it do everything";
        return Some(finding(Severity::Medium, Verdict::Exploitable, why, label));
    }
    if let Some(init) = differs_from_init(case, label) {
        let why = format!(
            "its label is not that of its container's init, {init:?}: writing it was led astray, or \
             somebody else has started it"
        );
        return Some(finding(Severity::Medium, Verdict::Exploitable, &why, label));
    }
    let twin = twin(case, label)?;
    let why = format!("{twin} has the same label and categories: the module does not part the two");
    Some(finding(Severity::Medium, Verdict::Exploitable, &why, label))
}

fn differs_from_init(case: &Case<'_>, label: &str) -> Option<String> {
    let known = case.machine.by_place(case.process)?;
    let details = known.init.details.as_deref()?;
    let init = details.lsm.known()?.as_deref()?;
    // A profile may have others stacked below it, or a transition of its own to another.
    (init != label && is_confining(init) && !is_confining(label)).then(|| init.to_owned())
}

/// Another container with the same pair of SELinux categories.
fn twin(case: &Case<'_>, label: &str) -> Option<String> {
    let own = case.machine.by_place(case.process)?;
    let has_categories = label.split(':').count() >= 5 && label.contains(":container_t:");
    let pod = |known: &Known<'_>| known.identity.pod.as_ref().and_then(|pod| pod.uid.clone());
    let mut others = case.machine.labelled(label).filter(|other| {
        let in_one_pod = pod(own).is_some() && pod(own) == pod(other);
        other.init.task() != own.init.task() && !in_one_pod
    });
    has_categories.then(|| others.next().map(Known::name))?
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_402_labels_that_confine_nothing() {
        for (label, expected) in [
            ("unconfined", Some((Severity::Medium, EXPLOITABLE))),
            (
                "docker-default (complain)",
                Some((Severity::Medium, EXPLOITABLE)),
            ),
            (
                "system_u:system_r:spc_t:s0",
                Some((Severity::Medium, EXPLOITABLE)),
            ),
            ("docker-default (enforce)", None),
            ("system_u:system_r:container_t:s0:c1,c2", None),
        ] {
            let mut it = container(10, ID, &[]);
            set_label(&mut it, label);
            assert_eq!(judged(&machine([it]), 10, "NSA-402"), expected, "{label}");
        }
        let snapshot = machine([container(10, ID, &[])]);
        let without_module = Some((Severity::Info, EXPLOITABLE));
        assert_eq!(judged(&snapshot, 10, "NSA-402"), without_module);
        let mut it = container(10, ID, &[]);
        details(&mut it).lsm = Seen::Unknown(Why::Denied);
        let unread = Some((Severity::Medium, Verdict::Unknown));
        assert_eq!(judged(&machine([it]), 10, "NSA-402"), unread);
    }

    #[test]
    fn nsa_402_two_containers_with_one_pair_of_categories_are_not_parted() {
        let label = |pair: &str| format!("system_u:system_r:container_t:s0:{pair}");
        for (pair, expected) in [
            ("c1,c2", Some((Severity::Medium, EXPLOITABLE))),
            ("c3,c4", None),
        ] {
            let mut one = container(10, ID, &[]);
            let mut other = container(20, OTHER_ID, &[]);
            set_label(&mut one, &label("c1,c2"));
            set_label(&mut other, &label(pair));
            assert_eq!(
                judged(&machine([one, other]), 10, "NSA-402"),
                expected,
                "{pair}"
            );
        }
    }
}
