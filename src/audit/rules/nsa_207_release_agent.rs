//! NSA-207: release_agent, which is in the topmost directory of a hierarchy of version 1 only. That it can be opened
//! for writing says nothing: the write is what is refused (cgroup_release_agent_write).

use crate::analyse::power::operations::{Operation, may};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::mount::Mount;

pub static RULE: Rule = Rule {
    id: "NSA-207",
    title: "the kernel can be made to run a program by release_agent",
    worst: Severity::Critical,
    why: "The topmost directory of a cgroup hierarchy of version 1 has a file release_agent: the \
          program that the kernel starts, as root of the host, when a cgroup has become empty. A \
          container that can write it, or may mount such a hierarchy, runs what it likes on the host. \
          That takes CAP_SYS_ADMIN, which kernels before the fix of CVE-2022-0492 forgot to ask for.",
    remedy: "drop CAP_SYS_ADMIN, or give it a cgroup namespace of its own",
    remedies: &[
        (
            "docker",
            "drop --privileged and --cap-add SYS_ADMIN; --cgroupns=private",
        ),
        (
            "podman",
            "drop --privileged and --cap-add SYS_ADMIN; --cgroupns=private",
        ),
        (
            "kubernetes",
            "privileged: false, no SYS_ADMIN in capabilities.add",
        ),
    ],
    references: &[ESCAPE, "CVE-2022-0492"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let able = |operation| {
        Ability::of(case, |credentials| {
            may(case.snapshot, credentials, case.process, operation)
        })
    };
    let is_top = |mount: &&Mount| mount.fstype == "cgroup" && mount.root == "/" && !mount.read_only;
    let mounted = case.mounts().ok()?.iter().find(is_top);
    let by_mount = match mounted {
        Some(_) => able(Operation::WriteReleaseAgent),
        None => Ability::No("no hierarchy of version 1 is mounted".to_owned()),
    };
    let ability = by_mount.or(|| {
        able(Operation::MountNewCgroupHierarchy)
            .and(|| able(Operation::WriteReleaseAgent))
            .and(|| has_version_1(case))
    });
    let why = match (&ability, mounted) {
        (Ability::No(_), None) => return None,
        (Ability::No(reason), Some(mount)) => {
            format!(
                "{} is the top of a hierarchy, but {reason}",
                mount.mount_point
            )
        }
        (_, Some(mount)) => format!("it can set the release_agent in {}", mount.mount_point),
        (_, None) => "it can mount a hierarchy of version 1 and set its release_agent".to_owned(),
    };
    let verdict = ability.verdict(Verdict::SharedOnly);
    let mut finding = Finding::new(&RULE, Severity::Critical, verdict, why);
    finding
        .evidence
        .extend(mounted.map(|mount| case.mount_line(mount)));
    let status = case.details().and_then(|details| details.status.known());
    if let Some(status) = status {
        let effective = format!("CapEff {:016x}", status.capabilities.effective.0);
        finding = finding.seen(case.file("status"), effective);
    }
    Some(ability.settle(finding))
}

/// Whether this kernel is known to have cgroups of version 1: somebody has mounted some.
fn has_version_1(case: &Case<'_>) -> Ability {
    let host = case.snapshot.host_mounts.known().into_iter().flatten();
    let mut all = host.chain(case.mounts().unwrap_or_default());
    match all.any(|mount| mount.fstype == "cgroup") {
        true => Ability::Yes,
        false => Ability::If("the kernel still has version 1 of cgroups".to_owned()),
    }
}
