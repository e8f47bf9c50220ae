//! `nsinspect.rule/1` and `nsinspect.rules/1`. Nothing of a machine is in them: they are the same
//! everywhere.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::DocumentName;
use crate::audit::rule::Rule;

/// One rule of audit.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct RuleDocument {
    /// `nsinspect.rule/1`
    pub schema: String,
    #[serde(flatten)]
    pub rule: RuleRecord,
}

/// Several rules of audit, or all of them in the order of their ids.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct RulesDocument {
    /// `nsinspect.rules/1`
    pub schema: String,
    pub rules: Vec<RuleRecord>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct RuleRecord {
    /// Stable: never reused, never with another meaning
    pub id: String,
    pub title: String,
    /// The worst that a finding of it can be: `critical`, `high`, `medium`, `low` or `info`
    pub severity: String,
    /// Why it matters
    pub why: String,
    /// What to do about it; the first is for any runtime
    pub remedies: Vec<RemedyRecord>,
    pub references: Vec<String>,
    /// What is read for it
    pub needs: Vec<String>,
    /// Rules that leave nothing to say for this one, where they find something
    pub gives_way: Vec<GivesWayRecord>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct RemedyRecord {
    /// The runtime that made the container; `null`: any
    pub runtime: Option<String>,
    pub remedy: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct GivesWayRecord {
    /// The id of the other rule
    pub to: String,
    /// `dropped`: there is no finding; `folded`: there is one, which the short text only names
    pub how: String,
}

impl RuleDocument {
    pub fn new(rule: &Rule) -> RuleDocument {
        RuleDocument {
            schema: schema(DocumentName::Rule),
            rule: rule.into(),
        }
    }
}

impl RulesDocument {
    pub fn new(rules: &[&Rule]) -> RulesDocument {
        RulesDocument {
            schema: schema(DocumentName::Rules),
            rules: rules.iter().map(|rule| RuleRecord::from(*rule)).collect(),
        }
    }
}

fn schema(document: DocumentName) -> String {
    format!("nsinspect.{}/1", document.name())
}

impl From<&Rule> for RuleRecord {
    fn from(rule: &Rule) -> RuleRecord {
        let of_any = (None, rule.remedy);
        let of_one = rule.remedies.iter();
        let remedies = std::iter::once(of_any).chain(of_one.map(|it| (Some(it.0), it.1)));
        RuleRecord {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            severity: rule.worst.name().to_owned(),
            why: rule.why.to_owned(),
            remedies: remedies
                .map(|(runtime, remedy)| RemedyRecord {
                    runtime: runtime.map(str::to_owned),
                    remedy: remedy.to_owned(),
                })
                .collect(),
            references: rule.references.iter().map(ToString::to_string).collect(),
            needs: rule.needs.iter().map(|it| it.name().to_owned()).collect(),
            gives_way: rule
                .gives_way
                .iter()
                .map(|way| GivesWayRecord {
                    to: way.to.id.to_owned(),
                    how: way.how.name().to_owned(),
                })
                .collect(),
        }
    }
}
