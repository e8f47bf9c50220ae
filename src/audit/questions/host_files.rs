//! Files and directories of the host within a process's mounts, by where they are on the host: a mount
//! table has no word for "bind", but file system and directory lead there.

use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity};
use crate::audit::mounts::HostPath;
use crate::audit::questions::ability::{Ability, mounts_are_hosts};
use crate::audit::questions::exposed::{bits, inode, no_host_table, told, unknown};
use crate::audit::rule::Rule;
use crate::model::container::{RuntimeMount, is_hash};
use crate::model::exposure::{FileKind, MountPoint};
use crate::model::mount::{Mount, below};
use crate::model::{Author, Place, Why};

/// Whoever writes there is root of the host, at once or at its next start.
const ROOT_OF_HOST: [&str; 22] = [
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/root",
    "/run/containerd",
    "/run/crio",
    "/run/dbus",
    "/run/docker",
    "/run/podman",
    "/run/systemd",
    "/run/udev",
    "/sbin",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/spool/cron",
    "/var/lib/rancher",
];

/// Files of people, and logs that agents follow links in.
const OF_PEOPLE: [&str; 3] = ["/home", "/opt", "/var/log"];

/// How bad it is to write there: at or below one of these, or above one of them.
pub fn worth(path: &str) -> Severity {
    let touches = |all: &[&str]| {
        let touches = |it: &&str| below(it, path).is_some() || below(path, it).is_some();
        all.iter().any(touches)
    };
    if touches(&ROOT_OF_HOST) {
        Severity::Critical
    } else if touches(&OF_PEOPLE) {
        Severity::High
    } else {
        Severity::Medium
    }
}

/// A file or directory of the host within the process's mounts.
pub struct Bind<'a> {
    pub mount: &'a Mount,
    pub point: &'a MountPoint,
    pub host: HostPath<'a>,
}

/// All of them, but for what the runtime has made for the container.
pub fn binds<'a>(case: &Case<'a>) -> Vec<Bind<'a>> {
    let of_host = case.shown().filter_map(|(mount, point)| {
        let host = case.on_host(mount)?;
        Some(Bind { mount, point, host })
    });
    of_host
        .filter(|bind| is_file(bind) && !is_own(case, bind))
        .collect()
}

/// What a rule finds among them; where not all could be looked at and nothing is proven, that, with
/// the worst that it could have been.
pub fn by_bind(
    case: &Case<'_>,
    rule: &'static Rule,
    worst: Severity,
    judge: fn(&Case<'_>, &Bind<'_>) -> Option<Finding>,
) -> Vec<Finding> {
    let gap = match case.exposure() {
        Ok(exposure) => exposure.mount_points.gap.clone(),
        Err(why) => Some(why),
    };
    let gap = gap
        .or_else(|| case.mounts().err())
        .or_else(|| no_host_table(case));
    let found = case.binds().iter().filter_map(|bind| judge(case, bind));
    let unknown = |why: &Why| unknown(rule, worst, "its mounts of the host", why);
    told(unknown, gap.as_ref(), found.collect())
}

/// Devices and sockets have findings of their own.
fn is_file(bind: &Bind<'_>) -> bool {
    matches!(
        bind.point.file.kind,
        FileKind::Directory | FileKind::Regular
    )
}

/// What the runtime has made for the container: its root file system, and what it keeps for it.
fn is_own(case: &Case<'_>, bind: &Bind<'_>) -> bool {
    let path = bind.host.path.as_str();
    let parts: Vec<&str> = path.split('/').collect();
    if bind.mount.mount_point == "/" {
        // A root that is a folder somewhere; but one that is the host's own root is none.
        let is_tree = ["/", "/usr", "/etc", "/home", "/var", "/root"].contains(&path);
        return !is_tree;
    }
    let id = case.container.as_ref().map(|it| it.container.id.as_str());
    let has_id = id.is_some_and(|id| is_hash(id) && parts.contains(&id));
    let is_volume = parts
        .windows(3)
        .any(|it| it[0] == "volumes" && it[2] == "_data");
    let is_sandbox = parts
        .windows(2)
        .any(|it| it[0] == "sandboxes" && is_hash(it[1]));
    let is_pod = parts
        .windows(2)
        .any(|it| it[0] == "kubelet" && it[1] == "pods")
        && parts.len() > 6;
    let traces = case.snapshot.traces.get(&Place::of(case.process));
    let by_runtime = traces.and_then(|traces| traces.mounts.known());
    let is_told = by_runtime.is_some_and(|mounts| {
        // What a user has bound over it by herself only looks like that.
        let is_it = |it: &RuntimeMount| {
            it.author != Author::Anyone && it.mount_point == bind.mount.mount_point
        };
        mounts.iter().any(is_it)
    });
    has_id || is_volume || is_sandbox || is_pod || is_told
}

fn super_read_only(mount: &Mount) -> bool {
    mount.super_options.split(',').any(|option| option == "ro")
}

/// Whether it can write through the mount: a read-only one is a barrier unless it may undo that.
fn unlocked(case: &Case<'_>, bind: &Bind<'_>) -> Ability {
    match (bind.mount.read_only, super_read_only(bind.mount)) {
        (false, false) => Ability::Yes,
        (true, false) if mounts_are_hosts(case) => match Ability::to_mount(case) {
            Ability::No(_) => Ability::No("it is mounted read-only".to_owned()),
            able => able,
        },
        _ => Ability::No("it is mounted read-only".to_owned()),
    }
}

/// Whether it may write there: by its credentials and through the mount.
pub fn may_write(case: &Case<'_>, bind: &Bind<'_>) -> Ability {
    let file = bind.point.file;
    let by_bits = Ability::of(case, |credentials| {
        may_access(credentials, inode(file), Access::Write)
    });
    unlocked(case, bind).and(|| by_bits)
}

/// The finding with the mount, and owner and bits of what is there.
pub fn evidence_of_bind(case: &Case<'_>, bind: &Bind<'_>, mut finding: Finding) -> Finding {
    finding.evidence.push(case.mount_line(bind.mount));
    finding
        .evidence
        .push(bits(&bind.mount.mount_point, &bind.point.file));
    finding
}
