//! NSA-022: it shares its network namespace with other containers.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::machine::Known;
use crate::audit::need::Need;
use crate::audit::questions::namespaces::SOME;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-022",
    title: "network namespace shared with other containers",
    worst: Severity::Medium,
    why: "Containers in one network namespace share the loopback interface and all ports. What one of \
          them serves on 127.0.0.1 without a password, because nobody else can get there, is open to \
          the others, and one can take a port that another has let go. In a pod that is meant; \
          elsewhere it is often left over from --network=container:.",
    remedy: "give each its own, unless they are one service",
    remedies: &[
        ("docker", "start it without --network=container:"),
        (
            "podman",
            "start it without --network=container:, or put them into one pod",
        ),
        ("kubernetes", "put what must not meet into pods of its own"),
    ],
    references: &[],
    needs: &[Need::Namespaces, Need::Containers],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if case.is_in_hosts(NsKind::Net) {
        return None;
    }
    let own = case.machine.by_place(case.process)?;
    let key = case.key(NsKind::Net);
    let key = *key.known()?;
    let others = || {
        case.machine
            .within(key)
            .filter(|other| other.init.task() != own.init.task())
    };
    let named: Vec<String> = others().take(SOME).map(Known::name).collect();
    if named.is_empty() {
        return None;
    }
    let in_one_pod = others().all(|other| are_in_one_pod(own, other));
    let (severity, why) = match in_one_pod {
        true => (
            Severity::Info,
            format!(
                "containers of its pod share it, as is meant: {}",
                named.join(", ")
            ),
        ),
        false => (
            Severity::Medium,
            format!(
                "it reaches what listens on the loopback of {}, and they its own",
                named.join(", ")
            ),
        ),
    };
    let mut finding =
        Finding::new(&RULE, severity, Verdict::Exploitable, why).with(case.link(NsKind::Net));
    for other in others().take(SOME) {
        finding = finding.seen(
            format!("/proc/{}/ns/net", other.init.task()),
            key.to_string(),
        );
    }
    Some(finding)
}

fn are_in_one_pod(one: &Known<'_>, other: &Known<'_>) -> bool {
    let uid = |known: &Known<'_>| known.identity.pod.as_ref()?.uid.clone();
    // Podman's pods have a cgroup of their own, and no uid.
    let podman = |known: &Known<'_>| {
        let entries = known.init.cgroups.known()?.iter();
        let mut parts = entries.flat_map(|entry| entry.path.split('/'));
        parts
            .find(|part| part.contains("libpod_pod_"))
            .map(str::to_owned)
    };
    let same =
        |of: &dyn Fn(&Known<'_>) -> Option<String>| of(one).is_some() && of(one) == of(other);
    same(&uid) || same(&podman)
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_022_containers_of_one_pod_share_a_network_by_design() {
        const POD: &str = "7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
        const OTHER_POD: &str = "8d2f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
        for (pod, severity) in [(POD, Severity::Info), (OTHER_POD, Severity::Medium)] {
            let mut one = container(10, ID, &[]);
            let mut other = container(20, OTHER_ID, &[]);
            one.cgroups = in_cgroup(&format!("/kubepods/pod{POD}/{ID}"));
            other.cgroups = in_cgroup(&format!("/kubepods/pod{pod}/{OTHER_ID}"));
            let (own, theirs) = (other.links.clone(), one.links.clone());
            other.links = Links::read(|link| match link.kind() {
                NsKind::Net => theirs.get(link).clone(),
                _ => own.get(link).clone(),
            });
            let snapshot = machine([one, other]);
            for pid in [10, 20] {
                assert_eq!(
                    judged(&snapshot, pid, "NSA-022"),
                    Some((severity, EXPLOITABLE))
                );
            }
        }
    }
}
