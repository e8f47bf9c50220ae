//! What the ids of a process are outside: its user namespace, and which ids of the host that maps.

use std::collections::{BTreeMap, HashMap};

use super::case::{Case, Holds};
use super::catalogue::sharing::{USERNS_INITIAL, USERNS_MAPS_ROOT, USERNS_OVERLAP};
use super::finding::{Finding, Severity, Verdict};
use super::mounts;
use crate::analyse::power::userns;
use crate::model::process::IdRange;
use crate::model::{CapabilitySet, NsKind, Pid, Seen, Snapshot};

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.extend(initial(case));
    let maps_root = maps_root(case);
    // Whoever maps the host's root maps most others as well: it is said once.
    if maps_root.is_none() {
        findings.extend(overlap(case));
    }
    findings.extend(maps_root);
}

/// NSA-001. A map that maps every id to itself proves nothing: a child user namespace can have it.
fn initial(case: &Case<'_>) -> Option<Finding> {
    let verdict = match case.shares_host(NsKind::User) {
        Seen::Known(false) => return None,
        Seen::Known(true) => Verdict::Exploitable,
        Seen::Unknown(_) => Verdict::Unknown,
    };
    let why = match verdict {
        Verdict::Unknown => "its user namespace could not be read",
        _ => "its ids and capabilities are those of the host: root in there is root out here",
    };
    Some(Finding::new(&USERNS_INITIAL, Severity::Low, verdict, why).with(case.link(NsKind::User)))
}

/// NSA-002.
fn maps_root(case: &Case<'_>) -> Option<Finding> {
    if case.shares_host(NsKind::User) != Seen::Known(false) {
        return None;
    }
    let details = case.details()?;
    let of_root = |map: &Seen<Vec<IdRange>>| match map {
        Seen::Known(map) => IdRange::inside_of(map, 0),
        Seen::Unknown(_) => None,
    };
    let evidence = |finding: Finding| {
        finding
            .seen(case.file("uid_map"), map_text(&details.uid_map))
            .seen(case.file("gid_map"), map_text(&details.gid_map))
            .with(case.line("Uid"))
    };
    if let (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) = (&details.uid_map, &details.gid_map)
    {
        let why =
            format!("whether its user namespace maps the host's root could not be read ({why})");
        let finding = Finding::new(&USERNS_MAPS_ROOT, Severity::Critical, Verdict::Unknown, why);
        return Some(evidence(finding));
    }
    let (uid, gid) = (of_root(&details.uid_map), of_root(&details.gid_map));
    if uid.is_none() && gid.is_none() {
        return None;
    }
    let credentials = case.credentials().ok();
    if credentials.is_none_or(|it| !it.ids_are_exact) {
        let why = "it maps what the reader sees as uid 0, and who that is on the host cannot be seen \
                   from the reader's user namespace";
        let finding = Finding::new(&USERNS_MAPS_ROOT, Severity::Critical, Verdict::Unknown, why);
        return Some(evidence(finding));
    }
    let Some(uid) = uid else {
        let why = "it maps the host's group 0: what the group of root may read or write, so may it";
        let finding = Finding::new(&USERNS_MAPS_ROOT, Severity::High, Verdict::Conditional, why)
            .provided("a file of the host that group 0 may use is in sight");
        return Some(evidence(finding));
    };
    let surface = surface(case);
    let severity = match surface {
        Some(_) => Severity::Critical,
        None => Severity::High,
    };
    let (by_what, first) = match surface {
        Some(surface) => (format!("; {}", surface.by_what), surface.first),
        None => (String::new(), Some(FILE_OF_ROOT)),
    };
    let why = format!(
        "its uid {uid} is the host's root, and files below /proc/sys ask for that uid and for no \
         capability{by_what}"
    );
    let mut finding = Finding::new(&USERNS_MAPS_ROOT, severity, Verdict::Exploitable, why);
    if let Some(first) = first {
        finding = finding.but(Verdict::Conditional).provided(first);
    }
    finding = becomes_root(case, uid)
        .into_iter()
        .fold(finding, |finding, first| {
            finding.but(Verdict::Conditional).provided(first)
        });
    if let Some(label) = case.confined_by() {
        let why = format!("the label {label:?} forbids writing there");
        finding = finding.but(Verdict::Mitigated).provided(why);
    }
    Some(evidence(finding))
}

/// What it has to do first to act as the host's root; `None`: nothing.
fn becomes_root(case: &Case<'_>, inside: u32) -> Option<String> {
    let credentials = case.credentials().ok()?;
    if credentials.uids.effective == 0 {
        return None;
    }
    let set = CapabilitySet::SETUID;
    match credentials.capabilities.effective.contains(set) {
        true => None,
        false => Some(format!(
            "it becomes uid {inside}, by CAP_SETUID or a set-user-ID program"
        )),
    }
}

const FILE_OF_ROOT: &str = "a file that belongs to the host's root is in sight and can be written";

/// By what the host's root can be harmful in there.
struct Surface {
    by_what: String,
    /// What has to be so besides.
    first: Option<&'static str>,
}

impl Surface {
    fn proven(by_what: String) -> Surface {
        let first = None;
        Surface { by_what, first }
    }
}

fn surface(case: &Case<'_>) -> Option<Surface> {
    let table = case.details()?.mounts.known()?;
    let sysctl = mounts::covering(table, "/proc/sys/kernel/core_pattern");
    if let Some(mount) = sysctl
        && mount.fstype == "proc"
        && mounts::is_writable(mount)
    {
        let point = &mount.mount_point;
        return Some(Surface::proven(format!(
            "/proc/sys is writable in there (mount {point} rw)"
        )));
    }
    let bind = table.iter().find(|mount| mounts::is_writable_bind(mount));
    let bind = bind.map(|mount| {
        let point = &mount.mount_point;
        Surface::proven(format!("{point} is a directory of the host and writable"))
    });
    let admin = case.holds_over_own(NsKind::Mnt, CapabilitySet::SYS_ADMIN);
    if !matches!(admin, Holds::Now | Holds::ByRaising) {
        return bind;
    }
    // Masks and read-only mounts are taken off again by whoever governs the mount namespace, unless
    // they have come from one that others govern: then no procfs is mounted beside them either
    // (MNT_LOCKED in mount_namespaces(7), mount_too_revealing in fs/namespace.c).
    let by_what =
        "it may mount a procfs of its own, as it has CAP_SYS_ADMIN over its mount namespace";
    let first = match has_mounted_proc(case) {
        true => None,
        false => Some("what hides parts of its /proc was mounted in there, and is not locked"),
    };
    let by_mounting = Surface {
        by_what: by_what.to_owned(),
        first,
    };
    match bind {
        Some(proven) if first.is_some() => Some(proven),
        _ => Some(by_mounting),
    }
}

/// Whether its procfs was mounted from within its user namespace, and so what lies on it: it shows
/// its own pid namespace, and that is younger than the user namespace which owns it.
fn has_mounted_proc(case: &Case<'_>) -> bool {
    let Seen::Known(pid_ns) = case.key(NsKind::Pid) else {
        return false;
    };
    let own = case.key(NsKind::User).part(|user| user.inode);
    let instances = case.exposure().map(|it| it.procfs.found.as_slice());
    let mut instances = instances.unwrap_or_default().iter();
    own.get().is_some()
        && userns::governing(case.snapshot, pid_ns) == own
        && instances.any(|it| it.mount_point == "/proc" && it.pid_ns == Some(pid_ns.inode))
}

/// NSA-003.
fn overlap(case: &Case<'_>) -> Option<Finding> {
    // The map of the reader's own user namespace tells what its parent makes of ids, and that need not
    // be the host.
    if !case.credentials().is_ok_and(|it| it.ids_are_exact) {
        return None;
    }
    let own = case.process.links.own(NsKind::User).get()?;
    let others = case.machine.ranges.others(case.snapshot, own);
    let accounts = case.machine.ranges.accounts(case.snapshot, own);
    if others.is_empty() && accounts.is_empty() {
        return None;
    }
    let names: Vec<String> = others
        .iter()
        .map(|other| format!("user:[{}] of process {}", other.user_ns, other.task))
        .chain(accounts.iter().cloned())
        .collect();
    let details = case.details()?;
    let why = format!(
        "it shares ids of the host with {}: their files are open to each other where they can be \
         reached",
        names.join(", ")
    );
    let mut finding = Finding::new(&USERNS_OVERLAP, Severity::Medium, Verdict::Conditional, why)
        .seen(case.file("uid_map"), map_text(&details.uid_map))
        .provided("a file or a process of the other is in sight");
    for other in &others {
        let map = [other.range];
        finding = finding.seen(
            format!("/proc/{}/uid_map", other.task),
            map_text(&Seen::Known(map.to_vec())),
        );
    }
    Some(finding)
}

/// A map as the kernel prints it, with single blanks.
pub fn map_text(map: &Seen<Vec<IdRange>>) -> String {
    match map {
        Seen::Known(map) => {
            let line =
                |range: &IdRange| format!("{} {} {}", range.inside, range.outside, range.count);
            map.iter().map(line).collect::<Vec<_>>().join(", ")
        }
        Seen::Unknown(why) => why.to_string(),
    }
}

/// A range of ids that a user namespace uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    pub range: IdRange,
    pub user_ns: u64,
    /// A process in it.
    pub task: Pid,
}

/// The ids of the host that user namespaces map, in order, so that those which overlap lie near
/// each other.
#[derive(Default)]
pub struct Ranges {
    sorted: Vec<Used>,
    /// For each the highest end of it and all before.
    reaches: Vec<u64>,
    by_user_ns: HashMap<u64, Vec<Used>>,
    accounts: BTreeMap<u32, String>,
}

/// So many others are named.
const NAMED: usize = 3;

impl Used {
    fn start(&self) -> u64 {
        u64::from(self.range.outside)
    }

    fn end(&self) -> u64 {
        self.start() + u64::from(self.range.count)
    }
}

impl Ranges {
    pub fn new(snapshot: &Snapshot) -> Ranges {
        let mut by_user_ns: HashMap<u64, Vec<Used>> = HashMap::new();
        for process in snapshot.processes.iter() {
            let Seen::Known(user_ns) = *process.links.own(NsKind::User) else {
                continue;
            };
            if user_ns == NsKind::User.initial_inode() || by_user_ns.contains_key(&user_ns) {
                continue;
            }
            // One that waits to be reaped keeps its user namespace, and has nothing any more.
            if process.is_zombie() {
                continue;
            }
            let details = process.details.as_deref();
            let Some(map) = details.and_then(|details| details.uid_map.known()) else {
                continue;
            };
            let used = |range: &IdRange| Used {
                range: *range,
                user_ns,
                task: process.task(),
            };
            let ranges = map.iter().map(used);
            let ranges = ranges.filter(|used| !is_of_creator(snapshot, used));
            by_user_ns.insert(user_ns, ranges.collect());
        }
        let mut sorted: Vec<Used> = by_user_ns.values().flatten().copied().collect();
        sorted.sort_by_key(|used| (used.start(), used.user_ns, used.end()));
        let mut furthest = 0;
        let reaches = sorted.iter().map(|used| {
            furthest = furthest.max(used.end());
            furthest
        });
        let accounts = snapshot.settings.accounts.known().into_iter().flatten();
        Ranges {
            reaches: reaches.collect(),
            sorted,
            by_user_ns,
            accounts: accounts
                .map(|account| (account.uid, account.name.clone()))
                .collect(),
        }
    }

    /// A few ranges of other user namespaces that overlap with those of one. Those above and below
    /// it share its ids by their nature.
    fn others(&self, snapshot: &Snapshot, user_ns: u64) -> Vec<Used> {
        let above = userns::line(snapshot, user_ns).upwards;
        let is_related = |other: u64| {
            above.contains(&other) || userns::line(snapshot, other).upwards.contains(&user_ns)
        };
        let mut found: Vec<Used> = Vec::new();
        for own in self.by_user_ns.get(&user_ns).into_iter().flatten() {
            let behind = self.sorted.partition_point(|it| it.start() < own.end());
            for at in (0..behind).rev() {
                if self.reaches[at] <= own.start() || found.len() == NAMED {
                    break;
                }
                let other = self.sorted[at];
                let is_known = found.iter().any(|it| it.user_ns == other.user_ns);
                if other.end() > own.start() && !is_known && !is_related(other.user_ns) {
                    found.push(other);
                }
            }
        }
        found
    }

    /// A few accounts of the host whose uids a user namespace maps.
    fn accounts(&self, snapshot: &Snapshot, user_ns: u64) -> Vec<String> {
        let creator = userns::creator(snapshot, user_ns).get();
        let own = self.by_user_ns.get(&user_ns).into_iter().flatten();
        own.flat_map(|used| {
            let last = u32::try_from(used.end() - 1).unwrap_or(u32::MAX);
            self.accounts
                .range(used.range.outside..=last.max(used.range.outside))
        })
        .filter(|(uid, _)| Some(**uid) != creator)
        .take(NAMED)
        .map(|(uid, name)| format!("the host's user {name} ({uid})"))
        .collect()
    }
}

/// Whoever makes a user namespace may map their own id into it: that is theirs anyway.
fn is_of_creator(snapshot: &Snapshot, used: &Used) -> bool {
    used.range.count == 1
        && userns::creator(snapshot, used.user_ns).get() == Some(used.range.outside)
}
