//! What differs inside an isolated namespace, as values and as one sentence.

use std::collections::BTreeSet;

use super::Pair;
use super::value::{Difference, Filesystem, ForeignMount, Value};
use crate::model::facts::{Facts, Interface, Listening, UtsNames};
use crate::model::mount::Mount;
use crate::model::namespace::NsKey;
use crate::model::process::{CgroupEntry, Details, IdRange, TimeOffsets};
use crate::model::{NsKind, Pid, Process, Seen, Why};

/// What differs inside one namespace.
#[derive(Default)]
pub struct Inside {
    pub differences: Vec<Difference>,
    pub sentence: String,
}

/// What differs inside the namespaces of one kind that the two are in.
pub fn of(pair: &Pair<'_>, kind: NsKind) -> Inside {
    match kind {
        NsKind::User => user(pair),
        NsKind::Pid => pid(pair),
        NsKind::Mnt => mnt(pair),
        NsKind::Net => net(pair),
        NsKind::Ipc => ipc(pair),
        NsKind::Uts => uts(pair),
        NsKind::Cgroup => cgroup(pair),
        NsKind::Time => time(pair),
    }
}

impl Pair<'_> {
    /// Facts of the namespaces of a kind on both sides.
    fn facts(&self, kind: NsKind) -> (Facts, Facts) {
        let of = |inode: Option<u64>| {
            let namespace =
                inode.and_then(|inode| self.snapshot.namespaces.get(&NsKey { kind, inode }));
            namespace
                .map(|namespace| namespace.facts.clone())
                .unwrap_or_default()
        };
        (
            of(self.subject.links.own(kind).get()),
            of(self.reference.links.own(kind).get()),
        )
    }

    /// One detail of both processes.
    fn details<T: Clone>(&self, detail: impl Fn(&Details) -> Seen<T>) -> (Seen<T>, Seen<T>) {
        let of = |process: Option<&Process>| {
            let details = process.and_then(|process| process.details.as_deref());
            details.map_or(Seen::Unknown(Why::Skipped), &detail)
        };
        (of(Some(self.subject)), of(self.reference.process))
    }
}

fn difference<T>(
    what: &'static str,
    (subject, reference): (&Seen<T>, &Seen<T>),
    value: impl Fn(&T) -> Value,
) -> Difference {
    Difference {
        what,
        subject: subject.part(&value),
        reference: reference.part(&value),
    }
}

/// The value in words, or that and why it is not known.
fn told<T>(seen: &Seen<T>, what: &str, words: impl FnOnce(&T) -> String) -> String {
    match seen {
        Seen::Known(value) => words(value),
        Seen::Unknown(why) => format!("{what} unknown ({why})"),
    }
}

fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

fn user(pair: &Pair<'_>) -> Inside {
    let uid_maps = pair.details(|details| details.uid_map.clone());
    let gid_maps = pair.details(|details| details.gid_map.clone());
    let setgroups = pair.details(|details| details.setgroups.clone());
    let roots = (
        uid_maps.0.part(|map| IdRange::outside_of(map, 0)),
        uid_maps.1.part(|map| IdRange::outside_of(map, 0)),
    );
    let map = |map: &Vec<IdRange>| Value::Map(map.clone());
    let root = |root: &Option<u32>| root.map_or(Value::Nothing, |uid| Value::Number(uid.into()));
    let mut sentence = told(&uid_maps.0, "uid map", |map| {
        root_in_words(pair, map, roots.0.get().flatten())
    });
    if setgroups
        .0
        .known()
        .is_some_and(|setgroups| setgroups == "deny")
    {
        sentence += "; setgroups denied";
    }
    Inside {
        differences: vec![
            difference("root_uid", (&roots.0, &roots.1), root),
            difference("uid_map", (&uid_maps.0, &uid_maps.1), map),
            difference("gid_map", (&gid_maps.0, &gid_maps.1), map),
            difference("setgroups", (&setgroups.0, &setgroups.1), |text| {
                Value::Text(text.clone())
            }),
        ],
        sentence,
    }
}

fn root_in_words(pair: &Pair<'_>, map: &[IdRange], root: Option<u32>) -> String {
    let where_ = outside(pair);
    if map.is_empty() {
        return "no id is mapped: everybody in there is the overflow uid".to_owned();
    }
    let ids: u64 = map.iter().map(|range| u64::from(range.count)).sum();
    let mapped = match ids {
        1 => "1 uid mapped".to_owned(),
        _ => format!("{ids} uids mapped"),
    };
    match root {
        None => format!("no root in there; {mapped}"),
        Some(0) => format!("its root IS root {where_}: uid 0 maps to 0; {mapped}"),
        Some(uid) => format!("its root is uid {} {where_}; {mapped}", named(pair, uid)),
    }
}

/// A uid with its login name where it has one.
fn named(pair: &Pair<'_>, uid: u32) -> String {
    match pair.snapshot.users.get(&uid) {
        Some(name) => format!("{uid} ({name})"),
        None => uid.to_string(),
    }
}

/// Whose ids the right-hand side of a map speaks of. A reader in the initial user namespace sees
/// the ids of the host; any other sees its own, or for its own map those of the parent.
fn outside(pair: &Pair<'_>) -> &'static str {
    let reader = pair.snapshot.reader.links.own(NsKind::User).get();
    if reader == Some(NsKind::User.initial_inode()) {
        "on the host"
    } else {
        "outside, as seen from here"
    }
}

fn pid(pair: &Pair<'_>) -> Inside {
    let (facts, _) = pair.facts(NsKind::Pid);
    let own = |details: &Details| {
        let status = &details.status;
        let innermost =
            status.part(|status| status.nspid.as_ref().and_then(|all| all.last().copied()));
        innermost.and_then(|pid| pid.map_or(Seen::Unknown(Why::Unsupported), Seen::Known))
    };
    let own = pair.details(own);
    let number = |pid: &Pid| Value::Number((*pid).into());
    let unasked = Seen::Unknown(Why::Skipped);
    let mut parts = vec![told(&own.0, "its PID in there", |pid| match pid {
        1 => "it is PID 1 in there".to_owned(),
        pid => format!("it is PID {pid} in there"),
    })];
    // The init is worth a word where it is another.
    match &facts.init {
        Seen::Known(init) if *init != pair.subject.pid => {
            parts.push(format!("PID 1 in there is {init} here"));
        }
        _ => {}
    }
    parts.push(told(
        &facts.processes,
        "number of processes",
        |count| match count {
            1 => "1 process".to_owned(),
            count => format!("{count} processes"),
        },
    ));
    Inside {
        differences: vec![
            difference("pid", (&own.0, &own.1), number),
            Difference {
                what: "init",
                subject: facts.init.part(number),
                reference: unasked.clone(),
            },
            Difference {
                what: "processes",
                subject: facts
                    .processes
                    .part(|count| Value::Number(i64::try_from(*count).unwrap_or(i64::MAX))),
                reference: unasked,
            },
        ],
        sentence: parts.join(", "),
    }
}

/// File systems that are a view of the kernel: sharing one is nothing like a bind mount of a disk.
fn is_kernel_view(fstype: &str) -> bool {
    ["cgroup", "cgroup2", "nsfs"].contains(&fstype)
}

fn mnt(pair: &Pair<'_>) -> Inside {
    let mounts = pair.details(|details| details.mounts.clone());
    let root = |mounts: &Vec<Mount>| root_mount(mounts).map_or(Value::Nothing, filesystem);
    let count = |mounts: &Vec<Mount>| Value::Number(mounts.len() as i64);
    let (foreign, travel) = match (&mounts.0, &mounts.1) {
        (Seen::Known(subject), Seen::Known(reference)) => (
            Seen::Known(foreign_mounts(subject, reference)),
            Seen::Known(propagation(subject, reference)),
        ),
        (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) => {
            (Seen::Unknown(why.clone()), Seen::Unknown(why.clone()))
        }
    };
    let sentence = told(&mounts.0, "mounts", |own| {
        let mut parts = vec![match root_mount(own) {
            Some(root) => format!("root on {}", root_in_words(root)),
            None => "no mount is its root: it runs in a chroot".to_owned(),
        }];
        parts.push(match foreign.known() {
            Some(foreign) => foreign_in_words(own.len(), foreign, &pair.noun),
            None => plural(own.len(), "mount"),
        });
        parts.extend(
            travel
                .known()
                .and_then(|travel| travel.in_words(&pair.noun)),
        );
        return parts.join(", ");

        fn root_in_words(root: &Mount) -> String {
            match (root.fstype.as_str(), root.root.as_str()) {
                ("overlay" | "tmpfs", _) => root.fstype.clone(),
                (fstype, "/") => format!("{fstype} {}", root.source),
                (fstype, directory) => format!("{fstype} {} at {directory}", root.source),
            }
        }
    });
    let nothing = Seen::Known(Value::Nothing);
    Inside {
        differences: vec![
            difference("root_filesystem", (&mounts.0, &mounts.1), root),
            difference("mounts", (&mounts.0, &mounts.1), count),
            Difference {
                what: "mounts_from_reference",
                subject: foreign.part(|foreign| Value::Mounts(foreign.clone())),
                reference: nothing.clone(),
            },
            Difference {
                what: "propagation",
                subject: travel.part(|travel| Value::Text(travel.name().to_owned())),
                reference: nothing,
            },
        ],
        sentence,
    }
}

/// The mount that is the root directory: the topmost, where several lie on `/`.
fn root_mount(mounts: &[Mount]) -> Option<&Mount> {
    let at_root = |mount: &&Mount| mount.mount_point == "/";
    let covered: BTreeSet<i32> = mounts
        .iter()
        .filter(at_root)
        .map(|mount| mount.parent)
        .collect();
    mounts
        .iter()
        .filter(at_root)
        .find(|mount| !covered.contains(&mount.id))
}

fn filesystem(mount: &Mount) -> Value {
    Value::Filesystem(Filesystem {
        fstype: mount.fstype.clone(),
        source: mount.source.clone(),
        directory: mount.root.clone(),
    })
}

/// Mounts of file systems that the reference has mounted too, without the root itself, which has
/// a line of its own.
fn foreign_mounts(subject: &[Mount], reference: &[Mount]) -> Vec<ForeignMount> {
    let devices: BTreeSet<&str> = reference
        .iter()
        .map(|mount| mount.device.as_str())
        .collect();
    let root = root_mount(subject).map(|root| root.id);
    subject
        .iter()
        .filter(|mount| devices.contains(mount.device.as_str()) && Some(mount.id) != root)
        .map(|mount| ForeignMount {
            mount_point: mount.mount_point.clone(),
            fstype: mount.fstype.clone(),
            source: mount.source.clone(),
            directory: mount.root.clone(),
            read_only: mount.read_only,
        })
        .collect()
}

/// As many mount points as fit a line and still can be read.
const NAMED_MOUNTS: usize = 3;

fn foreign_in_words(all: usize, foreign: &[ForeignMount], whom: &str) -> String {
    let views = foreign
        .iter()
        .filter(|mount| is_kernel_view(&mount.fstype))
        .count();
    let files: Vec<&str> = foreign
        .iter()
        .filter(|mount| !is_kernel_view(&mount.fstype))
        .map(|mount| mount.mount_point.as_str())
        .collect();
    let all = plural(all, "mount");
    match (files.len(), views) {
        (0, 0) => format!("{all}, none of them from {whom}"),
        (0, views) => format!("{all}, {views} of them from {whom}, all cgroup"),
        (count, _) => {
            let more = if count > NAMED_MOUNTS { " …" } else { "" };
            let named = files[..count.min(NAMED_MOUNTS)].join(" ");
            let cgroups = match views {
                0 => String::new(),
                views => format!(" and {views} cgroup"),
            };
            format!("{all}, {count} of them from {whom} ({named}{more}){cgroups}")
        }
    }
}

/// Whether mounts travel between the two mount namespaces.
enum Travel {
    /// Neither way.
    None,
    /// What the reference mounts appears in the subject too: below so many of its mounts, not
    /// counting those of cgroups, below which nobody mounts anything.
    In(usize),
    /// What the subject mounts appears in the reference too: so many of its mounts.
    Out(usize),
}

impl Travel {
    const fn name(&self) -> &'static str {
        match self {
            Travel::None => "private",
            Travel::In(_) => "slave",
            Travel::Out(_) => "shared",
        }
    }

    fn in_words(&self, whom: &str) -> Option<String> {
        match self {
            Travel::None | Travel::In(0) => None,
            Travel::In(count) => Some(format!(
                "what {whom} mounts shows up below {}",
                plural(*count, "mount")
            )),
            Travel::Out(count) => Some(format!(
                "what it mounts below {} shows up on {whom}",
                plural(*count, "shared mount")
            )),
        }
    }
}

/// A peer group that occurs on both sides carries mounts both ways; one that is the master of a
/// mount of the subject carries them inwards (mount_namespaces(7)). Groups that are only the
/// subject's own, as nspawn and LXC make them, carry nothing out.
fn propagation(subject: &[Mount], reference: &[Mount]) -> Travel {
    let groups: BTreeSet<u32> = reference
        .iter()
        .filter_map(|mount| mount.propagation.shared)
        .collect();
    let of_theirs = |group: Option<u32>| group.is_some_and(|group| groups.contains(&group));
    let out = subject
        .iter()
        .filter(|mount| of_theirs(mount.propagation.shared))
        .count();
    if out > 0 {
        return Travel::Out(out);
    }
    let slaves: Vec<&Mount> = subject
        .iter()
        .filter(|mount| of_theirs(mount.propagation.master))
        .collect();
    match slaves.is_empty() {
        true => Travel::None,
        false => Travel::In(
            slaves
                .iter()
                .filter(|mount| !is_kernel_view(&mount.fstype))
                .count(),
        ),
    }
}

fn net(pair: &Pair<'_>) -> Inside {
    let (subject, reference) = pair.facts(NsKind::Net);
    let sockets = told(&subject.listening, "sockets", |sockets| {
        listening_in_words(sockets)
    });
    let mut sentence = format!(
        "{}; {sockets}",
        told(
            &subject.interfaces,
            "interfaces",
            |all| interfaces_in_words(all)
        )
    );
    if let Seen::Known(theirs) = &reference.interfaces {
        let names: Vec<_> = theirs
            .iter()
            .map(|interface| interface.name.as_str())
            .collect();
        sentence += &format!("; {}: {}", pair.noun, shortened(&names));
    }
    Inside {
        differences: vec![
            difference(
                "interfaces",
                (&subject.interfaces, &reference.interfaces),
                |all| Value::Interfaces(all.clone()),
            ),
            difference(
                "listening",
                (&subject.listening, &reference.listening),
                |all| Value::Listening(all.clone()),
            ),
        ],
        sentence,
    }
}

/// As many names as fit a line and still can be read.
const NAMED: usize = 5;

fn shortened(names: &[&str]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

fn interfaces_in_words(interfaces: &[Interface]) -> String {
    let named = |wanted: Option<bool>| -> Vec<&str> {
        interfaces
            .iter()
            .filter(|interface| interface.up == wanted)
            .map(|interface| interface.name.as_str())
            .collect()
    };
    let groups = [(Some(true), " up"), (Some(false), " down"), (None, "")];
    let parts: Vec<String> = groups
        .into_iter()
        .map(|(state, word)| (named(state), word))
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, word)| format!("{}{word}", shortened(&names)))
        .collect();
    if parts.is_empty() {
        "no interface".to_owned()
    } else {
        parts.join(", ")
    }
}

fn listening_in_words(sockets: &[Listening]) -> String {
    let named: Vec<String> = sockets
        .iter()
        .map(|socket| format!("{} {}", socket.protocol, socket.address))
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    match named.len() {
        0 => "nothing listens".to_owned(),
        _ => format!("listens on {}", shortened(&named)),
    }
}

fn ipc(pair: &Pair<'_>) -> Inside {
    let (subject, reference) = pair.facts(NsKind::Ipc);
    let sysv = (&subject.sysv, &reference.sysv);
    let queues = (&subject.mqueues, &reference.mqueues);
    let number = |count: u64| Value::Number(i64::try_from(count).unwrap_or(i64::MAX));
    Inside {
        differences: vec![
            difference("shared_memory", sysv, |counts| number(counts.shared_memory)),
            difference("semaphores", sysv, |counts| number(counts.semaphores)),
            difference("message_queues", sysv, |counts| number(counts.queues)),
            difference("posix_queues", queues, |count| number(*count)),
        ],
        sentence: ipc_in_words(&subject),
    }
}

fn ipc_in_words(facts: &Facts) -> String {
    let count = |count: u64, one: &str| {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        (count > 0).then(|| plural(count, one))
    };
    let mut parts = Vec::new();
    match &facts.sysv {
        Seen::Known(sysv) => parts.extend(
            [
                count(sysv.shared_memory, "shared memory segment"),
                count(sysv.semaphores, "semaphore set"),
                count(sysv.queues, "message queue"),
            ]
            .into_iter()
            .flatten(),
        ),
        Seen::Unknown(why) => parts.push(format!("System V objects unknown ({why})")),
    }
    match &facts.mqueues {
        Seen::Known(queues) => parts.extend(count(*queues, "POSIX queue")),
        // One reason is enough where it is the same.
        Seen::Unknown(why) if facts.sysv.why() == Some(why) => {}
        Seen::Unknown(why) => parts.push(format!("POSIX queues unknown ({why})")),
    }
    if parts.is_empty() {
        "nothing in it".to_owned()
    } else {
        parts.join(", ")
    }
}

/// What the kernel calls a domain that nobody has named.
const NO_DOMAIN: &str = "(none)";

fn uts(pair: &Pair<'_>) -> Inside {
    let (subject, reference) = pair.facts(NsKind::Uts);
    let names = (&subject.uts, &reference.uts);
    Inside {
        differences: vec![
            difference("hostname", names, |names| {
                Value::Text(names.hostname.clone())
            }),
            difference("domainname", names, |names| {
                Value::Text(names.domainname.clone())
            }),
        ],
        sentence: format!(
            "{}; {}: {}",
            told(&subject.uts, "names", full_name),
            pair.noun,
            told(&reference.uts, "names", full_name)
        ),
    }
}

fn full_name(names: &UtsNames) -> String {
    match names.domainname.as_str() {
        NO_DOMAIN | "" => names.hostname.clone(),
        domain => format!("{} (domain {domain})", names.hostname),
    }
}

fn cgroup(pair: &Pair<'_>) -> Inside {
    let inside = pair.details(|details| {
        details
            .cgroups_inside
            .part(|entries| main_cgroup_path(entries))
    });
    let outside = pair
        .subject
        .cgroups
        .part(|entries| main_cgroup_path(entries));
    let theirs = pair
        .reference
        .process
        .map_or(Seen::Unknown(Why::Skipped), |process| {
            process.cgroups.part(|entries| main_cgroup_path(entries))
        });
    let path = |path: &String| Value::Text(path.clone());
    Inside {
        sentence: format!(
            "sees itself at {}; from here that is {}",
            told(&inside.0, "a path", String::clone),
            told(&outside, "a path", String::clone)
        ),
        differences: vec![
            difference("path_inside", (&inside.0, &inside.1), path),
            difference("path_outside", (&outside, &theirs), path),
        ],
    }
}

/// The path that says most about a process: that in the unified hierarchy, else in systemd's, else
/// in any; the first of these that is not the root.
pub fn main_cgroup_path(entries: &[CgroupEntry]) -> String {
    let rank = |entry: &&CgroupEntry| match entry.controllers.as_str() {
        _ if entry.path == "/" => 3,
        "" => 0,
        "name=systemd" => 1,
        _ => 2,
    };
    let best = entries.iter().min_by_key(rank);
    best.map_or_else(|| "/".to_owned(), |entry| entry.path.clone())
}

fn time(pair: &Pair<'_>) -> Inside {
    let offsets = pair.details(|details| details.timens_offsets.clone());
    Inside {
        differences: vec![
            difference("monotonic", (&offsets.0, &offsets.1), |it| {
                Value::Offset(it.monotonic)
            }),
            difference("boottime", (&offsets.0, &offsets.1), |it| {
                Value::Offset(it.boottime)
            }),
        ],
        sentence: told(&offsets.0, "offsets", |own| {
            offsets_in_words(own, offsets.1.get(), &pair.noun)
        }),
    }
}

fn offsets_in_words(own: &TimeOffsets, theirs: Option<TimeOffsets>, whom: &str) -> String {
    let words = |offsets: &TimeOffsets| {
        format!(
            "monotonic {:+} s, boottime {:+} s",
            offsets.monotonic.seconds, offsets.boottime.seconds
        )
    };
    match theirs {
        Some(theirs) if theirs != TimeOffsets::default() => {
            format!("{}; {whom}: {}", words(own), words(&theirs))
        }
        _ => words(own),
    }
}
