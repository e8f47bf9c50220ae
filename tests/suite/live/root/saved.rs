//! A saved snapshot, where nothing else comes and goes: in a pid namespace of its own.

use std::process::Command;
use std::time::Duration;

use crate::runtimes::started;
use crate::support::process::{children, comm_of, wait_until};
use crate::support::run::run;
use crate::support::sandbox::Sandbox;

/// `nsinspect ARGS` in the pid and mount namespace of a process, without its own line, which has
/// another PID each time.
fn inside(member: i32, args: &[&str]) -> String {
    let mut nsenter = Command::new("nsenter");
    nsenter.args(["--target", &member.to_string(), "--pid", "--mount"]);
    nsenter.arg(env!("CARGO_BIN_EXE_nsinspect"));
    run(nsenter.args(args)).expect(0).stdout
}

/// Columns may be wider for it, so words are all that counts.
fn without_itself(text: &str) -> String {
    let others = text.lines().filter(|line| !line.contains("nsinspect"));
    let words = others.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_answer_from_a_snapshot_is_the_one_that_the_machine_gave() {
    needs_root!();
    let script = "unshare -u sleep 1000 &
                  unshare -U -r -n -i sleep 1000 &
                  unshare -m --cgroup sleep 1000 &";
    let it = started!(Sandbox::start(
        &["-p", "--mount-proc", "--kill-child"],
        script
    ));
    wait_until(Duration::from_secs(10), "three sleepers", || {
        let all = children(it.pid);
        all.len() == 3
            && all
                .iter()
                .all(|pid| comm_of(*pid).as_deref() == Some("sleep"))
    })
    .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), inside(it.pid, &["snapshot"])).unwrap();
    let from = ["--from", file.path().to_str().unwrap()];
    let questions: [&[&str]; 13] = [
        &["tree"],
        &["tree", "--by", "user"],
        &["tree", "--by", "pid"],
        &["tree", "--by", "process"],
        &["list"],
        &["list", "-t", "net,user"],
        &["list", "-p", "3"],
        &["show", "1"],
        &["show", "3"],
        &["diff", "2"],
        &["diff", "3"],
        &["diff", "4", "3"],
        &["pid", "3"],
    ];
    for question in questions {
        let live = without_itself(&inside(it.pid, question));
        assert_ne!(live, "", "{question:?}");
        let saved = without_itself(&inside(it.pid, &[&from, question].concat()));
        assert_eq!(live, saved, "{question:?}");
    }
}
