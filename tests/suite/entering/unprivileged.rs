//! What an ordinary user may enter, and what they are told where they may not. Root becomes one.

use crate::runtimes::started;
use crate::support::facts::{inode, kinds};
use crate::support::run::{Answer, nsinspect, nsinspect_as_nobody};
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;

use super::OWN_NAMESPACES;

fn enter(target: &str, options: &[&str], script: &str) -> Answer {
    let words = ["enter", target].into_iter().chain(options.iter().copied());
    let words: Vec<&str> = words.chain(["--", "sh", "-c", script]).collect();
    nsinspect_as_nobody(&words)
}

/// In namespaces of their own of every kind.
fn own() -> Result<Sandbox, String> {
    Sandbox::start_as_nobody(
        &[
            "-UmuinpC",
            "--time",
            "--map-root-user",
            "--mount-proc",
            "--kill-child",
        ],
        "hostname inside",
    )
}

#[test]
fn who_made_a_user_namespace_enters_it_and_all_that_it_governs() {
    let it = started!(own());
    let pid = it.pid.to_string();
    let answer = enter(&pid, &[], &format!("hostname; id -u; {OWN_NAMESPACES}")).expect(0);
    assert_eq!(answer.stderr, "");
    assert!(answer.stdout.starts_with("inside\n0\n"), "{answer:?}");
    for kind in kinds() {
        let link = format!("{kind}:[{}]", inode(it.pid, kind));
        assert!(answer.stdout.contains(&link), "{kind}: {answer:?}");
    }
    assert_eq!(enter(&pid, &["-a"], "exit 7").code, 7);
    assert_eq!(
        enter(&pid, &["-U", "-u"], "hostname").expect(0).stdout,
        "inside\n"
    );
    let file = format!("-n=/proc/{pid}/ns/net");
    let net = enter(&pid, &["-U", &file], "readlink /proc/self/ns/net").expect(0);
    assert_eq!(net.stdout, format!("net:[{}]\n", inode(it.pid, "net")));
}

#[test]
fn the_owner_of_nested_user_namespaces_goes_down_one_by_one() {
    let nested = [
        "-U",
        "-m",
        "-n",
        "--map-root-user",
        "unshare",
        "-U",
        "--map-root-user",
    ];
    let it = started!(Sandbox::start_as_nobody(&nested, ""));
    let answer = enter(&it.pid.to_string(), &["-a"], OWN_NAMESPACES).expect(0);
    for kind in ["user", "mnt", "net"] {
        let link = format!("{kind}:[{}]", inode(it.pid, kind));
        assert!(answer.stdout.contains(&link), "{kind}: {answer:?}");
    }
}

#[test]
fn a_namespace_without_the_user_namespace_that_governs_it_is_refused_with_the_way_in() {
    let it = started!(own());
    let (user, net) = (inode(it.pid, "user"), inode(it.pid, "net"));
    let answer = enter(&it.pid.to_string(), &["-n"], "echo not run").expect(125);
    let own = inode(crate::support::facts::own_pid(), "user");
    assert_eq!(
        answer.stderr,
        format!(
            "nsinspect: cannot join the net namespace net:[{net}]: Operation not permitted \
             (EPERM)\n  user:[{user}] governs it; joining takes CAP_SYS_ADMIN over that and over our \
             own; we are in user:[{own}] without CAP_SYS_ADMIN, and only who made a user namespace \
             has all rights in it: run as its maker or as root, with -U\n"
        )
    );
    assert_eq!(answer.stdout, "");
}

#[test]
fn processes_of_others_are_not_entered_and_that_is_said() {
    if !is_root() {
        skip!("needs root to be two users");
    }
    let it = started!(Sandbox::start(&["-n", "-u"], ""));
    let pid = it.pid.to_string();
    let answer = enter(&pid, &["-n"], "echo not run").expect(125);
    let expected = format!(
        "nsinspect: cannot open /proc/{pid}/ns/net: Permission denied (EACCES)\n  it takes the rights \
         of its user, or CAP_SYS_PTRACE over it (ptrace(2))\n"
    );
    assert_eq!((&*answer.stdout, answer.stderr), ("", expected));
    // The same for the root of a user namespace over a process of the host.
    let words = ["enter", &*pid, "-n", "--", "true"];
    assert_eq!(nsinspect(&words).code, 0);
}
