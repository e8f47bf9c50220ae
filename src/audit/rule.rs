//! What a rule is: everything that people are told of it, what it has to have read, and its check.

use std::fmt;

use super::case::Case;
use super::finding::{Finding, Severity, Verdict};
use super::need::Need;

/// One kind of finding. Each is a file below `rules/`; everything that is told of rules anywhere is
/// made from these.
pub struct Rule {
    /// `NSA-` and three digits; never reused, never with another meaning.
    pub id: &'static str,
    pub title: &'static str,
    /// The worst that a finding of it can be.
    pub worst: Severity,
    /// Why it matters: a paragraph for people.
    pub why: &'static str,
    /// What to do about it with any runtime.
    pub remedy: &'static str,
    /// What to do with one runtime, by its name.
    pub remedies: &'static [(&'static str, &'static str)],
    /// Identifiers of MITRE ATT&CK and CVE, and names in other catalogues.
    pub references: &'static [&'static str],
    /// What has to be collected for it: nothing else may change what it finds.
    pub needs: &'static [Need],
    pub asks: Asks,
    /// Rules that leave nothing to say for this one.
    pub gives_way: &'static [GivesWay],
    pub check: Check,
}

/// Which processes a rule is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Those that something is meant to hold: in a container, a sandbox or a chroot, or named by
    /// whoever asks.
    Held,
    /// Processes of the host itself too: it is about a sign that something has happened.
    Everybody,
}

/// How a rule comes to its findings about one process.
#[derive(Clone, Copy)]
pub enum Check {
    /// There is one finding, or none.
    One(fn(&Case<'_>) -> Option<Finding>),
    /// What was found, and beside it what could not be looked at.
    Several(fn(&Case<'_>) -> Vec<Finding>),
}

/// That a finding adds nothing to one of another rule about the same process.
pub struct GivesWay {
    pub to: &'static Rule,
    pub how: How,
    /// Whether it does, by what the other has found.
    pub when: fn(&Case<'_>, &Finding) -> bool,
}

/// What becomes of a finding that adds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is no finding.
    Dropped,
    /// It is one, and is counted; the short text only names its id below the other.
    Folded,
}

impl GivesWay {
    /// Is folded into what the other rule has proven.
    pub const fn folded(to: &'static Rule) -> GivesWay {
        GivesWay {
            to,
            how: How::Folded,
            when: proven,
        }
    }
}

impl How {
    pub const fn name(self) -> &'static str {
        match self {
            How::Dropped => "dropped",
            How::Folded => "folded",
        }
    }
}

impl Rule {
    /// What to do about it where this runtime, or none that is known, has made the container.
    pub fn remedy_for(&self, runtime: Option<&str>) -> &'static str {
        let own = runtime.and_then(|runtime| {
            let of_runtime = self.remedies.iter().find(|(name, _)| *name == runtime);
            of_runtime.map(|(_, remedy)| *remedy)
        });
        own.unwrap_or(self.remedy)
    }

    /// All that it finds about a process, whatever other rules say.
    pub fn check(&self, case: &Case<'_>) -> Vec<Finding> {
        match self.check {
            Check::One(check) => check(case).into_iter().collect(),
            Check::Several(check) => check(case),
        }
    }

    /// The rule that leaves nothing to say for this one, by what all rules have found.
    fn yields_to(&self, case: &Case<'_>, all: &[Finding]) -> Option<&'static GivesWay> {
        let is_said = |way: &&GivesWay| {
            let mut others = all.iter().filter(|other| *other.rule == *way.to);
            others.any(|other| (way.when)(case, other))
        };
        self.gives_way.iter().find(is_said)
    }
}

/// Drops and folds what adds nothing to other findings about the same process.
pub fn give_way(case: &Case<'_>, all: Vec<Finding>) -> Vec<Finding> {
    let kept = all.iter().filter_map(|finding| {
        let folded_into = match finding.rule.yields_to(case, &all) {
            Some(way) if way.how == How::Dropped => return None,
            // What is mitigated or not worth a line does not follow from anything.
            way => way.map(|way| way.to).filter(|_| finding.is_notable()),
        };
        Some(Finding {
            folded_into,
            ..finding.clone()
        })
    });
    kept.collect()
}

/// For [`GivesWay::when`]: whatever the other has found.
pub fn found(_: &Case<'_>, _: &Finding) -> bool {
    true
}

/// For [`GivesWay::when`]: the other is proven.
pub fn proven(_: &Case<'_>, other: &Finding) -> bool {
    other.verdict == Verdict::Exploitable
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl fmt::Debug for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.id)
    }
}

/// All that follow from being able to leave the container are this technique.
pub const ESCAPE: &str = "ATT&CK T1611";

/// Pod Security Standards of Kubernetes.
pub const BASELINE: &str = "Pod Security baseline";
pub const RESTRICTED: &str = "Pod Security restricted";
