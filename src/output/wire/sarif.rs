//! The findings of an audit as SARIF 2.1.0 (OASIS), which code scanning reads. Two audits of one
//! state give the same bytes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::rule::Rule;
use crate::audit::rules;
use crate::audit::{Audit, Audited};
use crate::model::Snapshot;
use crate::output::text::command;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The whole document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Outcome>,
    column_kind: &'static str,
    properties: BTreeMap<&'static str, Option<String>>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<Relationship>,
    properties: Tags,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

/// That another rule says all that this one does (SARIF 2.1.0, 3.53).
#[derive(Debug, Serialize)]
struct Relationship {
    target: Target,
    kinds: [&'static str; 1],
}

#[derive(Debug, Serialize)]
struct Target {
    id: &'static str,
}

#[derive(Debug, Serialize)]
struct Tags {
    tags: Vec<&'static str>,
    /// Of the worst that it can find.
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
}

#[derive(Debug, Serialize)]
struct Message {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

/// One result: a finding of one subject.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    properties: Properties,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    severity: &'static str,
    verdict: &'static str,
    proof: &'static str,
    /// As GitHub orders results by it, from 0 to 10.
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    evidence: Vec<Fact>,
    preconditions: Vec<String>,
    remedy: &'static str,
    shown: bool,
    #[serde(rename = "foldedInto", skip_serializing_if = "Option::is_none")]
    folded_into: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Fact {
    source: String,
    value: String,
}

/// The findings of an audit.
pub fn log(snapshot: &Snapshot, audit: &Audit<'_>) -> Log {
    let rules = rules::by_id();
    let results = audit.audited.iter().flat_map(|subject| {
        let result = |finding| outcome(&rules, subject, finding);
        subject.findings.iter().map(result)
    });
    let host = &snapshot.host;
    Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            results: results.collect(),
            tool: Tool {
                driver: Driver {
                    name: "nsinspect",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.iter().map(|rule| descriptor(rule)).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: true,
            }],
            column_kind: "unicodeCodePoints",
            properties: [
                ("hostname", host.hostname.known().cloned()),
                ("kernel", host.kernel.known().cloned()),
            ]
            .into(),
        }],
    }
}

fn message(text: impl Into<String>) -> Message {
    Message { text: text.into() }
}

fn descriptor(rule: &Rule) -> Descriptor {
    let by_runtime = rule
        .remedies
        .iter()
        .map(|(runtime, remedy)| format!("{runtime}: {remedy}"));
    let help: Vec<String> = std::iter::once(rule.remedy.to_owned())
        .chain(by_runtime)
        .collect();
    Descriptor {
        id: rule.id,
        short_description: message(rule.title),
        full_description: message(rule.why),
        help: message(help.join("\n")),
        default_configuration: Configuration {
            level: level(rule.worst),
        },
        relationships: rule
            .gives_way
            .iter()
            .map(|way| Relationship {
                target: Target { id: way.to.id },
                kinds: ["subset"],
            })
            .collect(),
        properties: Tags {
            security_severity: score(rule.worst),
            tags: std::iter::once("security")
                .chain(rule.references.iter().copied())
                .collect(),
        },
    }
}

fn outcome(rules: &[&Rule], subject: &Audited<'_>, finding: &Finding) -> Outcome {
    let index = rules.iter().position(|rule| rule.id == finding.rule.id);
    let (kind, level) = weight(finding);
    let location = location(subject);
    // Of one finding in two runs: numbers of processes and ids of containers do not last.
    let program = command(subject.process);
    let fingerprint = format!("{} {} {program}", finding.rule.id, location.name);
    Outcome {
        rule_id: finding.rule.id,
        rule_index: index.unwrap_or_default(),
        kind,
        level,
        message: message(format!("{}: {}", finding.rule.title, finding.why)),
        locations: [Location {
            logical_locations: vec![location],
        }],
        partial_fingerprints: [("finding/v1", fingerprint)].into(),
        properties: Properties {
            severity: finding.severity.name(),
            verdict: finding.verdict.name(),
            proof: "static",
            security_severity: score(finding.severity),
            evidence: finding
                .evidence
                .iter()
                .map(|fact| Fact {
                    source: fact.source.clone(),
                    value: fact.value.clone(),
                })
                .collect(),
            preconditions: finding.preconditions.clone(),
            remedy: finding.rule.remedy_for(subject.runtime()),
            shown: finding.is_shown(),
            folded_into: finding.folded_into.map(|rule| rule.id),
        },
    }
}

/// Only what fails has a level (SARIF 2.1.0, 3.27.9 and 3.27.10). What could not be told is `open`,
/// and what is there but harmless `informational`.
fn weight(finding: &Finding) -> (&'static str, &'static str) {
    match finding.verdict {
        Verdict::Unknown => ("open", "none"),
        Verdict::Mitigated | Verdict::SharedOnly => ("informational", "none"),
        _ => ("fail", level(finding.severity)),
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// As GitHub counts: from 0 to 10.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

/// Where: the container and its process. No file of a repository is to blame.
fn location(subject: &Audited<'_>) -> LogicalLocation {
    let pid = subject.process.task();
    let container = subject.container.as_ref().map(|it| &it.container);
    let name = match container {
        Some(container) => {
            let name = container.name.as_deref().unwrap_or(container.short_id());
            format!("{} {name}", container.runtime)
        }
        None => command(subject.process),
    };
    let within = match container {
        Some(container) => format!("{}:{}", container.runtime, container.id),
        None => "process".to_owned(),
    };
    LogicalLocation {
        name,
        fully_qualified_name: format!("{within}/{pid}"),
        kind: "process",
    }
}
