//! NSA-502: it has more power than its container's init can ever have.

use super::nsa_501_visitor;
use crate::audit::case::{Case, is_confining};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::traces::{beyond, is_less_filtered, label, status_of};
use crate::audit::rule::found;
use crate::audit::rule::{Asks, Check, ESCAPE, GivesWay, How, Rule};
use crate::model::{NsKind, Place};

pub static RULE: Rule = Rule {
    id: "NSA-502",
    title: "more power than its container's init",
    worst: Severity::High,
    why: "A process in the container has capabilities that the container's init can never have, or \
          lacks a barrier that the init has. It was not started from within by ordinary means: it is \
          docker exec --privileged, a debug container, or somebody who has raised their rights. \
          Everything else in the container can try to take it over.",
    remedy: "find out who has started it, and end it",
    remedies: &[
        ("docker", "docker exec without --privileged"),
        ("podman", "podman exec without --privileged and --cap-add"),
        (
            "kubernetes",
            "no debug container with more rights than the pod",
        ),
        ("runc", "runc exec without --cap"),
    ],
    references: &[ESCAPE, "CIS Docker 5.23"],
    needs: &[
        Need::Namespaces,
        Need::Containers,
        Need::Credentials,
        Need::Label,
    ],
    asks: Asks::Everybody,
    gives_way: &[
        // Who came from outside may well have more: that is told there.
        GivesWay {
            to: &nsa_501_visitor::RULE,
            how: How::Dropped,
            when: found,
        },
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let known = case.machine.by_place(case.process)?;
    let init = known.init;
    let same_user = case.process.links.own(NsKind::User) == init.links.own(NsKind::User);
    if init.task() == case.process.task() || !same_user {
        return None;
    }
    let (own, theirs) = (case.status()?, status_of(init)?);
    let more = beyond(own, theirs);
    let is_less_labelled = match (label(case.process), label(init)) {
        (Some(own), Some(init)) => is_confining(init) && !is_confining(own) && own != init,
        _ => false,
    };
    let weaker: Vec<(&str, &str)> = [
        (
            is_less_filtered(own, theirs),
            "no seccomp filter",
            "Seccomp",
        ),
        (
            theirs.no_new_privs == Some(true) && own.no_new_privs == Some(false),
            "no_new_privs off",
            "NoNewPrivs",
        ),
        (is_less_labelled, "another label", ""),
    ]
    .into_iter()
    .filter_map(|(holds, says, field)| holds.then_some((says, field)))
    .collect();
    if more.is_empty() && weaker.is_empty() {
        return None;
    }
    let mut words: Vec<String> = more.names();
    words.extend(weaker.iter().map(|(says, _)| (*says).to_owned()));
    let why = format!(
        "it is beside the init of {} with more than that can ever have: {}",
        known.name(),
        words.join(", ")
    );
    let init_file = |field: &str| format!("/proc/{}/status {field}", init.task());
    let mut finding = Finding::new(&RULE, Severity::High, Verdict::Exploitable, why)
        .with(case.line("CapEff"))
        .seen(
            init_file("CapBnd"),
            format!("{:016x}", theirs.capabilities.bounding.0),
        );
    for (_, field) in weaker.iter().filter(|(_, field)| !field.is_empty()) {
        finding = finding.with(case.line(field)).seen(
            init_file(field),
            match *field {
                "Seccomp" => "2",
                _ => "1",
            },
        );
    }
    // A filter and no_new_privs pass from parent to child: an init that has taken them on later has
    // children without.
    let from_outside = parent_is_outside(case);
    Some(match more.is_empty() && !from_outside {
        true => finding
            .but(Verdict::Conditional)
            .provided("it was not started before the init took on the barrier by itself"),
        false => finding,
    })
}

fn parent_is_outside(case: &Case<'_>) -> bool {
    let parent = case.process.stat.known().map(|stat| stat.ppid);
    let parent = parent.and_then(|pid| case.snapshot.processes.get(pid));
    parent.is_some_and(|parent| Place::of(parent) != Place::of(case.process))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_402_and_502_a_process_without_the_label_of_its_containers_init() {
        let mut init = container(10, ID, &[]);
        set_label(&mut init, "docker-default (enforce)");
        let mut beside = container(10, ID, &[]);
        beside.pid = 11;
        beside.stat = Seen::Known(Stat {
            start_time: 11,
            ..beside.stat.known().unwrap().clone()
        });
        set_label(&mut beside, "my-profile (enforce)");
        let snapshot = machine([init, beside]);
        let medium = Some((Severity::Medium, EXPLOITABLE));
        assert_eq!(judged(&snapshot, 11, "NSA-402"), medium);
        assert_eq!(
            judged(&snapshot, 11, "NSA-502"),
            Some((Severity::High, EXPLOITABLE))
        );
        assert_eq!(judged(&snapshot, 10, "NSA-502"), None);
    }
}
