//! What processes could do to the host, told from the host with evidence: findings by rules that
//! compute what the kernel would decide ([`super::power`]), and never by a name or a version.
//!
//! One file for each group of rules. Each looks at one [`case::Case`] and adds what it finds; what it
//! could not read is a finding of its own with the verdict `unknown`, never silence.

/// What a process could do with what it has or can become.
mod ability;
/// Abstract unix sockets of others in its network namespace.
mod abstract_sockets;
/// One process under audit.
pub mod case;
/// The findings that there are.
pub mod catalogue;
/// Cgroup file systems.
mod cgroups;
/// Sockets of the host that a mount leads to.
mod control_sockets;
/// Device nodes.
mod devices;
/// What was read of the exposure of a process.
mod exposed;
/// What a finding is.
pub mod finding;
/// File systems of daemons of the host.
mod fuse;
/// Descriptors, working directories and programs.
mod handles;
/// Mounts that no path leads to.
mod hidden;
/// Files and directories of the host.
mod host_files;
/// Settings and secrets of the kernel.
mod kernel_files;
/// Procfs instances of other pid namespaces.
mod procfs;
/// Mounts that appear on the host.
mod propagation;
/// Namespaces that are the host's.
mod sharing;
/// Which processes are audited.
pub mod subjects;

use case::Case;
use finding::{Finding, Severity, Verdict};
use subjects::Subject;

use crate::analyse::containers::Identity;
use crate::model::{Process, Snapshot};

/// What was found about one process.
pub struct Audited<'a> {
    pub process: &'a Process,
    pub container: Option<Identity>,
    /// How many processes are like it in all that matters here, itself included.
    pub alike: usize,
    /// Worst first.
    pub findings: Vec<Finding>,
}

impl Audited<'_> {
    /// The runtime that has made its container, where that is known.
    pub fn runtime(&self) -> Option<&str> {
        self.container
            .as_ref()
            .map(|it| it.container.runtime.as_str())
    }
}

/// A group of rules.
type Rules = fn(&Case<'_>, &mut Vec<Finding>);

/// In the order in which findings of equal weight are told.
const RULES: [Rules; 12] = [
    sharing::look,
    procfs::look,
    abstract_sockets::look,
    hidden::look,
    control_sockets::look,
    host_files::look,
    propagation::look,
    devices::look,
    kernel_files::look,
    cgroups::look,
    fuse::look,
    handles::look,
];

/// Looks at every subject with all rules; those with the worst findings come first.
pub fn audit<'a>(snapshot: &'a Snapshot, subjects: &[Subject]) -> Vec<Audited<'a>> {
    let mut audited: Vec<Audited<'a>> = subjects
        .iter()
        .filter_map(|subject| look_at(snapshot, subject))
        .collect();
    audited.sort_by_key(|it| std::cmp::Reverse(it.findings.first().map(weight)));
    audited
}

fn look_at<'a>(snapshot: &'a Snapshot, subject: &Subject) -> Option<Audited<'a>> {
    let process = snapshot.processes.get(&subject.task)?;
    let case = Case {
        snapshot,
        process,
        container: crate::analyse::containers::identity(snapshot, process),
    };
    let mut findings = Vec::new();
    for look in RULES {
        look(&case, &mut findings);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(weight(finding)));
    Some(Audited {
        process,
        container: case.container,
        alike: subject.alike,
        findings,
    })
}

/// What is proven weighs more than what is not, and among equals the severity decides.
fn weight(finding: &Finding) -> (bool, Severity, Verdict) {
    (finding.is_live(), finding.severity, finding.verdict)
}
