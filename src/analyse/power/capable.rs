//! Rule R1: whether a process has a capability over a user namespace, as cap_capable() in
//! security/commoncap.c decides it.
//!
//! ```text
//! n = target
//! loop: n is the process's own user namespace  -> is the capability in its effective set?
//!       n is not deeper than the process's own -> no
//!       n's parent is the process's own, and n was made by the process's euid -> yes
//!       n = parent of n
//! ```

use super::userns::{self, Line};
use super::{Answer, Credentials, Verdict};
use crate::model::{CapabilitySet, NsKey, NsKind, Seen, Snapshot, Why};

/// Whether these credentials have a capability over a user namespace.
pub fn ns_capable(
    snapshot: &Snapshot,
    credentials: &Credentials,
    target: u64,
    capability: u32,
) -> Answer {
    let own = match &credentials.user_ns {
        Seen::Known(own) => *own,
        Seen::Unknown(why) => return Answer::unknown("R1", "its user namespace", why),
    };
    let line = userns::line(snapshot, target);
    match line.upwards.iter().position(|it| *it == own) {
        Some(0) => in_effective(credentials, target, capability),
        Some(at) => over_child(
            snapshot,
            credentials,
            target,
            line.upwards[at - 1],
            capability,
        ),
        // The host is above every user namespace, also where the line breaks off below it.
        None if own == NsKind::User.initial_inode()
            && credentials.capabilities.effective.contains(capability) =>
        {
            in_effective(credentials, own, capability)
        }
        None => elsewhere(snapshot, own, target, &line),
    }
}

/// Rule R2: the same over the host.
pub fn capable(snapshot: &Snapshot, credentials: &Credentials, capability: u32) -> Answer {
    ns_capable(
        snapshot,
        credentials,
        NsKind::User.initial_inode(),
        capability,
    )
}

/// The same over the user namespace that governs a namespace.
pub fn capable_over(
    snapshot: &Snapshot,
    credentials: &Credentials,
    key: NsKey,
    capability: u32,
) -> Answer {
    match userns::governing(snapshot, key) {
        Seen::Known(governing) => ns_capable(snapshot, credentials, governing, capability),
        Seen::Unknown(why) => {
            Answer::unknown("R3", format!("the user namespace that owns {key}"), &why)
        }
    }
}

fn in_effective(credentials: &Credentials, own: u64, capability: u32) -> Answer {
    let effective = credentials.capabilities.effective;
    let has = effective.contains(capability);
    let where_it_is = userns::name(own);
    let name = CapabilitySet::name_of(capability);
    let says = match has {
        true => format!("it is in {where_it_is}, and {name} is in its effective set"),
        false => format!("it is in {where_it_is}, and {name} is not in its effective set"),
    };
    Answer::new(has, "R1", says, effective_of(credentials))
}

fn effective_of(credentials: &Credentials) -> String {
    let bits = credentials.capabilities.effective.0;
    format!("/proc/{}/status CapEff {bits:016x}", credentials.task)
}

/// The target is below the process's own user namespace, by way of this child of it.
fn over_child(
    snapshot: &Snapshot,
    credentials: &Credentials,
    target: u64,
    child: u64,
    capability: u32,
) -> Answer {
    let own_capability = || {
        let own = credentials.user_ns.get().unwrap_or_default();
        let mut answer = in_effective(credentials, own, capability);
        let below = userns::name(target);
        answer.steps[0].says += &format!("; that counts in {below} below it too");
        answer
    };
    let euid = credentials.uids.effective;
    let made = userns::creator(snapshot, child);
    let evidence = |uid: u32| format!("NS_GET_OWNER_UID of user:[{child}] {uid}");
    let by_creation = match made {
        Seen::Known(uid) => match credentials.same_id(uid, euid) {
            Some(true) => Answer::new(
                true,
                "R1",
                format!("uid {euid} made user:[{child}] and has every capability in there"),
                evidence(uid),
            ),
            Some(false) => Answer::new(
                false,
                "R1",
                format!("user:[{child}] was made by uid {uid}, and it is uid {euid}"),
                evidence(uid),
            ),
            None => Answer::new(
                Verdict::Unknown,
                "R1",
                format!(
                    "whether it made user:[{child}] cannot be told: both uids have no number here"
                ),
                evidence(uid),
            ),
        },
        Seen::Unknown(why) => Answer::unknown("R1", format!("who made user:[{child}]"), &why),
    };
    by_creation.or(own_capability)
}

/// The process's own user namespace is not on the line from the target upwards.
fn elsewhere(snapshot: &Snapshot, own: u64, target: u64, line: &Line) -> Answer {
    let (here, there) = (userns::name(own), userns::name(target));
    let parents = |line: &Line| {
        let inodes: Vec<String> = line.upwards.iter().map(u64::to_string).collect();
        format!("NS_GET_PARENT: {}", inodes.join(" < "))
    };
    let own_line = userns::line(snapshot, own);
    // Where the two lines meet, the target is above the process or in another branch: either way
    // the process is not above the target, however far up the line goes on.
    if line.upwards.iter().any(|it| own_line.upwards.contains(it)) {
        let is_above = own_line.upwards.contains(&target);
        let says = match is_above {
            true => format!("it is in {here}, below {there}: capabilities do not reach upwards"),
            false => format!("it is in {here}, and {there} is not below that"),
        };
        return Answer::new(false, "R1", says, parents(&own_line));
    }
    if line.broken.is_none() {
        let says = format!("it is in {here}, and {there} is not below that");
        return Answer::new(false, "R1", says, parents(line));
    }
    let why = line.broken.as_ref().unwrap_or(&Why::Denied);
    Answer::unknown("R1", format!("whether {there} is below {here}"), why)
}

#[cfg(test)]
mod tests;
