//! What a specialist would say of well-known containers, all of it.

use std::process::Command;

use super::Audited;
use super::capabilities::has_device_list;
use super::sharing::{severity_of_witnesses, victim};
use crate::runtimes::{bwrap, docker, podman, started};
use crate::support::process::descendant;
use crate::support::run::nsinspect;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::is_root;
use crate::support::users::as_stranger;

/// Findings that are the machine's and not the container's: whether it has modules and a security
/// module, and how its settings are. And what a descriptor that the tests hand on leads to.
const OF_THE_MACHINE: [&str; 4] = ["NSA-101", "NSA-300", "NSA-402", "NSA-405"];

/// Findings about cgroups of version 1, which a container of version 2 has not.
const OF_CGROUPS_V1: [&str; 4] = ["NSA-032", "NSA-106", "NSA-207", "NSA-208"];

/// Compares all findings with `ID severity verdict` lines.
fn expect(pid: i32, expected: &str) {
    let audited = Audited::of(pid);
    let is_passed_over = |id: &str| {
        OF_THE_MACHINE.contains(&id) || !has_device_list() && OF_CGROUPS_V1.contains(&id)
    };
    let is_own = |line: &&str| !line.split(' ').next().is_some_and(is_passed_over);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(is_own).collect();
    let lines = audited.lines();
    let found: Vec<&str> = lines.iter().map(String::as_str).filter(is_own).collect();
    assert_eq!(found, expected, "{:#}", audited.0);
}

#[test]
fn a_default_docker_container() {
    let it = started!(docker::run(&["--name", "whole"]));
    expect(
        it.pid,
        "NSA-001 low exploitable
         NSA-032 low exploitable
         NSA-401 low exploitable
         NSA-403 low conditional
         NSA-404 low conditional
         NSA-205 critical mitigated
         NSA-033 info shared-only
         NSA-106 info mitigated",
    );
}

#[test]
fn a_privileged_podman_container() {
    let it = started!(podman::run(&["--name", "whole-privileged", "--privileged"]));
    expect(
        it.pid,
        "NSA-110 critical exploitable
         NSA-100 critical exploitable
         NSA-103 critical exploitable
         NSA-106 critical exploitable
         NSA-204 critical exploitable
         NSA-205 critical exploitable
         NSA-207 critical exploitable
         NSA-104 critical conditional
         NSA-108 high exploitable
         NSA-206 medium exploitable
         NSA-400 medium exploitable
         NSA-102 medium conditional
         NSA-001 low exploitable
         NSA-032 low exploitable
         NSA-401 low exploitable
         NSA-404 low conditional
         NSA-208 info exploitable
         NSA-033 info shared-only",
    );
}

#[test]
fn a_docker_container_in_the_hosts_pid_namespace() {
    let _victim = started!(victim());
    let it = started!(docker::run(&["--name", "whole-pid", "--pid=host"]));
    let severity = severity_of_witnesses(&Audited::of(it.pid));
    let expected = format!(
        "NSA-011 {severity} exploitable
         NSA-010 medium exploitable
         NSA-001 low exploitable
         NSA-032 low exploitable
         NSA-401 low exploitable
         NSA-403 low conditional
         NSA-404 low conditional
         NSA-205 critical mitigated
         NSA-033 info shared-only
         NSA-106 info mitigated",
    );
    expect(it.pid, &expected);
}

#[test]
fn a_docker_container_with_the_whole_host_in_a_volume() {
    let _victim = started!(victim());
    let it = started!(docker::run(&[
        "--name",
        "whole-volume",
        "--volume",
        "/:/host"
    ]));
    expect(
        it.pid,
        "NSA-200 critical exploitable
         NSA-201 critical exploitable
         NSA-205 critical exploitable
         NSA-012 high exploitable
         NSA-206 medium exploitable
         NSA-208 medium exploitable
         NSA-001 low exploitable
         NSA-032 low exploitable
         NSA-401 low exploitable
         NSA-403 low conditional
         NSA-404 low conditional
         NSA-207 critical shared-only
         NSA-033 info shared-only
         NSA-106 info mitigated",
    );
}

/// Read-only and under another name, it is the same socket.
#[test]
fn a_docker_container_with_the_engines_socket() {
    let first = started!(docker::run(&["--name", "whole-first"]));
    let bind = format!("{}:/run/innocent:ro", first.folder.join("socket").display());
    let it = started!(docker::run(&["--name", "whole-socket", "--volume", &bind]));
    expect(
        it.pid,
        "NSA-200 critical exploitable
         NSA-001 low exploitable
         NSA-032 low exploitable
         NSA-401 low exploitable
         NSA-403 low conditional
         NSA-404 low conditional
         NSA-205 critical mitigated
         NSA-033 info shared-only
         NSA-106 info mitigated",
    );
}

#[test]
fn a_podman_container_with_ids_of_its_own() {
    let it = started!(podman::run(&["--name", "whole-auto", "--userns=auto"]));
    expect(
        it.pid,
        "NSA-032 low exploitable
         NSA-401 low exploitable
         NSA-403 low conditional
         NSA-205 critical mitigated
         NSA-033 info shared-only",
    );
}

/// The capabilities of a root's bubblewrap are worth nothing outside, and its uid is worth all: the
/// kernel's settings ask for that uid only, and are writable in there.
#[test]
fn a_bubblewrap_of_root_is_still_the_hosts_root() {
    if !is_root() {
        skip!("needs root");
    }
    let it = started!(bwrap::run(&[]));
    expect(
        it.pid,
        "NSA-002 critical exploitable
         NSA-205 critical exploitable
         NSA-206 medium exploitable
         NSA-400 medium exploitable
         NSA-403 medium exploitable
         NSA-033 info shared-only
         NSA-302 info shared-only",
    );
    // bwrap itself is the init in there, and has dropped them.
    let program = descendant(it.pid, "sleep").expect("the program");
    let audited = Audited::of(program);
    let note = audited.0["note"]
        .as_str()
        .expect("what they are worth is said");
    assert!(note.contains("not over the host"), "{note}");
    // What the verdict says, tried: nothing is written.
    let target = it.pid.to_string();
    let mut inside = Command::new("nsenter");
    inside.args(["-t", &target, "-U", "-m", "-p", "/bin/sh", "-c"]);
    inside.arg(": >> /proc/sys/kernel/core_pattern");
    assert!(inside.status().unwrap().success(), "it opens for writing");
}

/// Nothing of what the host has is within reach of an ordinary user's sandbox. With the whole root
/// directory in it there would also be what others have left for everybody on this machine.
#[test]
fn a_bubblewrap_of_an_ordinary_user_is_harmless_to_the_host() {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--die-with-parent"]);
    for folder in ["/usr", "/etc", "/bin", "/lib", "/lib64"] {
        command.args(["--ro-bind-try", folder, folder]);
    }
    command.args(["--proc", "/proc", "--dev", "/dev"]);
    command.args(["sh", "-c", &then_sleep("")]);
    let it = started!(Sandbox::run(as_stranger(&mut command)));
    expect(
        it.pid,
        "NSA-400 medium exploitable
         NSA-403 medium exploitable
         NSA-206 low exploitable
         NSA-201 critical mitigated
         NSA-205 critical mitigated
         NSA-202 high mitigated
         NSA-033 info shared-only",
    );
}

#[test]
fn the_text_of_a_default_docker_container() {
    let it = started!(docker::run(&["--name", "whole-text"]));
    let pid = it.pid.to_string();
    let text = nsinspect(&["audit", &pid]).expect(0).stdout;
    let text = text.replace(&pid, "PID").replace(&it.id[..12], "ID");
    let lines: Vec<&str> = text.lines().take(6).collect();
    assert_eq!(
        lines,
        [
            "PID /bin/sleep 300, docker whole-text ID",
            "  LOW       NSA-001  no user namespace of its own",
            "  LOW       NSA-032  the host's cgroup namespace",
            "  LOW       NSA-401  no_new_privs is off",
            "  LOW       NSA-403  can make user namespaces (conditional)",
            "  LOW       NSA-404  the host's keyrings (conditional)",
        ]
    );
}
