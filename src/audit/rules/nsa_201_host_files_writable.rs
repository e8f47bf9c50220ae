//! NSA-201: files and directories of the host that it may write.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ability::Ability;
use crate::audit::questions::host_files::{Bind, by_bind, evidence_of_bind, may_write, worth};
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};

pub static RULE: Rule = Rule {
    id: "NSA-201",
    title: "files of the host can be written",
    worst: Severity::Critical,
    why: "What is written into a directory of the host stays there when the container is gone, and \
          programs of the host read it. A crontab, a unit file, a library or authorized_keys in the \
          right place is root of the host a minute later. Home directories and logs are one step \
          further, and anything else carries whatever the host does with it.",
    remedy: "mount it read-only, or only the files that are needed",
    remedies: &[
        ("docker", "append :ro to the -v, or use a volume"),
        ("podman", "append :ro to the -v, or use a volume"),
        (
            "kubernetes",
            "readOnly: true for the mount, or no hostPath volume",
        ),
        ("systemd-nspawn", "--bind-ro= instead of --bind="),
        ("bwrap", "--ro-bind instead of --bind"),
        ("systemd", "ProtectSystem=strict, ReadOnlyPaths="),
    ],
    references: &[
        ESCAPE,
        "CIS Docker 5.6",
        "Kubescape C-0045",
        "Kubescape C-0048",
        "Pod Security Standards baseline: hostPath",
    ],
    needs: &[
        Need::Namespaces,
        Need::Credentials,
        Need::Mounts,
        Need::HostMounts,
        Need::Containers,
        Need::MountPoints,
    ],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::Several(check),
};

fn check(case: &Case<'_>) -> Vec<Finding> {
    by_bind(case, &RULE, Severity::Critical, writable)
}

fn writable(case: &Case<'_>, bind: &Bind<'_>) -> Option<Finding> {
    let ability = may_write(case, bind);
    let (at, path) = (&bind.mount.mount_point, &bind.host.path);
    let severity = worth(path);
    let why = match &ability {
        // What is there to read is another finding.
        Ability::No(_) if severity == Severity::Medium => return None,
        Ability::No(reason) => format!("{at} is {path} of the host, but {reason}"),
        _ if bind.mount.read_only => {
            format!("{at} is {path} of the host, read-only, and it can mount it anew for writing")
        }
        _ => format!("{at} is {path} of the host, and it may write there"),
    };
    let verdict = ability.verdict(Verdict::Mitigated);
    let finding = Finding::new(&RULE, severity, verdict, why);
    Some(ability.settle(evidence_of_bind(case, bind, finding)))
}
