//! The rights with which a program runs in there: ours, those of root in there, or the target's.

use super::pinned::Pinned;
use crate::cli::{EnterArgs, IdArg};
use crate::commands::run::tell;
use crate::error::Error;
use crate::isolate::Failure;
use crate::isolate::credentials::{Credentials, Keep};
use crate::model::process::{Details, IdRange, Seccomp};
use crate::model::{CapabilitySet, Seen};

fn keep(args: &EnterArgs) -> Keep {
    match args.keep_caps {
        true => Keep::Ambient,
        false => Keep::Usual,
    }
}

fn capabilities_to_drop(args: &EnterArgs) -> Result<CapabilitySet, Error> {
    let names = args.cap_drop.iter().map(String::as_str);
    CapabilitySet::from_names(names).map_err(Error::Usage)
}

fn number(id: Option<IdArg>) -> Option<u32> {
    match id {
        Some(IdArg::Number(number)) => Some(number),
        Some(IdArg::Follow) | None => None,
    }
}

/// Whoever enters a user namespace becomes root in there, unless told otherwise.
fn root_inside(args: &EnterArgs, joins_user: bool) -> Option<u32> {
    (joins_user && !args.preserve_credentials).then_some(0)
}

/// Where the target is a namespace and no process.
pub fn of_namespaces(args: &EnterArgs, joins_user: bool) -> Result<Credentials, Error> {
    let root = root_inside(args, joins_user);
    Ok(Credentials {
        uid: number(args.setuid).or(root),
        gid: number(args.setgid).or(root),
        groups: (args.setgid.is_some() || root.is_some()).then(Vec::new),
        keep: keep(args),
        drop: capabilities_to_drop(args)?,
        no_new_privs: false,
    })
}

/// Where it is a process, whose rights may be wanted.
pub fn of_process(
    args: &EnterArgs,
    pinned: &Pinned,
    joins_user: bool,
) -> Result<Credentials, Error> {
    let drop = capabilities_to_drop(args)?;
    if args.as_target {
        return Ok(Credentials {
            drop,
            ..of_target_exactly(pinned, joins_user)?
        });
    }
    let follows = args.setuid == Some(IdArg::Follow) || args.setgid == Some(IdArg::Follow);
    let theirs = match follows {
        true => of_target_exactly(pinned, joins_user)?,
        false => Credentials::default(),
    };
    let usual = root_inside(args, joins_user);
    // A root that nobody is in there cannot be become.
    let usual_uid = usual.filter(|_| is_mapped(pinned, |details| &details.uid_map));
    let usual_gid = usual.filter(|_| is_mapped(pinned, |details| &details.gid_map));
    Ok(Credentials {
        uid: match args.setuid {
            Some(IdArg::Follow) => theirs.uid,
            given => number(given).or(usual_uid),
        },
        gid: match args.setgid {
            Some(IdArg::Follow) => theirs.gid,
            given => number(given).or(usual_gid),
        },
        groups: match args.setgid {
            Some(IdArg::Follow) => theirs.groups,
            Some(IdArg::Number(_)) => Some(Vec::new()),
            // Where the target's user namespace forbids to change them, they stay.
            None => usual
                .filter(|_| !forbids_setgroups(pinned))
                .map(|_| Vec::new()),
        },
        keep: keep(args),
        drop,
        no_new_privs: false,
    })
}

fn forbids_setgroups(pinned: &Pinned) -> bool {
    let setgroups = pinned.details().map(|details| &details.setgroups);
    setgroups
        .and_then(Seen::known)
        .is_some_and(|it| it == "deny")
}

fn is_mapped(pinned: &Pinned, map: fn(&Details) -> &Seen<Vec<IdRange>>) -> bool {
    let map = pinned.details().map(map);
    map.and_then(Seen::known)
        .is_none_or(|map| IdRange::outside_of(map, 0).is_some())
}

/// The target's ids as they are numbered in the user namespace that we will be in, its capabilities
/// and no_new_privs. What cannot be taken over is said.
fn of_target_exactly(pinned: &Pinned, joins_user: bool) -> Result<Credentials, Failure> {
    let status = pinned.status()?;
    let inside = |map: fn(&Details) -> &Seen<Vec<IdRange>>, file: &str, id: u32| {
        if !joins_user {
            return Ok(id);
        }
        let map = pinned.details().map(map).and_then(Seen::known);
        let inside = map.and_then(|map| IdRange::inside_of(map, id));
        inside.ok_or_else(|| pinned.unreadable(file))
    };
    let gid = |id| inside(|details| &details.gid_map, "gid_map", id);
    if let Some(Seen::Known(Some(label))) = pinned.details().map(|details| &details.lsm) {
        tell(&format!(
            "the security label {label:?} of the target is not taken over"
        ));
    }
    if status.seccomp != Some(Seccomp::Disabled) {
        tell("the seccomp filter of the target is not taken over: no system call could");
    }
    Ok(Credentials {
        uid: Some(inside(
            |details| &details.uid_map,
            "uid_map",
            status.uids.effective,
        )?),
        gid: Some(gid(status.gids.effective)?),
        // A group that is not mapped in there is none that the target could use.
        groups: Some(
            status
                .groups
                .iter()
                .filter_map(|id| gid(*id).ok())
                .collect(),
        ),
        keep: Keep::Exactly(Box::new(status.capabilities)),
        drop: CapabilitySet::default(),
        no_new_privs: status.no_new_privs == Some(true),
    })
}
