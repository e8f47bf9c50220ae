//! NSA-021: abstract unix sockets belong to the network namespace, and nothing but the listener
//! itself asks who connects.

use super::ability::Ability;
use super::case::Case;
use super::catalogue::{ABSTRACT_SOCKET, Rule};
use super::exposed::{called, told};
use super::finding::{Finding, Severity, Verdict};
use crate::analyse::containers;
use crate::analyse::power::Answer;
use crate::model::exposure::Listener;
use crate::model::{NsKind, Process, Seen};

/// Sockets by which a whole machine or session is controlled, by the start of their names, and what
/// must hold besides.
const CONTROL: [(&str, &str); 5] = [
    (
        "@/containerd-shim/",
        "the shim asks for nothing but the uid, as before containerd 1.3.9 and 1.4.3",
    ),
    ("@/com/ubuntu/upstart", "it asks for nothing but the uid"),
    ("@/tmp/.X11-unix/X", "the display lets this uid in"),
    ("@/tmp/dbus-", "its policy lets this uid do it"),
    ("@dbus-", "its policy lets this uid do it"),
];

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: (&Rule, Severity, &str) = (
        &ABSTRACT_SOCKET,
        Severity::Medium,
        "who listens in its network namespace",
    );
    let Seen::Known(net) = *case.process.links.own(NsKind::Net) else {
        return;
    };
    // Nobody looked where it shares its network namespace with nobody.
    if let Some(part) = case.snapshot.listeners.get(&net) {
        let found = part.found.iter().filter_map(|it| judge(case, it));
        told(findings, RULE, part, found.collect());
    }
}

fn judge(case: &Case<'_>, listener: &Listener) -> Option<Finding> {
    let inode = |finding: Finding| {
        let source = case.file("net/unix");
        finding.seen(source, format!("{} listening", listener.name))
    };
    let Some(pid) = listener.pid else {
        let says = "who listens on an abstract socket of its network namespace is not known";
        let finding = Finding::new(&ABSTRACT_SOCKET, Severity::Medium, Verdict::Unknown, says);
        return Some(inode(finding));
    };
    if case.is_inside(pid) == Some(true) {
        return None;
    }
    let owner = case.snapshot.processes.get(pid);
    let who = called(owner, pid);
    let known = CONTROL
        .iter()
        .find(|(name, _)| listener.name.starts_with(name));
    if let (Some((_, precondition)), Some(uid)) = (known, owner.and_then(|it| it.uid.get())) {
        let ability = Ability::of(case, |credentials| {
            let own = credentials.uids.effective;
            let is_it = own == 0 || credentials.same_id(own, uid) == Some(true);
            Answer::new(is_it, "R7", format!("it is uid {own}, and not {uid}"), "")
        });
        if !ability.is_no() {
            let says = format!(
                "it can connect to {}, by which {who} is controlled",
                listener.name
            );
            let verdict = ability
                .verdict(Verdict::SharedOnly)
                .min(Verdict::Conditional);
            let finding = Finding::new(&ABSTRACT_SOCKET, Severity::Critical, verdict, says);
            return Some(ability.settle(inode(finding)).provided(*precondition));
        }
    }
    let severity = match owner.is_some_and(|owner| is_same_pod(case, owner)) {
        true => Severity::Info,
        false => Severity::Medium,
    };
    let says = format!("it can connect to {} of {who}", listener.name);
    let verdict = Verdict::Exploitable;
    Some(inode(Finding::new(
        &ABSTRACT_SOCKET,
        severity,
        verdict,
        says,
    )))
}

/// The containers of a pod share their network by design.
fn is_same_pod(case: &Case<'_>, owner: &Process) -> bool {
    let own = case
        .container
        .as_ref()
        .and_then(|it| it.pod.as_ref()?.uid.clone());
    let other = containers::identity(case.snapshot, owner);
    own.is_some() && own == other.and_then(|it| it.pod?.uid)
}
