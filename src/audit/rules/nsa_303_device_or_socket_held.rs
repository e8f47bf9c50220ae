//! NSA-303: a device that it holds open, or a connection to somebody outside.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::devices;
use crate::audit::questions::handles::{ACCESS_MODE, O_PATH, Origins, by_handle, source};
use crate::audit::questions::listeners::grade;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::exposure::{Anchor, File, Handle};

pub static RULE: Rule = Rule {
    id: "NSA-303",
    title: "it holds a device of the host or a connection to it",
    worst: Severity::Critical,
    why: "A device that is open, or a connection that stands, works without anybody being asked again: \
          neither the device cgroup nor permission bits. A connection to an engine is worth what its \
          socket is worth (NSA-200), and an open disk what the device is worth (NSA-204).",
    remedy: "close what is not needed before the program starts (O_CLOEXEC), and update the runtime",
    remedies: &[("runc", "drop --preserve-fds")],
    references: &[ESCAPE],
    needs: &[Need::Namespaces, Need::Credentials, Need::Handles],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_handle(case, &RULE, Severity::Critical, device_or_socket)
}

fn device_or_socket(case: &Case<'_>, _: &Origins, handle: &Handle) -> Option<Finding> {
    match (&handle.what, &handle.file) {
        (Some(Anchor::Peer { listener }), _) => {
            let grade = grade(case, listener)?;
            let verdict = match (grade.is_known, grade.precondition) {
                (false, _) => Verdict::Unknown,
                (true, None) => Verdict::Exploitable,
                (true, Some(_)) => Verdict::Conditional,
            };
            let why = format!(
                "its {} is connected to {}: {}",
                handle.name, listener.name, grade.who
            );
            let finding = Finding::new(&RULE, grade.severity, verdict, why)
                .seen(source(handle), handle.target.clone())
                .seen("sock_diag UNIX_DIAG_PEER", listener.name.clone());
            Some(match grade.precondition {
                Some(precondition) => finding.provided(precondition),
                None => finding,
            })
        }
        (None, Some(file)) => device(case, handle, file),
        _ => None,
    }
}

/// A device that is open already: the device cgroup and the node have had their say.
fn device(case: &Case<'_>, handle: &Handle, file: &File) -> Option<Finding> {
    let flags = handle.flags?.cast_signed();
    if flags & O_PATH != 0 {
        return None;
    }
    let (class, of_use) = devices::open_already(case, file)?;
    let is_read_only = flags & ACCESS_MODE == 0;
    let severity = match (class.severity, is_read_only) {
        (Severity::Critical, true) => Severity::High,
        (severity, _) => severity,
    };
    let (name, what) = (&handle.name, class.name);
    let why = match &of_use {
        Ability::No(reason) => format!("its {name} is open on {what}, but {reason}"),
        _ => format!("its {name} is open on {what}: no device cgroup is asked again"),
    };
    let (major, minor) = file.device?;
    let verdict = of_use.verdict(Verdict::SharedOnly);
    let finding = Finding::new(&RULE, severity, verdict, why)
        .seen(source(handle), handle.target.clone())
        .seen(
            format!("statx of {}", source(handle)),
            format!("device {major}:{minor}, flags {flags:o}"),
        );
    Some(of_use.settle(finding))
}
