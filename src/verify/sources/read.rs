//! A claims file -> claims.

use super::file::{Bounds, Claims, ClaimsFile, Others, PathClaims, Range, Setgroups};
use super::values::{AbsolutePath, Capability, Kind, SocketName};
use crate::model::process::{IdRange, Offset, TimeOffsets};
use crate::model::{CapabilitySet, NsKind};
use crate::verify::claim::{Against, Bound, CapSet, Claim, IdKind, PathState, Socket};

/// A file beyond this (bytes) is not read: a YAML of aliases could grow without limit.
pub const LARGEST: usize = 1 << 20;

/// Reads the text of a claims file.
///
/// # Errors
/// What is wrong, with line and column where the text has them.
pub fn parse(text: &str) -> Result<ClaimsFile, String> {
    let file: ClaimsFile = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let is_empty = |claims: &Claims| {
        let found = flatten::<()>(claims, &mut |_| Ok(Against::Host));
        found.is_ok_and(|found| found.is_empty())
    };
    if file.claims.is_none() && file.targets.is_empty() {
        return Err("it claims nothing: neither `claims` nor `targets` is there".to_owned());
    }
    if file.claims.as_ref().is_some_and(is_empty) {
        return Err("`claims` is empty: nothing would be proven".to_owned());
    }
    for (at, entry) in file.targets.iter().enumerate() {
        if entry.target.is_some() == entry.select.is_some() {
            return Err(format!("targets[{at}] wants one of `target` and `select`"));
        }
        if entry.profile.is_none() && entry.claims.as_ref().is_none_or(is_empty) {
            return Err(format!("targets[{at}] claims nothing"));
        }
    }
    Ok(file)
}

/// The claims one by one, in the order of the documentation. Other targets are found by `resolve`.
///
/// # Errors
/// That of `resolve`.
pub fn flatten<E>(
    claims: &Claims,
    resolve: &mut dyn FnMut(&str) -> Result<Against, E>,
) -> Result<Vec<Claim>, E> {
    let mut found = kinds(claims, resolve)?;
    if let Some(user) = &claims.user {
        found.extend(user.root_on_host.map(|_| Claim::RootNotHostRoot));
        let maps = [(IdKind::Uid, &user.uid_map), (IdKind::Gid, &user.gid_map)];
        found.extend(maps.into_iter().filter_map(|(ids, map)| {
            let map = map.as_ref()?.iter().map(range).collect();
            Some(Claim::IdMap { ids, map })
        }));
        let allowed = user.setgroups.map(|it| it == Setgroups::Allow);
        found.extend(allowed.map(Claim::Setgroups));
    }
    if let Some(process) = &claims.process {
        found.extend(process.uid.map(Claim::Uid));
        found.extend(process.root.map(|_| Claim::NotRoot));
    }
    found.extend(claims.hostname.clone().map(Claim::Hostname));
    found.extend(capabilities(claims));
    found.extend(claims.no_new_privs.map(Claim::NoNewPrivs));
    found.extend(claims.seccomp.map(|mode| Claim::Seccomp(mode.into())));
    found.extend(claims.lsm.as_deref().map(|label| match label {
        "*" => Claim::Lsm(None),
        label => Claim::Lsm(Some(label.to_owned())),
    }));
    found.extend(claims.paths.iter().flat_map(paths));
    found.extend(claims.propagation.iter().map(|it| Claim::Propagation {
        path: it.path.0.clone(),
        is: it.is,
    }));
    found.extend(around(claims));
    found.extend(
        claims
            .no_finding_above
            .map(|it| Claim::NoFindingAbove(it.into())),
    );
    Ok(found)
}

fn kinds<E>(
    claims: &Claims,
    resolve: &mut dyn FnMut(&str) -> Result<Against, E>,
) -> Result<Vec<Claim>, E> {
    let mut found = Vec::new();
    let mut add =
        |is_isolated: bool, kinds: &mut dyn Iterator<Item = NsKind>, against: &Against| {
            for kind in kinds {
                let against = against.clone();
                found.push(match is_isolated {
                    true => Claim::Isolated { kind, against },
                    false => Claim::Shared { kind, against },
                });
            }
        };
    let by_weight = |kinds: &std::collections::BTreeSet<Kind>| {
        let kinds: Vec<NsKind> = kinds.iter().map(|kind| kind.0).collect();
        NsKind::BY_WEIGHT
            .into_iter()
            .filter(move |kind| kinds.contains(kind))
    };
    add(true, &mut by_weight(&claims.isolated), &Against::Host);
    let mut others = |is_isolated: bool, all: &[Others]| -> Result<(), E> {
        for other in all {
            let against = resolve(&other.target.0)?;
            add(is_isolated, &mut by_weight(&other.kinds), &against);
        }
        Ok(())
    };
    others(true, &claims.isolated_from)?;
    others(false, &claims.shared_with)?;
    add(false, &mut by_weight(&claims.shared), &Against::Host);
    Ok(found)
}

const fn range(range: &Range) -> IdRange {
    IdRange {
        inside: range.inside,
        outside: range.outside,
        count: range.count,
    }
}

fn capabilities(claims: &Claims) -> Vec<Claim> {
    let Some(sets) = &claims.capabilities else {
        return Vec::new();
    };
    let sets = [
        (CapSet::Effective, &sets.effective),
        (CapSet::Permitted, &sets.permitted),
        (CapSet::Bounding, &sets.bounding),
        (CapSet::Inheritable, &sets.inheritable),
        (CapSet::Ambient, &sets.ambient),
    ];
    let mut found = Vec::new();
    for (set, bounds) in sets {
        let Some(Bounds {
            at_most,
            at_least,
            exactly,
        }) = bounds
        else {
            continue;
        };
        let bounds = [
            (Bound::Exactly, exactly),
            (Bound::AtMost, at_most),
            (Bound::AtLeast, at_least),
        ];
        found.extend(bounds.into_iter().filter_map(|(bound, names)| {
            Some(Claim::Capabilities {
                set,
                bound,
                capabilities: set_of(names.as_ref()?),
            })
        }));
    }
    found
}

fn set_of(names: &[Capability]) -> CapabilitySet {
    CapabilitySet(names.iter().fold(0, |set, name| set | 1 << name.0))
}

fn paths(claims: &PathClaims) -> Vec<Claim> {
    let lists: [(PathState, &[AbsolutePath]); 8] = [
        (PathState::Absent, &claims.absent),
        (PathState::Unreadable, &claims.unreadable),
        (PathState::Masked, &claims.masked),
        (PathState::ReadOnly, &claims.read_only),
        (PathState::NotWritable, &claims.not_writable),
        (PathState::NoSuid, &claims.nosuid),
        (PathState::Mounted, &claims.mounted),
        (PathState::NotMounted, &claims.not_mounted),
    ];
    let claims = lists.into_iter().flat_map(|(is, paths)| {
        paths.iter().map(move |path| Claim::Path {
            path: path.0.clone(),
            is,
        })
    });
    claims.collect()
}

/// What it sees and reaches.
fn around(claims: &Claims) -> Vec<Claim> {
    let mut found = Vec::new();
    if let Some(processes) = &claims.processes {
        found.extend(processes.of_others.map(|_| Claim::OnlyOwnProcesses));
        found.extend(processes.at_most.map(Claim::AtMostProcesses));
    }
    found.extend(claims.interfaces.clone().map(Claim::Interfaces));
    if let Some(sockets) = &claims.sockets {
        let all = |sockets: &[SocketName], claim: fn(Socket) -> Claim| {
            let claims = sockets.iter().map(|it| claim(it.0.clone()));
            claims.collect::<Vec<Claim>>()
        };
        found.extend(all(&sockets.unreachable, Claim::Unreachable));
        found.extend(all(&sockets.reachable, Claim::Reachable));
    }
    found.extend(claims.devices.iter().map(|it| Claim::Device {
        path: it.path.0.clone(),
        access: it.access,
        allowed: it.allowed,
    }));
    if let Some(cgroup) = &claims.cgroup {
        found.extend(cgroup.path.clone().map(|path| Claim::CgroupPath(path.0)));
        found.extend(cgroup.writable_above.map(|_| Claim::CgroupNotWritable));
    }
    found.extend(claims.time.as_ref().map(|time| {
        let seconds = |seconds| Offset {
            seconds,
            nanoseconds: 0,
        };
        Claim::TimeOffsets(TimeOffsets {
            monotonic: seconds(time.monotonic),
            boottime: seconds(time.boottime),
        })
    }));
    found
}

#[cfg(test)]
mod tests;
