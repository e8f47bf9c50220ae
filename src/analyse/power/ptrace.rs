//! Rule R4: whether one process may read another's `/proc/T/root`, `cwd`, `fd`, `ns`, `environ` or
//! `mem`: __ptrace_may_access() in kernel/ptrace.c with PTRACE_MODE_READ_FSCREDS (ptrace(2),
//! "Ptrace access mode checking"). Yama has no say in reading.

use super::capable::ns_capable;
use super::{Answer, Credentials, Verdict};
use crate::model::{CapabilitySet, NsKey, NsKind, Process, Seen, Snapshot};

/// How one process can come to read another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The uid and gid that it first has to take on with CAP_SETUID and CAP_SETGID; `None`: as it
    /// is.
    pub after_becoming: Option<(u32, u32)>,
    pub answer: Answer,
}

/// The best route of a process to another: as it is, or after it has taken on the other's ids.
pub fn route(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    other: &Process,
) -> Route {
    let as_it_is = may_read(snapshot, credentials, process, other);
    let theirs = match Credentials::of(snapshot, other) {
        Ok(theirs) if !as_it_is.is_yes() => theirs,
        _ => {
            return Route {
                after_becoming: None,
                answer: as_it_is,
            };
        }
    };
    let (uid, gid) = (theirs.uids.effective, theirs.gids.effective);
    let as_other = may_become(credentials, uid, gid).and(|| {
        let changed = credentials.after_becoming(uid, gid);
        may_read(snapshot, &changed, process, other)
    });
    match as_other.verdict > as_it_is.verdict {
        true => Route {
            after_becoming: Some((uid, gid)),
            answer: as_other,
        },
        false => Route {
            after_becoming: None,
            answer: as_it_is,
        },
    }
}

/// Whether it could set its ids to these: setresuid(2) and setresgid(2) take CAP_SETUID and
/// CAP_SETGID in its own user namespace, and a number there for the id.
fn may_become(credentials: &Credentials, uid: u32, gid: u32) -> Answer {
    let one = |what: &str, id: u32, own: u32, map, capability| {
        if id == own {
            return Answer::new(true, "R4", format!("it has {what} {id}"), "");
        }
        let name = CapabilitySet::name_of(capability);
        let has = credentials.capabilities.effective.contains(capability);
        let says = match has {
            true => format!("with {name} it can become {what} {id}"),
            false => format!("without {name} it cannot become {what} {id}"),
        };
        Answer::new(has, "R4", says, "").and(|| match Credentials::maps(map, id) {
            Seen::Known(true) => Answer::new(true, "R4", format!("its map has {what} {id}"), ""),
            Seen::Known(false) => {
                Answer::new(false, "R4", format!("its map has no {what} {id}"), "")
            }
            Seen::Unknown(why) => Answer::unknown("R4", format!("its map of {what}s"), &why),
        })
    };
    let (uids, gids) = (credentials.uids, credentials.gids);
    one(
        "uid",
        uid,
        uids.effective,
        &credentials.uid_map,
        CapabilitySet::SETUID,
    )
    .and(|| {
        let map = &credentials.gid_map;
        one("gid", gid, gids.effective, map, CapabilitySet::SETGID)
    })
}

/// Whether a process with these credentials may read another. The process itself says from which
/// pid namespace it looks.
pub fn may_read(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    other: &Process,
) -> Answer {
    let sees = may_see(snapshot, process, other);
    if process.pid == other.pid || sees.is_no() {
        return sees;
    }
    let theirs = match Credentials::of(snapshot, other) {
        Ok(theirs) => theirs,
        Err(why) => {
            let what = format!("the credentials of process {}", other.task());
            return sees.and(|| Answer::unknown("R4", what, &why));
        }
    };
    let by_capability = || match theirs.user_ns {
        Seen::Known(user_ns) => {
            ns_capable(snapshot, credentials, user_ns, CapabilitySet::SYS_PTRACE)
        }
        Seen::Unknown(ref why) => Answer::unknown("R4", "the other's user namespace", why),
    };
    let mut answer = sees
        .and(|| same_ids(credentials, &theirs).or(by_capability))
        .and(|| dumpable(&theirs, other).or(by_capability))
        .and(|| subset(credentials, &theirs).or(by_capability));
    answer.barriers.extend(label(process, other));
    answer
}

/// A process is visible in the pid namespaces that it has a number in: its own and those above.
/// Another procfs that is mounted where the process can reach it is not looked for here.
pub fn may_see(snapshot: &Snapshot, process: &Process, other: &Process) -> Answer {
    let own = |process: &Process| process.links.own(NsKind::Pid).clone();
    let (Seen::Known(from), Seen::Known(theirs)) = (own(process), own(other)) else {
        return Answer::new(
            Verdict::Unknown,
            "R4",
            "whether it sees the other cannot be told: a pid namespace is not known",
            "",
        );
    };
    let evidence = format!("/proc/{}/ns/pid pid:[{from}]", process.task());
    if from == NsKind::Pid.initial_inode() {
        let says = "it is in the host's pid namespace and sees every process";
        return Answer::new(true, "R4", says, evidence);
    }
    match is_below(snapshot, theirs, from) {
        Seen::Known(true) => Answer::new(
            true,
            "R4",
            "it sees the other in its pid namespace",
            evidence,
        ),
        Seen::Known(false) => {
            let says = "the other has no number in its pid namespace";
            Answer::new(false, "R4", says, evidence)
        }
        Seen::Unknown(why) => {
            Answer::unknown("R4", "what encloses the other's pid namespace", &why)
        }
    }
}

/// Whether a pid namespace is another or lies below it.
pub fn is_below(snapshot: &Snapshot, inode: u64, above: u64) -> Seen<bool> {
    // Pid namespaces nest 32 deep (pid_namespaces(7)).
    let mut at = inode;
    for _ in 0..64 {
        if at == above {
            return Seen::Known(true);
        }
        if at == NsKind::Pid.initial_inode() {
            return Seen::Known(false);
        }
        let kind = NsKind::Pid;
        match snapshot.namespaces.get(&NsKey { kind, inode: at }) {
            Some(namespace) => match &namespace.parent {
                Seen::Known(Some(parent)) => at = *parent,
                Seen::Known(None) => return Seen::Known(false),
                Seen::Unknown(why) => return Seen::Unknown(why.clone()),
            },
            None => return Seen::Unknown(crate::model::Why::Skipped),
        }
    }
    Seen::Unknown(crate::model::Why::failed("the line of parents has no end"))
}

/// Step 2: the ids that count for files against all three of the other's.
fn same_ids(credentials: &Credentials, theirs: &Credentials) -> Answer {
    let (uid, gid) = (credentials.uids.fs, credentials.gids.fs);
    let pairs = [
        (uid, theirs.uids.effective),
        (uid, theirs.uids.saved),
        (uid, theirs.uids.real),
        (gid, theirs.gids.effective),
        (gid, theirs.gids.saved),
        (gid, theirs.gids.real),
    ];
    let same = pairs.map(|(one, other)| credentials.same_id(one, other));
    let evidence = format!(
        "/proc/{}/status Uid {} {} {} Gid {} {} {}",
        theirs.task,
        theirs.uids.real,
        theirs.uids.effective,
        theirs.uids.saved,
        theirs.gids.real,
        theirs.gids.effective,
        theirs.gids.saved
    );
    let ids = format!("uid {uid} and gid {gid}");
    if same.contains(&Some(false)) {
        let says = format!("the other's ids are not all {ids}");
        return Answer::new(false, "R4", says, evidence);
    }
    match same.contains(&None) {
        true => Answer::new(
            Verdict::Unknown,
            "R4",
            "whether their ids are the same cannot be told: they have no number here",
            evidence,
        ),
        false => Answer::new(true, "R4", format!("both have {ids}"), evidence),
    }
}

/// Step 3, by rule R6: files below `/proc/T` belong to root where T is not dumpable, which shows
/// only where T itself is not root (task_dump_owner in fs/proc/base.c).
pub fn is_dumpable(theirs: &Credentials, other: &Process) -> Option<bool> {
    if other.is_kernel_thread() {
        // No memory, so nothing to dump: the question is not asked (__ptrace_may_access).
        return Some(true);
    }
    let owner = other.details.as_deref()?.files_owner.get()?;
    let euid = theirs.uids.effective;
    if owner != euid {
        return Some(false);
    }
    let root = theirs.root_uid().get()?.unwrap_or(0);
    (euid != root && euid != 0 && theirs.ids_are_exact).then_some(true)
}

fn dumpable(theirs: &Credentials, other: &Process) -> Answer {
    let evidence = || {
        let details = other.details.as_deref();
        let owner = details.and_then(|details| details.files_owner.get());
        owner.map_or(String::new(), |uid| {
            format!("/proc/{}/stat belongs to uid {uid}", other.task())
        })
    };
    match is_dumpable(theirs, other) {
        Some(true) => Answer::new(true, "R6", "the other is dumpable", evidence()),
        Some(false) => Answer::new(false, "R6", "the other is not dumpable", evidence()),
        None => Answer::new(
            Verdict::Unknown,
            "R6",
            "whether the other is dumpable cannot be seen for root; most processes are",
            evidence(),
        ),
    }
}

/// Step 4 (cap_ptrace_access_check in security/commoncap.c).
fn subset(credentials: &Credentials, theirs: &Credentials) -> Answer {
    let (Seen::Known(own), Seen::Known(other)) = (&credentials.user_ns, &theirs.user_ns) else {
        let says = "whether they are in one user namespace is not known";
        return Answer::new(Verdict::Unknown, "R4", says, "");
    };
    if own != other {
        let says = format!("the other is in another user namespace, user:[{other}]");
        return Answer::new(false, "R4", says, "");
    }
    let permitted = theirs.capabilities.permitted;
    let missing = CapabilitySet(permitted.0 & !credentials.capabilities.effective.0);
    let evidence = format!("/proc/{}/status CapPrm {:016x}", theirs.task, permitted.0);
    match missing.is_empty() {
        true => Answer::new(
            true,
            "R4",
            "the other has no capability that it lacks",
            evidence,
        ),
        false => {
            let first = missing.names().into_iter().next().unwrap_or_default();
            let count = missing.len();
            let says = match count {
                1 => format!("the other has {first}, which it lacks"),
                _ => format!("the other has {count} capabilities that it lacks, such as {first}"),
            };
            Answer::new(false, "R4", says, evidence)
        }
    }
}

/// Step 5: what a security module makes of it cannot be seen from here.
fn label(process: &Process, other: &Process) -> Option<String> {
    let of = |process: &Process| {
        let details = process.details.as_deref()?;
        details.lsm.known().cloned().flatten()
    };
    let (own, other) = (of(process)?, of(other));
    let both_free = own == "unconfined" && other.as_deref() == Some("unconfined");
    (!both_free).then(|| format!("the security module, by its label {own}"))
}
