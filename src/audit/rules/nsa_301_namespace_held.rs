//! NSA-301: a namespace or a process outside that it holds by a descriptor.

use crate::analyse::power::{ptrace, setns, userns};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::called;
use crate::audit::questions::handles::{Origins, by_handle, source};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::{Anchor, Handle};
use crate::model::{NsKey, NsKind, Pid, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-301",
    title: "it holds a namespace or process outside of it",
    worst: Severity::Critical,
    why: "A descriptor of a namespace, or of a process, can be given to setns(2). Where it is the \
          host's, and the process has CAP_SYS_ADMIN over whoever owns it, it walks out through it. It \
          also keeps a namespace alive when everybody in there has gone.",
    remedy: "close what is not needed before the program starts (O_CLOEXEC), and update the runtime",
    remedies: &[("runc", "drop --preserve-fds")],
    references: &[ESCAPE],
    needs: &[Need::Namespaces, Need::Credentials, Need::Handles],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_handle(case, &RULE, Severity::Critical, namespace)
}

fn namespace(case: &Case<'_>, _: &Origins, handle: &Handle) -> Option<Finding> {
    match handle.what.as_ref()? {
        anchor @ Anchor::Namespace { .. } => held_open(case, handle, anchor.namespace()?),
        Anchor::Process { pid } => process(case, handle, *pid),
        Anchor::Peer { .. } => None,
    }
}

fn held_open(case: &Case<'_>, handle: &Handle, key: NsKey) -> Option<Finding> {
    if case.process.links.keys().any(|own| own == key) || is_own_making(case, key) {
        return None;
    }
    let join = may_join(case, key);
    let severity = match case.snapshot.is_initial(key) {
        Seen::Known(false) => Severity::Medium,
        _ => Severity::Critical,
    };
    let whose = match severity {
        Severity::Critical => "the host's",
        _ => "another",
    };
    let name = &handle.name;
    let kind = key.kind;
    let why = match &join {
        Ability::No(reason) => {
            format!("its {name} is {whose} {kind} namespace, which it may not join: {reason}")
        }
        _ => format!("its {name} is {whose} {kind} namespace, which it may join"),
    };
    let verdict = join.verdict(Verdict::SharedOnly);
    let finding = Finding::new(&RULE, severity, verdict, why);
    Some(join.settle(finding.seen(source(handle), key.to_string())))
}

fn may_join(case: &Case<'_>, key: NsKey) -> Ability {
    Ability::of(case, |credentials| {
        setns::may_join(case.snapshot, credentials, case.process, key)
    })
}

/// Whether it, or what runs inside with it, has made a namespace: that is below its own, or nobody
/// but its own is in there.
fn is_own_making(case: &Case<'_>, key: NsKey) -> bool {
    let owner = userns::governing(case.snapshot, key).get();
    let own = case.process.links.own(NsKind::User).get();
    let is_hosts = own == Some(NsKind::User.initial_inode());
    if owner.is_some() && owner == own && !is_hosts {
        return true;
    }
    let namespace = case.snapshot.namespaces.get(&key);
    let lowest = namespace.and_then(|it| it.lowest);
    let is_below = |pid: Pid| {
        let other = case.snapshot.processes.get(pid)?;
        let theirs = other.links.own(NsKind::Pid).get()?;
        let pid_ns = case.process.links.own(NsKind::Pid).get()?;
        let is_hosts = pid_ns == NsKind::Pid.initial_inode();
        let below = ptrace::is_below(case.snapshot, theirs, pid_ns);
        Some(!is_hosts && below == Seen::Known(true))
    };
    lowest.is_some_and(|pid| case.is_inside(pid) == Some(true) || is_below(pid) == Some(true))
}

/// A pidfd can be given to setns(2), which joins the namespaces of the process.
fn process(case: &Case<'_>, handle: &Handle, pid: Pid) -> Option<Finding> {
    if case.is_inside(pid) == Some(true) {
        return None;
    }
    let other = case.snapshot.processes.get(pid);
    let kind = NsKind::Mnt;
    let key = other.and_then(|it| it.links.own(kind).get());
    let join = match key {
        Some(inode) => may_join(case, NsKey { kind, inode }),
        None => Ability::Unknown(format!("the namespaces of process {pid}")),
    };
    let (name, who) = (&handle.name, called(other, pid));
    let why = match &join {
        Ability::No(reason) => {
            format!("its {name} is {who} outside, whose namespaces it may not join: {reason}")
        }
        _ => format!("its {name} is {who} outside, whose namespaces it may join"),
    };
    let verdict = join.verdict(Verdict::SharedOnly);
    let finding = Finding::new(&RULE, Severity::Critical, verdict, why);
    let fdinfo = format!(
        "/proc/{}/{}",
        handle.tid,
        handle.name.replace("fd/", "fdinfo/")
    );
    Some(join.settle(finding.seen(fdinfo, format!("Pid: {pid}"))))
}
