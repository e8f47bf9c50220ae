//! Signs that something has happened already.

use super::*;

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

/// A process of the host with this cgroup.
fn on_host(pid: Pid, cgroup: &str) -> Process {
    let mut it = process(pid);
    it.cgroups = in_cgroup(cgroup);
    it
}

#[test]
fn nsa_500_who_is_on_the_host_with_the_cgroup_of_a_container_has_left_it_unless_above_it() {
    let docker = format!("/docker/{ID}");
    let snapshot = machine([container(10, ID, &[]), on_host(11, &docker)]);
    let critical = |verdict| Some((Severity::Critical, verdict));
    assert_eq!(judged(&snapshot, 11, "NSA-500"), critical(EXPLOITABLE));

    // Nobody of the container is left: a monitor of a virtual machine looks the same.
    let snapshot = machine([on_host(11, &docker)]);
    assert_eq!(
        judged(&snapshot, 11, "NSA-500"),
        critical(Verdict::Conditional)
    );

    // systemd-nspawn watches from within the machine's own unit.
    let mut inside = container(20, ID, &[]);
    inside.cgroups = in_cgroup("/machine.slice/systemd-nspawn@m.service/payload");
    inside.stat = Seen::Known(Stat {
        ppid: 15,
        ..inside.stat.known().unwrap().clone()
    });
    let monitor = on_host(15, "/machine.slice/systemd-nspawn@m.service/supervisor");
    let snapshot = machine([monitor, inside]);
    assert_eq!(judged(&snapshot, 15, "NSA-500"), None);

    // Virtual machines, and helpers of applications, are on the host by design.
    for path in [
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
        "/user.slice/app-flatpak-org.example.App-42.scope",
        "/user.slice/snap.code.code.scope",
    ] {
        let snapshot = machine([on_host(11, path)]);
        assert_eq!(judged(&snapshot, 11, "NSA-500"), None, "{path}");
    }
}

#[test]
fn nsa_500_who_was_started_from_within_a_container_and_is_on_the_host_has_left_it() {
    let mut child = on_host(11, "/");
    child.stat = Seen::Known(Stat {
        ppid: 10,
        ..child.stat.known().unwrap().clone()
    });
    let snapshot = machine([container(10, ID, &[]), child]);
    let critical = Some((Severity::Critical, EXPLOITABLE));
    assert_eq!(judged(&snapshot, 11, "NSA-500"), critical);
    let subjects = choose(&snapshot, Scope::Isolated);
    assert!(subjects.iter().any(|it| it.task == 11 && !it.held));
}

#[test]
fn nobody_of_the_host_is_a_subject_and_whoever_shows_nothing_is_not_told_of() {
    let mut private_tmp = process(40);
    let links = private_tmp.links.clone();
    private_tmp.links = Links::read(|link| match link.kind() {
        NsKind::Mnt => Seen::Known(4_026_570_000),
        _ => links.get(link).clone(),
    });
    let snapshot = machine([process(30), private_tmp]);
    assert_eq!(choose(&snapshot, Scope::Isolated), []);
    let all = choose(&snapshot, Scope::Everything);
    let found = audit(&snapshot, &all);
    assert!(found.audited.is_empty());
    // PID 1 and the two; kthreadd is a thread of the kernel.
    assert_eq!(found.unsuspicious, 3);
}
