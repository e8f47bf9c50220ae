//! Who is looked at without being asked for: containers and sandboxes, and nobody of the host.

use std::process::Command;

use serde_json::Value;

use super::{Audited, give, hash, name_cgroup};
use crate::runtimes::{bwrap, docker, runc, started};
use crate::support::facts::own_pid;
use crate::support::process::descendant;
use crate::support::run::nsinspect;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::is_root;
use crate::support::users::as_stranger;

/// The processes that a command has looked at and tells of.
pub fn of(args: &[&str]) -> Vec<i32> {
    let args = [args, &["--json"]].concat();
    let document = nsinspect(&args).expect(0).json();
    let subjects = document["subjects"].as_array().unwrap().iter();
    subjects
        .map(|it| i32::try_from(it["pid"].as_i64().unwrap()).unwrap())
        .collect()
}

#[test]
fn containers_and_sandboxes_are_looked_at_and_processes_of_the_host_are_not() {
    if !is_root() {
        skip!("needs root");
    }
    let container = started!(runc::run(|it| {
        name_cgroup(it, &hash(1));
        give(it, &[]);
    }));
    let sandbox = started!(Sandbox::start(&["--pid", "--fork", "--mount-proc"], ""));
    let bubble = started!(bwrap::run(&[]));
    // PrivateTmp= of systemd is a mount namespace too, and so is `unshare -m`.
    let private_tmp = started!(Sandbox::start(&["--mount"], "mount -t tmpfs none /tmp"));
    let rootless = started!(Sandbox::start_as_nobody(
        &["--user", "--map-root-user", "--mount"],
        ""
    ));
    let network = started!(Sandbox::start(&["--net"], ""));

    for args in [&["audit"][..], &["audit", "--all"]] {
        let subjects = of(args);
        for pid in [container.pid, sandbox.pid, bubble.pid] {
            assert!(subjects.contains(&pid), "{pid} in {subjects:?} of {args:?}");
        }
        let kthreadd = 2;
        let of_host = [
            private_tmp.pid,
            rootless.pid,
            network.pid,
            own_pid(),
            sandbox.outer(),
            kthreadd,
        ];
        for pid in of_host {
            assert!(
                !subjects.contains(&pid),
                "{pid} in {subjects:?} of {args:?}"
            );
        }
    }
    let all = nsinspect(&["audit", "--all", "--json"]).expect(0).json();
    assert!(all["unsuspicious"].as_u64().unwrap() > 3);
}

#[test]
fn the_monitor_outside_of_a_rootless_sandbox_is_no_subject() {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"]);
    command.args([
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "sh",
        "-c",
        &then_sleep(""),
    ]);
    let it = started!(Sandbox::run(as_stranger(&mut command)));
    let subjects = of(&["audit", "--all"]);
    assert!(!subjects.contains(&it.outer()), "{subjects:?}");
    let audited = Audited::of(it.pid);
    let is_bad = |line: &&String| {
        let is_live = !line.ends_with("mitigated") && !line.ends_with("shared-only");
        is_live && (line.contains("critical") || line.contains("high"))
    };
    assert_eq!(audited.lines().iter().find(is_bad), None);
}

#[test]
fn the_exit_code_says_whether_a_finding_is_as_severe_as_asked() {
    let it = started!(docker::run(&["--name", "fail-on"]));
    let pid = it.pid.to_string();
    for (severity, code) in [("critical", 0), ("low", 1), ("info", 1)] {
        nsinspect(&["audit", &pid, "--fail-on", severity]).expect(code);
    }
    nsinspect(&["audit", &pid, "--fail-on", "dreadful"]).expect(2);
}

#[test]
fn processes_of_a_container_that_are_alike_are_one_subject() {
    let it = started!(runc::run(|it| {
        name_cgroup(it, &hash(2));
        it["process"]["args"] = serde_json::json!([
            "/bin/sh",
            "-c",
            "/bin/sleep 300 & /bin/sleep 300 & exec /bin/sleep 300"
        ]);
    }));
    let document = nsinspect(&["audit", "--json"]).expect(0).json();
    let subjects = document["subjects"].as_array().unwrap();
    let own: Vec<&Value> = subjects
        .iter()
        .filter(|subject| subject["container"]["id"] == hash(2))
        .collect();
    assert_eq!(own.len(), 1, "{own:#?}");
    assert_eq!(own[0]["pid"], it.pid);
    assert_eq!(own[0]["nprocs"], 3);
    assert!(descendant(it.pid, "sleep").is_some());
}
