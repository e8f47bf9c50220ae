//! What a process sees and reaches: names, processes, interfaces, sockets, cgroups, clocks.

use std::collections::BTreeSet;

use super::{Case, Read, detail, file_of, mounts};
use crate::analyse::diff::main_cgroup_path;
use crate::analyse::power::ptrace;
use crate::audit::mounts::is_writable;
use crate::model::exposure::ProcInstance;
use crate::model::facts::Facts;
use crate::model::process::TimeOffsets;
use crate::model::{NsKind, Process, Seen, Why};
use crate::verify::claim::Socket;
use crate::verify::verdict::Verdict;

fn fact<'a, T>(case: &Case<'a>, kind: NsKind, part: fn(&Facts) -> &Seen<T>) -> Result<&'a T, Why> {
    let facts = case.facts(kind).ok_or(Why::Skipped)?;
    part(facts).as_ref().map_err(Clone::clone)
}

pub fn hostname(case: &Case<'_>, wanted: &str) -> Read {
    match fact(case, NsKind::Uts, |facts| &facts.uts) {
        Ok(names) => Read::holds_if(
            names.hostname == wanted,
            format!("it is {}", names.hostname),
        )
        .seen("uname(2) in its uts namespace", &names.hostname),
        Err(why) => Read::unknown("its hostname", &why),
    }
}

pub fn only_own_processes(case: &Case<'_>) -> Read {
    let own = match case.subject.links.own(NsKind::Pid) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => return Read::unknown("its pid namespace", why),
    };
    if own == NsKind::Pid.initial_inode() {
        return Read::new(Verdict::Fails, "it is in the host's pid namespace")
            .sure()
            .seen(case.file("ns/pid"), format!("pid:[{own}]"));
    }
    let Some(exposure) = case.snapshot.exposures.get(&case.task()) else {
        return Read::unknown("which procfs it has", &Why::Skipped);
    };
    let instances = &exposure.procfs;
    let foreign = instances
        .found
        .iter()
        .find_map(|it| Some((it, whose(case, it, own)?)));
    if let Some((foreign, shown)) = foreign {
        let says = format!("{} is a procfs of pid:[{shown}]", foreign.mount_point);
        return Read::new(Verdict::Fails, says).seen(
            format!("the procfs on {}", foreign.mount_point),
            format!("pid:[{shown}]"),
        );
    }
    if let Some(untold) = instances.found.iter().find(|it| it.pid_ns.is_none()) {
        let what = format!("which processes {} shows", untold.mount_point);
        return Read::unknown(&what, &Why::failed("its number 1 does not say where it is"));
    }
    match &instances.gap {
        Some(why) => Read::unknown("which procfs it has", why),
        None => Read::new(
            Verdict::Holds,
            format!("every procfs that it has is of pid:[{own}], its own"),
        )
        .seen(case.file("ns/pid"), format!("pid:[{own}]")),
    }
}

/// The pid namespace that a procfs shows, if that is neither its own nor below it.
fn whose(case: &Case<'_>, instance: &ProcInstance, own: u64) -> Option<u64> {
    match (instance.pid_ns, &instance.own) {
        (Some(shown), _) if shown == own => None,
        (Some(shown), _) => {
            let is_below = ptrace::is_below(case.snapshot, shown, own);
            (is_below != Seen::Known(true)).then_some(shown)
        }
        // Its number 1 does not say where it is, and it shows us: it is ours or encloses ours.
        (None, Some(_)) => {
            let ours = case.snapshot.reader.links.own(NsKind::Pid).get();
            ours.filter(|ours| *ours != own)
        }
        (None, None) => None,
    }
}

pub fn at_most_processes(case: &Case<'_>, most: usize) -> Read {
    match fact(case, NsKind::Pid, |facts| &facts.processes) {
        Ok(count) => {
            let holds = usize::try_from(*count).is_ok_and(|count| count <= most);
            Read::holds_if(holds, format!("{count} are in its pid namespace"))
                .seen("/proc/*/ns/pid", count.to_string())
        }
        Err(why) => Read::unknown("how many are in its pid namespace", &why),
    }
}

pub fn interfaces(case: &Case<'_>, wanted: &BTreeSet<String>) -> Read {
    match fact(case, NsKind::Net, |facts| &facts.interfaces) {
        Ok(interfaces) => {
            let own: BTreeSet<String> = interfaces.iter().map(|it| it.name.clone()).collect();
            let names = own.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            let says = match own.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {names}"),
            };
            Read::holds_if(own == *wanted, says).seen("interfaces of its net namespace", names)
        }
        Err(why) => Read::unknown("its interfaces", &why),
    }
}

/// That nobody listens can be read; that somebody can be reached cannot.
pub fn unreachable(case: &Case<'_>, socket: &Socket) -> Read {
    let untold = || Read::untold("whether it can connect");
    if let Socket::Path(path) = socket {
        return match case.looks.get(path) {
            Some(Seen::Known(None)) => Read::new(Verdict::Holds, "nothing is there"),
            Some(Seen::Known(Some(_))) => untold(),
            Some(Seen::Unknown(why)) => Read::unknown("what is there", why),
            None => untold(),
        };
    }
    let listening = match fact(case, NsKind::Net, |facts| &facts.listening) {
        Ok(listening) => listening,
        Err(why) => return Read::unknown("who listens in its net namespace", &why),
    };
    let is_it = |protocol: &str, address: &str| match socket {
        Socket::Abstract(name) => protocol == "unix" && address.strip_prefix('@') == Some(name),
        Socket::Tcp(port) => {
            let own = address.rsplit_once(':').map(|(_, port)| port);
            protocol.starts_with("tcp") && own == Some(port.to_string().as_str())
        }
        Socket::Path(_) => false,
    };
    match listening.iter().find(|it| is_it(&it.protocol, &it.address)) {
        Some(found) => {
            let read = untold();
            read.seen(
                "sockets of its net namespace",
                format!("{} {}", found.protocol, found.address),
            )
        }
        None => Read::new(Verdict::Holds, "nobody listens there in its net namespace"),
    }
}

pub fn cgroup_path(case: &Case<'_>, wanted: &str) -> Read {
    match detail(case.subject, |details| &details.cgroups_inside) {
        Ok(entries) => {
            let path = main_cgroup_path(entries);
            Read::holds_if(path == wanted, format!("it sees itself at {path}"))
                .seen("/proc/self/cgroup as it sees it", path)
        }
        Err(why) => Read::unknown("the path at which it sees itself", &why),
    }
}

pub fn cgroup_not_writable(case: &Case<'_>) -> Read {
    let table = match mounts(case.subject) {
        Ok(table) => table,
        Err(why) => return Read::unknown("its mount table", &why),
    };
    let mut writable = table
        .iter()
        .filter(|mount| mount.fstype.starts_with("cgroup") && is_writable(mount));
    match writable.next() {
        None => Read::new(Verdict::Holds, "it has no writable cgroup file system"),
        Some(mount) => {
            let point = &mount.mount_point;
            Read::untold(&format!("what it can write below {point}")).seen(
                case.file("mountinfo"),
                format!("{point} {} {}", mount.root, mount.options),
            )
        }
    }
}

pub fn time_offsets(process: &Process, wanted: &TimeOffsets) -> Read {
    match detail(process, |details| &details.timens_offsets) {
        Ok(offsets) => {
            let says = format!(
                "they are {:+} s monotonic, {:+} s boottime",
                offsets.monotonic.seconds, offsets.boottime.seconds
            );
            Read::holds_if(offsets == wanted, says).seen(
                file_of(process, "timens_offsets"),
                format!(
                    "monotonic {} {}, boottime {} {}",
                    offsets.monotonic.seconds,
                    offsets.monotonic.nanoseconds,
                    offsets.boottime.seconds,
                    offsets.boottime.nanoseconds
                ),
            )
        }
        Err(why) => Read::unknown("its clock offsets", &why),
    }
}
