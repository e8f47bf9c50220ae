//! What a specialist would say of well-known containers, all of it.

use super::Audited;
use crate::runtimes::{bwrap, docker, podman, started};

#[test]
fn a_default_docker_container() {
    let it = started!(docker::run(&["--name", "whole"]));
    assert_eq!(Audited::of(it.pid).lines(), ["?"]);
}

#[test]
fn a_privileged_docker_container() {
    let it = started!(docker::run(&["--name", "whole-privileged", "--privileged"]));
    assert_eq!(Audited::of(it.pid).lines(), ["?"]);
}

#[test]
fn a_docker_container_in_the_hosts_pid_namespace() {
    let it = started!(docker::run(&["--name", "whole-pid", "--pid=host"]));
    assert_eq!(Audited::of(it.pid).lines(), ["?"]);
}

#[test]
fn a_podman_container_with_ids_of_its_own() {
    let it = started!(podman::run(&["--name", "whole-auto", "--userns=auto"]));
    assert_eq!(Audited::of(it.pid).lines(), ["?"]);
}

#[test]
fn a_bubblewrap_of_root() {
    let it = started!(bwrap::run(&[]));
    assert_eq!(Audited::of(it.pid).lines(), ["?"]);
}
