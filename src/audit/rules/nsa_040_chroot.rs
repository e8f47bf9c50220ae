//! NSA-040: a chroot in the host's mount namespace is all that holds it. The mount table of such a process can be
//! empty, which says nothing.

use crate::audit::case::{Case, Holds};
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::model::{CapabilitySet, NsKind, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-040",
    title: "a chroot is all that holds it",
    worst: Severity::Critical,
    why: "chroot(2) changes where paths begin, and nothing else. Whoever has CAP_SYS_CHROOT leaves it \
          by a second chroot; whoever is root leaves it by a device node, an open directory or a \
          process outside. The process is in the host's mount namespace, so that what is outside of \
          the chroot is the host.",
    remedy: "chroot is no barrier against root: use a mount namespace with pivot_root, and drop CAP_SYS_CHROOT",
    remedies: &[(
        "systemd",
        "RootDirectory= with MountAPIVFS=yes, PrivateUsers=yes and an empty CapabilityBoundingSet=",
    )],
    references: &[ESCAPE],
    needs: &[Need::Namespaces, Need::Credentials, Need::Root],
    asks: Asks::Held,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    if !case.is_in_hosts(NsKind::Mnt) {
        return None;
    }
    let details = case.details()?;
    let path = match &details.root {
        Seen::Known(root) if root.path == "/" => return None,
        Seen::Known(root) => root.path.clone(),
        Seen::Unknown(_) => return None,
    };
    let own_user = case.holds_in_own_user_ns(CapabilitySet::SYS_CHROOT);
    let is_root = case
        .credentials()
        .is_ok_and(|it| it.ids_are_exact && it.uids.effective == 0);
    let finding = |severity, why: &str| {
        Finding::new(&RULE, severity, Verdict::Exploitable, why)
            .with(case.link(NsKind::Mnt))
            .seen(case.file("root"), path.clone())
            .with(case.line("CapEff"))
            .with(case.line("Uid"))
    };
    let breaks = "it is in the host's mount namespace, and whoever has CAP_SYS_CHROOT leaves a chroot by a \
                  second one";
    Some(match own_user {
        Holds::Never if is_root => finding(
            Severity::Critical,
            "it is in the host's mount namespace and the host's root, though without CAP_SYS_CHROOT",
        )
        .but(Verdict::Conditional)
        .provided("a directory or process of the host is in sight, by a descriptor or a procfs"),
        Holds::Never => finding(
            Severity::High,
            "it is in the host's mount namespace, but has no CAP_SYS_CHROOT, with which it would leave",
        )
        .but(Verdict::SharedOnly),
        holds @ (Holds::Now | Holds::ByRaising | Holds::ByExec) => {
            holds.judge(finding(Severity::Critical, breaks))
        }
        holds => holds.judge(finding(Severity::High, breaks)),
    })
}
