//! NSA-504: threads that are in other namespaces than their process shows. Programs of the host that manage
//! others' namespaces do so by design.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, Rule};
use crate::model::NsKind;

pub static RULE: Rule = Rule {
    id: "NSA-504",
    title: "threads in other namespaces than their process",
    worst: Severity::Medium,
    why: "setns(2) and unshare(2) move one thread and not its process. Whoever looks at processes only \
          does not see it: what the process shows is not where all of it is. Container runtimes and \
          network daemons do so by design; a service in a container hardly ever does.",
    remedy: "find out why: setns and unshare change one thread only, which hides it from whoever looks at processes",
    remedies: &[],
    references: &[],
    needs: &[Need::Namespaces, Need::Containers, Need::Threads],
    asks: Asks::Everybody,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    let threads = case.details()?.threads.known()?;
    let first = threads.first()?;
    let on_host = case.is_in_hosts(NsKind::Pid) && case.machine.by_place(case.process).is_none();
    let severity = if on_host {
        Severity::Info
    } else {
        Severity::Medium
    };
    let why = format!(
        "{} of its threads are in other namespaces than the process shows, such as {}",
        threads.len(),
        first.comm
    );
    let finding = Finding::new(&RULE, severity, Verdict::Exploitable, why);
    let differing = threads.iter().take(5).flat_map(|thread| {
        thread.differs.iter().map(|(link, inode)| {
            (
                case.file(&format!("task/{}/ns/{}", thread.tid, link.name())),
                format!("{}:[{inode}]", link.kind()),
            )
        })
    });
    Some(differing.fold(finding, Finding::with))
}
