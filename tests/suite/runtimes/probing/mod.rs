//! Experiments on containers of real runtimes: what they isolate as they come, and no longer do once
//! they are told otherwise.

mod attacked;

use std::process::Command;

use nsinspect::model::NsKind;
use nsinspect::verify::claims::devices::{Access, Device};
use nsinspect::verify::claims::paths::{Path, State};
use nsinspect::verify::claims::processes::of_others::OnlyOwnProcesses;
use nsinspect::verify::claims::user::root_on_host::RootNotHostRoot;
use nsinspect::verify::probes::Tried;
use nsinspect::verify::verdict::Verdict;

use super::{Container, docker, podman, runc, started};
use crate::probing::{isolated, plain, tried};
use crate::support::command::output_of;

/// The kinds that are isolated by the experiment.
fn isolated_kinds(container: &Container) -> Vec<&'static str> {
    let holds = |kind: &NsKind| {
        let tried = isolated(container.pid, *kind);
        assert_ne!(tried.verdict, Verdict::Undecided, "{kind}: {tried:?}");
        tried.verdict == Verdict::Holds
    };
    let kinds = NsKind::ALL.into_iter().filter(holds);
    kinds.map(NsKind::name).collect()
}

fn path(container: &Container, path: &str, is: State) -> Tried {
    let path = path.to_owned();
    tried(container.pid, &Path { path, is })
}

#[test]
fn of_a_docker_container_as_it_comes() {
    let container = started!(docker::run(&["--name", "tried"]));
    assert_eq!(
        isolated_kinds(&container),
        ["ipc", "mnt", "net", "pid", "uts"]
    );
    for masked in ["/proc/kcore", "/proc/keys", "/proc/acpi", "/sys/firmware"] {
        let found = path(&container, masked, State::Masked);
        assert_eq!(found.verdict, Verdict::Holds, "{masked}: {found:?}");
    }
    for read_only in ["/proc/sys", "/proc/sysrq-trigger", "/sys"] {
        let found = path(&container, read_only, State::ReadOnly);
        assert_eq!(found.verdict, Verdict::Holds, "{read_only}: {found:?}");
    }
    let written = path(&container, "/tmp", State::NotWritable);
    assert_eq!(written.verdict, Verdict::Fails, "{written:?}");
    // Its root is the host's.
    let host = tried(container.pid, &RootNotHostRoot);
    assert_eq!(host.verdict, Verdict::Fails, "{host:?}");
    let only_own = tried(container.pid, &OnlyOwnProcesses);
    assert_eq!(only_own.verdict, Verdict::Holds, "{only_own:?}");
}

#[test]
fn of_a_podman_container_in_a_user_namespace() {
    let container = started!(podman::run(&["--userns=auto"]));
    let kinds = isolated_kinds(&container);
    for kind in ["ipc", "mnt", "net", "pid", "user", "uts"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    let host = tried(container.pid, &RootNotHostRoot);
    assert_eq!(host.verdict, Verdict::Holds, "{host:?}");
}

#[test]
fn a_container_that_is_given_the_hosts_is_found_to_share_it() {
    let given = ["--network=host", "--ipc=host", "--pid=host", "--uts=host"];
    let container = started!(podman::run(&given));
    assert_eq!(isolated_kinds(&container), ["mnt"]);
}

#[test]
fn a_docker_container_with_the_hosts_proc_sees_the_host() {
    let container = started!(docker::run(&["-v", "/proc:/host:ro"]));
    let found = isolated(container.pid, NsKind::Pid);
    assert_eq!(
        (found.verdict, &*plain(&found.did)),
        (
            Verdict::Fails,
            "saw outside process # through /host (a procfs of the host)"
        )
    );
}

#[test]
fn what_the_device_cgroup_refuses_is_refused_to_the_probe_too() {
    let container = started!(docker::run(&["--name", "devices"]));
    // A node is there, made by somebody with the right to: the host's disk would be the same.
    let mut mknod = Command::new("nsenter");
    let node = ["/bin/busybox", "mknod", "/tmp/kmsg", "c", "1", "11"];
    mknod
        .args(["-t", &container.pid.to_string(), "-m"])
        .args(node);
    output_of(&mut mknod).unwrap();
    let refused = |path: &str, access| {
        let path = path.to_owned();
        let allowed = false;
        let claim = Device {
            path,
            access,
            allowed,
        };
        tried(container.pid, &claim)
    };
    for access in [Access::Read, Access::Write] {
        let kmsg = refused("/tmp/kmsg", access);
        assert_eq!(kmsg.verdict, Verdict::Holds, "{kmsg:?}");
        let null = refused("/dev/null", access);
        assert_eq!(null.verdict, Verdict::Fails, "{null:?}");
    }
}

#[test]
fn a_read_only_path_of_runc_that_is_missing_is_found_writable() {
    let container = started!(runc::run(|config| {
        config["linux"]["readonlyPaths"] = serde_json::json!([]);
    }));
    let found = path(
        &container,
        "/proc/sys/kernel/core_pattern",
        State::NotWritable,
    );
    assert_eq!(found.verdict, Verdict::Fails, "{found:?}");
    let twin = started!(runc::run(|_| ()));
    let found = path(&twin, "/proc/sys/kernel/core_pattern", State::NotWritable);
    assert_eq!(found.verdict, Verdict::Holds, "{found:?}");
}
