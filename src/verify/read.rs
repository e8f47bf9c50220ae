//! A claims file -> claims.

use super::claim::{Access, Against, Bound, CapSet, Claim, IdKind, PathState, Propagation, Socket};
use super::file::{
    AbsolutePath, AccessWord, Bounds, Capability, Claims, ClaimsFile, Kind, Others, PathClaims,
    PropagationWord, Range, Setgroups,
};
use crate::model::process::{IdRange, Offset, TimeOffsets};
use crate::model::{CapabilitySet, NsKind};

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
        is: propagation(it.is),
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

const fn propagation(word: PropagationWord) -> Propagation {
    match word {
        PropagationWord::Private => Propagation::Private,
        PropagationWord::Slave => Propagation::Slave,
        PropagationWord::Shared => Propagation::Shared,
        PropagationWord::Unbindable => Propagation::Unbindable,
        PropagationWord::NotToHost => Propagation::NotToHost,
    }
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
        let all = |sockets: &[super::file::SocketName], claim: fn(Socket) -> Claim| {
            let claims = sockets.iter().map(|it| claim(it.0.clone()));
            claims.collect::<Vec<Claim>>()
        };
        found.extend(all(&sockets.unreachable, Claim::Unreachable));
        found.extend(all(&sockets.reachable, Claim::Reachable));
    }
    found.extend(claims.devices.iter().map(|it| Claim::Device {
        path: it.path.0.clone(),
        access: match it.access {
            AccessWord::Read => Access::Read,
            AccessWord::Write => Access::Write,
        },
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
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text).map(|_| ()).unwrap_err()
    }

    fn claims(text: &str) -> Vec<String> {
        let text = format!("version: 1\nclaims:\n  {}\n", text.replace('\n', "\n  "));
        let file = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let against = |name: &str| -> Result<Against, ()> {
            let (pid, name) = (7, name.to_owned());
            Ok(Against::Task { pid, name })
        };
        let found = flatten(&file.claims.unwrap(), &mut { against }).unwrap();
        found.iter().map(Claim::to_string).collect()
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_column() {
        for (text, expected) in [
            (
                "version: 1\nclaims:\n  isolate: [pid]\n",
                "claims: unknown field `isolate`",
            ),
            (
                "version: 1\nclaims:\n  isolated: [pid, nosuch]\n",
                "claims.isolated[1]: \"nosuch\" is not a kind of namespace",
            ),
            (
                "version: 2\nclaims: {isolated: [pid]}\n",
                "version: version 2 is not known here: 1 is",
            ),
            (
                "version: 1\nclaims:\n  isolated: [pid]\n  isolated: [net]\n",
                "claims: duplicate field `isolated`",
            ),
            (
                "version: 1\nclaims:\n  user: {root_on_host: true}\n",
                "claims.user.root_on_host: only `false` can be claimed here",
            ),
            (
                "version: 1\nclaims:\n  paths: {masked: [proc]}\n",
                "claims.paths.masked[0]: \"proc\" is no path from the root directory on",
            ),
            (
                "version: 1\nclaims:\n  sockets: {unreachable: ['tcp:0']}\n",
                "claims.sockets.unreachable[0]: \"tcp:0\" is none of",
            ),
            (
                "version: 1\nclaims:\n  capabilities: {effective: {at_most: [sys_god]}}\n",
                "claims.capabilities.effective.at_most[0]: \"SYS_GOD\" is not a capability",
            ),
            (
                "version: 1\nclaims:\n  no_new_privs: yes please\n",
                "claims.no_new_privs: invalid type: string \"yes please\"",
            ),
        ] {
            let error = error(text);
            assert!(error.starts_with(expected), "{text}: {error}");
            let has_place = error.contains(" at line ") && error.contains(" column ");
            assert!(has_place, "{error}");
        }
        // What is not there at all has no place.
        assert_eq!(error("description: x\n"), "missing field `version`");
    }

    #[test]
    fn the_place_is_that_of_the_word() {
        let text = "version: 1\nclaims:\n  isolated: [pid, nosuch]\n";
        assert!(
            error(text).ends_with(" at line 3 column 19"),
            "{}",
            error(text)
        );
    }

    #[test]
    fn a_file_that_claims_nothing_is_refused() {
        for (text, expected) in [
            ("version: 1\n", "it claims nothing"),
            ("version: 1\nclaims: {}\n", "`claims` is empty"),
            ("version: 1\nclaims: {isolated: []}\n", "`claims` is empty"),
            (
                "version: 1\ntargets: [{target: 7}]\n",
                "targets[0] claims nothing",
            ),
            (
                "version: 1\ntargets: [{profile: sandbox}]\n",
                "targets[0] wants one of",
            ),
            (
                "version: 1\ntargets: [{target: 7, select: {}, profile: sandbox}]\n",
                "targets[0] wants one of",
            ),
        ] {
            assert!(error(text).starts_with(expected), "{text}: {}", error(text));
        }
    }

    #[test]
    fn a_target_is_a_number_or_a_word() {
        let text = "version: 1\ntargets:\n- {target: 7, profile: sandbox}\n\
                    - {target: 'docker:web', profile: sandbox}\n";
        let names = parse(text).unwrap().targets.into_iter();
        let names: Vec<String> = names.filter_map(|entry| Some(entry.target?.0)).collect();
        assert_eq!(names, ["7", "docker:web"]);
    }

    #[test]
    fn every_kind_of_claim_can_be_written() {
        let text = "\
isolated: [net, pid]
isolated_from: [{target: 9, kinds: [ipc]}]
shared: [user]
shared_with: [{target: 'docker:db', kinds: [network]}]
user: {root_on_host: false, uid_map: [{inside: 0, outside: 9, count: 1}], setgroups: deny}
process: {uid: 3, root: false}
hostname: web
capabilities: {effective: {at_most: [CAP_CHOWN, kill]}, ambient: {exactly: []}}
no_new_privs: true
seccomp: filter
lsm: '*'
paths: {absent: [/a], unreadable: [/b], masked: [/c], read_only: [/d], not_writable: [/e],
  nosuid: [/f], mounted: [/g], not_mounted: [/h]}
propagation: [{path: /, is: not-to-host}, {path: /x, is: slave}]
processes: {of_others: false, at_most: 4}
interfaces: [lo]
sockets: {unreachable: [/s, '@a', 'tcp:22'], reachable: ['tcp:80']}
devices: [{path: /dev/mem, access: read, allowed: false}]
cgroup: {path: /, writable_above: false}
time: {boottime: -5}
no_finding_above: low";
        assert_eq!(
            claims(text),
            [
                "pid isolated",
                "net isolated",
                "ipc isolated from 9",
                "net shared with docker:db",
                "user shared",
                "root is not the host's root",
                "uid map 0 9 1",
                "setgroups denied",
                "uid 3",
                "not root",
                "hostname web",
                "effective capabilities at most chown kill",
                "no ambient capabilities",
                "no_new_privs on",
                "seccomp filter",
                "confined by a security module",
                "/a absent",
                "/b unreadable",
                "/c masked",
                "/d read-only",
                "/e not writable",
                "/f nosuid",
                "/g a mount point",
                "/h no mount point",
                "mounts below / do not reach the host",
                "propagation of /x slave",
                "sees no processes of others",
                "sees at most 4 processes",
                "interfaces lo",
                "/s unreachable",
                "@a unreachable",
                "tcp:22 unreachable",
                "tcp:80 reachable",
                "/dev/mem does not open to read",
                "cgroup path /",
                "cgroups above its own not writable",
                "clock offsets +0 s monotonic, -5 s boottime",
                "no finding above low",
            ]
        );
    }

    #[test]
    fn the_claims_in_readme_are_read() {
        let readme = include_str!("../../README.md");
        let (_, rest) = readme
            .split_once("read by the tests -->\n```yaml\n")
            .unwrap();
        let (text, _) = rest.split_once("```\n").unwrap();
        let file = parse(text).unwrap();
        assert_eq!(file.targets.len(), 2);
        assert!(file.targets[1].select.is_some());
    }
}
