//! NSA-503: the kernel starts, or is set to start, a program from a container's files.

use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::traces::is_helper;
use crate::audit::rule::{Asks, Check, ESCAPE, Rule};
use crate::audit::storage;
use crate::model::{NsKind, Process};

pub static RULE: Rule = Rule {
    id: "NSA-503",
    title: "the kernel starts a program of a container's as root",
    worst: Severity::Critical,
    why: "The kernel starts helpers as root of the host by paths that can be set: core_pattern, \
          modprobe, release_agent. Where such a path leads into the files of a container, what is in \
          the container decides what root runs on the host. Nobody sets that by accident: it is the \
          second half of an escape, just before it works or just after.",
    remedy: "treat the machine as taken: keep it for whoever investigates (nsinspect snapshot), then set core_pattern, modprobe or release_agent back",
    remedies: &[],
    references: &[ESCAPE, "CVE-2022-0492"],
    needs: &[
        Need::Namespaces,
        Need::Containers,
        Need::Credentials,
        Need::Program,
        Need::HostMounts,
        Need::Sysctls,
    ],
    asks: Asks::Everybody,
    gives_way: &[],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    helper(case).or_else(|| settings(case))
}

/// A program that the kernel has started, as root and outside of all containers.
fn helper(case: &Case<'_>) -> Option<Finding> {
    if !is_helper(case.process) || !case.is_in_hosts(NsKind::Mnt) {
        return None;
    }
    let exe = case.details()?.exe.known()?;
    let (whose, by) = storage::owner(case.machine, exe)?;
    let why = format!(
        "the kernel has started it as the host's root, and its program lies in the files of {whose}"
    );
    Some(
        Finding::new(&RULE, Severity::Critical, Verdict::Exploitable, why)
            .seen(case.file("status PPid"), "2")
            .seen(case.file("exe"), exe.clone())
            .seen("storage", by)
            .with(case.link(NsKind::Mnt))
            .with(case.line("CapEff")),
    )
}

/// Before it happens: a program that the kernel would start. Told of kthreadd, which would be its
/// parent.
fn settings(case: &Case<'_>) -> Option<Finding> {
    if case.process.pid != Process::KTHREADD || !case.process.is_kernel_thread() {
        return None;
    }
    let programs = storage::programs_of_kernel(case.snapshot);
    let mut findings = programs.into_iter().filter_map(|(source, value, path)| {
        let (whose, by) = storage::owner(case.machine, &path)?;
        let why = format!(
            "the kernel is set to start a program as the host's root that lies in the files of {whose}"
        );
        let finding = Finding::new(&RULE, Severity::Critical, Verdict::Exploitable, why);
        Some(finding.seen(source, value).seen("storage", by))
    });
    let first = findings.next()?;
    Some(findings.fold(first, |mut first, more| {
        first.evidence.extend(more.evidence);
        first
    }))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn nsa_503_the_kernel_is_set_to_start_a_program_of_a_containers() {
        let mut snapshot = machine([container(10, ID, &[])]);
        let critical = Some((Severity::Critical, EXPLOITABLE));
        for (sysctl, value, expected) in [
            (
                "kernel/core_pattern",
                format!("|/srv/{ID}/rootfs/x %p"),
                critical,
            ),
            (
                "kernel/core_pattern",
                "|/var/lib/docker/overlay2/1/diff/x".to_owned(),
                critical,
            ),
            (
                "kernel/core_pattern",
                "|/usr/share/apport/apport %p".to_owned(),
                None,
            ),
            (
                "kernel/core_pattern",
                format!("/srv/{ID}/rootfs/core"),
                None,
            ),
            ("kernel/modprobe", format!("/srv/{ID}/rootfs/x"), critical),
            ("kernel/modprobe", "/sbin/modprobe".to_owned(), None),
        ] {
            let before = snapshot.settings.clone();
            set(&mut snapshot, sysctl, &value);
            assert_eq!(judged(&snapshot, 2, "NSA-503"), expected, "{value}");
            snapshot.settings = before;
        }
    }

    #[test]
    fn nsa_503_helpers_that_the_kernel_starts_from_the_hosts_own_files_are_usual() {
        let helper = |exe: &str| {
            let mut it = process(30);
            it.stat = Seen::Known(Stat {
                ppid: 2,
                ..it.stat.known().unwrap().clone()
            });
            details(&mut it).exe = Seen::Known(exe.to_owned());
            machine([it, container(10, ID, &[])])
        };
        let critical = Some((Severity::Critical, EXPLOITABLE));
        assert_eq!(judged(&helper("/sbin/modprobe"), 30, "NSA-503"), None);
        let of_container = format!("/srv/{ID}/rootfs/bin/sh");
        assert_eq!(judged(&helper(&of_container), 30, "NSA-503"), critical);
        let deleted = format!("/srv/{ID}/rootfs/bin/sh (deleted)");
        assert_eq!(judged(&helper(&deleted), 30, "NSA-503"), critical);
    }
}
