//! Where threads, processes, descriptors, memory or an output cannot be had: that is the very moment in
//! which somebody looks.

use nix::sys::resource::Resource;
use serde_json::Value;

use crate::support::fake_proc::{FakeProc, Task};
use crate::support::nsinspect::{NOBODY, Run, nsinspect};
use crate::support::seccomp;
use crate::support::skip::is_root;

/// So many that reading them is worth many threads, whatever is asked.
const MANY: i32 = 300;

fn crowd() -> FakeProc {
    let net = |pid| [("net", 4_026_540_000 + u64::try_from(pid).unwrap())];
    FakeProc::with((10..MANY).map(|pid| Task::new(pid).within(&net(pid))))
}

/// Every command that reads many processes.
const LOOKS: [&[&str]; 9] = [
    &["list"],
    &["list", "--depth", "full"],
    &["tree"],
    &["tree", "--by", "process"],
    &["snapshot"],
    &["audit"],
    &["show", "net:[4026540010]"],
    &["pid", "11"],
    &["verify", "11", "--require", "pid,net", "--static-only"],
];

/// What does not depend on when and by whom it was asked.
fn comparable(stdout: &str) -> Value {
    let mut document: Value = serde_json::from_str(stdout).unwrap();
    let fields = document.as_object_mut().unwrap();
    // Devices are looked for by a child, which says why there is none.
    for how in ["taken_at", "coverage", "reader", "features", "exposures"] {
        fields.remove(how);
    }
    document
}

/// Every look has the answer that it has where nothing is short.
fn answers_as_ever(short: impl Fn(Run) -> Run) {
    let proc = crowd();
    for args in LOOKS {
        let args = [args, &["--threads", "8", "--json"]].concat();
        let run = || nsinspect(args.iter().copied()).proc(proc.path());
        let run = || match is_root() {
            true => run().as_user(NOBODY),
            false => run(),
        };
        let (usual, answer) = (run().run(), short(run()).run());
        assert_eq!(answer.code, usual.code, "{args:?}: {answer:?}");
        assert_eq!(
            comparable(&answer.stdout),
            comparable(&usual.stdout),
            "{args:?}"
        );
    }
}

#[test]
fn without_a_thread_to_be_had_by_rlimit_every_command_goes_on_with_one() {
    answers_as_ever(|run| run.limit(Resource::RLIMIT_NPROC, 1));
}

#[test]
fn without_a_thread_to_be_had_by_seccomp_every_command_goes_on_with_one() {
    for errno in [libc::EPERM, libc::EAGAIN, libc::ENOSYS] {
        answers_as_ever(|run| run.first(seccomp::refuse_clones(errno)));
    }
}

#[test]
fn the_real_machine_is_looked_at_with_one_thread_and_no_child() {
    for errno in [libc::EPERM, libc::EAGAIN, libc::ENOSYS] {
        for args in [
            &["list"][..],
            &["list", "--depth", "full"],
            &["tree"],
            &["audit"],
            &["snapshot"],
            &["show", "self"],
            &["diff", "self"],
            &["reach", "self"],
            &["doctor"],
        ] {
            let args = [args, &["--threads", "8", "--json"]].concat();
            let run = nsinspect(args.iter().copied()).first(seccomp::refuse_clones(errno));
            let answer = run.run();
            assert_eq!(answer.code, Some(0), "{args:?} {errno}: {}", answer.stderr);
        }
    }
}

#[test]
fn what_cannot_be_tried_without_a_child_is_undecided_and_says_why() {
    for errno in [libc::EPERM, libc::EAGAIN, libc::ENOSYS] {
        let run = nsinspect(["verify", "self", "--require", "pid,net"]);
        let answer = run.first(seccomp::refuse_clones(errno)).run();
        assert!(matches!(answer.code, Some(1 | 2)), "{answer:?}");
    }
}

#[test]
fn a_launch_without_a_child_to_be_had_is_125_and_says_why() {
    for args in [
        &["run", "-Ur", "-fp", "--", "true"][..],
        &["run", "--fork", "--", "true"],
    ] {
        let run = nsinspect(args.iter().copied()).first(seccomp::refuse_clones(libc::EAGAIN));
        let answer = run.run();
        assert_eq!(answer.code, Some(125), "{args:?}: {answer:?}");
        let said = [
            "cannot start a process: ",
            "a limit on processes is reached",
        ];
        let is_said = said.iter().all(|words| answer.stderr.contains(words));
        assert!(is_said, "{args:?}: {}", answer.stderr);
    }
}

/// How many processes are in each namespace.
fn members(list: &Value) -> Vec<(Value, Value)> {
    let namespaces = list["namespaces"].as_array().unwrap().iter();
    namespaces
        .map(|it| (it["ns"].clone(), it["nprocs"].clone()))
        .collect()
}

#[test]
fn with_too_few_descriptors_nothing_is_taken_for_gone() {
    let proc = crowd();
    let whole = nsinspect(["list", "--json"])
        .proc(proc.path())
        .run()
        .document();
    for limit in [4, 5, 6, 7, 8, 10, 12] {
        for args in LOOKS {
            let args = [args, &["--threads", "4", "--json"]].concat();
            let run = nsinspect(args.iter().copied()).proc(proc.path());
            let answer = run.limit(Resource::RLIMIT_NOFILE, limit).run();
            assert!(
                matches!(answer.code, Some(0..=2)),
                "{limit} {args:?}: {answer:?}"
            );
            assert!(
                !answer.stderr.contains("there is no process"),
                "{limit}: {}",
                answer.stderr
            );
            if answer.stdout.is_empty() {
                continue;
            }
            let coverage = &answer.document_at_any_rate()["coverage"];
            assert_eq!(coverage["processes"]["gone"], 0, "{limit} {args:?}");
            let is_whole = coverage["complete"] == true;
            if args[0] == "list" && is_whole {
                assert_eq!(members(&answer.document()), members(&whole), "{limit}");
            }
        }
    }
}

#[test]
fn with_too_little_memory_it_ends_with_2_and_says_so() {
    let proc = crowd();
    let mut short = 0;
    for mebibytes in (16..96).step_by(8) {
        let run = nsinspect(["snapshot", "--threads", "4"]).proc(proc.path());
        let answer = run.limit(Resource::RLIMIT_AS, mebibytes << 20).run();
        match answer.code {
            Some(0) => {}
            Some(2) => {
                let words = "there is no memory left for it\n  a limit may be too low";
                assert!(
                    answer.stderr.contains(words),
                    "{mebibytes}: {}",
                    answer.stderr
                );
                short += 1;
            }
            // The kernel or ld.so could not even begin: it never was nsinspect.
            Some(127) | None if mebibytes < 64 && answer.stdout.is_empty() => {
                let of_loader = answer
                    .stderr
                    .contains("error while loading shared libraries");
                let is_ours = answer.stderr.contains("nsinspect: ") && !of_loader;
                assert!(!is_ours, "{}", answer.stderr);
            }
            _ => panic!("{mebibytes} MiB: {answer:?}"),
        }
    }
    assert!(short > 0, "no limit was too low");
}

mod root {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A cgroup in which nothing may be forked, gone with this.
    struct NoMorePids(PathBuf);

    impl NoMorePids {
        fn new() -> Option<NoMorePids> {
            let name = format!("nsinspect-pids-{}", std::process::id());
            ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
                .into_iter()
                .find_map(|hierarchy| {
                    let folder = PathBuf::from(hierarchy).join(&name);
                    fs::create_dir(&folder).ok()?;
                    let made = NoMorePids(folder);
                    fs::write(made.0.join("pids.max"), "1").ok().map(|()| made)
                })
        }
    }

    impl Drop for NoMorePids {
        fn drop(&mut self) {
            let _ = fs::remove_dir(&self.0);
        }
    }

    #[test]
    fn without_a_thread_to_be_had_by_pids_max_every_command_goes_on_with_one() {
        if !is_root() {
            skip!("takes root");
        }
        let Some(cgroup) = NoMorePids::new() else {
            skip!("no cgroup with pids.max can be made here");
        };
        let procs = fs::OpenOptions::new()
            .write(true)
            .open(cgroup.0.join("cgroup.procs"))
            .unwrap();
        let proc = crowd();
        for args in LOOKS {
            let args = [args, &["--threads", "8", "--json"]].concat();
            let usual = nsinspect(args.iter().copied()).proc(proc.path()).run();
            let procs = procs.try_clone().unwrap();
            let run = nsinspect(args.iter().copied()).proc(proc.path());
            let answer = run
                .first(move || Ok(nix::unistd::write(&procs, b"0").map(drop)?))
                .run();
            assert_eq!(answer.code, usual.code, "{args:?}: {answer:?}");
            assert_eq!(
                comparable(&answer.stdout),
                comparable(&usual.stdout),
                "{args:?}"
            );
        }
    }
}
