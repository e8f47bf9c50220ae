//! Whether a process is in a namespace of its own, by the numbers that the kernel gives them.

use super::{Case, Read, details, file_of};
use crate::analyse::reference::Reference;
use crate::model::process::Thread;
use crate::model::{NsKind, Process, Seen, Why};
use crate::verify::claim::Against;
use crate::verify::verdict::Verdict;

pub fn isolated(case: &Case<'_>, process: &Process, kind: NsKind, against: &Against) -> Read {
    let (reference, whose) = match against {
        Against::Host => (case.host(process), "the host's".to_owned()),
        Against::Task { pid, name } => match case.snapshot.processes.get(*pid) {
            Some(other) => (
                Reference::given(other, case.snapshot),
                format!("that of {name}"),
            ),
            None => return Read::unknown(&format!("the namespace of {name}"), &Why::Gone),
        },
    };
    let theirs = match reference.links.own(kind) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => {
            return Read::unknown(&format!("the {kind} namespace, {whose},"), why);
        }
    };
    let own = match process.links.own(kind) {
        Seen::Known(inode) => *inode,
        Seen::Unknown(why) => return Read::unknown(&format!("its {kind} namespace"), why),
    };
    let source = file_of(process, &format!("ns/{kind}"));
    if own == theirs {
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
    let is_there = |thread: &&Thread| {
        let mut links = thread.differs.iter();
        links.any(|(link, inode)| link.kind() == kind && *inode == theirs)
    };
    if let Some(thread) = threads.iter().find(is_there) {
        let says = format!("its thread {} is in {kind}:[{theirs}], {whose}", thread.tid);
        return Read::new(Verdict::Fails, says).sure().seen(
            file_of(process, &format!("task/{}/ns/{kind}", thread.tid)),
            format!("{kind}:[{theirs}]"),
        );
    }
    Read::new(
        Verdict::Holds,
        format!("it is in {kind}:[{own}], {whose} is {theirs}"),
    )
    .seen(source, format!("{kind}:[{own}]"))
    .seen("the reference", format!("{kind}:[{theirs}]"))
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
