//! Answers about power in documents: a verdict with the steps that led to it.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use crate::analyse::power::{Answer, Step};

/// A verdict and how it came about.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct AnswerRecord {
    /// `yes`, `no` or `unknown`
    pub verdict: String,
    /// In the order of reasoning; the last is what decided
    pub steps: Vec<StepRecord>,
    /// What may stand in the way all the same and cannot be judged from outside
    pub barriers: Vec<String>,
}

/// One step of a chain of reasoning.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct StepRecord {
    /// `R1` to `R8`, as nsinspect-can(1) names the rules of the kernel
    pub rule: String,
    pub says: String,
    /// The file or system call that it rests on, with the raw value; `null` for a conclusion
    pub evidence: Option<String>,
}

impl From<&Answer> for AnswerRecord {
    fn from(answer: &Answer) -> AnswerRecord {
        AnswerRecord {
            verdict: answer.verdict.name().to_owned(),
            steps: answer.steps.iter().map(StepRecord::from).collect(),
            barriers: answer.barriers.clone(),
        }
    }
}

impl From<&Step> for StepRecord {
    fn from(step: &Step) -> StepRecord {
        let has_evidence = !step.evidence.is_empty();
        StepRecord {
            rule: step.rule.to_owned(),
            says: step.says.clone(),
            evidence: has_evidence.then(|| step.evidence.clone()),
        }
    }
}
