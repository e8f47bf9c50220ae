//! NSA-011: processes of the host whose root directory is open to a process by ptrace access,
//! worked out by the kernel's rule (R4) for each way in which it could come by other credentials:
//! CAP_SYS_PTRACE, becoming the other's uid, or being that uid already.

use super::case::Case;
use super::catalogue::sharing::PROCESS_REACHABLE;
use super::finding::{Finding, Severity, Verdict};
use super::peers::Peer;
use crate::analyse::power::{self, Credentials, ptrace};
use crate::model::{CapabilitySet, NsKind, Process, Seen};

/// So many witnesses are named.
const NAMED: usize = 5;

pub fn look(case: &Case<'_>, findings: &mut Vec<Finding>) {
    // Elsewhere it sees nobody but its own; a foreign procfs is NSA-012.
    if case.is_in_hosts(NsKind::Pid) && !case.is_in_hosts(NsKind::Mnt) {
        findings.extend(reachable(case));
    }
}

/// A process that can be read, and how.
struct Witness<'a> {
    process: &'a Process,
    alike: usize,
    of_host: bool,
    after_becoming: Option<(u32, u32)>,
    verdict: power::Verdict,
    by_capability: bool,
    reason: String,
}

fn reachable(case: &Case<'_>) -> Option<Finding> {
    let credentials = match case.credentials() {
        Ok(credentials) => credentials,
        Err(why) => {
            let why = format!("which processes of the host it could read is not known ({why})");
            let rule = &PROCESS_REACHABLE;
            return Some(Finding::new(
                rule,
                Severity::Critical,
                Verdict::Unknown,
                why,
            ));
        }
    };
    let now = witnesses(case, credentials);
    let is_sure = |all: &[Witness<'_>]| all.iter().any(|it| it.verdict == power::Verdict::Yes);
    if is_sure(&now) {
        return Some(finding(case, credentials, now, Verdict::Exploitable));
    }
    // After an execve of its own it may have more.
    let plain = case.after_exec().and_then(|exec| exec.plain.get());
    let more = plain.unwrap_or_default().0 | credentials.capabilities.permitted.0;
    let more = CapabilitySet(more | credentials.capabilities.effective.0);
    let later = witnesses(case, &credentials.with_effective(more));
    if is_sure(&later) {
        let first = "it raises a capability that it is permitted, or executes a program as root";
        let finding = finding(case, credentials, later, Verdict::Conditional);
        return Some(finding.provided(first));
    }
    match now.is_empty() {
        true => None,
        false => {
            let what = now[0].reason.clone();
            let finding = finding(case, credentials, now, Verdict::Conditional);
            Some(finding.provided(what))
        }
    }
}

fn witnesses<'a>(case: &Case<'a>, credentials: &Credentials) -> Vec<Witness<'a>> {
    let own = case.process.links.own(NsKind::Mnt).get();
    let judge = |peer: &Peer| {
        let (pid, _) = peer
            .first
            .iter()
            .find(|(pid, mount_ns)| *pid != case.process.pid && *mount_ns != own)?;
        let other = case.snapshot.processes.get(*pid)?;
        let route = ptrace::route(case.snapshot, credentials, case.process, other);
        let is_possible = !route.answer.is_no() && is_telling(case, other);
        is_possible.then(|| Witness {
            process: other,
            alike: peer.count,
            of_host: peer.of_host,
            after_becoming: route.after_becoming,
            verdict: route.answer.verdict,
            by_capability: by_capability(case, credentials, other),
            reason: route.answer.reason().to_owned(),
        })
    };
    let mut found: Vec<Witness<'a>> = case.machine.peers.0.iter().filter_map(judge).collect();
    // Surest first, then those with the most to give.
    found.sort_by_key(|it| std::cmp::Reverse((it.verdict, it.of_host, is_mighty(it.process))));
    if found.iter().any(|it| it.verdict == power::Verdict::Yes) {
        found.retain(|it| it.verdict == power::Verdict::Yes);
    }
    found
}

/// A process of which not even the user namespace could be read is no witness: that is a gap of
/// ours.
fn is_telling(case: &Case<'_>, other: &Process) -> bool {
    let user_ns = other.links.own(NsKind::User);
    user_ns.is_known() || case.snapshot.reader.links.own(NsKind::User) == user_ns
}

/// Whether CAP_SYS_PTRACE alone is enough.
fn by_capability(case: &Case<'_>, credentials: &Credentials, other: &Process) -> bool {
    let Seen::Known(user_ns) = *other.links.own(NsKind::User) else {
        return false;
    };
    let ptrace = CapabilitySet::SYS_PTRACE;
    power::capable::ns_capable(case.snapshot, credentials, user_ns, ptrace).is_yes()
}

/// Whether it is root of the host, or has a capability.
fn is_mighty(process: &Process) -> bool {
    let details = process.details.as_deref();
    details
        .and_then(|details| details.status.known())
        .is_some_and(|status| {
            status.uids.effective == 0 || !status.capabilities.permitted.is_empty()
        })
}

fn finding(
    case: &Case<'_>,
    credentials: &Credentials,
    witnesses: Vec<Witness<'_>>,
    verdict: Verdict,
) -> Finding {
    let severity = match &witnesses {
        // Only processes of other containers.
        all if !all.iter().any(|it| it.of_host) => Severity::Medium,
        all if all.iter().any(|it| it.of_host && is_mighty(it.process)) => Severity::Critical,
        _ => Severity::High,
    };
    let first = &witnesses[0];
    let how = match (first.by_capability, first.after_becoming) {
        (true, _) => "with CAP_SYS_PTRACE".to_owned(),
        (false, Some((uid, gid))) => {
            format!("once it has become uid {uid} and gid {gid}, by CAP_SETUID and CAP_SETGID,")
        }
        (false, None) => {
            let uid = credentials.uids.fs;
            format!("being uid {uid} as that is, without any capability,")
        }
    };
    let whose = match severity {
        Severity::Medium => "another container's files",
        Severity::Critical if first.by_capability => "all files of the host",
        _ => "the host's files, as that user",
    };
    let pid = first.process.task();
    let why = format!("{how} it may follow /proc/{pid}/root of a process outside: {whose}");
    let mut finding = Finding::new(&PROCESS_REACHABLE, severity, verdict, why)
        .with(case.link(NsKind::Pid))
        .with(case.line("Uid"))
        .with(case.line("CapEff"));
    for witness in witnesses.iter().take(NAMED) {
        finding = finding.with(told(witness));
    }
    if let Some(label) = case.confined_by() {
        let barrier = format!("the label {label:?} forbids reading processes outside of it");
        finding = finding.but(Verdict::Mitigated).provided(barrier);
    }
    finding
}

/// A witness as evidence: number, uid and name.
fn told(witness: &Witness<'_>) -> (String, String) {
    let process = witness.process;
    let comm = process.stat.known().map(|stat| stat.comm.as_str());
    let uid = process
        .uid
        .get()
        .map_or("?".to_owned(), |uid| uid.to_string());
    let alike = match witness.alike {
        1 => String::new(),
        more => format!(", and {} like it", more - 1),
    };
    (
        format!("/proc/{}/status", process.task()),
        format!("{} with uid {uid}{alike}", comm.unwrap_or("?")),
    )
}
