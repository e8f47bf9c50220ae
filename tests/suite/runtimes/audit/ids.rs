//! User namespaces and which ids of the host they map.

use std::process::Command;

use serde_json::json;

use super::{Audited, case, judge, map_to, run_as, take_all};
use crate::runtimes::{runc, started};
use crate::support::run::run;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::is_root;

#[test]
fn nsa_001_no_user_namespace_of_its_own_is_low_by_itself() {
    judge!([
        case(
            "NSA-001",
            "the host's",
            |_| (),
            Some(("low", "exploitable"))
        ),
        case("NSA-001", "its own", |it| map_to(it, 100_000), None),
    ]);
}

#[test]
fn nsa_001_a_map_of_every_id_to_itself_is_no_proof_of_the_initial_user_namespace() {
    if !is_root() {
        skip!("needs root to map every id");
    }
    let it = started!(Sandbox::start_mapped(&["--mount"], "0 0 4294967295"));
    let audited = Audited::of(it.pid);
    assert_eq!(audited.judged("NSA-001"), None);
    assert_eq!(audited.judged("NSA-002"), Some(("critical", "exploitable")));
    assert_eq!(
        audited.judged("NSA-100"),
        None,
        "capabilities count in there only"
    );
}

#[test]
fn nsa_002_a_user_namespace_that_maps_the_hosts_root_protects_from_nothing() {
    judge!([
        case(
            "NSA-002",
            "0 to 0, /proc/sys writable, no capability",
            |it| {
                map_to(it, 0);
                take_all(it);
                it["linux"]["readonlyPaths"] = json!([]);
                it["linux"]["maskedPaths"] = json!([]);
            },
            Some(("critical", "exploitable")),
        ),
        case(
            "NSA-002",
            "0 to 0, masks, and CAP_SYS_ADMIN, which takes them off",
            |it| {
                map_to(it, 0);
                super::give(it, &["CAP_SYS_ADMIN"]);
            },
            Some(("critical", "exploitable")),
        ),
        case(
            "NSA-002",
            "0 to 0, masks, no capability",
            |it| {
                map_to(it, 0);
                take_all(it);
            },
            Some(("high", "conditional")),
        ),
        case(
            "NSA-002",
            "0 to 0, /proc/sys writable, another uid without a capability",
            |it| {
                map_to(it, 0);
                take_all(it);
                run_as(it, 1000);
                it["linux"]["readonlyPaths"] = json!([]);
            },
            Some(("critical", "conditional")),
        ),
        case(
            "NSA-002",
            "0 to 100000, /proc/sys writable",
            |it| {
                map_to(it, 100_000);
                take_all(it);
                it["linux"]["readonlyPaths"] = json!([]);
                it["linux"]["maskedPaths"] = json!([]);
            },
            None,
        ),
    ]);
}

/// The kernel locks what a mount namespace has from one that others govern, and mounts no procfs
/// that would show what is hidden so.
#[test]
fn nsa_002_mounts_that_came_from_the_namespace_around_may_be_locked() {
    if !is_root() {
        skip!("needs root to hide parts of /proc");
    }
    let script = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && \
                  exec unshare --user --map-root-user --mount --pid --fork sh -c";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c"]);
    command.arg(format!("{script} '{}'", then_sleep("")));
    let it = started!(Sandbox::run(&mut command));
    let audited = Audited::of(it.pid);
    // Where a directory of the host is bound too, that is enough.
    if !audited.finding("NSA-002").unwrap()["why"]
        .to_string()
        .contains("is a directory of the host")
    {
        assert_eq!(audited.judged("NSA-002"), Some(("critical", "conditional")));
    }
    assert_eq!(audited.judged("NSA-205"), Some(("critical", "conditional")));

    // It cannot be done.
    let pid = it.pid.to_string();
    let mut tried = Command::new("nsenter");
    tried.args(["--target", &pid, "--all", "sh", "-c"]);
    tried.arg("umount /proc/sys; mount -t proc proc /proc; : >>/proc/sys/kernel/core_pattern");
    assert_ne!(run(&mut tried).code, 0);
}

#[test]
fn nsa_003_two_containers_with_the_same_ids_are_told_of_each_other() {
    let one = started!(runc::run(|it| map_to(it, 7_000_000)));
    let alone = Audited::of(one.pid);
    assert_eq!(alone.finding("NSA-003"), None);
    let other = started!(runc::run(|it| map_to(it, 7_000_000 + 65_535)));
    for (this, that) in [(&one, &other), (&other, &one)] {
        let audited = Audited::of(this.pid);
        assert_eq!(audited.judged("NSA-003"), Some(("medium", "conditional")));
        let evidence = audited.evidence("NSA-003");
        assert!(
            evidence.contains(&format!("/proc/{}/uid_map", that.pid)),
            "{evidence}"
        );
    }
    let beside = started!(runc::run(|it| map_to(it, 7_000_000 + 2 * 65_536)));
    assert_eq!(Audited::of(beside.pid).judged("NSA-003"), None);
}
