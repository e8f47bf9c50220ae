//! The rights with which a program runs in there: ours, those of root in there, or the target's.

use super::pinned::Pinned;
use crate::cli::{EnterArgs, IdArg};
use crate::commands::run::tell;
use crate::error::Error;
use crate::isolate::credentials::{Credentials, Keep};
use crate::isolate::target_user::TargetUser;
use crate::isolate::{Failure, Step};
use crate::model::CapabilitySet;
use crate::model::process::{IdRange, Seccomp};
use crate::sys::capabilities;

/// By which numbers ids go once everything is joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// No user namespace is joined.
    Ours,
    /// Those of the target's user namespace.
    Targets,
    /// Those of a user namespace that no process of ours tells the maps of.
    Others,
}

/// The rights, and the supplementary groups to have before a user namespace is joined, in which
/// nobody may be allowed to change them.
pub struct Rights {
    pub groups_before: Option<Vec<u32>>,
    pub inside: Credentials,
}

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
fn root_inside(args: &EnterArgs, numbers: Numbers) -> Option<u32> {
    (numbers != Numbers::Ours && !args.preserve_credentials).then_some(0)
}

/// Where the target is a namespace and no process.
pub fn of_namespaces(args: &EnterArgs, numbers: Numbers) -> Result<Rights, Error> {
    let follows = [args.setuid, args.setgid].contains(&Some(IdArg::Follow));
    if follows {
        return Err(Error::Usage(
            "the target is a namespace and no process whose ids could be followed: -S and -G take \
             a number"
                .to_owned(),
        ));
    }
    Ok(plain(
        args,
        root_inside(args, numbers),
        root_inside(args, numbers),
        capabilities_to_drop(args)?,
    ))
}

/// Ids that are given, or else these; no supplementary groups once the group changes.
fn plain(args: &EnterArgs, uid: Option<u32>, gid: Option<u32>, drop: CapabilitySet) -> Rights {
    Rights {
        groups_before: gid.map(|_| Vec::new()),
        inside: Credentials {
            uid: number(args.setuid).or(uid),
            gid: number(args.setgid).or(gid),
            groups: (args.setgid.is_some() || gid.is_some()).then(Vec::new),
            keep: keep(args),
            drop,
            ..Credentials::default()
        },
    }
}

/// Where it is a process, whose rights may be wanted.
pub fn of_process(args: &EnterArgs, pinned: &Pinned, numbers: Numbers) -> Result<Rights, Error> {
    let drop = capabilities_to_drop(args)?;
    if args.as_target {
        return Ok(exactly(&target_user(pinned, numbers)?, pinned, drop)?);
    }
    let follows = [args.setuid, args.setgid].contains(&Some(IdArg::Follow));
    let root = root_inside(args, numbers);
    // Where there is no root, as in a sandbox that maps its user alone, it is the target's user.
    let lacks_root = root.is_some() && numbers == Numbers::Targets && !has_root(pinned)?;
    if !(follows || lacks_root) {
        return Ok(plain(args, root, root, drop));
    }
    let target = target_user(pinned, numbers)?;
    let (uid, gid) = match lacks_root {
        true => (Some(target.uid()?), Some(target.gid()?)),
        false => (root, root),
    };
    let mut rights = plain(args, uid, gid, drop);
    if args.setuid == Some(IdArg::Follow) {
        rights.inside.uid = Some(target.uid()?);
    }
    if args.setgid == Some(IdArg::Follow) {
        rights.inside.gid = Some(target.gid()?);
        rights.inside.groups = Some(target.groups());
        rights.groups_before = target.groups_before();
    }
    Ok(rights)
}

/// Whether uid and gid 0 are mapped in the target's user namespace.
fn has_root(pinned: &Pinned) -> Result<bool, Failure> {
    let has = |file| Ok(IdRange::outside_of(&pinned.id_map(file)?, 0).is_some());
    Ok(has("uid_map")? && has("gid_map")?)
}

/// The target's rights, all that can be taken over; what cannot is said.
fn exactly(target: &TargetUser, pinned: &Pinned, drop: CapabilitySet) -> Result<Rights, Failure> {
    if let Some(label) = pinned.label() {
        tell(&format!(
            "the security label {label:?} of the target is not taken over"
        ));
    }
    let status = &target.status;
    if status.seccomp != Some(Seccomp::Disabled) {
        tell("the seccomp filter of the target is not taken over: no system call could");
    }
    if pinned.forbids_setgroups() && !has_setgid() && !target.has_our_groups() {
        tell("the supplementary groups stay ours: its user namespace forbids to change them");
    }
    Ok(Rights {
        groups_before: target.groups_before(),
        inside: target.credentials(drop)?,
    })
}

fn has_setgid() -> bool {
    capabilities::get().is_ok_and(|sets| sets.effective.contains(CapabilitySet::SETGID))
}

/// Who the target is.
fn target_user(pinned: &Pinned, numbers: Numbers) -> Result<TargetUser, Failure> {
    let maps = match numbers {
        Numbers::Ours => None,
        Numbers::Targets => Some([pinned.id_map("uid_map")?, pinned.id_map("gid_map")?]),
        Numbers::Others => {
            return Err(Failure::because(
                Step::Open(pinned.name("uid_map")),
                "the target's ids are numbered in its own user namespace, and another is \
                 entered: --as-target and `follow` take the target's",
            ));
        }
    };
    Ok(TargetUser {
        name: pinned.directory(),
        status: pinned.status()?,
        maps,
    })
}
