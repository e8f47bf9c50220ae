//! NSA-021: abstract unix sockets belong to the network namespace, and nothing but the listener itself asks who
//! connects.

use crate::analyse::containers;
use crate::analyse::power::Answer;
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{called, told, unknown};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::Listener;
use crate::model::{NsKind, Process, Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-021",
    title: "abstract sockets of others can be connected to",
    worst: Severity::Critical,
    why: "An abstract unix socket has no file, and so no permission bits: it belongs to the network \
          namespace, and whoever is in there may connect. Only the program that listens can ask who it \
          is, and some do not. From any container in the host's network namespace the shims of \
          containerd before 1.3.9 and 1.4.3 could be told to start a container with the host's files \
          (CVE-2020-15257).",
    remedy: "give it a network namespace of its own",
    remedies: &[
        ("docker", "drop --network=host"),
        ("podman", "drop --network=host"),
        ("kubernetes", "hostNetwork: false in the pod"),
        ("systemd", "PrivateNetwork=yes"),
        ("systemd-nspawn", "--private-network"),
    ],
    references: &[ESCAPE, "CVE-2020-15257"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::AbstractSockets,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

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

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Seen::Known(net) = *case.process.links.own(NsKind::Net) else {
        return Vec::new();
    };
    // Nobody looked where it shares its network namespace with nobody.
    let Some(part) = case.snapshot.listeners.get(&net) else {
        return Vec::new();
    };
    let what = "who listens in its network namespace";
    let gap = |why: &Why| unknown(&RULE, Severity::Medium, what, why);
    let found = part.found.iter().filter_map(|it| judge(case, it));
    told(gap, part.gap.as_ref(), found.collect())
}

fn judge(case: &Case<'_>, listener: &Listener) -> Option<Finding> {
    let inode = |finding: Finding| {
        let source = case.file("net/unix");
        finding.seen(source, format!("{} listening", listener.name))
    };
    let Some(pid) = listener.pid else {
        let says = "who listens on an abstract socket of its network namespace is not known";
        let finding = Finding::new(&RULE, Severity::Medium, Verdict::Unknown, says);
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
            let finding = Finding::new(&RULE, Severity::Critical, verdict, says);
            return Some(ability.settle(inode(finding)).provided(*precondition));
        }
    }
    let severity = match owner.is_some_and(|owner| is_same_pod(case, owner)) {
        true => Severity::Info,
        false => Severity::Medium,
    };
    let says = format!("it can connect to {} of {who}", listener.name);
    let verdict = Verdict::Exploitable;
    Some(inode(Finding::new(&RULE, severity, verdict, says)))
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
