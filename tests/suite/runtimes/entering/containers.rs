//! Containers of every runtime are entered by what they are called, as nsenter enters their init.

use std::process::Command;

use crate::runtimes::{Container, docker, lxc, podman, runc, started};
use crate::support::facts::{inode, kinds, proc_file};
use crate::support::nsinspect::{Answer, Run, nsinspect};
use crate::support::skip::has_program;

fn enter(target: &str, options: &[&str], script: &str) -> Answer {
    let words = ["enter", target].into_iter().chain(options.iter().copied());
    nsinspect(words.chain(["--", "/bin/sh", "-c", script])).run()
}

/// Enters it by each of its names, with the answer of its own namespaces and of nsenter.
fn assert_entered(container: &Container, names: &[&str]) {
    let script = "for kind in cgroup ipc mnt net pid time user uts; do \
                  /bin/busybox readlink /proc/self/ns/$kind; done; /bin/busybox hostname; id -u";
    let pid = container.pid.to_string();
    let answer = enter(&pid, &["-a"], script);
    assert_eq!(answer.code, Some(0), "{}", container.runtime);
    // Over a user namespace of its own we have no more than it has; nor where it has all that we have.
    let has_ours = inode(container.pid, "user") == inode(own(), "user");
    let lines = usize::from(has_ours && permitted(own()) & !permitted(container.pid) != 0);
    assert_eq!(answer.stderr.lines().count(), lines, "{answer:?}");
    assert_eq!(answer.stderr.matches("--as-target").count(), lines);
    for kind in kinds() {
        let link = format!("{kind}:[{}]", inode(container.pid, kind));
        assert!(answer.stdout.contains(&link), "{kind}: {answer:?}");
    }
    for name in names {
        let named = enter(name, &["-a"], script);
        assert_eq!(named.stdout, answer.stdout, "{name}: {}", named.stderr);
    }
    if has_program("nsenter") {
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["-t", &pid, "-a", "--", "/bin/sh", "-c", script]);
        let theirs = Run::of(nsenter).run();
        assert_eq!(
            (theirs.code, theirs.stdout),
            (answer.code, answer.stdout.clone())
        );
    }
    let code = enter(&pid, &[], "exit 7").code;
    assert_eq!(code, Some(7));
    let shell = nsinspect(["enter", &pid]).env("SHELL", "/bin/zsh");
    let shell = shell.stdin("echo $0\n").run();
    assert_eq!(
        (shell.code, &*shell.stdout),
        (Some(0), "-sh\n"),
        "{}",
        shell.stderr
    );
}

/// The capabilities that a process may use, as the kernel has them.
fn permitted(pid: i32) -> u64 {
    let status = proc_file(pid, "status");
    let line = status.lines().find_map(|it| it.strip_prefix("CapPrm:"));
    u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
}

fn own() -> i32 {
    std::process::id().cast_signed()
}

#[test]
fn of_docker_by_id_by_the_start_of_it_and_with_the_runtime() {
    let it = started!(docker::run(&["--name", "entered"]));
    let start = &it.id[..12];
    assert_entered(&it, &[&it.id, start, &format!("docker:{start}")]);
}

#[test]
fn of_podman_with_and_without_a_user_namespace() {
    let it = started!(podman::run(&[]));
    assert_entered(&it, &[&it.id[..12]]);
    let it = started!(podman::run(&["--userns=auto"]));
    assert_entered(&it, &[&it.id[..12], &format!("podman:{}", &it.id[..12])]);
}

#[test]
fn of_lxc_by_name() {
    let proc = ["--define", "lxc.mount.auto=proc:mixed"];
    let it = started!(lxc::run(&proc));
    assert_entered(&it, &[it.name.as_deref().unwrap()]);
}

#[test]
fn of_runc_by_the_number_of_its_init_and_by_its_id() {
    let it = started!(runc::run_in_the_usual_place(|_| ()));
    assert_entered(&it, &[&it.id, &format!("runc:{}", it.id)]);
    // Where its state is elsewhere nobody says that it is a container of runc.
    let it = started!(runc::run(|_| ()));
    assert_entered(&it, &[]);
}
