//! NSA-501: it is in namespaces of a container, and its cgroup is not.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::traces::{beyond, is_less_filtered, named, status_of, visited};
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-501",
    title: "a visitor from outside",
    worst: Severity::Medium,
    why: "Somebody has joined the container's namespaces from outside and past the engine. nsenter and \
          debuggers look like this, and so does an attacker on the host who hides in a container. Such \
          a process is not bound by the container's limits, and often has rights that nothing in there \
          should have: what else runs in the container can try to take it over.",
    remedy: "find out who it is: nsenter and debuggers look so; an engine's own exec puts its processes into the container's cgroup",
    remedies: &[
        (
            "docker",
            "use docker exec, which keeps to the container's limits",
        ),
        (
            "podman",
            "use podman exec, which keeps to the container's limits",
        ),
        (
            "kubernetes",
            "use kubectl exec or kubectl debug, which keep to the container's limits",
        ),
    ],
    references: &[],
    needs: &[Need::Namespaces, Need::Containers, Need::Credentials],
    asks: Asks::Everybody,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let host = visited(case.machine, case.process)?;
    let (own, theirs) = (case.status()?, status_of(host.init)?);
    let has_more = !beyond(own, theirs).is_empty() || is_less_filtered(own, theirs);
    let (severity, more) = match has_more {
        true => (
            Severity::Medium,
            ", with more power than is meant for in there",
        ),
        false => (Severity::Info, ""),
    };
    let why = format!(
        "it is in namespaces of {}, and its cgroup is not: somebody came in from outside{more}",
        host.name()
    );
    let path = named(case.process).map(|named| named.path);
    Some(
        Finding::new(&RULE, severity, Verdict::Exploitable, why)
            .seen(case.file("cgroup"), path.unwrap_or_default())
            .with(case.link(NsKind::Mnt))
            .with(case.link(NsKind::Pid))
            .with(case.line("CapEff")),
    )
}
