//! Claims -> verdicts: by what was read, and by an experiment, which beats that.

use std::rc::Rc;
use std::time::Duration;

use super::claim::AnyClaim;
use super::probes::{self, Experiment, Target};
use super::reading::{Context, Reading};
use super::verdict::{Judged, Proof, Verdict};
use crate::model::{NsKey, NsKind, Process, Seen, Snapshot, Why};

/// An experiment that takes longer is ended, and decides nothing.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Judges one claim; where there is a reason to try nothing, by what was read alone.
pub fn judge(context: &Context<'_>, claim: &AnyClaim, untried: Option<&str>) -> Judged {
    let read = read_all(context, claim);
    let experiment = match read.sure {
        true => None,
        false => claim.experiment(),
    };
    let Some(mut experiment) = experiment else {
        return told(claim, read, None);
    };
    let ready = match untried {
        Some(why) => Err(why.to_owned()),
        None => prepare(context.snapshot, &mut experiment),
    };
    match ready {
        Err(why) => told(claim, read, Some(&format!("not tried: {why}"))),
        Ok(()) => {
            let target = target_of(context.subject);
            let tried = probes::try_it(&target, &experiment, TIME_LIMIT);
            join(claim, read, tried, experiment.is_search)
        }
    }
}

/// Sees to it that both sides of an experiment are who they should be. The error is why nothing can be
/// tried.
fn prepare(snapshot: &Snapshot, experiment: &mut Experiment) -> Result<(), String> {
    if let Some(from) = &mut experiment.from {
        let other = snapshot.processes.get(from.pid);
        *from = target_of(other.ok_or_else(|| format!("process {} has ended", from.pid))?);
    }
    match experiment.on_host {
        Some(kind) => is_on_host(snapshot, kind),
        None => Ok(()),
    }
}

/// An experiment that is to tell something of the host tells it only where we are on it.
fn is_on_host(snapshot: &Snapshot, kind: NsKind) -> Result<(), String> {
    let own = match snapshot.reader.links.own(kind) {
        // A kernel without this kind has one for all.
        Seen::Unknown(Why::Unsupported) => return Ok(()),
        own => own.part(|inode| {
            let inode = *inode;
            snapshot.is_initial(NsKey { kind, inode })
        }),
    };
    match own.and_then(|is_initial| is_initial) {
        Seen::Known(true) => Ok(()),
        Seen::Known(false) => Err(format!(
            "nsinspect itself is not in the host's {kind} namespace"
        )),
        Seen::Unknown(_) => Err(format!(
            "whether nsinspect itself is in the host's {kind} namespace is not known"
        )),
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
fn join(claim: &AnyClaim, read: Reading, tried: probes::Tried, is_search: bool) -> Judged {
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
            Verdict::Holds => Reading {
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
        claim: Rc::clone(claim),
        verdict: tried.verdict,
        proof: Proof::Probed,
        did: tried.did,
        evidence,
        reason: None,
    }
}

/// What was read, and what is to be said of the experiment.
fn told(claim: &AnyClaim, read: Reading, tried: Option<&str>) -> Judged {
    let reason = match (read.verdict, tried) {
        (Verdict::Undecided, Some(tried)) => Some(format!("{}; {tried}", read.says)),
        (Verdict::Undecided, None) => Some(read.says.clone()),
        (_, tried) => tried.map(str::to_owned),
    };
    Judged {
        claim: Rc::clone(claim),
        verdict: read.verdict,
        proof: Proof::Static,
        did: read.says,
        evidence: read.evidence,
        reason,
    }
}

/// What was read of the process, and of all others that the claim is about as well: the worst.
fn read_all(context: &Context<'_>, claim: &AnyClaim) -> Reading {
    let own = claim.read(context, context.subject);
    let Some(claim) = claim.of_others() else {
        return own;
    };
    let of_others = context.others.iter().map(|process| {
        let mut read = claim.read(context, process);
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
        Some(worst) if worst.verdict < own.verdict => Reading {
            // One that fails does so whatever an experiment on another says.
            sure: worst.verdict == Verdict::Fails,
            ..worst
        },
        _ if own.verdict == Verdict::Holds && context.has_unread => Reading::new(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::claims::no_new_privs::NoNewPrivs;
    use Verdict::{Fails, Holds, Undecided};

    /// The verdict, how it was found out, and why.
    fn joined(read: Verdict, tried: Verdict, is_search: bool) -> (Verdict, Proof, Option<String>) {
        let read = Reading::new(read, "read");
        let tried = probes::Tried {
            verdict: tried,
            did: "tried".to_owned(),
            evidence: Vec::new(),
        };
        let claim: AnyClaim = Rc::new(NoNewPrivs(true));
        let judged = join(&claim, read, tried, is_search);
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
