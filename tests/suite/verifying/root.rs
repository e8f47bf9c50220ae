//! What takes root.

use super::{claims, path};
use crate::support::run::nsinspect;
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;

#[test]
fn offsets_of_clocks_and_names_are_proven_before_the_start() {
    if !is_root() {
        skip!("needs root");
    }
    let args = [
        "run",
        "--verify",
        "--time",
        "--boottime",
        "1000",
        "--hostname",
        "inside",
        "--pid",
        "--mount",
        "--",
        "/bin/cat",
        "/proc/sys/kernel/hostname",
    ];
    let answer = nsinspect(&args).expect(0);
    assert_eq!(answer.stdout, "inside\n");
    assert_eq!(
        answer.stderr,
        "nsinspect: proven before the start: 10 claims\n"
    );
}

#[test]
fn root_who_is_root_in_there_is_told_that_it_is_root_outside_too() {
    if !is_root() {
        skip!("needs root");
    }
    let answer = nsinspect(&["run", "--all", "--verify", "--", "/bin/echo", "started"]).expect(125);
    assert_eq!(answer.stdout, "");
    assert!(answer.stderr.contains("FAILS  user isolated"), "{answer:?}");
}

#[test]
fn an_init_of_ours_has_its_program_proven_too() {
    if !is_root() {
        skip!("needs root");
    }
    let args = [
        "run",
        "--verify",
        "--init",
        "--mount",
        "--",
        "/bin/echo",
        "started",
    ];
    let answer = nsinspect(&args).expect(0);
    assert_eq!(answer.stdout, "started\n");
}

#[test]
fn clocks_and_cgroups_are_as_claimed_or_not() {
    if !is_root() {
        skip!("needs root");
    }
    let args = ["--time", "--boottime", "77", "--fork", "--cgroup"];
    let it = match Sandbox::start(&args, "") {
        Ok(it) => it,
        Err(reason) => skip!("no time namespaces here: {reason}"),
    };
    let pid = it.pid.to_string();
    for (text, code) in [
        ("time: {boottime: 77}", 0),
        ("time: {boottime: 78}", 1),
        ("time: {}", 1),
        ("cgroup: {path: /}", 0),
        ("cgroup: {path: /other}", 1),
        ("isolated: [time, cgroup]", 0),
        ("isolated: [time, net]", 1),
    ] {
        let file = claims(&format!("version: 1\nclaims: {{{text}}}\n"));
        let answer = nsinspect(&["verify", &pid, "--claims", path(&file)]);
        assert_eq!(answer.code, code, "{text}: {answer:?}");
    }
}
