//! NSA-300: a file or directory that it holds open outside of its mounts.

use crate::analyse::power::files::{Access, Inode, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{bits, inode};
use crate::audit::questions::handles::{
    ACCESS_MODE, O_PATH, Origins, by_handle, evidence_of, source,
};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::{File, FileKind, Handle};

pub static RULE: Rule = Rule {
    id: "NSA-300",
    title: "it holds a file or directory outside of its mounts",
    worst: Severity::Critical,
    why: "A directory outside that a process holds open, or works in, lets it open everything below \
          and above, whatever its mounts and root directory are: /proc/self/fd/7/../../etc/shadow. \
          Runtimes have leaked such descriptors more than once (CVE-2024-21626, \"Leaky Vessels\"). A \
          file that was left open gives what it was opened for.",
    remedy: "close what is not needed before the program starts (O_CLOEXEC), and update the runtime",
    remedies: &[("runc", "drop --preserve-fds; 1.1.12 or newer")],
    references: &[ESCAPE, "CVE-2024-21626"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Root,
        Need::Mounts,
        Need::HostMounts,
        Need::HiddenMounts,
        Need::Handles,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_handle(case, &RULE, Severity::Critical, foreign_file)
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
    let mut finding = evidence_of(finding, handle);
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
    ability.settle(Finding::new(&RULE, severity, verdict, why))
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
    let finding = Finding::new(&RULE, severity, verdict, why);
    Some(finding.seen(
        format!("/proc/{}/fdinfo", handle.tid),
        format!("flags {flags:o}"),
    ))
}
