//! What runtimes were told, against what runs.

use std::process::Command;

use super::Verified;
use crate::runtimes::{Container, containerd, docker, podman, runc, started};
use crate::support::command::output_of;
use crate::support::run::nsinspect;

fn auto(container: &Container) -> Verified {
    Verified::of(&container.pid.to_string(), &["--oci", "auto"])
}

#[test]
fn a_default_container_of_docker_is_what_its_runtime_was_told() {
    let it = started!(docker::run(&[]));
    auto(&it).all_hold();
}

#[test]
fn a_default_container_of_podman_is_what_its_runtime_was_told() {
    let it = started!(podman::run(&[]));
    auto(&it).all_hold();
}

#[test]
fn a_container_of_podman_with_ids_of_its_own_is_what_its_runtime_was_told() {
    let it = started!(podman::run(&["--userns=auto"]));
    let verified = auto(&it);
    verified.all_hold();
    let holds = verified.with("holds");
    assert!(
        holds.iter().any(|claim| claim.starts_with("uid map ")),
        "{holds:?}"
    );
}

#[test]
fn a_default_container_of_runc_is_what_it_was_told() {
    let it = started!(runc::run_in_the_usual_place(|_| ()));
    auto(&it).all_hold();
}

#[test]
fn a_default_container_of_containerd_is_what_its_runtime_was_told() {
    let it = started!(containerd::run(&[]));
    auto(&it).all_hold();
}

/// By the file itself, since this container's state is where nobody looks.
fn by_file(container: &Container) -> Verified {
    let config = container.folder.join("config.json");
    let target = container.pid.to_string();
    Verified::of(&target, &["--oci", config.to_str().expect("a path")])
}

/// Runs a command in the mount namespace of a container, with the tools of the host.
fn tamper(container: &Container, script: &str) {
    let mut nsenter = Command::new("nsenter");
    nsenter.args(["--mount", "--pid", "--target", &container.pid.to_string()]);
    output_of(nsenter.args(["/bin/busybox", "sh", "-c", script])).unwrap();
}

#[test]
fn a_process_that_is_put_into_a_container_with_more_capabilities_is_noticed() {
    let it = started!(runc::run(|_| ()));
    by_file(&it).all_hold();
    runc::exec(&it, &["--cap", "CAP_SYS_ADMIN"]).unwrap();
    by_file(&it).only_fail(&[
        "effective capabilities at most kill net_bind_service audit_write",
        "permitted capabilities at most kill net_bind_service audit_write",
        "bounding capabilities at most kill net_bind_service audit_write",
    ]);
}

#[test]
fn a_mount_that_was_added_and_a_mask_that_was_taken_off_are_noticed() {
    let it = started!(runc::run(|_| ()));
    by_file(&it).all_hold();
    tamper(&it, "mount -t tmpfs none /tmp && umount /proc/keys");
    by_file(&it).only_fail(&[
        "/proc/keys masked",
        "no mounts but those that are configured",
    ]);
}

#[test]
fn settings_of_the_kernel_that_have_become_writable_are_noticed() {
    let it = started!(runc::run(|_| ()));
    tamper(&it, "mount -o remount,bind,rw none /proc/sys");
    by_file(&it).only_fail(&["/proc/sys read-only"]);
}

#[test]
fn a_device_that_was_added_is_noticed() {
    let it = started!(runc::run(|it| it["root"]["readonly"] = false.into()));
    by_file(&it).all_hold();
    tamper(&it, "mknod /dev/added b 7 0");
    by_file(&it).only_fail(&["no devices but those that are configured"]);
}

#[test]
fn another_configuration_than_its_own_is_told_apart() {
    let it = started!(runc::run(|_| ()));
    let strict = started!(runc::run(|it| {
        it["hostname"] = "another".into();
        it["linux"]["namespaces"]
            .as_array_mut()
            .unwrap()
            .push(serde_json::json!({"type": "cgroup"}));
    }));
    let config = strict.folder.join("config.json");
    let target = it.pid.to_string();
    Verified::of(&target, &["--oci", config.to_str().unwrap()])
        .only_fail(&["cgroup isolated", "hostname another"]);
}

#[test]
fn a_process_of_no_container_has_no_configuration() {
    let own = std::process::id().to_string();
    let answer = nsinspect(&["verify", &own, "--oci", "auto"]).expect(2);
    assert_eq!(
        answer.stderr.lines().next(),
        Some(
            format!("nsinspect: cannot take claims from the runtime of process {own}: it is in no container")
                .as_str()
        )
    );
}
