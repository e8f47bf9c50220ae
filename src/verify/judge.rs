//! Claims -> verdicts: by what was read, and by an experiment, which beats that.

mod around;
mod configured;
mod files;
mod namespaces;
mod rights;

use std::time::Duration;

use super::claim::{Bound, Claim};
use super::probes::{self, Target};
use super::question::{Trial, is_search, trial};
use super::verdict::{Evidence, Judged, Proof, Verdict};
use crate::analyse::audit::finding::Finding;
use crate::collect::paths::Looks;
use crate::model::mount::Mount;
use crate::model::process::{Details, Status};
use crate::model::{NsKey, NsKind, Pid, Process, Seen, Snapshot, Why};

/// An experiment that takes longer has none but a bad answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// One process, and those that its claims are about beside it.
pub struct Case<'a> {
    pub snapshot: &'a Snapshot,
    pub subject: &'a Process,
    /// The others of its container: what is claimed of a container is claimed of all in it.
    pub others: Vec<&'a Process>,
    /// Whether others may be among these that could not be read.
    pub has_unread: bool,
    pub looks: &'a Looks,
    /// What an audit finds, where one was made.
    pub findings: Option<&'a [Finding]>,
}

/// What was read says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub verdict: Verdict,
    /// No experiment could say better.
    pub sure: bool,
    /// Why, in a few words.
    pub says: String,
    pub evidence: Vec<Evidence>,
}

impl Read {
    pub fn new(verdict: Verdict, says: impl Into<String>) -> Read {
        Read {
            verdict,
            sure: false,
            says: says.into(),
            evidence: Vec::new(),
        }
    }

    pub fn holds_if(holds: bool, says: impl Into<String>) -> Read {
        let verdict = match holds {
            true => Verdict::Holds,
            false => Verdict::Fails,
        };
        Read::new(verdict, says)
    }

    /// Nobody can tell by reading.
    pub fn untold(what: &str) -> Read {
        Read::new(
            Verdict::Undecided,
            format!("only an experiment tells {what}"),
        )
    }

    /// What decides could not be read.
    pub fn unknown(what: &str, why: &Why) -> Read {
        let reason = why.words();
        Read::new(Verdict::Undecided, format!("{what} is not known: {reason}"))
    }

    #[must_use]
    pub fn sure(self) -> Read {
        Read { sure: true, ..self }
    }

    /// The same with a fact that it rests on.
    #[must_use]
    pub fn seen(mut self, source: impl Into<String>, value: impl Into<String>) -> Read {
        self.evidence.push(Evidence::new(source, value));
        self
    }
}

/// Judges one claim; where there is a reason to try nothing, by what was read alone.
pub fn judge(case: &Case<'_>, claim: &Claim, untried: Option<&str>) -> Judged {
    let read = read_all(case, claim);
    let trial = match read.sure {
        true => Trial::Needless,
        false => trial(case.snapshot, claim),
    };
    let not_tried = |why: &str| format!("not tried: {why}");
    match (trial, untried) {
        (Trial::Needless, _) => told(claim, read, None),
        (_, Some(why)) => told(claim, read, Some(&not_tried(why))),
        (Trial::Refused(why), None) => told(claim, read, Some(&not_tried(&why))),
        (
            Trial::Of {
                question,
                is_opposite,
            },
            None,
        ) => {
            let target = target_of(case.subject);
            let mut tried = probes::try_it(&target, &question, TIME_LIMIT);
            if is_opposite {
                tried.verdict = tried.verdict.of_opposite();
            }
            join(claim, read, tried, is_search(&question))
        }
    }
}

/// A process as experiments know it.
pub fn target_of(process: &Process) -> Target {
    Target {
        pid: process.task(),
        start_time: process.stat.known().map(|stat| stat.start_time),
    }
}

/// An experiment that decides says more than what was read, which stays as evidence; but it takes
/// both to hold. A search that finds nothing has only not found it.
fn join(claim: &Claim, read: Read, tried: probes::Tried, is_search: bool) -> Judged {
    let contradiction = match (read.verdict, tried.verdict) {
        (_, Verdict::Undecided) => Some(format!("not tried: {}", tried.did)),
        (Verdict::Fails, Verdict::Holds) => Some(format!("by experiment it holds: {}", tried.did)),
        (Verdict::Undecided, Verdict::Holds) if is_search => Some(format!(
            "no way was found, which proves little: {}",
            tried.did
        )),
        _ => None,
    };
    if let Some(why) = contradiction {
        let read = match tried.verdict {
            Verdict::Holds => Read {
                verdict: Verdict::Undecided,
                ..read
            },
            _ => read,
        };
        let mut judged = told(claim, read, Some(&why));
        judged.evidence.extend(tried.evidence);
        return judged;
    }
    let mut evidence = tried.evidence;
    evidence.extend(read.evidence);
    Judged {
        claim: claim.clone(),
        verdict: tried.verdict,
        proof: Proof::Probed,
        did: tried.did,
        evidence,
        reason: None,
    }
}

/// What was read, and what is to be said of the experiment.
fn told(claim: &Claim, read: Read, tried: Option<&str>) -> Judged {
    let reason = match (read.verdict, tried) {
        (Verdict::Undecided, Some(tried)) => Some(format!("{}; {tried}", read.says)),
        (Verdict::Undecided, None) => Some(read.says.clone()),
        (_, tried) => tried.map(str::to_owned),
    };
    Judged {
        claim: claim.clone(),
        verdict: read.verdict,
        proof: Proof::Static,
        did: read.says,
        evidence: read.evidence,
        reason,
    }
}

/// What was read of the process, and of all others that the claim is about as well: the worst.
fn read_all(case: &Case<'_>, claim: &Claim) -> Read {
    let own = read(case, case.subject, claim);
    let Some(claim) = of_others(claim) else {
        return own;
    };
    let of_others = case.others.iter().map(|process| {
        let mut read = read(case, process, &claim);
        read.says = format!("process {}: {}", process.task(), read.says);
        // What a process that has ended was is no matter.
        let is_gone =
            read.verdict == Verdict::Undecided && process.links.own_keys().next().is_none();
        (is_gone, read)
    });
    let others = of_others
        .filter(|(is_gone, _)| !is_gone)
        .map(|(_, read)| read);
    let worst = others.min_by_key(|read| read.verdict);
    match worst {
        Some(worst) if worst.verdict < own.verdict => Read {
            // One that fails does so whatever an experiment on another says.
            sure: worst.verdict == Verdict::Fails,
            ..worst
        },
        _ if own.verdict == Verdict::Holds && case.has_unread => Read::new(
            Verdict::Undecided,
            format!(
                "not every process that may be in there could be read; of its init: {}",
                own.says
            ),
        )
        .sure(),
        _ => own,
    }
}

/// What a claim about a container says of those in it beside its init, which may have less.
fn of_others(claim: &Claim) -> Option<Claim> {
    match claim {
        Claim::Isolated { .. }
        | Claim::Shared { .. }
        | Claim::RootNotHostRoot
        | Claim::NoNewPrivs(_)
        | Claim::Seccomp(_)
        | Claim::Lsm(_) => Some(claim.clone()),
        Claim::Capabilities {
            set,
            bound: Bound::AtMost | Bound::Exactly,
            capabilities,
        } => Some(Claim::Capabilities {
            set: *set,
            bound: Bound::AtMost,
            capabilities: *capabilities,
        }),
        _ => None,
    }
}

/// What was read of one process.
#[cold] // See build.rs.
fn read(case: &Case<'_>, process: &Process, claim: &Claim) -> Read {
    match claim {
        Claim::Isolated { kind, against } => namespaces::isolated(case, process, *kind, against),
        Claim::Shared { kind, against } => {
            let mut read = namespaces::isolated(case, process, *kind, against);
            read.verdict = read.verdict.of_opposite();
            // That it is another namespace is the end of it.
            read.sure |= read.verdict == Verdict::Fails;
            read
        }
        Claim::InNamespace { kind, path, inode } => {
            namespaces::in_namespace(process, *kind, path, inode)
        }
        Claim::RootNotHostRoot => rights::root_not_host_root(case, process),
        Claim::IdMap { ids, map } => rights::id_map(process, *ids, map),
        Claim::Setgroups(allowed) => rights::setgroups(process, *allowed),
        Claim::Uid(uid) => rights::uid(case, process, *uid),
        Claim::NotRoot => rights::not_root(case, process),
        Claim::Capabilities {
            set,
            bound,
            capabilities,
        } => rights::capabilities(process, *set, *bound, *capabilities),
        Claim::NoNewPrivs(on) => rights::no_new_privs(process, *on),
        Claim::Seccomp(mode) => rights::seccomp(process, *mode),
        Claim::Lsm(label) => rights::lsm(process, label.as_deref()),
        Claim::NoFindingAbove(severity) => rights::findings(case, *severity),
        Claim::Path { path, is } => files::path(case, path, *is),
        Claim::Propagation { path, is } => files::propagation(case, path, *is),
        Claim::Device {
            path,
            access,
            allowed,
        } => files::device(case, path, *access, *allowed),
        Claim::NoOtherMounts(places) => configured::no_other_mounts(case, places),
        Claim::NoOtherDevices(allowed) => configured::no_other_devices(case, allowed),
        Claim::Hostname(name) => around::hostname(case, name),
        Claim::OnlyOwnProcesses => around::only_own_processes(case),
        Claim::AtMostProcesses(most) => around::at_most_processes(case, *most),
        Claim::Interfaces(names) => around::interfaces(case, names),
        Claim::Unreachable(socket) => around::unreachable(case, socket),
        Claim::Reachable(socket) => {
            let mut read = around::unreachable(case, socket);
            read.verdict = read.verdict.of_opposite();
            read
        }
        Claim::CgroupPath(path) => around::cgroup_path(case, path),
        Claim::CgroupNotWritable => around::cgroup_not_writable(case),
        Claim::Stays(_) => Read::untold("what shows outside"),
        Claim::TimeOffsets(offsets) => around::time_offsets(process, offsets),
    }
}

impl<'a> Case<'a> {
    fn task(&self) -> Pid {
        self.subject.task()
    }

    /// The path of a file of the subject's, as evidence names it.
    fn file(&self, name: &str) -> String {
        file_of(self.subject, name)
    }

    /// What is inside the subject's namespace of a kind.
    fn facts(&self, kind: NsKind) -> Option<&'a crate::model::facts::Facts> {
        let inode = self.subject.links.own(kind).get()?;
        let namespace = self.snapshot.namespaces.get(&NsKey { kind, inode })?;
        Some(&namespace.facts)
    }

    /// Whether ids that were read are those of the host.
    fn reads_as_host(&self) -> bool {
        let own = self.snapshot.reader.links.own(NsKind::User);
        own.get() == Some(NsKind::User.initial_inode())
    }
}

fn file_of(process: &Process, name: &str) -> String {
    format!("/proc/{}/{name}", process.task())
}

fn details(process: &Process) -> Result<&Details, Why> {
    process.details.as_deref().ok_or(Why::Skipped)
}

fn detail<T>(process: &Process, part: fn(&Details) -> &Seen<T>) -> Result<&T, Why> {
    part(details(process)?).as_ref().map_err(Clone::clone)
}

/// Its mount table.
fn mounts(process: &Process) -> Result<&[Mount], Why> {
    let table = detail(process, |details| &details.mounts)?;
    match table.is_empty() {
        true => Err(Why::failed("its mount table is empty: it is in a chroot")),
        false => Ok(table),
    }
}

fn status(process: &Process) -> Result<&Status, Why> {
    detail(process, |details| &details.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Fails, Holds, Undecided};

    /// The verdict, how it was found out, and why.
    fn joined(read: Verdict, tried: Verdict, is_search: bool) -> (Verdict, Proof, Option<String>) {
        let read = Read::new(read, "read");
        let tried = probes::Tried {
            verdict: tried,
            did: "tried".to_owned(),
            evidence: Vec::new(),
        };
        let judged = join(&Claim::RootNotHostRoot, read, tried, is_search);
        (judged.verdict, judged.proof, judged.reason)
    }

    #[test]
    fn an_experiment_that_fails_beats_whatever_was_read() {
        for read in Verdict::ALL {
            for is_search in [false, true] {
                let expected = (Fails, Proof::Probed, None);
                assert_eq!(joined(read, Fails, is_search), expected);
            }
        }
    }

    #[test]
    fn what_was_read_to_fail_is_never_said_to_hold() {
        let reason = "read; by experiment it holds: tried".to_owned();
        for is_search in [false, true] {
            let expected = (Undecided, Proof::Static, Some(reason.clone()));
            assert_eq!(joined(Fails, Holds, is_search), expected);
        }
    }

    #[test]
    fn a_search_that_found_nothing_says_nothing_of_what_could_not_be_read() {
        let reason = "read; no way was found, which proves little: tried".to_owned();
        let expected = (Undecided, Proof::Static, Some(reason));
        assert_eq!(joined(Undecided, Holds, true), expected);
        assert_eq!(
            joined(Undecided, Holds, false),
            (Holds, Proof::Probed, None)
        );
        assert_eq!(joined(Holds, Holds, true), (Holds, Proof::Probed, None));
    }

    #[test]
    fn where_nothing_could_be_tried_what_was_read_stands() {
        let not_tried = || Some("not tried: tried".to_owned());
        assert_eq!(
            joined(Holds, Undecided, true),
            (Holds, Proof::Static, not_tried())
        );
        assert_eq!(
            joined(Fails, Undecided, true),
            (Fails, Proof::Static, not_tried())
        );
    }
}
