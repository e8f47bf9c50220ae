//! Inside the namespaces that have little to tell: pid, ipc, uts, cgroup and time.

use super::{Inside, difference, plural, told};
use crate::analyse::diff::Pair;
use crate::analyse::diff::value::{Difference, Value};
use crate::model::facts::{Facts, UtsNames};
use crate::model::process::{CgroupEntry, Details, TimeOffsets};
use crate::model::{LinkName, NsKind, Pid, Process, Seen, Why};

pub fn pid(pair: &Pair<'_>) -> Inside {
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

pub fn ipc(pair: &Pair<'_>) -> Inside {
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

pub fn uts(pair: &Pair<'_>) -> Inside {
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

pub fn cgroup(pair: &Pair<'_>) -> Inside {
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

pub fn time(pair: &Pair<'_>) -> Inside {
    let offsets = (
        own_offsets(Some(pair.subject)),
        own_offsets(pair.reference.process),
    );
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

/// The file of a process is about the namespace of its next child (proc_timens_show_offsets in
/// kernel/time/namespace.c), which tells of its own only where that is the same.
fn own_offsets(process: Option<&Process>) -> Seen<TimeOffsets> {
    let Some(process) = process else {
        return Seen::Unknown(Why::Skipped);
    };
    let own = process.links.own(NsKind::Time);
    let next = process.links.get(LinkName::TimeForChildren);
    if own.is_known() && next.is_known() && own != next {
        let reason = "the kernel tells those of its next child, which will be in another";
        return Seen::Unknown(Why::failed(reason));
    }
    let details = process.details.as_deref();
    details.map_or(Seen::Unknown(Why::Skipped), |it| it.timens_offsets.clone())
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
