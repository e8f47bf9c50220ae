//! What processes could do to the host, told from the host with evidence: findings by rules that
//! compute what the kernel would decide ([`crate::analyse::power`]), and never by a name or a version.
//!
//! A rule is one file below `rules`: it looks at one `case::Case` and says what it finds. What it
//! could not read is a finding with the verdict `unknown`, never silence.

/// One process under audit.
pub mod case;
/// What a finding is.
pub mod finding;
/// What rules have to know of the whole machine.
pub mod machine;
/// Questions about mount tables.
pub mod mounts;
/// What rules need to be collected.
pub mod need;
/// Questions that several rules ask.
mod questions;
/// What a rule is.
pub mod rule;
/// All rules.
pub mod rules;
/// Where containers keep their files.
mod storage;
/// Which processes are audited.
pub mod subjects;

use case::Case;
use finding::{Finding, Severity, Verdict};
use machine::Machine;
use subjects::Subject;

use crate::analyse::containers::{Identity, identity};
use crate::model::{NsKind, Process, Seen, Snapshot};

/// What was found about all subjects.
pub struct Audit<'a> {
    /// Those with the worst findings first.
    pub audited: Vec<Audited<'a>>,
    /// How many processes of the host itself were looked at that show nothing.
    pub unsuspicious: usize,
}

/// What was found about one process.
pub struct Audited<'a> {
    pub process: &'a Process,
    pub container: Option<Identity>,
    /// How many processes are like it in all that matters here, itself included.
    pub alike: usize,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What holds it, where that is not plain: what its capabilities are worth.
    pub note: Option<String>,
}

impl Audited<'_> {
    /// By whose means something can be done about it: the runtime that has made its container, or
    /// what the runtime serves; `systemd` for what is a service's.
    pub fn runtime(&self) -> Option<&str> {
        let Some(found) = &self.container else {
            return is_service(self.process).then_some("systemd");
        };
        let runtime = found.container.runtime.as_str();
        match runtime {
            "containerd" | "cri-o" => Some("kubernetes"),
            _ if found.pod.is_some() => Some("kubernetes"),
            // The kernel's terms, as runc's own file has them.
            "oci" | "crun" => Some("runc"),
            _ => Some(runtime),
        }
    }

    /// Whether anything is found that is a danger.
    pub fn has_live(&self) -> bool {
        self.findings.iter().any(Finding::is_live)
    }
}

fn is_service(process: &Process) -> bool {
    let entries = process.cgroups.known().into_iter().flatten();
    let mut parts = entries.flat_map(|entry| entry.path.split('/'));
    parts.any(|part| part.ends_with(".service"))
}

/// Looks at every subject with all rules that concern it.
pub fn audit<'a>(snapshot: &'a Snapshot, subjects: &[Subject]) -> Audit<'a> {
    let machine = Machine::new(snapshot);
    let mut audited: Vec<Audited<'a>> = Vec::new();
    let mut unsuspicious = 0;
    for subject in subjects {
        let Some(found) = look_at(&machine, subject) else {
            continue;
        };
        match subject.held || !found.findings.is_empty() {
            true => audited.push(found),
            false if found.process.is_kernel_thread() => {}
            false => unsuspicious += subject.alike,
        }
    }
    audited.sort_by_key(|it| std::cmp::Reverse(it.findings.first().map(weight)));
    Audit {
        audited,
        unsuspicious,
    }
}

fn look_at<'a>(machine: &Machine<'a>, subject: &Subject) -> Option<Audited<'a>> {
    let process = machine.snapshot.processes.get(subject.task)?;
    let case = Case::new(machine, process, identity(machine.snapshot, process));
    let rules = rules::asked_of(subject.held);
    let all: Vec<Finding> = rules.flat_map(|rule| rule.check(&case)).collect();
    debug_assert!(
        all.iter().all(|it| it.severity <= it.rule.worst),
        "a rule says how bad its findings can be: {all:#?}"
    );
    let mut findings = rule::give_way(&case, all);
    findings.sort_by_key(|finding| std::cmp::Reverse(weight(finding)));
    let note = subject.held.then(|| worth(&case)).flatten();
    Some(Audited {
        process,
        container: case.container,
        alike: subject.alike,
        findings,
        note,
    })
}

/// What is proven weighs more than what is not, and among equals the severity decides.
fn weight(finding: &Finding) -> (bool, Severity, Verdict) {
    (finding.is_live(), finding.severity, finding.verdict)
}

/// That capabilities which look mighty count in a user namespace of its own only: the error of those
/// who read CapEff alone.
fn worth(case: &Case<'_>) -> Option<String> {
    if case.shares_host(NsKind::User) != Seen::Known(false) {
        return None;
    }
    let effective = case.status()?.capabilities.effective;
    let key = case.key(NsKind::User);
    let key = key.known()?;
    match effective.len() {
        0 => None,
        1 => Some(format!(
            "its one capability counts in {key} only, not over the host"
        )),
        count => Some(format!(
            "its {count} capabilities count in {key} only, not over the host"
        )),
    }
}

/// Processes and machines for the tests of rules.
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
