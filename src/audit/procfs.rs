//! NSA-012: a procfs of a pid namespace that encloses its own is mounted for it. Its own pid
//! namespace is no barrier then: numbers of that procfs lead to processes outside.

use std::cell::Cell;

use super::ability::Ability;
use super::case::Case;
use super::catalogue::PROCFS_OF_FOREIGN_PIDNS;
use super::exposed::{called, is_on_host, told, unknown};
use super::finding::{Finding, Severity, Verdict};
use crate::analyse::power::{Answer, Credentials, ptrace};
use crate::model::exposure::ProcInstance;
use crate::model::{LinkName, Links, NsKind, Pid, Process, Seen};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: (&super::catalogue::Rule, Severity, &str) = (
        &PROCFS_OF_FOREIGN_PIDNS,
        Severity::Medium,
        "which procfs instances it has",
    );
    // In the host's pid namespace its own procfs shows all there is: a finding of its own.
    if case.shares_host(NsKind::Pid) == Seen::Known(true) {
        return;
    }
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return findings.push(unknown(RULE.0, RULE.1, RULE.2, &why)),
    };
    let mut found = Vec::new();
    for instance in &exposure.procfs.found {
        if let Some(foreign) = whose(case, instance) {
            found.extend(judge(case, instance, foreign));
        }
    }
    told(findings, RULE, &exposure.procfs, found);
}

/// Whether a procfs of the host is mounted for a process whose own pid namespace is another.
pub fn shows_host(case: &Case<'_>) -> bool {
    let host = NsKind::Pid.initial_inode();
    let instances = case.exposure().map(|it| it.procfs.found.as_slice());
    let mut instances = instances.unwrap_or_default().iter();
    instances.any(|instance| whose(case, instance) == Some(host))
}

/// The pid namespace that an instance shows, if that is neither its own nor below it.
fn whose(case: &Case<'_>, instance: &ProcInstance) -> Option<u64> {
    let own = case.key(NsKind::Pid).get()?.inode;
    let reader = case.snapshot.reader.links.own(NsKind::Pid).get();
    match (instance.pid_ns, &instance.own) {
        (Some(shown), _) if shown == own => None,
        (Some(shown), _) => {
            let is_below = ptrace::is_below(case.snapshot, shown, own);
            (is_below != Seen::Known(true)).then_some(shown)
        }
        // Its number 1 refused, and it shows the reader: it is the reader's or encloses that.
        (None, Some(_)) => reader.filter(|reader| *reader != own),
        (None, None) => None,
    }
}

fn judge(case: &Case<'_>, instance: &ProcInstance, foreign: u64) -> Vec<Finding> {
    let is_host = foreign == NsKind::Pid.initial_inode();
    let whose = match is_host {
        true => "the host's processes".to_owned(),
        false => format!("the processes of pid:[{foreign}]"),
    };
    let at = &instance.mount_point;
    let evidence = |finding: Finding| {
        let finding = match instance.pid_ns {
            Some(shown) => {
                finding.seen(format!("readlink {at}/1/ns/pid"), format!("pid:[{shown}]"))
            }
            None => finding,
        };
        match &instance.own {
            Some(own) => finding.seen(format!("readlink {at}/self"), own.clone()),
            None => finding,
        }
    };
    let visible = Finding::new(
        &PROCFS_OF_FOREIGN_PIDNS,
        Severity::Medium,
        Verdict::Exploitable,
        format!("{at} shows {whose}: their command lines, and what their uids may read of them"),
    );
    let mut found = vec![evidence(visible)];
    if let Some((witness, ability)) = reachable(case, foreign) {
        let (severity, power) = weigh(case, &witness);
        let finding = Finding::new(
            &PROCFS_OF_FOREIGN_PIDNS,
            severity,
            ability.verdict(Verdict::Mitigated),
            format!(
                "{at}/{}/root is the file system of {}, {power}",
                witness.pid,
                called(Some(&witness), witness.pid),
            ),
        );
        found.push(ability.settle(evidence(finding)));
    }
    found
}

/// What it is worth to get at the files of a process.
fn weigh(case: &Case<'_>, witness: &Process) -> (Severity, String) {
    let status = witness.details.as_deref().and_then(|it| it.status.known());
    let uid = witness.uid.get().unwrap_or_default();
    let has_power = status.is_some_and(|status| !status.capabilities.permitted.is_empty());
    match (is_on_host(case, witness), uid == 0 || has_power) {
        (false, _) => (Severity::Medium, "which is in another container".to_owned()),
        (true, true) => (
            Severity::Critical,
            format!("which has uid {uid} of the host and may be read"),
        ),
        (true, false) => (
            Severity::High,
            format!("which may be read as uid {uid} of the host"),
        ),
    }
}

/// The most powerful process outside whose root directory it could follow, by rule R4, if it sees
/// what the foreign pid namespace sees.
fn reachable(case: &Case<'_>, foreign: u64) -> Option<(Process, Ability)> {
    let seeing = Process {
        links: Links::read(|link| match link {
            LinkName::Own(NsKind::Pid) => Seen::Known(foreign),
            other => case.process.links.get(other).clone(),
        }),
        ..case.process.clone()
    };
    let found: Cell<Option<Pid>> = Cell::new(None);
    let ability = Ability::of(case, |credentials| {
        found.set(found.get().or(best(case, &seeing, credentials)));
        let says = "no process outside may be read";
        Answer::new(found.get().is_some(), "R4", says, "")
    });
    let witness = case.snapshot.processes.get(found.get()?)?;
    Some((witness.clone(), ability))
}

fn best(case: &Case<'_>, seeing: &Process, credentials: &Credentials) -> Option<Pid> {
    let own = case.process.links.own(NsKind::Mnt);
    let reader = case.snapshot.reader.pid.get();
    let others = case.snapshot.processes.iter().filter(|other| {
        let mnt = other.links.own(NsKind::Mnt);
        mnt.is_known() && mnt != own && !other.is_kernel_thread() && Some(other.pid) != reader
    });
    others
        .filter(|other| {
            ptrace::route(case.snapshot, credentials, seeing, other)
                .answer
                .is_yes()
        })
        .max_by_key(|other| (weigh(case, other).0, std::cmp::Reverse(other.pid)))
        .map(|other| other.pid)
}
