//! NSA-404: its keyrings are the host's. Keyrings of a uid belong to that uid in one user namespace.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-404",
    title: "the host's keyrings",
    worst: Severity::Low,
    why: "The kernel's keyrings hold keys of encrypted file systems, Kerberos tickets and tokens. They \
          belong to a uid in a user namespace, and not to a container: without a user namespace of its \
          own, a container shares those of its uid with the host and with every other container of \
          that uid. The seccomp filters of engines forbid the calls.",
    remedy: "give it a user namespace, or forbid keyctl, add_key and request_key by seccomp",
    remedies: &[
        (
            "docker",
            "\"userns-remap\": \"default\" in daemon.json, or the engine's own seccomp filter",
        ),
        (
            "podman",
            "--userns=auto, or the engine's own seccomp filter",
        ),
        (
            "kubernetes",
            "hostUsers: false, or seccompProfile: type: RuntimeDefault",
        ),
        (
            "systemd",
            "KeyringMode=private and SystemCallFilter=~@keyring",
        ),
    ],
    references: &[],
    needs: &[Need::Namespaces, Need::Credentials],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::User) {
        return None;
    }
    let uid = case.process.uid.get();
    let uid = uid.map_or("its uid".to_owned(), |uid| format!("uid {uid}"));
    let why =
        format!("the keyrings of {uid} are the host's: no namespace parts them but a user one");
    let finding = Finding::new(&RULE, Severity::Low, Verdict::Conditional, why)
        .with(case.link(NsKind::User))
        .with(case.line("Seccomp"))
        .provided(format!(
            "a program of the host keeps a key in the keyring of {uid}"
        ));
    Some(match case.filter() {
        Some(filter) => finding.provided(filter),
        None => finding,
    })
}
