//! nsinspect within containers: what is the container's own is never called the host's, and what is the
//! host's is.

use std::process::Command;

use serde_json::Value;

use super::entering::inside::with_nsinspect;
use super::{Container, docker, podman, started};
use crate::support::facts::{inode, kinds, try_inode};
use crate::support::run::{Answer, run_alone};
use crate::support::skip::has_program;

const ALL: &str = "user,pid,mnt,net,ipc,uts,cgroup,time";

/// The finding that says that a kind is the host's.
const FINDINGS: [(&str, &str); 7] = [
    ("user", "NSA-001"),
    ("pid", "NSA-010"),
    ("net", "NSA-020"),
    ("ipc", "NSA-030"),
    ("uts", "NSA-031"),
    ("cgroup", "NSA-032"),
    ("time", "NSA-033"),
];

/// A container with a way to run nsinspect in it, and what is so of its namespaces.
struct Inside<'a> {
    run: &'a dyn Fn(&[&str]) -> Answer,
    /// Kind, inode, and whether that is where the kernel booted, as kthreadd tells.
    namespaces: Vec<(&'static str, u64, bool)>,
}

impl<'a> Inside<'a> {
    fn of(pid: i32, run: &'a dyn Fn(&[&str]) -> Answer) -> Inside<'a> {
        let namespaces = kinds().into_iter().map(|kind| {
            let own = inode(pid, kind);
            (kind, own, own == inode(2, kind))
        });
        let namespaces = namespaces.collect();
        Inside { run, namespaces }
    }

    fn is_hosts(&self, kind: &str) -> bool {
        let mut all = self.namespaces.iter();
        all.find(|it| it.0 == kind).is_some_and(|it| it.2)
    }

    fn run(&self, words: &[&str]) -> Answer {
        let answer = (self.run)(words);
        // Whatever is said, no namespace of its own is called the host's.
        for (kind, own, _) in self.namespaces.iter().filter(|it| !it.2) {
            for wrong in [
                format!("{kind}:[{own}], the host's"),
                format!("{kind}:[{own}] (the host's)"),
            ] {
                let said =
                    [&answer.stdout, &answer.stderr].map(|it| it.replace(", the host's is ", "; "));
                assert!(!said.iter().any(|it| it.contains(&wrong)), "{answer:?}");
            }
        }
        answer
    }

    /// Every claim that a kind is not the host's, with `options`, is decided as is so.
    #[track_caller]
    fn claims_are_true(&self, target: &str, options: &[&str]) {
        let words = [&["verify", target, "--json", "--require", ALL], options].concat();
        let answer = self.run(&words);
        let document = answer.json();
        for (kind, _, is_hosts) in &self.namespaces {
            let claims = document["claims"].as_array().unwrap();
            let claim = claims.iter().find(|it| it["kind"] == *kind).unwrap();
            let expected = if *is_hosts { "fails" } else { "holds" };
            assert_eq!(claim["verdict"], expected, "{claim:#}");
        }
        let shares = self.namespaces.iter().any(|it| it.2);
        assert_eq!(answer.code, i32::from(shares));
    }

    /// What every other command says of the host.
    #[track_caller]
    fn answers_are_true(&self) {
        let diff = self.run(&["diff", "self", "--json"]).expect(0).json();
        let is_host = self.is_hosts("pid");
        assert_eq!(diff["reference"]["host_init"], is_host, "{diff:#}");
        let text = self.run(&["diff", "self"]).expect(0).stdout;
        assert_eq!(text.contains("against the host"), is_host, "{text}");
        let tree = self.run(&["tree"]).expect(0).stdout;
        let says = "PID 1 here is not the host's init: this is a pid namespace of its own\n";
        assert_eq!(tree.contains(says), !is_host, "{tree}");
        let has_host = tree.lines().any(|line| line.starts_with("host "));
        assert_eq!(has_host, is_host, "{tree}");
        let audit = self.run(&["audit", "self", "--json"]).expect(0).json();
        let findings = audit["subjects"][0]["findings"].as_array().unwrap();
        for (kind, id) in FINDINGS {
            let has = |it: &Value| it["id"] == id && it["verdict"] != "unknown";
            assert_eq!(
                findings.iter().any(has),
                self.is_hosts(kind),
                "{id}: {audit:#}"
            );
        }
        for words in [
            &["list"][..],
            &["show", "self"],
            &["can", "self", "sys_admin"],
            &["reach", "self"],
            &["tree", "--by", "process"],
            &["tree", "--by", "user"],
            &["tree", "--by", "pid"],
        ] {
            assert!(self.run(words).code <= 1, "{words:?}");
        }
    }
}

fn in_docker(container: &Container) -> impl Fn(&[&str]) -> Answer {
    move |words| docker::exec(container, &[&["/nsinspect"], words].concat())
}

#[test]
fn in_a_default_container_of_docker_nothing_of_its_own_is_the_hosts() {
    let it = started!(with_nsinspect(docker::run, &[]));
    let run = in_docker(&it);
    let inside = Inside::of(it.pid, &run);
    assert!(!inside.is_hosts("pid") && inside.is_hosts("user"));
    inside.claims_are_true("self", &[]);
    inside.claims_are_true("1", &["--static-only"]);
    inside.answers_are_true();
}

#[test]
fn in_a_default_container_of_podman_nothing_of_its_own_is_the_hosts() {
    let it = started!(with_nsinspect(podman::run, &[]));
    let run = |words: &[&str]| podman::exec(&it, &[&["/nsinspect"], words].concat());
    let inside = Inside::of(it.pid, &run);
    assert!(!inside.is_hosts("pid"));
    inside.claims_are_true("self", &[]);
    inside.answers_are_true();
}

#[test]
fn in_a_container_with_the_hosts_pid_namespace_that_is_the_hosts_and_nothing_else() {
    let it = started!(with_nsinspect(docker::run, &["--pid=host"]));
    let run = in_docker(&it);
    let inside = Inside::of(it.pid, &run);
    assert!(inside.is_hosts("pid") && !inside.is_hosts("net"));
    inside.claims_are_true("self", &[]);
}

#[test]
fn by_the_hosts_procfs_a_container_is_judged_as_from_the_host() {
    let it = started!(with_nsinspect(
        docker::run,
        &["--volume=/proc:/host/proc:ro"]
    ));
    let run = in_docker(&it);
    let inside = Inside::of(it.pid, &run);
    let pid = it.pid.to_string();
    for target in ["self", &pid] {
        inside.claims_are_true(target, &["--proc", "/host/proc"]);
    }
    let words = ["diff", &pid, "--json", "--proc", "/host/proc"];
    let reference = inside.run(&words).json()["reference"].clone();
    assert_eq!(reference["host_init"], true, "{reference}");
}

#[test]
fn in_bubblewrap_nothing_of_its_own_is_the_hosts() {
    if !has_program("bwrap") {
        skip!("bwrap is not installed");
    }
    let program = env!("CARGO_BIN_EXE_nsinspect");
    let bwrap = |words: &[&str]| {
        let mut bwrap = Command::new("bwrap");
        bwrap.args(["--unshare-all", "--ro-bind", "/", "/"]);
        bwrap.args(["--proc", "/proc", "--dev", "/dev"]);
        run_alone(bwrap.args(words)).0
    };
    if bwrap(&["true"]).code != 0 {
        skip!("bwrap cannot make its namespaces here");
    }
    let words = ["verify", "self", "--json", "--require", ALL];
    let answer = bwrap(&[&[program], &words[..]].concat());
    let document = answer.json();
    for claim in document["claims"].as_array().unwrap() {
        let kind = claim["kind"].as_str().unwrap();
        let made = ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"];
        let expected = if made.contains(&kind) {
            "holds"
        } else {
            "fails"
        };
        if try_inode(2, kind).is_some() {
            assert_eq!(claim["verdict"], expected, "{claim:#}");
        }
    }
    assert_eq!(answer.code, 1);
}
