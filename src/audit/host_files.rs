//! NSA-201, NSA-202 and NSA-210: files and directories of the host, by where they are on the host:
//! a mount table has no word for "bind", but file system and directory lead there.

use super::ability::{Ability, mounts_are_hosts};
use super::case::Case;
use super::catalogue::{HOST_BIND_WRITABLE, HOST_ROOT_VISIBLE, Rule, SETUID_ON_HOST};
use super::exposed::{bits, inode, merged, no_host_table, unknown};
use super::finding::{Finding, Severity, Verdict};
use super::mounts::HostPath;
use crate::analyse::power::files::{Access, Inode, may_access};
use crate::model::Place;
use crate::model::container::is_hash;
use crate::model::exposure::{FileKind, MountPoint};
use crate::model::mount::{Mount, below};

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
fn weight(path: &str) -> Severity {
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
struct Bind<'a> {
    mount: &'a Mount,
    point: &'a MountPoint,
    host: HostPath<'a>,
}

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let gap = match case.exposure() {
        Ok(exposure) => exposure.mount_points.gap.clone(),
        Err(why) => Some(why),
    };
    let gap = gap
        .or_else(|| case.mounts().err())
        .or_else(|| no_host_table(case));
    let binds: Vec<Bind<'_>> = case
        .shown()
        .filter_map(|(mount, point)| {
            let host = case.on_host(mount)?;
            let bind = Bind { mount, point, host };
            (is_file(&bind) && !is_own(case, &bind)).then_some(bind)
        })
        .collect();
    let mut tell =
        |rule: &'static Rule, severity, judge: fn(&Case<'_>, &Bind<'_>) -> Option<Finding>| {
            let found = merged(binds.iter().filter_map(|bind| judge(case, bind)).collect());
            let is_live = found.as_ref().is_some_and(Finding::is_live);
            findings.extend(found);
            if let (Some(why), false) = (&gap, is_live) {
                findings.push(unknown(rule, severity, "its mounts of the host", why));
            }
        };
    tell(&HOST_BIND_WRITABLE, Severity::Critical, writable);
    tell(&HOST_ROOT_VISIBLE, Severity::High, readable);
    // Whoever is root of the host already needs no more.
    let is_root = binds
        .iter()
        .filter_map(|bind| writable(case, bind))
        .any(|found| found.severity == Severity::Critical && found.verdict == Verdict::Exploitable);
    if !is_root {
        tell(&SETUID_ON_HOST, Severity::High, setuid);
    }
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
        let is_it =
            |it: &crate::model::container::RuntimeMount| it.mount_point == bind.mount.mount_point;
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

fn writable(case: &Case<'_>, bind: &Bind<'_>) -> Option<Finding> {
    let file = bind.point.file;
    let by_bits = Ability::of(case, |credentials| {
        may_access(credentials, inode(file), Access::Write)
    });
    let ability = unlocked(case, bind).and(|| by_bits);
    let (at, path) = (&bind.mount.mount_point, &bind.host.path);
    let severity = weight(path);
    let why = match &ability {
        // What is there to read is another finding.
        Ability::No(_) if severity == Severity::Medium => return None,
        Ability::No(reason) => format!("{at} is {path} of the host, but {reason}"),
        _ if bind.mount.read_only => {
            format!("{at} is {path} of the host, read-only, and it can mount it anew for writing")
        }
        _ => format!("{at} is {path} of the host, and it may write there"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let finding = Finding::new(&HOST_BIND_WRITABLE, severity, verdict, why);
    Some(ability.settle(evidence(case, bind, finding)))
}

fn evidence(case: &Case<'_>, bind: &Bind<'_>, mut finding: Finding) -> Finding {
    finding.evidence.push(case.mount_line(bind.mount));
    finding
        .evidence
        .push(bits(&bind.mount.mount_point, &bind.point.file));
    finding
}

/// What only root of the host may read: /etc/shadow, keys, the files of other containers.
const SECRET: Inode = Inode {
    uid: 0,
    gid: 0,
    mode: 0o600,
    is_directory: false,
};

fn readable(case: &Case<'_>, bind: &Bind<'_>) -> Option<Finding> {
    let file = bind.point.file;
    // One file that everybody may read is no secret; of a folder, what root keeps there is.
    let wanted = match file.kind {
        FileKind::Directory => SECRET,
        _ if file.mode & 0o004 != 0 => return None,
        _ => inode(file),
    };
    let (at, path) = (&bind.mount.mount_point, &bind.host.path);
    if weight(path) != Severity::Critical {
        return None;
    }
    // Whoever may write there needs no reading: that is told already.
    if writable(case, bind).is_some_and(|it| it.is_live()) {
        return None;
    }
    let ability = Ability::of(case, |credentials| {
        let through = match file.kind {
            FileKind::Directory => may_access(credentials, inode(file), Access::Execute),
            _ => may_access(credentials, wanted, Access::Read),
        };
        through.and(|| may_access(credentials, wanted, Access::Read))
    });
    let why = match &ability {
        Ability::No(reason) => {
            format!("{at} is {path} of the host, but not root's files: {reason}")
        }
        _ => format!("{at} is {path} of the host, and it may read what only root may read"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let finding = Finding::new(&HOST_ROOT_VISIBLE, Severity::High, verdict, why);
    Some(ability.settle(evidence(case, bind, finding)))
}

/// The set-user-ID bit counts where users of the host run the file: by the host's mount, whatever
/// the process's own says.
fn setuid(case: &Case<'_>, bind: &Bind<'_>) -> Option<Finding> {
    let is_told = weight(&bind.host.path) == Severity::Critical;
    let is_directory = bind.point.file.kind == FileKind::Directory;
    if is_told || !is_directory || bind.mount.read_only || bind.host.mount.has_option("nosuid") {
        return None;
    }
    let ability = Ability::of(case, |credentials| {
        let is_root = credentials.uids.fs == 0 && credentials.ids_are_exact;
        let says = "what it makes does not belong to root of the host";
        crate::analyse::power::Answer::new(is_root, "R7", says, "")
            .and(|| may_access(credentials, inode(bind.point.file), Access::Write))
    });
    if ability.is_no() {
        return None;
    }
    let why = format!(
        "it can make set-user-ID programs of root in {}, and the host's mount is not nosuid",
        bind.host.path
    );
    let verdict = ability
        .verdict(Verdict::Mitigated)
        .min(Verdict::Conditional);
    let finding = Finding::new(&SETUID_ON_HOST, Severity::High, verdict, why);
    let finding = evidence(case, bind, finding).seen(
        "mountinfo of the host",
        format!(
            "{} {}",
            bind.host.mount.mount_point, bind.host.mount.options
        ),
    );
    let reach = format!("a user of the host can get to {}", bind.host.path);
    Some(ability.settle(finding).provided(reach))
}
