//! The rootless sandbox of bubblewrap, which has given up its rights by one more user namespace:
//! entered as its owner, going down the user namespaces one by one, and as root.

use std::process::Command;

use crate::runtimes::{Container, bwrap, started};
use crate::support::facts::{inode, kinds};
use crate::support::run::{Answer, as_nobody, nsinspect, nsinspect_as_nobody, run};
use crate::support::skip::{has_program, is_root};

const OWN_NAMESPACES: &str = "for kind in cgroup ipc mnt net pid time user uts; do \
                              /bin/busybox readlink /proc/self/ns/$kind; done; id -u; id -g";

fn words<'a>(pid: &'a str, options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    let words = ["enter", pid].into_iter().chain(options.iter().copied());
    words.chain(["--", "/bin/sh", "-c", script]).collect()
}

fn assert_inside(answer: &Answer, it: &Container) {
    assert_eq!((answer.code, &*answer.stderr), (0, ""));
    for kind in kinds() {
        let link = format!("{kind}:[{}]", inode(it.pid, kind));
        assert!(answer.stdout.contains(&link), "{kind}: {answer:?}");
    }
}

#[test]
fn its_owner_enters_what_nsenter_refuses() {
    let it = started!(bwrap::run_as_nobody(&[]));
    let pid = it.pid.to_string();
    let answer = nsinspect_as_nobody(&words(&pid, &[], OWN_NAMESPACES));
    assert_inside(&answer, &it);
    let user = if is_root() {
        65534
    } else {
        nix::unistd::geteuid().as_raw()
    };
    assert!(answer.stdout.contains(&format!("\n{user}\n")), "{answer:?}");
    if has_program("nsenter") {
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["-t", &pid, "-a", "/bin/sh", "-c", OWN_NAMESPACES]);
        let refused = run(as_nobody(&mut nsenter));
        assert_ne!(refused.code, 0, "{refused:?}");
    }
}

#[test]
fn its_owner_has_the_rights_of_the_target_in_there_and_no_more() {
    let it = started!(bwrap::run_as_nobody(&[]));
    let script = "/bin/busybox grep -E '^(Uid|Gid|Cap|NoNew)' /proc/self/status";
    let answer = nsinspect_as_nobody(&words(&it.pid.to_string(), &["--as-target"], script));
    let theirs = "/bin/busybox grep -E '^(Uid|Gid|Cap|NoNew)' /proc/1/status";
    let theirs = nsinspect_as_nobody(&words(&it.pid.to_string(), &["--as-target"], theirs));
    assert_eq!(
        (answer.code, &answer.stdout),
        (0, &theirs.stdout),
        "{answer:?}"
    );
    assert!(answer.stdout.contains("NoNewPrivs:\t1"), "{answer:?}");
    assert!(
        answer.stdout.contains("CapEff:\t0000000000000000"),
        "{answer:?}"
    );
}

#[test]
fn root_enters_it_as_its_user() {
    if !is_root() {
        skip!("needs root");
    }
    let it = started!(bwrap::run_as_nobody(&[]));
    let answer = nsinspect(&words(&it.pid.to_string(), &[], OWN_NAMESPACES));
    assert_inside(&answer, &it);
    assert!(answer.stdout.ends_with("65534\n65534\n"), "{answer:?}");
}

#[test]
fn another_user_is_told_what_is_missing() {
    if !is_root() {
        skip!("needs root to become two users");
    }
    let it = started!(bwrap::run(&[]));
    let answer = nsinspect_as_nobody(&words(&it.pid.to_string(), &[], "echo not run"));
    assert_eq!((answer.code, &*answer.stdout), (125, ""));
    let expected = format!(
        "nsinspect: cannot open /proc/{}/ns/cgroup: Permission denied (EACCES)\n  it takes the rights \
         of its user, or CAP_SYS_PTRACE over it (ptrace(2))\n",
        it.pid
    );
    assert_eq!(answer.stderr, expected);
}
