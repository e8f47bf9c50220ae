//! Whether a process is in a namespace of its own, by the numbers that the kernel gives them.

use super::{Case, Read, details, file_of};
use crate::analyse::reference::Reference;
use crate::model::{NsKey, NsKind, Process, Seen, Why};
use crate::verify::claim::Against;
use crate::verify::verdict::Verdict;

pub fn isolated(case: &Case<'_>, process: &Process, kind: NsKind, against: &Against) -> Read {
    let (theirs, whose) = match other_side(case, kind, against) {
        Ok(found) => found,
        Err(read) => return read,
    };
    let own = match process.links.own(kind) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => return Read::unknown(&format!("its {kind} namespace"), why),
    };
    // Where the kernel booted is the host's, even if its init should be elsewhere.
    let is_initial = |inode: u64| {
        *against == Against::Host
            && case.snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true)
    };
    let is_theirs = |inode: u64| theirs == Seen::Known(inode) || is_initial(inode);
    let source = file_of(process, &format!("ns/{kind}"));
    if is_theirs(own) {
        return Read::new(Verdict::Fails, format!("it is in {kind}:[{own}], {whose}"))
            .sure()
            .seen(source, format!("{kind}:[{own}]"));
    }
    let threads = match details(process).map(|details| &details.threads) {
        Ok(Seen::Known(threads)) => threads.as_slice(),
        // Nothing says that they are where the process is.
        Ok(Seen::Unknown(why)) if *why != Why::Skipped => {
            return Read::unknown("where its threads are", why);
        }
        _ => &[],
    };
    let there = threads.iter().find_map(|thread| {
        let mut links = thread.differs.iter();
        let link = links.find(|(link, inode)| link.kind() == kind && is_theirs(*inode));
        Some((thread.tid, link?.1))
    });
    if let Some((tid, inode)) = there {
        let says = format!("its thread {tid} is in {kind}:[{inode}], {whose}");
        return Read::new(Verdict::Fails, says).sure().seen(
            file_of(process, &format!("task/{tid}/ns/{kind}")),
            format!("{kind}:[{inode}]"),
        );
    }
    let theirs = match theirs {
        Seen::Known(inode) => inode,
        Seen::Unknown(why) => {
            let what = match against {
                Against::Host | Against::Caller => format!("{whose} {kind} namespace"),
                Against::Task { name, .. } => format!("the {kind} namespace of {name}"),
            };
            return Read::unknown(&what, &why).seen(source, format!("{kind}:[{own}]"));
        }
    };
    Read::new(
        Verdict::Holds,
        format!("it is in {kind}:[{own}], {whose} is {theirs}"),
    )
    .seen(source, format!("{kind}:[{own}]"))
    .seen("the reference", format!("{kind}:[{theirs}]"))
}

/// The namespace of the other side, and whose it is.
fn other_side(
    case: &Case<'_>,
    kind: NsKind,
    against: &Against,
) -> Result<(Seen<u64>, String), Read> {
    Ok(match against {
        Against::Host => {
            let host = Reference::host(case.snapshot);
            let theirs = match (host.process, host.links.own(kind)) {
                (None, Seen::Unknown(_)) => Seen::Unknown(no_number(&host)),
                (_, theirs) => theirs.clone(),
            };
            (theirs, "the host's".to_owned())
        }
        Against::Caller => {
            let own = case.snapshot.reader.links.own(kind);
            (own.clone(), "the caller's".to_owned())
        }
        Against::Task { pid, name } => match case.snapshot.processes.get(*pid) {
            Some(other) => (other.links.own(kind).clone(), format!("that of {name}")),
            None => {
                return Err(Read::unknown(
                    &format!("the namespace of {name}"),
                    &Why::Gone,
                ));
            }
        },
    })
}

/// Why the host's namespace is not known where no process of the host can be read.
fn no_number(host: &Reference<'_>) -> Why {
    let init = match host.host_init {
        Some(false) => "PID 1 here is not the host's init",
        _ => "neither PID 1 nor kthreadd of the host can be read",
    };
    Why::failed(format!(
        "this kernel is not known to fix a number for it, and {init}"
    ))
}

pub fn in_namespace(process: &Process, kind: NsKind, path: &str, inode: &Seen<u64>) -> Read {
    let wanted = match inode {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => return Read::unknown(path, why),
    };
    match process.links.own(kind) {
        Seen::Known(own) => Read::holds_if(*own == wanted, format!("it is in {kind}:[{own}]"))
            .sure()
            .seen(
                file_of(process, &format!("ns/{kind}")),
                format!("{kind}:[{own}]"),
            )
            .seen(path, format!("{kind}:[{wanted}]")),
        Seen::Unknown(why) => Read::unknown(&format!("its {kind} namespace"), why),
    }
}
