//! Descriptors and programs.

use crate::runtimes::{bwrap, started};

use super::{container, container_with, finding_in, is, judged, succeeded};

/// One descriptor beside the standard streams.
const ONE: [&str; 2] = ["--preserve-fds", "1"];

#[test]
fn a_directory_of_the_host_that_was_left_open_needs_no_capability() {
    let it = started!(container_with("3</", &ONE, |spec| {
        spec.capabilities(&[]).tries("ls /proc/self/fd/3/proc/self");
    }));
    assert_eq!(judged(it.pid, "NSA-300"), is("critical", "exploitable"));
    assert!(succeeded(&it));
    let other = started!(container_with("3</", &ONE, |spec| {
        spec.capabilities(&[]).user(1000);
    }));
    assert_eq!(judged(other.pid, "NSA-300"), is("high", "exploitable"));
    let twin = started!(container(|_| ()));
    for id in ["NSA-300", "NSA-301", "NSA-302", "NSA-303"] {
        assert_eq!(judged(twin.pid, id), None, "{id}");
    }
}

#[test]
fn a_file_of_the_host_that_was_left_open_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let writes = format!("3>{}", file.display());
    let it = started!(container_with(&writes, &ONE, |_| ()));
    assert_eq!(judged(it.pid, "NSA-300"), is("medium", "exploitable"));
    let reads = format!("3<{}", file.display());
    let it = started!(container_with(&reads, &ONE, |_| ()));
    assert_eq!(judged(it.pid, "NSA-300"), is("low", "exploitable"));
    // A log is what standard output is for.
    let logs = format!(">{}", file.display());
    let it = started!(container_with(&logs, &[], |_| ()));
    assert_eq!(judged(it.pid, "NSA-300"), None);
}

#[test]
fn a_namespace_of_the_host_that_was_left_open_is_of_use_to_those_who_may_join_it() {
    let enter = "nsenter --mount=/proc/self/fd/3 /bin/true";
    let held = "3</proc/self/ns/mnt";
    let it = started!(container_with(held, &ONE, |spec| {
        spec.docker_and(&["CAP_SYS_ADMIN"]).tries(enter);
    }));
    assert_eq!(judged(it.pid, "NSA-301"), is("critical", "exploitable"));
    assert!(succeeded(&it));
    let twin = started!(container_with(held, &ONE, |spec| {
        spec.tries(enter);
    }));
    assert_eq!(judged(twin.pid, "NSA-301"), is("critical", "shared-only"));
    assert!(!succeeded(&twin));
}

#[test]
fn a_device_that_is_open_already_asks_no_device_cgroup() {
    let it = started!(container_with("3</dev/kmsg", &ONE, |spec| {
        spec.tries(
            "dd bs=8192 count=1 <&3"
                .replace("dd", "/bin/busybox dd")
                .as_str(),
        );
    }));
    assert_eq!(judged(it.pid, "NSA-303"), is("high", "exploitable"));
    assert!(succeeded(&it));
    let twin = started!(container_with("3</dev/zero", &ONE, |_| ()));
    assert_eq!(judged(twin.pid, "NSA-303"), None);
}

#[test]
fn the_first_process_of_a_bwrap_sandbox_is_bwrap_itself() {
    let it = started!(bwrap::run(&[]));
    assert_eq!(judged(it.pid, "NSA-302"), is("info", "shared-only"));
}

#[test]
fn of_many_that_are_alike_the_one_that_holds_something_is_told_apart() {
    let it = started!(container_with("3</", &ONE, |spec| {
        let script = "/bin/sleep 301 3<&- & /bin/sleep 302 & exec /bin/sleep 300 3<&-";
        spec.0["process"]["args"] = serde_json::json!(["/bin/sh", "-c", script]);
    }));
    let pid_of = |argument: &str| {
        let all = crate::support::process::children(it.pid);
        let is_it =
            |pid: &i32| crate::support::facts::proc_file(*pid, "cmdline").contains(argument);
        all.into_iter().find(is_it).expect("a child")
    };
    let document = crate::support::run::nsinspect(&["audit", "--json"])
        .expect(0)
        .json();
    assert_eq!(finding_in(&document, it.pid, "NSA-300"), None);
    let holder = finding_in(&document, pid_of("302"), "NSA-300").expect("a finding");
    assert_eq!(holder["severity"], "critical");
    let subjects = document["subjects"].as_array().unwrap();
    let init = subjects.iter().find(|it_| it_["pid"] == it.pid).unwrap();
    assert_eq!(init["nprocs"], 2, "{init:#}");
}
