//! Paths, mounts and device nodes.

use super::{Case, Read, mounts};
use crate::analyse::audit::mounts::{covering, is_writable};
use crate::collect::paths::There;
use crate::model::exposure::FileKind;
use crate::model::mount::Mount;
use crate::model::{Seen, Why};
use crate::verify::claim::{Access, PathState, Propagation};
use crate::verify::verdict::Verdict;

/// What lies on masked files.
const NULL_DEVICE: Option<(u32, u32)> = Some((1, 3));

pub fn path(case: &Case<'_>, path: &str, is: PathState) -> Read {
    if matches!(is, PathState::Mounted | PathState::NotMounted) {
        return mounted(case, path, is);
    }
    let there = match look(case, path) {
        Ok(Some(there)) => there,
        Ok(None) => return Read::new(Verdict::Holds, "nothing is there"),
        Err(why) => return Read::unknown("what is there", &why),
    };
    let on_mount = |test: fn(&Mount) -> bool, words: [&str; 2]| match mount_of(case, path, there) {
        Ok(mount) => {
            let holds = test(mount);
            let says = format!(
                "its mount at {} is {}",
                mount.mount_point,
                words[usize::from(!holds)]
            );
            Read::holds_if(holds, says).seen(
                case.file("mountinfo"),
                format!("{} {} {}", mount.id, mount.mount_point, mount.options),
            )
        }
        Err(why) => Read::unknown("its mount", &why),
    };
    match is {
        PathState::Absent => Read::new(Verdict::Fails, "something is there").sure(),
        PathState::Masked => masked(there),
        PathState::ReadOnly => on_mount(|mount| !is_writable(mount), ["read-only", "writable"]),
        PathState::NoSuid => on_mount(|mount| mount.has_option("nosuid"), ["nosuid", "not nosuid"]),
        PathState::NotWritable => {
            let read = on_mount(|mount| !is_writable(mount), ["read-only", "writable"]);
            match read.verdict {
                // Other barriers may stand in the way still.
                Verdict::Fails => Read::untold("whether more than its mount keeps it from writing"),
                _ => read,
            }
        }
        PathState::Unreadable => Read::untold("whether it can read that"),
        PathState::Mounted | PathState::NotMounted => mounted(case, path, is),
    }
}

fn look<'a>(case: &Case<'a>, path: &str) -> Result<Option<&'a There>, Why> {
    match case.looks.get(path) {
        Some(Seen::Known(there)) => Ok(there.as_ref()),
        Some(Seen::Unknown(why)) => Err(why.clone()),
        None => Err(Why::Skipped),
    }
}

/// The mount that leads to a path: by its number, which no link in the path can hide.
fn mount_of<'a>(case: &Case<'a>, path: &str, there: &There) -> Result<&'a Mount, Why> {
    let table = mounts(case.subject)?;
    let found = match there.mount {
        Some(id) => table.iter().find(|mount| mount.id == id),
        None => covering(table, path),
    };
    found.ok_or_else(|| Why::failed("its mount is not in the mount table"))
}

fn masked(there: &There) -> Read {
    let file = there.file;
    match file.kind {
        FileKind::Char if file.device == NULL_DEVICE => {
            Read::new(Verdict::Holds, "/dev/null lies on it")
        }
        FileKind::Directory => match there.empty {
            Some(true) => Read::new(Verdict::Holds, "it is an empty directory"),
            Some(false) => Read::new(Verdict::Fails, "it is a directory with something in it"),
            None => Read::untold("whether something is in it"),
        },
        _ => Read::new(Verdict::Fails, "nothing lies on it"),
    }
}

fn mounted(case: &Case<'_>, path: &str, is: PathState) -> Read {
    let wanted = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    match mounts(case.subject) {
        Ok(table) => {
            let found = table.iter().find(|mount| mount.mount_point == wanted);
            let says = match found {
                Some(mount) => format!("{} is mounted there", mount.fstype),
                None => "nothing is mounted there".to_owned(),
            };
            let read = Read::holds_if(found.is_some() == (is == PathState::Mounted), says).sure();
            let point = found.map_or("", |mount| &mount.mount_point);
            read.seen(case.file("mountinfo"), point)
        }
        Err(why) => Read::unknown("its mount table", &why),
    }
}

pub fn propagation(case: &Case<'_>, path: &str, is: Propagation) -> Read {
    let there = match look(case, path) {
        Ok(Some(there)) => there,
        Ok(None) => return Read::new(Verdict::Fails, "nothing is there").sure(),
        Err(why) => return Read::unknown("what is there", &why),
    };
    let mount = match mount_of(case, path, there) {
        Ok(mount) => mount,
        Err(why) => return Read::unknown("its mount", &why),
    };
    if is == Propagation::NotToHost {
        return not_to_host(case, mount);
    }
    let holds = match is {
        Propagation::Private => {
            mount.shared.is_none() && mount.master.is_none() && !mount.unbindable
        }
        Propagation::Slave => mount.shared.is_none() && mount.master.is_some(),
        Propagation::Shared => mount.shared.is_some(),
        Propagation::Unbindable => mount.unbindable,
        Propagation::NotToHost => false,
    };
    let words = in_words(mount);
    Read::holds_if(
        holds,
        format!("its mount at {} is {words}", mount.mount_point),
    )
    .sure()
    .seen(
        case.file("mountinfo"),
        format!("{} {words}", mount.mount_point),
    )
}

fn in_words(mount: &Mount) -> String {
    let words = [
        mount.shared.map(|group| format!("shared:{group}")),
        mount.master.map(|group| format!("master:{group}")),
        mount.unbindable.then(|| "unbindable".to_owned()),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    match words.is_empty() {
        true => "private".to_owned(),
        false => words.join(" "),
    }
}

/// Whether the mount at a path, and those below it, are in no peer group of the host's.
fn not_to_host(case: &Case<'_>, at: &Mount) -> Read {
    let table = match mounts(case.subject) {
        Ok(table) => table,
        Err(why) => return Read::unknown("its mount table", &why),
    };
    let is_below =
        |mount: &&Mount| crate::model::mount::below(&at.mount_point, &mount.mount_point).is_some();
    // What is in no peer group at all needs no look at the host's.
    let has_peers = |mount: &Mount| mount.shared.is_some();
    let none = Vec::new();
    let host = match case.snapshot.host_mounts.as_ref() {
        Ok(host) => host,
        Err(why) if table.iter().filter(is_below).any(has_peers) => {
            return Read::unknown("the mount table of the host", why);
        }
        Err(_) => &none,
    };
    for mount in table.iter().filter(is_below) {
        let Some(group) = mount.shared else {
            continue;
        };
        if let Some(peer) = host.iter().find(|it| it.shared == Some(group)) {
            let (own, theirs) = (&mount.mount_point, &peer.mount_point);
            return Read::new(
                Verdict::Fails,
                format!("{own} and {theirs} of the host are peers"),
            )
            .seen(case.file("mountinfo"), format!("{own} shared:{group}"))
            .seen("mountinfo of the host", format!("{theirs} shared:{group}"));
        }
    }
    let says = "none of its mounts is a peer of one of the host";
    Read::new(Verdict::Holds, says).seen(
        case.file("mountinfo"),
        format!("{} {}", at.mount_point, in_words(at)),
    )
}

pub fn device(case: &Case<'_>, path: &str, access: Access, allowed: bool) -> Read {
    let refused = match look(case, path) {
        Ok(Some(there)) => match there.file.kind {
            FileKind::Block | FileKind::Char => match mount_of(case, path, there) {
                Ok(mount) if mount.has_option("nodev") => {
                    let says = format!("its mount at {} is nodev", mount.mount_point);
                    Read::new(Verdict::Holds, says)
                        .seen(case.file("mountinfo"), mount.options.clone())
                }
                _ => Read::untold(&format!("whether it can open that to {}", access.name())),
            },
            _ => Read::new(Verdict::Holds, "what is there is no device").sure(),
        },
        Ok(None) => Read::new(Verdict::Holds, "nothing is there"),
        Err(why) => Read::unknown("what is there", &why),
    };
    match allowed {
        true => Read {
            verdict: refused.verdict.of_opposite(),
            ..refused
        },
        false => refused,
    }
}
