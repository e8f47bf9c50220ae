//! NSA-020: it is in the host's network namespace. What its capabilities are worth there is NSA-107.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity};
use crate::audit::need::Need;
use crate::audit::questions::namespaces::{SOME, shared};
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, Rule};
use crate::model::{NsKey, NsKind};

pub static RULE: Rule = Rule {
    id: "NSA-020",
    title: "the host's network namespace",
    worst: Severity::Medium,
    why: "In the host's network namespace it reaches whatever listens on 127.0.0.1 or on an abstract \
          socket: kubelets, databases without a password, metadata proxies, debug ports. It can take \
          any free port of the host, and rules that filter the traffic of containers do not apply to \
          it. With CAP_NET_RAW or CAP_NET_ADMIN it also listens to the host's packets and redirects \
          them (NSA-107).",
    remedy: "give it a network namespace of its own",
    remedies: &[
        ("docker", "start it without --network=host"),
        ("podman", "start it without --network=host"),
        ("kubernetes", "hostNetwork: false"),
        ("systemd", "PrivateNetwork=yes"),
        ("runc", "an entry network in linux.namespaces"),
        ("bwrap", "--unshare-net"),
        ("lxc", "lxc.net.0.type = veth, or empty"),
        ("systemd-nspawn", "--private-network"),
    ],
    references: &[
        ESCAPE,
        "ATT&CK T1557",
        "ATT&CK T1040",
        "CIS Docker 5.10",
        BASELINE,
        "Kubescape C-0041",
    ],
    needs: &[Need::Namespaces, Need::HostListeners],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let why = "it reaches what listens on the host's loopback and on abstract sockets, which takes \
               no capability";
    let finding = shared(case, NsKind::Net, &RULE, Severity::Medium, why)?;
    let kind = NsKind::Net;
    let inode = kind.initial_inode();
    let host = case.process.links.own(kind).get().unwrap_or(inode);
    let facts = case.snapshot.namespaces.get(&NsKey { kind, inode: host });
    let listening = facts.and_then(|it| it.facts.listening.known());
    Some(match listening {
        Some(all) if !all.is_empty() => {
            let named = all
                .iter()
                .take(SOME)
                .map(|it| format!("{} {}", it.protocol, it.address));
            let named: Vec<String> = named.collect();
            let source = format!("sock_diag in net:[{host}]");
            finding.seen(
                source,
                format!("{} listen: {}", all.len(), named.join(", ")),
            )
        }
        _ => finding,
    })
}
