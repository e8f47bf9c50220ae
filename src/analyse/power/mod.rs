//! What a process may do, by the rules of the kernel and not by guesses.
//!
//! The reasoning is always the same (user_namespaces(7)): find the namespace that governs the
//! resource, then the user namespace that owns it, then ask whether the process has the capability
//! *there*. Rules are named as in the table below (docs/reasoning.md has what they say); every answer carries the steps that led to it.
//!
//! | rule | where |
//! |---|---|
//! | `R1` ns_capable: a capability over a user namespace | [`capable`] |
//! | `R2` capable: the same over the initial user namespace | [`capable`] |
//! | `R3` which user namespace governs an operation | [`operations`], [`setns`] |
//! | `R4` ptrace access: `/proc/T/root`, `fd`, `ns`, `environ`, `mem` | [`ptrace`] |
//! | `R5` what an execve gives | [`exec`] |
//! | `R6` whether a process is dumpable | [`ptrace`] |
//! | `R7` permission bits and the capabilities that override them | [`files`] |
//! | `R8` the files below `/proc/sys` | [`files`] |
//!
//! Seccomp filters and security modules can only take away from these answers. They are named in
//! [`Answer::barriers`] and change no verdict: what a filter holds cannot be seen.

pub mod can;
pub mod capable;
pub mod credentials;
pub mod exec;
pub mod files;
pub mod operations;
pub mod ptrace;
pub mod reach;
pub mod setns;
pub mod userns;

use std::fmt;

use crate::model::Why;
pub use credentials::Credentials;

/// Whether something is so. What cannot be known is never "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    No,
    Unknown,
    Yes,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::No => "no",
            Verdict::Unknown => "unknown",
            Verdict::Yes => "yes",
        }
    }
}

impl From<bool> for Verdict {
    fn from(yes: bool) -> Verdict {
        if yes { Verdict::Yes } else { Verdict::No }
    }
}

/// One step of a chain of reasoning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `R1` … `R8`.
    pub rule: &'static str,
    /// A sentence.
    pub says: String,
    /// The file or system call that it rests on, with the raw value; empty for a conclusion.
    pub evidence: String,
}

/// A verdict and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    /// In the order of reasoning; the last is what decided.
    pub steps: Vec<Step>,
    /// What may still stand in the way and cannot be judged from outside: a seccomp filter, a
    /// security module.
    pub barriers: Vec<String>,
}

impl Answer {
    /// An answer by one step.
    pub fn new(
        verdict: impl Into<Verdict>,
        rule: &'static str,
        says: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Answer {
        Answer {
            verdict: verdict.into(),
            steps: vec![Step {
                rule,
                says: says.into(),
                evidence: evidence.into(),
            }],
            barriers: Vec::new(),
        }
    }

    /// That a fact which decides is not known.
    pub fn unknown(rule: &'static str, what: impl fmt::Display, why: &Why) -> Answer {
        let says = format!("{what} is not known ({why})");
        Answer::new(Verdict::Unknown, rule, says, "")
    }

    pub fn is_yes(&self) -> bool {
        self.verdict == Verdict::Yes
    }

    pub fn is_no(&self) -> bool {
        self.verdict == Verdict::No
    }

    /// Both must hold: the first that does not hold decides, so that its reasons stand alone.
    pub fn and(self, other: impl FnOnce() -> Answer) -> Answer {
        if self.is_no() {
            return self;
        }
        let other = other();
        if other.is_no() {
            return other;
        }
        let verdict = self.verdict.min(other.verdict);
        self.joined(other, verdict)
    }

    /// One is enough: the first that holds decides.
    pub fn or(self, other: impl FnOnce() -> Answer) -> Answer {
        if self.is_yes() {
            return self;
        }
        let other = other();
        if other.is_yes() {
            return other;
        }
        let verdict = self.verdict.max(other.verdict);
        self.joined(other, verdict)
    }

    fn joined(mut self, other: Answer, verdict: Verdict) -> Answer {
        // One that is not known is why all is not known: it comes last, where reasons are read.
        if self.verdict == verdict && other.verdict != verdict {
            let mut steps = other.steps;
            steps.append(&mut self.steps);
            self.steps = steps;
        } else {
            self.steps.extend(other.steps);
        }
        for barrier in other.barriers {
            if !self.barriers.contains(&barrier) {
                self.barriers.push(barrier);
            }
        }
        self.verdict = verdict;
        self
    }

    /// The sentence that decided.
    pub fn reason(&self) -> &str {
        self.steps.last().map_or("", |step| &step.says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(verdict: Verdict) -> Answer {
        Answer::new(verdict, "R1", verdict.name(), "")
    }

    #[test]
    fn no_beats_unknown_in_a_conjunction_and_yes_beats_it_in_a_disjunction() {
        use Verdict::{No, Unknown, Yes};
        for (one, other, and, or) in [
            (Yes, Yes, Yes, Yes),
            (Yes, No, No, Yes),
            (Yes, Unknown, Unknown, Yes),
            (No, Unknown, No, Unknown),
            (Unknown, No, No, Unknown),
            (Unknown, Yes, Unknown, Yes),
            (No, No, No, No),
        ] {
            assert_eq!(
                answer(one).and(|| answer(other)).verdict,
                and,
                "{one:?} {other:?}"
            );
            assert_eq!(
                answer(one).or(|| answer(other)).verdict,
                or,
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn the_step_that_decided_comes_last() {
        let unknown = || answer(Verdict::Unknown);
        let yes = || answer(Verdict::Yes);
        assert_eq!(yes().and(unknown).reason(), "unknown");
        assert_eq!(unknown().and(yes).reason(), "unknown");
        assert_eq!(answer(Verdict::No).and(unknown).reason(), "no");
    }
}

/// Credentials for the tests of the rules.
#[cfg(test)]
mod sample;
