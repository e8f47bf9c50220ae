//! Which ids of the host user namespaces map.

use std::collections::{BTreeMap, HashMap};

use crate::analyse::power::userns;
use crate::model::process::IdRange;
use crate::model::{NsKind, Pid, Seen, Snapshot};

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
    pub fn others(&self, snapshot: &Snapshot, user_ns: u64) -> Vec<Used> {
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
    pub fn accounts(&self, snapshot: &Snapshot, user_ns: u64) -> Vec<String> {
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
