//! No finding of an audit is above a severity.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::audit::finding::{Severity, Verdict as Danger};
use crate::model::{Process, Why};
use crate::verify::claim::{AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::reading::{Context, Reading};
use crate::verify::verdict::Verdict;

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(rename_all = "lowercase")]
pub enum Yaml {
    High,
    Medium,
    Low,
    Info,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "The most severe finding of an audit that is tolerated";
    const EXAMPLE: &'static str = "medium";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        Ok(vec![Rc::new(NoFindingAbove(match self {
            Yaml::High => Severity::High,
            Yaml::Medium => Severity::Medium,
            Yaml::Low => Severity::Low,
            Yaml::Info => Severity::Info,
        }))])
    }
}

#[derive(Clone, Debug)]
pub struct NoFindingAbove(pub Severity);

impl fmt::Display for NoFindingAbove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no finding above {}", self.0.name())
    }
}

impl Claim for NoFindingAbove {
    fn needs(&self) -> Needs {
        Needs {
            audit: true,
            ..Needs::default()
        }
    }

    fn explain(&self) -> String {
        "audits it, as `nsinspect audit` does".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        let Some(findings) = context.findings else {
            return Reading::unknown("what an audit finds", &Why::Skipped);
        };
        let above: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity > self.0 && finding.is_live())
            .collect();
        let is_known = |verdict: Danger| verdict != Danger::Unknown;
        let worst = above
            .iter()
            .find(|it| is_known(it.verdict))
            .or(above.first());
        let Some(worst) = worst else {
            return Reading::new(Verdict::Holds, "an audit finds none").sure();
        };
        let verdict = match is_known(worst.verdict) {
            true => Verdict::Fails,
            false => Verdict::Undecided,
        };
        let more = match above.len() {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let title = format!(
            "{} {} ({}, {}){more}",
            worst.rule.id,
            worst.rule.title,
            worst.severity.name(),
            worst.verdict.name()
        );
        Reading {
            evidence: worst.evidence.clone(),
            ..Reading::new(verdict, title).sure()
        }
    }
}
