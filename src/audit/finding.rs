//! What an audit says: how bad it is, whether it is proven, and what it rests on.

use super::rule::Rule;

/// What follows for certain, without one more bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A fact worth knowing.
    Info,
    /// Something leaks, or can be made to fail.
    Low,
    /// Other containers, the host's network or mounts, or a barrier that is missing.
    Medium,
    /// Files or processes of the host as another user than root, files of root for reading, or root
    /// of the host behind one precondition that is often met.
    High,
    /// Root of the host, code in the kernel, or files of root for writing.
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 5] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// How far the danger is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A barrier is known that stands in the way; it is named.
    Mitigated,
    /// It is shared, but of no use with these credentials.
    SharedOnly,
    /// Something that decides could not be read: never "ok".
    Unknown,
    /// It holds if the preconditions do, which are named.
    Conditional,
    /// Every precondition is proven.
    Exploitable,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Mitigated => "mitigated",
            Verdict::SharedOnly => "shared-only",
            Verdict::Unknown => "unknown",
            Verdict::Conditional => "conditional",
            Verdict::Exploitable => "exploitable",
        }
    }
}

/// A raw fact and where it was read, or what was done and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The file, field or system call.
    pub source: String,
    /// As it stands there.
    pub value: String,
}

impl Evidence {
    pub fn new(source: impl Into<String>, value: impl Into<String>) -> Evidence {
        Evidence {
            source: source.into(),
            value: value.into(),
        }
    }
}

/// One thing that a process could do to the host, or that weakens what holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub verdict: Verdict,
    /// Why it is real, in one sentence.
    pub why: String,
    pub evidence: Vec<Evidence>,
    /// What must hold besides, and is not proven.
    pub preconditions: Vec<String>,
    /// The rule whose finding about the same process says all that this does.
    pub folded_into: Option<&'static Rule>,
}

impl Finding {
    /// A finding that rests on nothing yet.
    pub fn new(
        rule: &'static Rule,
        severity: Severity,
        verdict: Verdict,
        why: impl Into<String>,
    ) -> Finding {
        Finding {
            rule,
            severity,
            verdict,
            why: why.into(),
            evidence: Vec::new(),
            preconditions: Vec::new(),
            folded_into: None,
        }
    }

    /// Whether it is a danger as far as is known: not what is mitigated or of no use.
    pub fn is_live(&self) -> bool {
        !matches!(self.verdict, Verdict::Mitigated | Verdict::SharedOnly)
    }

    /// Whether it is worth a line to somebody who has not asked for everything.
    pub fn is_shown(&self) -> bool {
        self.is_notable() && self.folded_into.is_none()
    }

    /// The same, be it told by another finding already.
    pub fn is_notable(&self) -> bool {
        self.is_live() && self.severity > Severity::Info
    }

    /// The same with a fact that it rests on.
    pub fn seen(mut self, source: impl Into<String>, value: impl Into<String>) -> Finding {
        self.evidence.push(Evidence::new(source, value));
        self
    }

    /// The same with a fact as [`super::case::Case`] gives it.
    pub fn with(self, (source, value): (String, String)) -> Finding {
        self.seen(source, value)
    }

    /// The same with a weaker verdict; of two it is the weaker one.
    pub fn but(mut self, verdict: Verdict) -> Finding {
        self.verdict = self.verdict.min(verdict);
        self
    }

    /// The same for another reason.
    pub fn because(mut self, why: impl Into<String>) -> Finding {
        self.why = why.into();
        self
    }

    /// The same with something that must hold besides.
    pub fn provided(mut self, precondition: impl Into<String>) -> Finding {
        self.preconditions.push(precondition.into());
        self
    }
}
