//! What came of all claims.

use std::collections::BTreeMap;

use super::verdict::{Judged, Verdict};
use crate::analyse::containers::Identity;
use crate::model::Pid;

/// One target with its claims, in the order in which they were made.
pub struct Verified {
    /// What the target was called.
    pub name: String,
    pub task: Pid,
    pub container: Option<Identity>,
    /// How many processes the claims were held against.
    pub nprocs: usize,
    pub judged: Vec<Judged>,
}

/// All targets.
pub struct Report {
    pub targets: Vec<Verified>,
}

impl Report {
    /// All claims, each with its target: the worst first.
    pub fn worst_first(&self) -> Vec<(&Verified, &Judged)> {
        let mut claims: Vec<(&Verified, &Judged)> = Vec::new();
        for target in &self.targets {
            claims.extend(target.judged.iter().map(|judged| (target, judged)));
        }
        claims.sort_by_key(|(_, judged)| judged.verdict);
        claims
    }

    /// How many claims have each verdict.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts: BTreeMap<Verdict, usize> = Verdict::ALL.map(|verdict| (verdict, 0)).into();
        for judged in self.targets.iter().flat_map(|target| &target.judged) {
            *counts.entry(judged.verdict).or_default() += 1;
        }
        counts
    }

    /// The worst verdict; without any claim nothing is decided.
    pub fn verdict(&self) -> Verdict {
        let all = self.targets.iter().flat_map(|target| &target.judged);
        all.map(|judged| judged.verdict)
            .min()
            .unwrap_or(Verdict::Undecided)
    }
}
