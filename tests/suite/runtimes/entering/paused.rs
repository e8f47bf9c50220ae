//! Containers that their engine has paused: it is said that they are, and nothing hangs or stays.

use std::time::{Duration, Instant};

use crate::runtimes::{Container, docker, podman, started};
use crate::support::facts::inode;
use crate::support::nsinspect::nsinspect;

/// Longer than an answer takes that waits for nothing.
const AT_ONCE: Duration = Duration::from_secs(20);

/// While it is paused: what joins its cgroups is refused, all else works, nobody is left in there.
fn assert_paused(container: &Container) {
    let pid = container.pid.to_string();
    let members = || crate::launch::running::members("pid", inode(container.pid, "pid"));
    for options in [&["-c"] as &[&str], &["--as-target"], &["-n", "-c"]] {
        let words = ["enter", &pid].into_iter().chain(options.iter().copied());
        let begin = Instant::now();
        let answer = nsinspect(words.chain(["--", "/bin/busybox", "echo", "not run"])).run();
        assert_eq!(
            (answer.code, &*answer.stdout),
            (Some(125), ""),
            "{answer:?}"
        );
        assert!(answer.stderr.contains(" it is frozen ("), "{answer:?}");
        assert!(begin.elapsed() < AT_ONCE, "{answer:?}");
    }
    let plain = nsinspect(["enter", &pid, "--", "/bin/busybox", "echo", "in there"]).run();
    assert_eq!(
        (plain.code, &*plain.stdout),
        (Some(0), "in there\n"),
        "{plain:?}"
    );
    let begin = Instant::now();
    let answer = nsinspect(["verify", &pid, "--require", "pid,net,mnt,uts,ipc"]).run();
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(
        answer.stderr.contains(" stands still with its cgroup "),
        "{answer:?}"
    );
    assert!(begin.elapsed() < AT_ONCE, "{answer:?}");
    assert_eq!(members(), [container.pid]);
}

fn assert_runs_again(container: &Container) {
    let pid = container.pid.to_string();
    let answer = nsinspect([
        "enter",
        &pid,
        "--as-target",
        "--",
        "/bin/busybox",
        "echo",
        "again",
    ])
    .run();
    assert_eq!(
        (answer.code, &*answer.stdout),
        (Some(0), "again\n"),
        "{answer:?}"
    );
}

#[test]
fn a_container_that_docker_has_paused() {
    let container = started!(docker::run(&[]));
    docker::command(&container, &["pause", &container.id]).expect(0);
    assert_paused(&container);
    docker::command(&container, &["unpause", &container.id]).expect(0);
    assert_runs_again(&container);
}

#[test]
fn a_container_that_podman_has_paused() {
    let container = started!(podman::run(&[]));
    podman::command(&["pause", &container.id]).unwrap();
    assert_paused(&container);
    podman::command(&["unpause", &container.id]).unwrap();
    assert_runs_again(&container);
}
