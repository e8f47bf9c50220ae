//! A question about one process reads that process and its reference, however many others there are;
//! `show` reads the line of its parents too, where it has a mount namespace of its own.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::runtimes::started;
use crate::support::facts::stat;
use crate::support::process::{Spawned, children, wait_until};
use crate::support::run::run;
use crate::support::sandbox::Sandbox;

/// What `diff` may take, its child's calls included, of a process in seven namespaces of its own, and
/// of one that shares all of them. To start the program, which does not count, takes 34 in a release
/// build.
const MOST_OF_DIFF: usize = 265;
const MOST_OF_DIFF_ALL_SHARED: usize = 115;

/// The same for other questions about the first of these, and what `show` takes for each parent that
/// it has.
const MOST_OF_SHOW: usize = 300;
const MOST_OF_PID: usize = 105;
const OF_A_PARENT: usize = 5;

const IDLERS: usize = 500;

/// What differs between two answers to the same question.
const A_FEW: usize = 8;

#[test]
fn a_question_about_one_process_reads_no_other_and_costs_the_same_among_500() {
    needs_root!();
    needs_program!("strace");
    let args = ["-u", "-i", "-n", "-m", "-p", "--cgroup", "--kill-child"];
    let it = started!(Sandbox::start(&args, ""));
    let pid = it.pid.to_string();
    let questions = [["diff", &pid], ["show", &pid], ["pid", &pid]];
    let alone = questions.map(|question| traced(&question, it.pid));
    let crowd = started!(crowd());
    let among = questions.map(|question| traced(&question, it.pid));
    drop(crowd);
    eprintln!("system calls: {alone:?} alone, {among:?} among {IDLERS} more");
    let parents = line_of_parents(it.pid).len();
    let most = [
        MOST_OF_DIFF,
        MOST_OF_SHOW + OF_A_PARENT * parents,
        MOST_OF_PID,
    ];
    for (((question, alone), among), most) in questions.iter().zip(alone).zip(among).zip(most) {
        assert!(alone <= most, "{question:?}: {alone} system calls");
        assert!(
            among <= alone + A_FEW,
            "{question:?}: {among} instead of {alone}"
        );
    }
}

#[test]
fn a_process_that_shares_all_namespaces_takes_few_system_calls() {
    needs_root!();
    needs_program!("strace");
    let it = started!(Spawned::start(Command::new("sleep").arg("300")));
    let pid = it.pid().to_string();
    for question in [vec!["diff", &pid], vec!["diff", "--json", &pid]] {
        let calls = traced(&question, it.pid());
        eprintln!("{question:?}: {calls} system calls");
        assert!(
            calls <= MOST_OF_DIFF_ALL_SHARED,
            "{question:?}: {calls} system calls"
        );
    }
}

/// Sleepers in a pid namespace of their own, which end with its init.
fn crowd() -> Result<Spawned, String> {
    let script = format!("for i in $(seq {IDLERS}); do sleep 300 & done; wait");
    let mut unshare = Command::new("unshare");
    unshare.args(["-p", "--kill-child", "sh", "-c", &script]);
    let crowd = Spawned::start(&mut unshare)?;
    wait_until(Duration::from_secs(60), "a crowd", || {
        let init = children(crowd.pid());
        init.first()
            .is_some_and(|init| children(*init).len() == IDLERS)
    })?;
    Ok(crowd)
}

/// The number of system calls that an answer takes, after a look at which processes it opens. To read
/// one table to its end counts as one: mounts, interfaces and sockets are as many as this machine has.
fn traced(question: &[&str], subject: i32) -> usize {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "200", "-o"]).arg(log.path());
    strace.arg(env!("CARGO_BIN_EXE_nsinspect"));
    run(strace.args(question)).expect(0);
    let trace = fs::read_to_string(log.path()).unwrap();
    // How often somebody waits for a child is a matter of how fast that is. A debug build asks of every
    // descriptor that it closes whether that is open.
    let is_left_out = |line: &&str| {
        let calls = [
            "poll(",
            "wait4(",
            "clock_nanosleep(",
            "resumed>",
            "F_GETFD",
            // Memory is had as much as there is to read.
            " brk(",
            "mmap(",
            "munmap(",
            "mremap(",
        ];
        calls.iter().any(|call| line.contains(call))
    };
    let mut calls: Vec<&str> = trace
        .lines()
        .skip_while(|line| !line.contains("\"/proc\""))
        .filter(|line| line.contains('(') && !is_left_out(line))
        .collect();
    calls.dedup_by(|next, first| reads(first).is_some_and(|table| reads(next) == Some(table)));

    let tracees = trace
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.parse().ok());
    let mut allowed: BTreeSet<i32> = tracees.collect();
    // All that is known of a process is the monitor of its container too, among its parents.
    if question[0] == "show" {
        allowed.extend(line_of_parents(subject));
    }
    allowed.extend([subject, 1, 2]);
    let others: BTreeSet<i32> = trace
        .lines()
        .flat_map(processes_in)
        .filter(|pid| !allowed.contains(pid))
        .collect();
    assert!(
        others.is_empty(),
        "{question:?} looks at processes {others:?}"
    );
    calls.len()
}

/// What a line of the trace reads from, by process, call and descriptor.
fn reads(line: &str) -> Option<&str> {
    let (start, rest) = line.split_once('(')?;
    let call = start.rsplit(' ').next()?;
    let is_reading = matches!(call, "read" | "recvmsg" | "recvfrom" | "getdents64");
    let descriptor = rest.find(',')?;
    is_reading.then(|| &line[..start.len() + 1 + descriptor])
}

fn line_of_parents(pid: i32) -> Vec<i32> {
    let parent = |pid: &i32| stat(*pid, 4).parse().ok().filter(|pid| *pid > 1);
    std::iter::successors(parent(&pid), parent).collect()
}

/// The processes whose folder below /proc a line of the trace names, by path or descriptor.
fn processes_in(line: &str) -> Vec<i32> {
    let by_path = line.split("/proc/").skip(1);
    let by_descriptor = line.split("</proc>, \"").skip(1);
    by_path
        .chain(by_descriptor)
        .filter_map(|rest| {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            rest[..digits].parse().ok()
        })
        .collect()
}
