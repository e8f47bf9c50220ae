//! Users: who root inside is outside, by the kernel's own word on a message, and whether a capability of
//! the host is there.

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, getgroups, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};

use super::pinned::Pinned;
use super::worker::{Line, Worker};
use super::{NotTried, Sides, Tried, fails, holds, said};
use crate::model::NsKind;
use crate::sys::{child, files};
use crate::verify::verdict::Evidence;

/// What root inside tells of itself.
#[derive(Serialize, Deserialize)]
struct Root {
    /// The error, as a number, where nobody in there can be root.
    became: Result<(), i32>,
    /// Whether a capability over the host is there.
    host_capability: Result<(), i32>,
    setgroups: Result<(), i32>,
}

fn be_root(line: &Line) -> Result<(), String> {
    let number = |result: Result<(), Errno>| result.map_err(|errno| errno as i32);
    let same_groups = || setgroups(&getgroups()?);
    let setgroups = number(same_groups());
    let root = || {
        let (gid, uid) = (Gid::from_raw(0), Uid::from_raw(0));
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)
    };
    let became = number(root());
    child::harden();
    line.say(&Root {
        became,
        host_capability: number(files::try_swapoff()),
        setgroups,
    })
}

/// Who root at a place is outside, as we number uids.
fn root_of(pinned: &Pinned, sides: &Sides<'_>) -> Result<(Root, u32), NotTried> {
    let place = pinned.root_in_user_namespace()?;
    Worker::start(&place, sides.deadline, be_root)?.hear_with_uid()
}

/// The target shares no user namespace with the other side, and root in there is not root outside.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    if sides.same(NsKind::User)? {
        let did = "compared the user namespaces: both are in one";
        return Ok(fails(did, Vec::new()));
    }
    let (root, uid) = root_of(sides.pinned, sides)?;
    let root_outside = match sides.from {
        None => 0,
        Some(from) if from.is_in_our(NsKind::User)? => 0,
        Some(from) => root_of(from, sides)?.1,
    };
    let host = said(root.host_capability);
    let mut evidence = vec![
        Evidence::new("setresuid(0) inside", said(root.became)),
        Evidence::new(
            "uid of the sender outside (SCM_CREDENTIALS)",
            uid.to_string(),
        ),
        Evidence::new("swapoff(\"\") inside, with all rights in there", &host),
        Evidence::new("setgroups(the same) inside", said(root.setgroups)),
    ];
    // Where we are refused too, a refusal inside says nothing.
    let control = files::try_swapoff();
    if control.is_err_and(|errno| errno == Errno::EPERM) {
        evidence.push(Evidence::new(
            "swapoff(\"\") outside",
            "EPERM: the refusal tells nothing",
        ));
    }
    let reaches_host = root.host_capability.map_err(Errno::from_raw) != Err(Errno::EPERM);
    Ok(match (root.became, uid == root_outside, reaches_host) {
        (_, _, true) => fails(
            format!("a capability of the host is there inside: swapoff(2) says {host}"),
            evidence,
        ),
        (Ok(()), true, false) => fails(
            format!("became root inside: outside that is uid {uid}, which is root there too"),
            evidence,
        ),
        (Ok(()), false, false) => holds(
            format!("became root inside: outside that is uid {uid}, and host rights are refused"),
            evidence,
        ),
        (Err(_), _, false) => holds(
            "nobody can become root inside, and host rights are refused",
            evidence,
        ),
    })
}
