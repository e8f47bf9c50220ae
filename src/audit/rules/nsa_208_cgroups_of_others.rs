//! NSA-208: cgroup file systems that it may write.

use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{bits, inode, merged, unknown};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::MountPoint;
use crate::model::mount::{Mount, below};
use crate::model::{Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-208",
    title: "cgroups of others can be changed",
    worst: Severity::Medium,
    why: "A writable cgroup file system that shows more than the container's own cgroup lets it lift \
          its own limits, and freeze, kill or starve what runs in the cgroups of others. With version \
          1 it leads on to release_agent (NSA-207).",
    remedy: "mount /sys/fs/cgroup read-only, or give it a cgroup namespace of its own",
    remedies: &[
        ("docker", "drop -v /sys/fs/cgroup:…; --cgroupns=private"),
        ("podman", "drop -v /sys/fs/cgroup:…; --cgroupns=private"),
        ("kubernetes", "drop the hostPath volume of /sys/fs/cgroup"),
        ("lxc", "lxc.mount.auto = cgroup:mixed"),
        ("systemd", "ProtectControlGroups=yes"),
    ],
    references: &[ESCAPE],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Containers,
        Need::Mounts,
        Need::MountPoints,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mounts = case
        .shown()
        .filter(|(mount, _)| mount.fstype.starts_with("cgroup"));
    let found = mounts.filter_map(|(mount, point)| writable(case, mount, point));
    let gap = case.mounts().err();
    let gap = gap.map(|why| unknown(&RULE, Severity::Medium, "its mounts", &why));
    merged(found.collect()).into_iter().chain(gap).collect()
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
                &RULE,
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
    let mut finding = Finding::new(&RULE, severity, verdict, why);
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
