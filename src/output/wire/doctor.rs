//! `nsinspect.doctor/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use crate::analyse::doctor::{Check, Verdict};

/// What can be seen from here, and what that hides.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Diagnosis {
    pub checks: Vec<CheckRecord>,
}

/// One thing that was tried.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct CheckRecord {
    pub what: String,
    /// `ok`, `limited` or `missing`
    pub verdict: String,
    /// What was found
    pub found: String,
    /// What it hides, and what would help; `null` where nothing is hidden
    pub consequence: Option<String>,
}

impl From<&Check> for CheckRecord {
    fn from(check: &Check) -> CheckRecord {
        CheckRecord {
            what: check.what.to_owned(),
            verdict: match check.verdict {
                Verdict::Ok => "ok",
                Verdict::Limited => "limited",
                Verdict::Missing => "missing",
            }
            .to_owned(),
            found: check.found.clone(),
            consequence: check.consequence.clone(),
        }
    }
}
