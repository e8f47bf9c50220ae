//! `nsinspect.audit/1`.

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::container::ContainerRecord;
use crate::audit::finding::{Evidence, Finding, Severity};
use crate::audit::{Audit, Audited};
use crate::model::Pid;
use crate::output::text::command;

/// What processes could do to the host.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct AuditBody {
    /// Those with the worst findings first
    pub subjects: Vec<SubjectRecord>,
    /// How many processes of the host itself were looked at that show no sign of an escape
    pub unsuspicious: usize,
    pub summary: AuditSummary,
}

/// One process, and all that are like it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct SubjectRecord {
    pub pid: Pid,
    pub command: String,
    pub container: Option<ContainerRecord>,
    /// How many processes are like it in all that matters here, itself included
    pub nprocs: usize,
    /// What its capabilities are worth, where that is not plain
    pub note: Option<String>,
    /// Worst first
    pub findings: Vec<FindingRecord>,
}

/// One finding.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct FindingRecord {
    /// Stable: never reused, never with another meaning
    pub id: String,
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or `info`
    pub severity: String,
    /// `exploitable`, `conditional`, `shared-only`, `mitigated` or `unknown`
    pub verdict: String,
    /// `static`: told by what was read; `probed`: tried
    pub proof: String,
    /// Why it is real, in one sentence
    pub why: String,
    pub evidence: Vec<FactRecord>,
    /// What must hold besides, and is not proven
    pub preconditions: Vec<String>,
    /// What to do about it, with the runtime that made the container
    pub remedy: String,
    pub references: Vec<String>,
    /// Whether the short text shows it: not what is `mitigated`, `shared-only` or `info`, and not what
    /// another finding says
    pub shown: bool,
    /// The id of the finding about the same process that says all that this does
    pub folded_into: Option<String>,
}

/// A raw fact and where it was read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct FactRecord {
    pub source: String,
    pub value: String,
}

/// How many findings there are.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct AuditSummary {
    pub subjects: usize,
    /// By severity; `mitigated` and `shared-only` findings are not counted here
    pub by_severity: BTreeMap<String, usize>,
    /// By verdict, all of them
    pub by_verdict: BTreeMap<String, usize>,
}

impl AuditBody {
    pub fn new(audit: &Audit<'_>) -> AuditBody {
        AuditBody {
            subjects: audit.audited.iter().map(SubjectRecord::from).collect(),
            unsuspicious: audit.unsuspicious,
            summary: AuditSummary::new(&audit.audited),
        }
    }
}

impl From<&Audited<'_>> for SubjectRecord {
    fn from(audited: &Audited<'_>) -> SubjectRecord {
        let runtime = audited.runtime();
        SubjectRecord {
            pid: audited.process.task(),
            command: command(audited.process),
            container: audited.container.clone().map(ContainerRecord::from),
            nprocs: audited.alike,
            note: audited.note.clone(),
            findings: audited
                .findings
                .iter()
                .map(|finding| FindingRecord::new(finding, runtime))
                .collect(),
        }
    }
}

impl FindingRecord {
    fn new(finding: &Finding, runtime: Option<&str>) -> FindingRecord {
        let rule = finding.rule;
        FindingRecord {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            severity: finding.severity.name().to_owned(),
            verdict: finding.verdict.name().to_owned(),
            proof: "static".to_owned(),
            why: finding.why.clone(),
            evidence: finding.evidence.iter().map(FactRecord::from).collect(),
            preconditions: finding.preconditions.clone(),
            remedy: rule.remedy_for(runtime).to_owned(),
            references: rule.references.iter().map(ToString::to_string).collect(),
            shown: finding.is_shown(),
            folded_into: finding.folded_into.map(|rule| rule.id.to_owned()),
        }
    }
}

impl AuditSummary {
    fn new(audited: &[Audited<'_>]) -> AuditSummary {
        let findings = || audited.iter().flat_map(|it| &it.findings);
        let mut by_severity: BTreeMap<String, usize> = Severity::ALL
            .map(|severity| (severity.name().to_owned(), 0))
            .into();
        for finding in findings().filter(|finding| finding.is_live()) {
            *by_severity
                .entry(finding.severity.name().to_owned())
                .or_default() += 1;
        }
        let mut by_verdict: BTreeMap<String, usize> = BTreeMap::new();
        for finding in findings() {
            *by_verdict
                .entry(finding.verdict.name().to_owned())
                .or_default() += 1;
        }
        AuditSummary {
            subjects: audited.len(),
            by_severity,
            by_verdict,
        }
    }
}

impl From<&Evidence> for FactRecord {
    fn from(fact: &Evidence) -> FactRecord {
        FactRecord {
            source: fact.source.clone(),
            value: fact.value.clone(),
        }
    }
}
