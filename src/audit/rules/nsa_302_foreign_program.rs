//! NSA-302: its program is a file outside of its mounts.

use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{bits, inode};
use crate::audit::questions::handles::{Origins, by_handle, evidence_of};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::Handle;

pub static RULE: Rule = Rule {
    id: "NSA-302",
    title: "its program is a file outside of its mounts",
    worst: Severity::High,
    why: "Its program is a file of the host. By /proc/self/exe a container gets at that file, and can \
          write it as soon as nothing runs it any more: so CVE-2019-5736 replaced runc on the host, \
          and the next container to be started ran the attacker's program as root. Sandboxes such as \
          bwrap run from the host's file by design, without the right to write it.",
    remedy: "let the runtime start from a sealed copy of itself (memfd) or a read-only one",
    remedies: &[],
    references: &[ESCAPE, "CVE-2019-5736"],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Root,
        Need::Mounts,
        Need::HostMounts,
        Need::HiddenMounts,
        Need::Handles,
        Need::Containers,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_handle(case, &RULE, Severity::Medium, program)
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
    let finding = evidence_of(Finding::new(&RULE, severity, verdict, why), handle);
    let mut finding = write.settle(finding);
    finding.evidence.push(bits(target, &file));
    Some(match verdict {
        Verdict::Conditional => {
            finding.provided("it has ended by then: a running program cannot be written (ETXTBSY)")
        }
        _ => finding,
    })
}
