//! NSA-207 and NSA-208: cgroup file systems.

use super::ability::Ability;
use super::case::Case;
use super::catalogue::{CGROUPFS, RELEASE_AGENT};
use super::exposed::{bits, inode, merged, unknown};
use super::finding::{Finding, Severity, Verdict};
use crate::analyse::power::files::{Access, may_access};
use crate::analyse::power::operations::{Operation, may};
use crate::model::exposure::MountPoint;
use crate::model::mount::{Mount, below};
use crate::model::{Seen, Why};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.extend(release_agent(case));
    let mounts = case
        .shown()
        .filter(|(mount, _)| mount.fstype.starts_with("cgroup"));
    let found = mounts.filter_map(|(mount, point)| writable(case, mount, point));
    findings.extend(merged(found.collect()));
    if let Err(why) = case.mounts() {
        findings.push(unknown(&CGROUPFS, Severity::Medium, "its mounts", &why));
    }
}

/// A release_agent is in the topmost directory of a hierarchy of version 1 only. That it can be
/// opened for writing says nothing: the write is what is refused (cgroup_release_agent_write).
fn release_agent(case: &Case<'_>) -> Option<Finding> {
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
    let mut finding = Finding::new(&RELEASE_AGENT, Severity::Critical, verdict, why);
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

fn writable(case: &Case<'_>, mount: &Mount, point: &MountPoint) -> Option<Finding> {
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    if mount.read_only || is_read_only(&mount.super_options) {
        return None;
    }
    let own = match own_path(case, mount) {
        Seen::Known(own) => own,
        Seen::Unknown(why) => {
            return Some(unknown(
                &CGROUPFS,
                Severity::Medium,
                "which cgroup it is in",
                &why,
            ));
        }
    };
    let (at, root) = (&mount.mount_point, &mount.root);
    let is_own = *root == own && root != "/" || is_named_after(case, root);
    // Above its own, or beside it: either way it is of others.
    let whose = match below(root, &own) {
        _ if is_own => "its own cgroups",
        Some(_) => "cgroups above its own, and those of others",
        None => "cgroups of others",
    };
    let ability = Ability::of(case, |credentials| {
        may_access(credentials, inode(point.file), Access::Write)
    });
    let severity = match is_own {
        true => Severity::Info,
        false => Severity::Medium,
    };
    let why = match &ability {
        Ability::No(_) if is_own => return None,
        Ability::No(reason) => format!("{at} shows {whose}, but {reason}"),
        _ => format!("in {at} it can change {whose}: limits, and what runs"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let mut finding = Finding::new(&CGROUPFS, severity, verdict, why);
    finding.evidence.push(case.mount_line(mount));
    finding.evidence.push(bits(at, &point.file));
    Some(ability.settle(finding.seen(case.file("cgroup"), own)))
}

/// Its cgroup in the hierarchy that is mounted there.
fn own_path(case: &Case<'_>, mount: &Mount) -> Seen<String> {
    let options: Vec<&str> = mount.super_options.split(',').collect();
    Seen::clone(&case.process.cgroups).and_then(|entries| {
        let is_it = |controllers: &str| match mount.fstype.as_str() {
            "cgroup2" => controllers.is_empty(),
            _ => !controllers.is_empty() && controllers.split(',').all(|it| options.contains(&it)),
        };
        let entry = entries.iter().find(|entry| is_it(&entry.controllers));
        let path = entry.map(|entry| entry.path.clone());
        path.filter(|path| !path.starts_with("/..")).map_or_else(
            || Seen::Unknown(Why::failed("it has no path here")),
            Seen::Known,
        )
    })
}

/// Whether a cgroup is called after the container: then it is its own, also where the process is in
/// one below.
fn is_named_after(case: &Case<'_>, root: &str) -> bool {
    let id = case.container.as_ref().map(|it| it.container.id.as_str());
    id.is_some_and(|id| root != "/" && root.split('/').any(|part| part.contains(id)))
}
