//! Commands that judge.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::TARGETS;
use crate::audit::finding::Severity;
use crate::model::CapabilitySet;

const FINDINGS: &str = "\
A TARGET is a PID or TID, `self`, `host`, ns:INODE or net:[INODE], the path of an nsfs file such as
/run/netns/NAME, or a container: its name, its id or the start of it, or either with the
runtime before it, as docker:web. A target is judged as if something were meant to hold it; of
other processes of the host only signs of an escape are told.

The severity is the worst that follows without one more bug. Without a word beside it a finding
is proven (exploitable); else it is
  conditional  it holds if what is said does
  unknown      what decides could not be read: never \"ok\"
  mitigated    a barrier is known that stands in the way
  shared-only  shared, but of no use with these credentials
The last two, those of severity info, and those that follow from another are shown with -v and
counted always. `nsinspect explain ID` says why a finding matters. Nothing is entered, mounted or
written. --fail-on exits with 1 if a finding is so severe and not mitigated or
shared-only, with 2 if that cannot be told.";

const RULES: &str = "\
Exits with 0 for yes (now, or after it has executed a program), with 1 for no, with 2 for unknown.

Each step of the reasoning names a rule of the kernel:
  R1  a capability counts over the user namespace that its holder is in, and over those below; the
      uid that made a user namespace has every capability in it
  R2  the same over the initial user namespace, which is the host's
  R3  each namespace is governed by the user namespace that owns it
  R4  access by ptrace: the same ids and no capability more, or CAP_SYS_PTRACE
  R5  an execve gives root of a user namespace its bounding set, unless no_new_privs is on
  R6  a process that is not dumpable takes CAP_SYS_PTRACE to be read
  R7  permission bits, and CAP_DAC_OVERRIDE where the file's ids have numbers in the user namespace
  R8  files below /proc/sys belong to the host's uid 0 and ask for no capability
Securebits cannot be seen and are taken for 0.";

impl ValueEnum for Severity {
    fn value_variants<'a>() -> &'a [Severity] {
        &Severity::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[derive(Debug, Args)]
#[command(after_help = RULES, after_long_help = RULES)]
pub struct CanArgs {
    /// The process to judge
    pub target: String,
    /// The capability, as sys_admin or CAP_SYS_ADMIN
    #[arg(value_parser = CapabilitySet::number_of)]
    pub capability: u32,
    /// Over the user namespace that owns this namespace, instead of the host's. A user namespace
    /// stands for itself, a process for the user namespace that it is in
    #[arg(long = "in", value_name = "NS")]
    pub within: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = FINDINGS, after_long_help = FINDINGS)]
pub struct AuditArgs {
    /// What to look at; without one, all containers and sandboxes
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Look at every process of the machine
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// Exit with 1 if a finding that is not mitigated is at least this severe, with 2 if that
    /// cannot be told
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
}

const EXPLAINED: &str = "\
An ID is what `audit` prints before a finding, as NSA-105, nsa-105 or 105.

With one ID, --json prints the document nsinspect.rule/1; without one, or with several,
nsinspect.rules/1, which has all of that for each. docs/rules.md and nsinspect-rules(7) are the
same texts.";

#[derive(Debug, Args)]
#[command(after_help = EXPLAINED, after_long_help = EXPLAINED)]
pub struct ExplainArgs {
    /// The rule to explain; without one, all are listed
    #[arg(value_name = "ID")]
    pub rules: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = TARGETS, after_long_help = TARGETS)]
pub struct ReachArgs {
    /// The process to judge
    pub target: String,
}
