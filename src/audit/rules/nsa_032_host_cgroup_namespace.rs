//! NSA-032: it is in the host's cgroup namespace.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity};
use crate::audit::need::Need;
use crate::audit::questions::namespaces::shared;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-032",
    title: "the host's cgroup namespace",
    worst: Severity::Low,
    why: "Without a cgroup namespace of its own, /proc/self/cgroup tells the host's full paths: which \
          engine runs it, its id on the host, its pod. It is also one of the conditions for \
          release_agent, by which cgroups of version 1 have the kernel start a program on the host \
          (NSA-207).",
    remedy: "give it a cgroup namespace of its own",
    remedies: &[
        ("docker", "--cgroupns=private"),
        ("podman", "--cgroupns=private"),
        ("systemd", "ProtectControlGroups=private (systemd 257)"),
        ("runc", "an entry cgroup in linux.namespaces"),
        ("bwrap", "--unshare-cgroup"),
    ],
    references: &[],
    needs: &[Need::Namespaces],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let why = "it sees the host's cgroup paths, and release_agent may be open to it if it has \
               CAP_SYS_ADMIN";
    shared(case, NsKind::Cgroup, &RULE, Severity::Low, why)
}
