//! NSA-200: sockets of others to which a mount leads, told by who listens and not by their names. connect(2) asks
//! for write permission of the inode and for no more: a read-only mount is no barrier.

use crate::analyse::power::files::{Access, may_access};
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::exposed::{bits, inode, told, unknown};
use crate::audit::questions::listeners::grade;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::Why;
use crate::model::exposure::SocketFile;

pub static RULE: Rule = Rule {
    id: "NSA-200",
    title: "a socket of the host's can be connected to",
    worst: Severity::Critical,
    why: "A socket such as docker.sock, or those of containerd and systemd, is the door to a daemon \
          that works as root on the host: whoever may connect asks it for a container with / mounted, \
          and has the host. Mounting it read-only does not help, as to connect is not to write to the \
          file. It is told by who listens, whatever the file is called.",
    remedy: "do not give it the socket: a read-only mount does not stop connect(2)",
    remedies: &[
        ("docker", "drop the -v of the socket"),
        ("podman", "drop the -v of the socket"),
        ("kubernetes", "drop the hostPath volume of the socket"),
        ("systemd", "InaccessiblePaths= for the socket"),
    ],
    references: &[
        ESCAPE,
        "ATT&CK T1552.007",
        "ATT&CK T1610",
        "CIS Docker 5.32",
        "Kubescape C-0074",
    ],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::SocketFiles,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    let what = "which sockets its mounts lead to";
    let gap = |why: &Why| unknown(&RULE, Severity::Critical, what, why);
    let exposure = match case.exposure() {
        Ok(exposure) => exposure,
        Err(why) => return vec![gap(&why)],
    };
    let found = exposure.sockets.found.iter();
    let found = found.filter_map(|socket| judge(case, socket));
    told(gap, exposure.sockets.gap.as_ref(), found.collect())
}

fn judge(case: &Case<'_>, socket: &SocketFile) -> Option<Finding> {
    let grade = grade(case, &socket.listener)?;
    let ability = Ability::of(case, |credentials| {
        let connect = may_access(credentials, inode(socket.file), Access::Write);
        socket.above.iter().fold(connect, |answer, directory| {
            answer.and(|| may_access(credentials, inode(*directory), Access::Execute))
        })
    });
    let verdict = match ability.verdict(Verdict::Mitigated) {
        Verdict::Mitigated => Verdict::Mitigated,
        _ if !grade.is_known => Verdict::Unknown,
        Verdict::Exploitable if grade.precondition.is_some() => Verdict::Conditional,
        other => other,
    };
    let mut why = format!("it can connect to {}: {}", socket.path, grade.who);
    if let Ability::No(reason) = &ability {
        why = format!("{} at {}, but {reason}", grade.who, socket.path);
    }
    let finding = Finding::new(&RULE, grade.severity, verdict, why);
    let number = socket.listener.socket;
    let value = format!(
        "inode {} is socket {number}, {}",
        socket.file.inode, socket.listener.name
    );
    let mut finding = ability.settle(finding.seen("sock_diag UNIX_DIAG_VFS", value));
    finding.evidence.push(bits(&socket.path, &socket.file));
    finding
        .evidence
        .extend(case.mount(socket.mount).map(|mount| case.mount_line(mount)));
    Some(match grade.precondition {
        Some(precondition) => finding.provided(precondition),
        None => finding,
    })
}
