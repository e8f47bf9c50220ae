//! Do the fixtures do what the tests take for granted: a container of its own, and nothing left?

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::process::wait_until;

use super::workdir::mounts_below;
use super::{Container, bwrap, containerd, docker, lxc, nspawn, podman, runc, started};

#[test]
fn runc_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    check(started!(runc::run(|_| ())));
}

#[test]
fn docker_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    let container = started!(docker::run(&["--name", "selfcheck"]));
    assert_eq!(container.name.as_deref(), Some("selfcheck"));
    check(container);
}

#[test]
fn podman_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    let container = started!(podman::run(&["--name", "selfcheck"]));
    assert_eq!(container.name.as_deref(), Some("selfcheck"));
    check(container);
}

#[test]
fn containerd_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    check(started!(containerd::run(&[])));
}

#[test]
fn lxc_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    check(started!(lxc::run(&[])));
}

#[test]
fn bwrap_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    check(started!(bwrap::run(&[])));
}

#[test]
fn nspawn_gives_its_container_a_pid_namespace_of_its_own_and_leaves_nothing() {
    check(started!(nspawn::run(&[])));
}

#[test]
fn podman_gives_subordinate_ids_to_a_container_that_asks_for_them() {
    let container = started!(podman::run(&["--userns=auto"]));
    assert_ne!(namespace(container.pid, "user"), own_namespace("user"));
    check(container);
}

#[test]
fn docker_lets_a_powerful_container_share_the_pid_namespace_of_the_host() {
    // Not --privileged: it fails where root itself lacks a capability, as here CAP_SYS_RESOURCE.
    let powers = ["--pid=host", "--cap-add=ALL", "--cap-drop=SYS_RESOURCE"];
    let container = started!(docker::run(&powers));
    assert_eq!(namespace(container.pid, "pid"), own_namespace("pid"));
    assert_ne!(namespace(container.pid, "mnt"), own_namespace("mnt"));
}

#[test]
fn two_docker_containers_share_one_daemon_and_may_share_namespaces() {
    let first = started!(docker::run(&[]));
    let join = format!("--pid=container:{}", first.id);
    let second = started!(docker::run(&[&join]));
    assert_eq!(namespace(first.pid, "pid"), namespace(second.pid, "pid"));
    assert_ne!(first.id, second.id);
}

/// The container is one while it runs, and leaves no process, mount or cgroup once dropped.
fn check(container: Container) {
    let pid = container.pid;
    let pid_namespace = namespace(pid, "pid");
    assert!(pid_namespace.is_some(), "{} runs", container.runtime);
    assert_ne!(pid_namespace, own_namespace("pid"));
    assert!(Path::new(&format!("/proc/{pid}/root/bin/busybox")).exists());

    let (id, folder) = (container.id.clone(), container.folder.clone());
    drop(container);
    wait_until(Duration::from_secs(10), "the container to be gone", || {
        namespace(pid, "pid") != pid_namespace
    })
    .unwrap();
    if folder.exists() {
        let engine = !folder.ends_with(&id);
        assert!(
            engine,
            "only an engine's folder stays, for another test's container"
        );
    } else {
        assert_eq!(mounts_below(&folder), Vec::<PathBuf>::new());
    }
    assert_eq!(
        cgroups_with(Path::new("/sys/fs/cgroup"), &id),
        Vec::<PathBuf>::new()
    );
}

/// None once the process is gone or a zombie: a zombie has no namespaces.
fn namespace(pid: i32, kind: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok()
}

fn own_namespace(kind: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/ns/{kind}")).ok()
}

fn cgroups_with(folder: &Path, id: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if entry.file_name().to_string_lossy().contains(id) {
                found.push(entry.path());
            }
            found.extend(cgroups_with(&entry.path(), id));
        }
    }
    found
}
