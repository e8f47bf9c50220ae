//! NSA-011: processes outside whose root directory is open to it by ptrace access, worked out by the kernel's rule
//! (R4) for each way in which it could come by other credentials: CAP_SYS_PTRACE, becoming the other's
//! uid, or being that uid already.

use crate::analyse::power::Credentials;
use crate::analyse::power::{self, ptrace};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::peers::{Peer, is_mighty};
use crate::audit::rule::{Asks, BASELINE, Check, ESCAPE, Rule};
use crate::model::{CapabilitySet, NsKind, Process, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-011",
    title: "files of processes outside are open to it",
    worst: Severity::Critical,
    why: "/proc/PID/root, cwd and fd lead to the files that a process sees, whatever mounts the reader \
          has. The kernel lets everybody go there who passes its check for ptrace: with \
          CAP_SYS_PTRACE, or by being the same user with no capability less, which a container that \
          may change its uid can bring about. Where such a process is the host's, its mounts hold the \
          container no longer.",
    remedy: "give it a pid namespace of its own, and take CAP_SYS_PTRACE, CAP_SETUID and CAP_SETGID from it",
    remedies: &[
        ("docker", "start it without --pid=host; --cap-drop=ALL"),
        ("podman", "start it without --pid=host; --cap-drop=ALL"),
        ("kubernetes", "hostPID: false; capabilities: drop: [ALL]"),
        (
            "systemd",
            "PrivatePIDs=yes, or ProtectProc=invisible with another User=; CapabilityBoundingSet=",
        ),
        ("runc", "an entry pid in linux.namespaces"),
    ],
    references: &[ESCAPE, "CIS Docker 5.16", BASELINE, "Kubescape C-0038"],
    needs: &[
        Need::Namespaces,
        Need::EveryCredentials,
        Need::Label,
        Need::Containers,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

/// So many witnesses are named.
const NAMED: usize = 5;

fn check(case: &Case<'_>) -> Option<Finding> {
    // Elsewhere it sees nobody but its own; a foreign procfs is NSA-012.
    let sees_host = case.is_in_hosts(NsKind::Pid) && !case.is_in_hosts(NsKind::Mnt);
    sees_host.then(|| reachable(case)).flatten()
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
            let worst = Severity::Critical;
            return Some(Finding::new(&RULE, worst, Verdict::Unknown, why));
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
    found
        .sort_by_key(|it| std::cmp::Reverse((it.verdict, it.of_host, is_mighty(case, it.process))));
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

fn finding(
    case: &Case<'_>,
    credentials: &Credentials,
    witnesses: Vec<Witness<'_>>,
    verdict: Verdict,
) -> Finding {
    let severity = match &witnesses {
        // Only processes of other containers.
        all if !all.iter().any(|it| it.of_host) => Severity::Medium,
        all if all
            .iter()
            .any(|it| it.of_host && is_mighty(case, it.process)) =>
        {
            Severity::Critical
        }
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
    let mut finding = Finding::new(&RULE, severity, verdict, why)
        .with(case.link(NsKind::Pid))
        .with(case.line("Uid"))
        .with(case.line("CapEff"));
    for witness in witnesses.iter().take(NAMED) {
        finding = finding.with(evidence(witness));
    }
    if let Some(label) = case.confined_by() {
        let barrier = format!("the label {label:?} forbids reading processes outside of it");
        finding = finding.but(Verdict::Mitigated).provided(barrier);
    }
    finding
}

/// A witness as evidence: number, uid and name.
fn evidence(witness: &Witness<'_>) -> (String, String) {
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
