//! NSA-001: it has no user namespace of its own. A map that maps every id to itself proves nothing: a child
//! user namespace can have it.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::{NsKind, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-001",
    title: "no user namespace of its own",
    worst: Severity::Low,
    why: "Without a user namespace of its own, root in the container is root on the host: files that \
          it makes belong to root, and its capabilities count against the whole kernel. What keeps it \
          in are the other barriers only (mounts, capabilities, seccomp), and one mistake in any of \
          them is enough. With a user namespace the same mistake ends as an ordinary user.",
    remedy: "give it a user namespace whose root is an ordinary user outside",
    remedies: &[
        ("docker", "\"userns-remap\": \"default\" in daemon.json"),
        ("podman", "--userns=auto"),
        ("kubernetes", "hostUsers: false in the pod"),
        ("systemd", "PrivateUsers=yes"),
        ("systemd-nspawn", "-U"),
        ("lxc", "lxc.idmap, as for an unprivileged container"),
        (
            "runc",
            "linux.namespaces user, with uidMappings and gidMappings to ordinary ids",
        ),
    ],
    references: &[ESCAPE, "CIS Docker 2.9", "CIS Docker 5.31"],
    needs: &[Need::Namespaces],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let verdict = match case.shares_host(NsKind::User) {
        Seen::Known(false) => return None,
        Seen::Known(true) => Verdict::Exploitable,
        Seen::Unknown(_) => Verdict::Unknown,
    };
    let why = match verdict {
        Verdict::Unknown => "its user namespace could not be read",
        _ => "its ids and capabilities are those of the host: root in there is root out here",
    };
    Some(Finding::new(&RULE, Severity::Low, verdict, why).with(case.link(NsKind::User)))
}
