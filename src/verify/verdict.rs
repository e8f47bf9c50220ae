//! What comes out when a claim is judged.

use super::claim::AnyClaim;
pub use crate::audit::finding::Evidence;

/// Whether a statement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Fails,
    Undecided,
    Holds,
}

impl Verdict {
    /// Worst first.
    pub const ALL: [Verdict; 3] = [Verdict::Fails, Verdict::Undecided, Verdict::Holds];

    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Fails => "fails",
            Verdict::Undecided => "undecided",
            Verdict::Holds => "holds",
        }
    }

    /// The verdict on the opposite statement.
    #[must_use]
    pub const fn of_opposite(self) -> Verdict {
        match self {
            Verdict::Fails => Verdict::Holds,
            Verdict::Undecided => Verdict::Undecided,
            Verdict::Holds => Verdict::Fails,
        }
    }
}

/// How it was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By what was read.
    Static,
    /// By an experiment.
    Probed,
}

impl Proof {
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Static => "static",
            Proof::Probed => "probed",
        }
    }
}

/// A claim with its verdict.
#[derive(Clone, Debug)]
pub struct Judged {
    pub claim: AnyClaim,
    pub verdict: Verdict,
    pub proof: Proof,
    /// What was done to find out, or what was read, in a few words.
    pub did: String,
    pub evidence: Vec<Evidence>,
    /// Why it is so; for `undecided` why it could not be decided.
    pub reason: Option<String>,
}
