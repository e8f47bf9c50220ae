//! `--as-target` gives exactly the rights of the target, in containers of every make.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::runtimes::{Container, docker, podman, runc, started};
use crate::support::facts::proc_file;
use crate::support::nsinspect::{Answer, nsinspect};
use crate::support::skip::is_root;

/// The lines of /proc/PID/status that tell rights.
const LINES: [&str; 9] = [
    "Uid",
    "Gid",
    "Groups",
    "NoNewPrivs",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
];

fn rights(status: &str) -> Vec<&str> {
    let tells = |line: &&str| {
        LINES
            .iter()
            .any(|name| line.split(':').next() == Some(name))
    };
    status.lines().filter(tells).map(str::trim_end).collect()
}

fn enter(container: &Container, options: &[&str], command: &[&str]) -> Answer {
    let pid = container.pid.to_string();
    let words = ["enter", &pid].into_iter().chain(options.iter().copied());
    nsinspect(words.chain(["--"]).chain(command.iter().copied())).run()
}

/// What a program inside prints, which runs with the target's rights; a file of the target as it
/// sees it itself, since ids and paths are numbered and named in there.
fn assert_same(container: &Container) {
    let inside = |file: &str, of: &str| {
        let path = format!("/proc/{of}/{file}");
        let answer = enter(container, &["--as-target"], &["/bin/cat", &path]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer.stdout
    };
    let (ours, theirs) = (inside("status", "self"), inside("status", "1"));
    let (ours, theirs) = (rights(&ours), rights(&theirs));
    assert_eq!(ours.len(), LINES.len(), "{ours:?}");
    assert_eq!(ours, theirs);
    assert_eq!(inside("cgroup", "self"), inside("cgroup", "1"));
    let ls = |path: &str| enter(container, &["--as-target"], &["/bin/ls", "-di", path]).stdout;
    assert_eq!(
        ls("/.").split(' ').next(),
        ls("/proc/1/root/.").split(' ').next()
    );
    // From out here too: the cgroups are the same, and not only named alike.
    let running = Running::start(container);
    assert_eq!(
        proc_file(running.program(), "cgroup"),
        proc_file(container.pid, "cgroup")
    );
}

/// `enter --as-target -- cat`, which waits for its standard input.
struct Running(crate::support::process::Spawned);

impl Running {
    fn start(container: &Container) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nsinspect"));
        command.args(["enter", &container.pid.to_string(), "--as-target"]);
        command.args(["--", "/bin/cat"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Running(crate::support::process::Spawned::start(&mut command).unwrap())
    }

    fn program(&self) -> i32 {
        let mut program = None;
        let wait = crate::support::process::wait_until(
            std::time::Duration::from_secs(10),
            "the program to run",
            || {
                program = crate::support::process::descendant(self.0.pid(), "cat");
                program.is_some()
            },
        );
        wait.unwrap();
        program.unwrap()
    }
}

#[test]
fn of_a_docker_container_as_it_comes() {
    assert_same(&started!(docker::run(&["--name", "as-it-comes"])));
}

#[test]
fn of_a_docker_container_of_a_user_who_has_dropped_all() {
    let user = [
        "--user",
        "1000:1001",
        "--group-add",
        "7",
        "--cap-drop",
        "ALL",
    ];
    let privileges = ["--security-opt", "no-new-privileges"];
    assert_same(&started!(docker::run(
        &[&user[..], &privileges[..]].concat()
    )));
}

#[test]
fn of_a_podman_container_in_a_user_namespace() {
    let container = started!(podman::run(&["--userns=auto"]));
    assert_same(&container);
    let mapped = enter(
        &container,
        &["--as-target"],
        &["/bin/cat", "/proc/self/uid_map"],
    );
    assert_eq!(
        mapped.stdout.split_whitespace().next(),
        Some("0"),
        "it is in there: {mapped:?}"
    );
}

#[test]
fn of_a_container_with_ambient_capabilities() {
    let container = started!(runc::run(|config| {
        let set = json!(["CAP_NET_BIND_SERVICE", "CAP_KILL"]);
        for name in [
            "bounding",
            "effective",
            "inheritable",
            "permitted",
            "ambient",
        ] {
            config["process"]["capabilities"][name] = set.clone();
        }
        config["process"]["user"] = json!({"uid": 1000, "gid": 1000, "additionalGids": [5, 6]});
        config["process"]["noNewPrivileges"] = json!(false);
    }));
    assert!(is_root());
    let status = proc_file(container.pid, "status");
    assert!(status.contains("CapAmb:\t0000000000000420"), "{status}");
    assert_same(&container);
}

#[test]
fn a_capability_can_be_dropped_beyond_those_of_the_target() {
    let container = started!(docker::run(&["--name", "fewer-still"]));
    let status = |options: &[&str]| enter(&container, options, &["/bin/cat", "/proc/self/status"]);
    let line = |answer: &Answer, set: &str| {
        let line = answer
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix(set));
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
    };
    let (all, fewer) = (
        status(&["--as-target"]),
        status(&["--as-target", "--cap-drop=chown"]),
    );
    for set in ["CapPrm:", "CapEff:", "CapBnd:"] {
        assert_eq!(line(&fewer, set), line(&all, set) & !1, "{set}");
    }
    // And without --as-target we keep everything, as with nsenter.
    let plain = status(&["-a"]);
    assert!(line(&plain, "CapBnd:") & !line(&all, "CapBnd:") != 0);
}

#[test]
fn a_seccomp_filter_is_not_taken_over_and_that_is_said() {
    let container = started!(docker::run(&["--name", "filtered"]));
    let filter = proc_file(container.pid, "status").contains("Seccomp:\t2");
    let answer = enter(&container, &["--as-target"], &["/bin/cat", "/dev/null"]);
    let said =
        "nsinspect: the seccomp filter of the target is not taken over: no system call could\n";
    assert_eq!(answer.stderr, if filter { said } else { "" });
}
