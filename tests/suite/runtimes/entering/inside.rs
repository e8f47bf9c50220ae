//! `run` within a container of docker: what its seccomp filter and its masks leave, and what is said.

use crate::runtimes::{Container, Start, docker, started};
use crate::support::run::Answer;

/// A container in which nsinspect and what it is linked with can be executed.
pub fn with_nsinspect(engine: fn(&[&str]) -> Start, options: &[&str]) -> Start {
    let program = concat!(env!("CARGO_BIN_EXE_nsinspect"), ":/nsinspect:ro");
    let mut words = vec!["--volume", program];
    for libraries in ["/lib:/lib:ro", "/lib64:/lib64:ro"] {
        if std::path::Path::new(libraries.split(':').next().unwrap()).exists() {
            words.extend(["--volume", libraries]);
        }
    }
    engine(&[&words, options].concat())
}

fn run(container: &Container, words: &[&str]) -> Answer {
    docker::exec(container, &[&["/nsinspect", "run"], words].concat())
}

const WITH_A_USER_NAMESPACE: &str = "nsinspect: without CAP_SYS_ADMIN new namespaces need a user \
                                     namespace: one is made, with the same ids inside and all \
                                     capabilities over what is new\n";

#[test]
fn of_docker_as_it_comes_the_filter_is_named_and_what_needs_no_namespace_runs() {
    let it = started!(with_nsinspect(docker::run, &[]));
    let refused = run(&it, &["-u", "/bin/echo", "not run"]).expect(125);
    assert_eq!(
        (refused.stdout.as_str(), refused.stderr),
        (
            "",
            format!(
                "{WITH_A_USER_NAMESPACE}nsinspect: cannot make new user, uts namespaces: Operation \
                 not permitted (EPERM)\n  a seccomp filter may forbid it, as those of container \
                 runtimes do\n"
            )
        )
    );
    let answer = run(&it, &["-f", "/bin/sh", "-c", "echo runs; exit 7"]).expect(7);
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("runs\n", "")
    );
}

#[test]
fn of_docker_without_the_filter_the_masks_below_proc_are_named() {
    let it = started!(with_nsinspect(
        docker::run,
        &["--security-opt", "seccomp=unconfined"]
    ));
    let answer = run(
        &it,
        &["-u", "/bin/sh", "-c", "id -u; hostname KANS && hostname"],
    )
    .expect(0);
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("0\nKANS\n", WITH_A_USER_NAMESPACE)
    );
    let refused = run(&it, &["-pm", "-r", "/bin/echo", "not run"]).expect(125);
    let (first, second) = refused.stderr.split_once('\n').unwrap();
    assert_eq!(
        first,
        "nsinspect: cannot mount a procfs on /proc: Operation not permitted (EPERM)"
    );
    assert!(
        second.starts_with("  parts of the /proc out here are masked (/proc/")
            && second.ends_with("; --no-mount-proc goes without\n"),
        "{second}"
    );
    let script = "echo $$";
    let answer = run(
        &it,
        &["-pm", "-r", "--no-mount-proc", "/bin/sh", "-c", script],
    )
    .expect(0);
    assert_eq!(answer.stdout, "1\n");
}

#[test]
fn of_docker_with_cap_sys_admin_and_nothing_masked_everything_runs() {
    let it = started!(with_nsinspect(
        docker::run,
        &[
            "--cap-add",
            "SYS_ADMIN",
            "--security-opt",
            "systempaths=unconfined",
        ]
    ));
    let script = "echo $$; hostname; echo /proc/[0-9]*";
    let words = ["-a", "--hostname", "KANS", "/bin/sh", "-c", script];
    let answer = run(&it, &words).expect(0);
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("1\nKANS\n/proc/1\n", "")
    );
}
