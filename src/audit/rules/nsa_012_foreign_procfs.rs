//! NSA-012: a procfs of a pid namespace that encloses its own is mounted for it. Its own pid namespace is no
//! barrier then: numbers of that procfs lead to processes outside.

use std::cell::Cell;

use crate::analyse::power::ptrace;
use crate::analyse::power::{Answer, Credentials};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{called, is_on_host, told, unknown};
use crate::audit::questions::peers::is_mighty;
use crate::audit::questions::procfs::whose;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::ProcInstance;
use crate::model::{LinkName, Links, NsKind, Pid, Process, Seen, Why};

pub static RULE: Rule = Rule {
    id: "NSA-012",
    title: "a procfs of another pid namespace is mounted",
    worst: Severity::Critical,
    why: "A procfs shows the pid namespace that it was mounted in, not that of the reader. Where the \
          host's /proc is mounted somewhere in a container, a pid namespace of its own hides nothing: \
          command lines are readable, and /proc/PID/root leads out wherever the kernel's check for \
          ptrace allows. It mostly gets there by a bind mount of / or /proc for monitoring.",
    remedy: "do not bind /proc of the host; let the container mount its own",
    remedies: &[
        ("docker", "drop -v /proc:…"),
        ("podman", "drop -v /proc:…"),
        ("kubernetes", "drop the hostPath volume of /proc"),
        ("systemd-nspawn", "drop --bind=/proc"),
    ],
    references: &[ESCAPE],
    needs: &[Need::Namespaces, Need::EveryCredentials, Need::Procfs],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    // In the host's pid namespace its own procfs shows all there is: a finding of its own.
    if case.shares_host(NsKind::Pid) == Seen::Known(true) {
        return Vec::new();
    }
    let what = "which procfs instances it has";
    let gap = |why: &Why| unknown(&RULE, Severity::Medium, what, why);
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return vec![gap(&why)],
    };
    let mut found = Vec::new();
    for instance in &exposure.procfs.found {
        if let Some(foreign) = whose(case, instance) {
            found.extend(judge(case, instance, foreign));
        }
    }
    told(gap, exposure.procfs.gap.as_ref(), found)
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
        &RULE,
        Severity::Medium,
        Verdict::Exploitable,
        format!("{at} shows {whose}: their command lines, and what their uids may read of them"),
    );
    let mut found = vec![evidence(visible)];
    if let Some((witness, ability)) = reachable(case, foreign) {
        let (severity, power) = weigh(case, &witness);
        let finding = Finding::new(
            &RULE,
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
    let uid = witness.uid.get().unwrap_or_default();
    match (is_on_host(case, witness), is_mighty(case, witness)) {
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
