//! What other tools get wrong, each with the case that they get wrong.

use std::os::unix::net::UnixListener;

use nix::sched::{CloneFlags, unshare};
use serde_json::json;

use super::{Audited, run_as, share};
use crate::runtimes::{podman, runc, started};
use crate::support::facts::{own_pid, status};
use crate::support::forked::Forked;
use crate::support::skip::is_root;

/// Looking for the digits `3fffffffff` misses every kernel with more than 38 capabilities.
#[test]
fn privileged_is_found_however_many_capabilities_the_kernel_has() {
    let it = started!(podman::run(&["--name", "digits", "--privileged"]));
    let effective = &status(it.pid, "CapEff")[0];
    assert!(!effective.contains("3fffffffff"), "{effective}");
    let audited = Audited::of(it.pid);
    assert_eq!(audited.judged("NSA-110"), Some(("critical", "exploitable")));
    assert!(audited.evidence("NSA-110").contains(effective));
}

/// Looking for paths of systemd among the unix sockets finds those of any systemd, and none where
/// the host has none.
#[test]
fn the_hosts_network_is_told_by_the_namespace_and_not_by_names_of_sockets() {
    if !is_root() {
        skip!("needs root");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("systemd");
    std::fs::create_dir(&path).unwrap();
    let own = Forked::start(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace");
        std::mem::forget(UnixListener::bind(path.join("private")));
    });
    assert_eq!(Audited::of(own.pid()).judged("NSA-020"), None);
    let shared = started!(runc::run(|it| share(it, "network")));
    let audited = Audited::of(shared.pid);
    assert_eq!(audited.judged("NSA-020"), Some(("medium", "exploitable")));
}

/// Taking the bounding set for what a process has makes everybody privileged.
#[test]
fn a_full_bounding_set_is_no_power_where_nothing_can_be_gained() {
    let it = started!(runc::run(|it| {
        run_as(it, 1000);
        let bits = u64::from_str_radix(&status(own_pid(), "CapBnd")[0], 16).unwrap();
        let all = nsinspect::model::CapabilitySet(bits).names();
        it["process"]["capabilities"] = json!({
            "bounding": all, "effective": [], "permitted": [], "inheritable": [], "ambient": [],
        });
        it["process"]["noNewPrivileges"] = json!(true);
    }));
    let lines = Audited::of(it.pid).lines();
    assert!(
        !lines.iter().any(|line| line.starts_with("NSA-1")),
        "{lines:?}"
    );
}

/// A file that lies about may say "container", and an environment anything.
#[test]
fn markers_make_nobody_more_isolated() {
    let mut command = std::process::Command::new("sleep");
    command.arg("300").env("container", "docker");
    let it = started!(crate::support::process::Spawned::start(&mut command));
    let audited = Audited::of(it.pid());
    assert_eq!(audited.judged("NSA-001"), Some(("low", "exploitable")));
    assert!(audited.0["container"].is_null());
}
