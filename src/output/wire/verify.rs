//! `nsinspect.verify/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::audit::FactRecord;
use super::container::ContainerRecord;
use crate::model::Pid;
use crate::verify::report::{Report, Verified};
use crate::verify::verdict::{Judged, Verdict};

/// What came of the claims.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct VerifyBody {
    pub targets: Vec<VerifiedRecord>,
    /// Those that fail first, then those that are undecided
    pub claims: Vec<ClaimRecord>,
    pub summary: VerifySummary,
}

/// Of whom something was claimed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct VerifiedRecord {
    /// What it was called
    pub target: String,
    pub pid: Pid,
    pub container: Option<ContainerRecord>,
    /// How many processes the claims were held against
    pub nprocs: usize,
}

/// One claim.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ClaimRecord {
    /// What is claimed, in words
    pub claim: String,
    /// The kind of namespace that it is about, where it is about one
    pub kind: Option<String>,
    /// As among `targets`
    pub target: String,
    pub pid: Pid,
    /// `holds`, `fails` or `undecided`
    pub verdict: String,
    /// `static`: told by what was read; `probed`: tried
    pub proof: String,
    /// What was tried, or what was read
    pub did: String,
    pub evidence: Vec<FactRecord>,
    /// Why it is undecided, or why nothing was tried where something could be
    pub reason: Option<String>,
}

/// How many claims there are.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct VerifySummary {
    pub holds: usize,
    pub fails: usize,
    pub undecided: usize,
}

impl VerifyBody {
    pub fn new(report: &Report) -> VerifyBody {
        let counts = report.counts();
        VerifyBody {
            targets: report.targets.iter().map(VerifiedRecord::from).collect(),
            claims: report
                .worst_first()
                .into_iter()
                .map(|(target, judged)| ClaimRecord::new(target, judged))
                .collect(),
            summary: VerifySummary {
                holds: counts[&Verdict::Holds],
                fails: counts[&Verdict::Fails],
                undecided: counts[&Verdict::Undecided],
            },
        }
    }
}

impl From<&Verified> for VerifiedRecord {
    fn from(target: &Verified) -> VerifiedRecord {
        VerifiedRecord {
            target: target.name.clone(),
            pid: target.task,
            container: target.container.clone().map(ContainerRecord::from),
            nprocs: target.nprocs,
        }
    }
}

impl ClaimRecord {
    fn new(target: &Verified, judged: &Judged) -> ClaimRecord {
        ClaimRecord {
            claim: judged.claim.to_string(),
            kind: judged.claim.kind().map(|kind| kind.to_string()),
            target: target.name.clone(),
            pid: target.task,
            verdict: judged.verdict.name().to_owned(),
            proof: judged.proof.name().to_owned(),
            did: judged.did.clone(),
            evidence: judged.evidence.iter().map(FactRecord::from).collect(),
            reason: judged.reason.clone(),
        }
    }
}
