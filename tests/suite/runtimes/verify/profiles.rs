//! The shipped profiles, on containers that are what they say and on those that are not.

use super::Verified;
use crate::runtimes::{bwrap, docker, podman, started};

#[test]
fn a_default_container_of_docker_is_as_the_profile_says_and_a_privileged_one_is_not() {
    let it = started!(docker::run(&[]));
    Verified::of(&it.pid.to_string(), &["--profile", "docker-default"]).all_hold();
    drop(it);
    let privileged = started!(docker::run(&[
        "--cap-add=SYS_ADMIN",
        "--security-opt=seccomp=unconfined",
        "--security-opt=systempaths=unconfined",
    ]));
    let target = privileged.pid.to_string();
    let verified = Verified::of(&target, &["--profile", "docker-default"]);
    assert_eq!(verified.code, 1);
    let fails = verified.with("fails");
    for claim in ["seccomp filter", "/proc/keys masked", "/proc/sys read-only"] {
        assert!(fails.contains(&claim), "{claim} in {fails:?}");
    }
    assert!(verified.with("holds").contains(&"pid isolated"));
}

#[test]
fn root_of_a_container_with_ids_of_its_own_is_nobody_on_the_host() {
    let it = started!(podman::run(&["--userns=auto"]));
    Verified::of(&it.pid.to_string(), &["--profile", "rootless"]).all_hold();
    drop(it);
    let with_hosts = started!(podman::run(&[]));
    let verified = Verified::of(&with_hosts.pid.to_string(), &["--profile", "rootless"]);
    let fails = verified.with("fails");
    assert!(fails.contains(&"user isolated"), "{fails:?}");
    assert!(fails.contains(&"root is not the host's root"), "{fails:?}");
}

#[test]
fn a_restricted_container_is_what_kubernetes_asks_for() {
    let restricted = [
        "--user=1000",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
    ];
    let it = started!(docker::run(&restricted));
    Verified::of(&it.pid.to_string(), &["--profile", "pss-restricted"]).all_hold();
    drop(it);
    let usual = started!(docker::run(&[]));
    let target = usual.pid.to_string();
    let fails = Verified::of(&target, &["--profile", "pss-restricted"]);
    assert_eq!(
        fails.with("fails"),
        [
            "not root",
            "permitted capabilities at most net_bind_service",
            "bounding capabilities at most net_bind_service",
            "no_new_privs on",
        ]
    );
    let fails = Verified::of(&target, &["--profile", "pss-baseline"]);
    assert_eq!(fails.with("fails").len(), 1, "net_raw is one too many");
}

#[test]
fn a_sandbox_of_bubblewrap_is_isolated_in_all_but_the_clocks() {
    let it = started!(bwrap::run_as_nobody(&[]));
    let verified = Verified::of(&it.pid.to_string(), &["--profile", "sandbox"]);
    assert_eq!(verified.with("fails"), ["time isolated"]);
    for kind in ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"] {
        let claim = format!("{kind} isolated");
        assert!(verified.with("holds").contains(&claim.as_str()), "{claim}");
    }
}

#[test]
fn a_sandbox_whose_root_is_the_hosts_root_is_not_isolated_whatever_its_number_says() {
    let it = started!(bwrap::run(&[]));
    let verified = Verified::of(&it.pid.to_string(), &["--profile", "sandbox"]);
    let fails = verified.with("fails");
    for claim in [
        "user isolated",
        "time isolated",
        "root is not the host's root",
    ] {
        assert!(fails.contains(&claim), "{claim} in {fails:?}");
    }
    let user = verified
        .claims()
        .iter()
        .find(|it| it["claim"] == "user isolated");
    assert_eq!(user.unwrap()["proof"], "probed");
}
