//! NSA-300 to NSA-303: what a process holds. A descriptor needs no path, so that neither mount
//! namespace nor root directory stand in its way.

use std::collections::BTreeSet;

use super::ability::Ability;
use super::case::Case;
use super::catalogue::{DEVICE_OR_SOCKET_HELD, FOREIGN_EXE, FOREIGN_HANDLE, NAMESPACE_HELD, Rule};
use super::exposed::{bits, called, inode, merged, unknown};
use super::finding::{Finding, Severity, Verdict};
use super::{control_sockets, devices};
use crate::analyse::power::files::{Access, Inode, may_access};
use crate::analyse::power::{setns, userns};
use crate::model::exposure::{Anchor, File, FileKind, Handle};
use crate::model::{NsKey, NsKind, Pid, Seen};

/// What one handle is by one rule.
type OfHandle = fn(&Case<'_>, &Origins, &Handle) -> Option<Finding>;

/// In the order of their ids.
const RULES: [OfHandle; 4] = [foreign_file, namespace, program, device_or_socket];

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return tell_gap(findings, &[], &why),
    };
    let origins = Origins::of(case);
    let mut told: Vec<&'static str> = Vec::new();
    for rule in RULES {
        let handles = exposure.handles.found.iter();
        let found = merged(handles.filter_map(|it| rule(case, &origins, it)).collect());
        told.extend(
            found
                .as_ref()
                .filter(|it| it.is_live())
                .map(|it| it.rule.id),
        );
        findings.extend(found);
    }
    if let Some(why) = &exposure.handles.gap {
        tell_gap(findings, &told, why);
    }
}

fn tell_gap(findings: &mut Vec<Finding>, told: &[&str], why: &crate::model::Why) {
    let rules: [(&'static Rule, Severity); 4] = [
        (&FOREIGN_HANDLE, Severity::Critical),
        (&NAMESPACE_HELD, Severity::Critical),
        (&FOREIGN_EXE, Severity::Medium),
        (&DEVICE_OR_SOCKET_HELD, Severity::Critical),
    ];
    for (rule, severity) in rules {
        if !told.contains(&rule.id) {
            findings.push(unknown(rule, severity, "what it holds open", why));
        }
    }
}

/// Which mounts are whose, by their ids: the kernel gives each to one mount of the whole machine.
struct Origins {
    own: BTreeSet<i32>,
    /// In the host's table, or in its own mount namespace where no path leads.
    outside: BTreeSet<i32>,
}

impl Origins {
    fn of(case: &Case<'_>) -> Origins {
        let ids = |mounts: &[crate::model::mount::Mount]| {
            mounts
                .iter()
                .map(|mount| mount.id)
                .collect::<BTreeSet<i32>>()
        };
        let mut own = ids(case.mounts().unwrap_or_default());
        let mut outside = case
            .snapshot
            .host_mounts
            .known()
            .map_or_else(BTreeSet::new, |it| ids(it));
        let exposure = case.exposure().ok();
        let hidden = exposure.and_then(|it| it.hidden_mounts.known());
        let hidden = hidden.into_iter().flatten().map(|mount| mount.id);
        // In a chroot its mount table shows a part, and the rest is still its own.
        let root = case.details().and_then(|details| details.root.known());
        match root.is_some_and(|root| root.path != "/") {
            true => {
                own.extend(hidden);
                let handles = exposure.into_iter().flat_map(|it| &it.handles.found);
                own.extend(
                    handles
                        .filter(|it| it.name == "root")
                        .filter_map(|it| it.mount),
                );
            }
            false => outside.extend(hidden),
        }
        Origins { own, outside }
    }

    fn is_outside(&self, mount: i32) -> bool {
        !self.own.contains(&mount) && self.outside.contains(&mount)
    }
}

fn source(handle: &Handle) -> String {
    format!("/proc/{}/{}", handle.tid, handle.name)
}

fn evidence(finding: Finding, handle: &Handle) -> Finding {
    let finding = finding.seen(source(handle), handle.target.clone());
    match handle.mount {
        Some(mount) => finding.seen(
            format!("statx of {}", source(handle)),
            format!("mount {mount}, which is not in its mountinfo"),
        ),
        None => finding,
    }
}

/// What only root of the host may write: whoever gets to it has the host.
const ROOTS: Inode = Inode {
    uid: 0,
    gid: 0,
    mode: 0o600,
    is_directory: false,
};

fn foreign_file(case: &Case<'_>, origins: &Origins, handle: &Handle) -> Option<Finding> {
    let (file, mount) = (handle.file?, handle.mount?);
    if handle.name == "exe" || origins.own.contains(&mount) {
        return None;
    }
    let finding = match file.kind {
        FileKind::Directory => directory(case, origins, handle, &file, mount),
        FileKind::Regular if origins.is_outside(mount) => regular(handle)?,
        _ => return None,
    };
    let mut finding = evidence(finding, handle);
    finding.evidence.push(bits(&source(handle), &file));
    Some(finding)
}

fn directory(
    case: &Case<'_>,
    origins: &Origins,
    handle: &Handle,
    file: &File,
    mount: i32,
) -> Finding {
    let enter = Ability::of(case, |it| may_access(it, inode(*file), Access::Execute));
    let as_root = Ability::of(case, |it| may_access(it, ROOTS, Access::Write));
    let severity = match as_root {
        Ability::No(_) => Severity::High,
        _ => Severity::Critical,
    };
    let name = &handle.name;
    let why = match &enter {
        Ability::No(reason) => format!("its {name} is a directory outside, but {reason}"),
        _ => {
            format!("its {name} is a directory outside of its mounts: what is below can be opened")
        }
    };
    let ability = match origins.is_outside(mount) {
        true => enter,
        false => enter.and(|| {
            Ability::If(
                "the directory leads out of the container: its mount is in no table".to_owned(),
            )
        }),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    ability.settle(Finding::new(&FOREIGN_HANDLE, severity, verdict, why))
}

/// A file that a runtime has left open; its standard streams are meant to be there.
fn regular(handle: &Handle) -> Option<Finding> {
    if matches!(handle.name.as_str(), "fd/0" | "fd/1" | "fd/2") {
        return None;
    }
    let flags = handle.flags.unwrap_or_default().cast_signed();
    let is_path = flags & O_PATH != 0;
    let may_write = !is_path && flags & ACCESS_MODE != 0;
    let (severity, how) = match may_write {
        true => (Severity::Medium, "for writing"),
        false => (Severity::Low, "for reading"),
    };
    let why = format!(
        "its {} is open {how} on a file outside of its mounts",
        handle.name
    );
    let verdict = Verdict::Exploitable;
    let finding = Finding::new(&FOREIGN_HANDLE, severity, verdict, why);
    Some(finding.seen(
        format!("/proc/{}/fdinfo", handle.tid),
        format!("flags {flags:o}"),
    ))
}

/// O_PATH and O_ACCMODE (include/uapi/asm-generic/fcntl.h).
const O_PATH: i32 = 0o10_000_000;
const ACCESS_MODE: i32 = 3;

fn namespace(case: &Case<'_>, _: &Origins, handle: &Handle) -> Option<Finding> {
    match handle.what.as_ref()? {
        anchor @ Anchor::Namespace { .. } => held(case, handle, anchor.namespace()?),
        Anchor::Process { pid } => process(case, handle, *pid),
        Anchor::Peer { .. } => None,
    }
}

fn held(case: &Case<'_>, handle: &Handle, key: NsKey) -> Option<Finding> {
    if case.process.links.keys().any(|own| own == key) || is_own_making(case, key) {
        return None;
    }
    let join = join(case, key);
    let severity = match case.snapshot.is_initial(key) {
        Seen::Known(false) => Severity::Medium,
        _ => Severity::Critical,
    };
    let whose = match severity {
        Severity::Critical => "the host's",
        _ => "another",
    };
    let name = &handle.name;
    let kind = key.kind;
    let why = match &join {
        Ability::No(reason) => {
            format!("its {name} is {whose} {kind} namespace, which it may not join: {reason}")
        }
        _ => format!("its {name} is {whose} {kind} namespace, which it may join"),
    };
    let verdict = join.verdict(Verdict::SharedOnly);
    let finding = Finding::new(&NAMESPACE_HELD, severity, verdict, why);
    Some(join.settle(finding.seen(source(handle), key.to_string())))
}

fn join(case: &Case<'_>, key: NsKey) -> Ability {
    Ability::of(case, |credentials| {
        setns::may_join(case.snapshot, credentials, case.process, key)
    })
}

/// Whether it, or what runs inside with it, has made a namespace: that is below its own, or nobody
/// but its own is in there.
fn is_own_making(case: &Case<'_>, key: NsKey) -> bool {
    let owner = userns::governing(case.snapshot, key).get();
    let own = case.process.links.own(NsKind::User).get();
    let is_hosts = own == Some(NsKind::User.initial_inode());
    if owner.is_some() && owner == own && !is_hosts {
        return true;
    }
    let namespace = case.snapshot.namespaces.get(&key);
    let lowest = namespace.and_then(|it| it.lowest);
    let is_below = |pid: Pid| {
        let other = case.snapshot.processes.get(pid)?;
        let theirs = other.links.own(NsKind::Pid).get()?;
        let pid_ns = case.process.links.own(NsKind::Pid).get()?;
        let is_hosts = pid_ns == NsKind::Pid.initial_inode();
        let below = crate::analyse::power::ptrace::is_below(case.snapshot, theirs, pid_ns);
        Some(!is_hosts && below == Seen::Known(true))
    };
    lowest.is_some_and(|pid| case.is_inside(pid) == Some(true) || is_below(pid) == Some(true))
}

/// A pidfd can be given to setns(2), which joins the namespaces of the process.
fn process(case: &Case<'_>, handle: &Handle, pid: Pid) -> Option<Finding> {
    if case.is_inside(pid) == Some(true) {
        return None;
    }
    let other = case.snapshot.processes.get(pid);
    let kind = NsKind::Mnt;
    let key = other.and_then(|it| it.links.own(kind).get());
    let join = match key {
        Some(inode) => join(case, NsKey { kind, inode }),
        None => Ability::Unknown(format!("the namespaces of process {pid}")),
    };
    let (name, who) = (&handle.name, called(other, pid));
    let why = match &join {
        Ability::No(reason) => {
            format!("its {name} is {who} outside, whose namespaces it may not join: {reason}")
        }
        _ => format!("its {name} is {who} outside, whose namespaces it may join"),
    };
    let verdict = join.verdict(Verdict::SharedOnly);
    let finding = Finding::new(&NAMESPACE_HELD, Severity::Critical, verdict, why);
    let fdinfo = format!(
        "/proc/{}/{}",
        handle.tid,
        handle.name.replace("fd/", "fdinfo/")
    );
    Some(join.settle(finding.seen(fdinfo, format!("Pid: {pid}"))))
}

/// Sandboxes whose first process is the sandbox program itself, from the host's files.
const SANDBOXES: [&str; 2] = ["bwrap", "firejail"];

fn program(case: &Case<'_>, origins: &Origins, handle: &Handle) -> Option<Finding> {
    let (file, mount) = (handle.file?, handle.mount?);
    if handle.name != "exe" || !origins.is_outside(mount) {
        return None;
    }
    let mut host = case.snapshot.host_mounts.known().into_iter().flatten();
    let is_read_only = host.any(|it| it.id == mount && it.read_only);
    let write = match is_read_only {
        true => Ability::No("its mount is read-only".to_owned()),
        false => Ability::of(case, |it| may_access(it, inode(file), Access::Write)),
    };
    let target = &handle.target;
    let name = target.rsplit('/').next().unwrap_or_default();
    let runtime = case
        .container
        .as_ref()
        .map(|it| it.container.runtime.as_str());
    let is_meant = SANDBOXES.contains(&name) && runtime == Some(name);
    let (severity, why) = match (&write, is_meant) {
        (_, true) => (
            Severity::Info,
            format!("it is {name} itself, by the host's file {target}"),
        ),
        (Ability::No(reason), false) => (
            Severity::Medium,
            format!("its program {target} is outside of its mounts; but {reason}"),
        ),
        (_, false) => (
            Severity::High,
            format!("its program {target} is outside, and what runs inside may write that"),
        ),
    };
    let verdict = match write.verdict(Verdict::SharedOnly) {
        Verdict::Exploitable => Verdict::Conditional,
        other => other,
    };
    let verdict = if is_meant {
        Verdict::SharedOnly
    } else {
        verdict
    };
    let finding = evidence(Finding::new(&FOREIGN_EXE, severity, verdict, why), handle);
    let mut finding = write.settle(finding);
    finding.evidence.push(bits(target, &file));
    Some(match verdict {
        Verdict::Conditional => {
            finding.provided("it has ended by then: a running program cannot be written (ETXTBSY)")
        }
        _ => finding,
    })
}

fn device_or_socket(case: &Case<'_>, _: &Origins, handle: &Handle) -> Option<Finding> {
    match (&handle.what, &handle.file) {
        (Some(Anchor::Peer { listener }), _) => {
            let grade = control_sockets::grade(case, listener)?;
            let verdict = match (grade.is_known, grade.precondition) {
                (false, _) => Verdict::Unknown,
                (true, None) => Verdict::Exploitable,
                (true, Some(_)) => Verdict::Conditional,
            };
            let why = format!(
                "its {} is connected to {}: {}",
                handle.name, listener.name, grade.who
            );
            let finding = Finding::new(&DEVICE_OR_SOCKET_HELD, grade.severity, verdict, why)
                .seen(source(handle), handle.target.clone())
                .seen("sock_diag UNIX_DIAG_PEER", listener.name.clone());
            Some(match grade.precondition {
                Some(precondition) => finding.provided(precondition),
                None => finding,
            })
        }
        (None, Some(file)) => device(case, handle, file),
        _ => None,
    }
}

/// A device that is open already: the device cgroup and the node have had their say.
fn device(case: &Case<'_>, handle: &Handle, file: &File) -> Option<Finding> {
    let flags = handle.flags?.cast_signed();
    if flags & O_PATH != 0 {
        return None;
    }
    let (class, of_use) = devices::held(case, file)?;
    let is_read_only = flags & ACCESS_MODE == 0;
    let severity = match (class.severity, is_read_only) {
        (Severity::Critical, true) => Severity::High,
        (severity, _) => severity,
    };
    let (name, what) = (&handle.name, class.name);
    let why = match &of_use {
        Ability::No(reason) => format!("its {name} is open on {what}, but {reason}"),
        _ => format!("its {name} is open on {what}: no device cgroup is asked again"),
    };
    let (major, minor) = file.device?;
    let verdict = of_use.verdict(Verdict::SharedOnly);
    let finding = Finding::new(&DEVICE_OR_SOCKET_HELD, severity, verdict, why)
        .seen(source(handle), handle.target.clone())
        .seen(
            format!("statx of {}", source(handle)),
            format!("device {major}:{minor}, flags {flags:o}"),
        );
    Some(of_use.settle(finding))
}
