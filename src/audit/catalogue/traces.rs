//! Rules about signs that something has happened already.

use super::{ESCAPE, Rule};

pub static ESCAPED: Rule = Rule {
    id: "NSA-500",
    title: "it has left its container",
    remedy: "treat the machine as taken: keep it for whoever investigates (nsinspect snapshot), stop the process, renew what the host knew",
    remedies: &[],
    references: &[ESCAPE],
};

pub static FOREIGN_VISITOR: Rule = Rule {
    id: "NSA-501",
    title: "a visitor from outside",
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
};

pub static PRIVILEGED_SIBLING: Rule = Rule {
    id: "NSA-502",
    title: "more power than its container's init",
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
};

pub static KERNEL_HELPER: Rule = Rule {
    id: "NSA-503",
    title: "the kernel starts a program of a container's as root",
    remedy: "treat the machine as taken: keep it for whoever investigates (nsinspect snapshot), then set core_pattern, modprobe or release_agent back",
    remedies: &[],
    references: &[ESCAPE, "CVE-2022-0492"],
};

pub static THREADS_DIVERGE: Rule = Rule {
    id: "NSA-504",
    title: "threads in other namespaces than their process",
    remedy: "find out why: setns and unshare change one thread only, which hides it from whoever looks at processes",
    remedies: &[],
    references: &[],
};

/// In the order of their ids.
pub static ALL: [&Rule; 5] = [
    &ESCAPED,
    &FOREIGN_VISITOR,
    &PRIVILEGED_SIBLING,
    &KERNEL_HELPER,
    &THREADS_DIVERGE,
];
