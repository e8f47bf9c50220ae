//! Which namespaces a process could join, and which processes of the host it could read.

use super::ptrace::{self, Route};
use super::{Answer, Credentials, Verdict, setns};
use crate::model::{Holder, NsKey, NsKind, Pid, Process, Snapshot, Why};

/// One namespace, and whether the process could join it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    pub key: NsKey,
    /// It is in there.
    pub member: bool,
    /// Whether setns would let it in.
    pub permission: Answer,
    /// Whether it has a way to a descriptor of the namespace, and which.
    pub handle: Answer,
}

impl Joining {
    /// Both together. A descriptor can also be handed to it over a socket, so that where only that
    /// is missing nothing is sure.
    pub fn verdict(&self) -> Verdict {
        match (self.permission.verdict, self.handle.verdict) {
            (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
            (Verdict::No, _) => Verdict::No,
            _ => Verdict::Unknown,
        }
    }
}

/// A process in another mount namespace that it could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    pub pid: Pid,
    pub route: Route,
}

/// All that a process could reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub namespaces: Vec<Joining>,
    /// Processes in another mount namespace of which `/proc/T/root` is or may be open to it.
    pub processes: Vec<Readable>,
    /// How many others were judged and cannot be read by it.
    pub refused: usize,
}

/// Judges one process of a snapshot that holds all others, read at least to their status.
///
/// # Errors
/// Why its credentials are not known.
pub fn reach(snapshot: &Snapshot, process: &Process) -> Result<Reach, Why> {
    let credentials = Credentials::of(snapshot, process)?;
    let others = || {
        snapshot
            .processes
            .iter()
            .filter(|other| other.pid != process.pid && !other.is_zombie())
    };
    let namespaces = snapshot
        .namespaces
        .keys()
        .map(|key| joining(snapshot, &credentials, process, *key))
        .collect();
    let mount_ns = process.links.own(NsKind::Mnt);
    let mut refused = 0;
    let mut processes = Vec::new();
    for other in others() {
        let theirs = other.links.own(NsKind::Mnt);
        if theirs.is_known() && theirs == mount_ns {
            continue;
        }
        let route = ptrace::route(snapshot, &credentials, process, other);
        match route.answer.verdict {
            Verdict::No => refused += 1,
            _ => processes.push(Readable {
                pid: other.pid,
                route,
            }),
        }
    }
    // The surest first.
    processes.sort_by_key(|it| std::cmp::Reverse(it.route.answer.verdict));
    Ok(Reach {
        namespaces,
        processes,
        refused,
    })
}

fn joining(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    key: NsKey,
) -> Joining {
    let member = process.links.own(key.kind).get() == Some(key.inode);
    let permission = setns::may_join(snapshot, credentials, process, key);
    let handle = match permission.is_no() {
        true => Answer::new(
            Verdict::Unknown,
            "R4",
            "not looked for: it may not join",
            "",
        ),
        false => handle(snapshot, credentials, process, key),
    };
    Joining {
        key,
        member,
        permission,
        handle,
    }
}

/// So many members are tried as the way to a descriptor.
const MEMBERS_TRIED: usize = 64;

/// A way to a descriptor: its own link, one that it holds already, a mount in its own mount
/// namespace, or the link of a member that it may read.
fn handle(snapshot: &Snapshot, credentials: &Credentials, process: &Process, key: NsKey) -> Answer {
    let task = process.task();
    let own = process
        .links
        .iter()
        .find(|(link, seen)| link.kind() == key.kind && seen.get() == Some(key.inode));
    if let Some((link, _)) = own {
        let path = format!("/proc/{task}/ns/{}", link.name());
        return Answer::new(true, "R4", "its own link leads there", path);
    }
    let holders = snapshot
        .namespaces
        .get(&key)
        .map(|it| it.holders.as_slice());
    for holder in holders.unwrap_or_default() {
        match holder {
            Holder::Fd { pid, tid, fd } if *pid == process.pid => {
                let path = format!("/proc/{tid}/fd/{fd}");
                return Answer::new(true, "R3", "it holds a descriptor of it", path);
            }
            Holder::Mount { path, mnt_ns }
                if process.links.own(NsKind::Mnt).get() == Some(*mnt_ns) =>
            {
                let says = "it is mounted in its mount namespace, if it may open the path";
                return Answer::new(Verdict::Unknown, "R7", says, path.clone());
            }
            _ => {}
        }
    }
    let members = snapshot.processes.iter().filter(|other| {
        other.links.own(key.kind).get() == Some(key.inode) && other.pid != process.pid
    });
    let mut best: Option<Answer> = None;
    for member in members.take(MEMBERS_TRIED) {
        let mut answer = ptrace::may_read(snapshot, credentials, process, member);
        if answer.is_yes() {
            let says = format!("it may open the link of process {}", member.task());
            let path = format!("/proc/{}/ns/{}", member.task(), key.kind);
            answer
                .steps
                .extend(Answer::new(true, "R4", says, path).steps);
            return answer;
        }
        if best
            .as_ref()
            .is_none_or(|best| answer.verdict > best.verdict)
        {
            best = Some(answer);
        }
    }
    match best {
        Some(answer) if answer.verdict == Verdict::Unknown => answer,
        _ => Answer::new(
            Verdict::Unknown,
            "R4",
            "no way to a descriptor is seen; one could be handed to it over a socket",
            "",
        ),
    }
}
