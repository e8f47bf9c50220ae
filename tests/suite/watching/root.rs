//! What takes root to do, or to see the end of.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::threads::{Crew, Orders};
use super::watch::{Puppet, Watch, born_as, is_about, is_of};
use crate::support::facts::{inode, own_pid, stat};
use crate::support::process::Spawned;
use crate::support::run::run;

const OFTEN: &str = "0.1";

#[test]
fn a_process_that_unshares_and_then_joins_is_followed_and_the_namespace_from_birth_to_end() {
    needs_root!();
    let home = inode(own_pid(), "uts");
    let join = format!("nsenter --uts=/proc/{}/ns/uts", own_pid());
    let mut puppet = Puppet::start(&["unshare -u", &join], |_| {});
    let pid = puppet.pid();
    let mut watch = Watch::start(&["list", "--watch", OFTEN]);

    puppet.step();
    let events = watch.events_until(|event| is_of(event, "process_moved", pid));
    let own = inode(pid, "uts");
    let born = born_as(&events, own).clone();
    assert_eq!((&born["type"], &born["pid"]), (&json!("uts"), &json!(pid)));
    let moved = events.last().unwrap();
    assert_eq!(
        moved["moves"],
        json!([{"link": "uts", "from": home, "to": own}])
    );
    assert_eq!(moved["process"]["start_time"].to_string(), stat(pid, 22));

    puppet.step();
    let events = watch.events_until(|event| is_about(event, "namespace_gone", &born));
    let moved = events
        .iter()
        .find(|it| is_of(it, "process_moved", pid))
        .unwrap();
    assert_eq!(
        moved["moves"],
        json!([{"link": "uts", "from": own, "to": home}])
    );

    puppet.finish();
    watch.event(|event| is_of(event, "process_ended", pid));
}

#[test]
fn a_namespace_that_only_a_descriptor_holds_is_empty_and_not_gone() {
    needs_root!();
    let mut puppet = Puppet::start(&["unshare -u"], |_| {});
    let mut watch = Watch::start(&["list", "--watch", OFTEN, "-t", "uts"]);
    puppet.step();
    let pid = puppet.pid();
    let born =
        watch.event(|event| event["event"] == "namespace_born" && event["namespace"]["pid"] == pid);
    let own = &born["namespace"];
    let held = File::open(format!("/proc/{pid}/ns/uts")).unwrap();
    assert_eq!(own["ns"], inode(pid, "uts"));

    puppet.finish();
    // Its end cannot be seen on a kernel without handles of namespaces.
    let left = watch.event(|event| {
        ["namespace_emptied", "namespace_left"]
            .iter()
            .any(|name| is_about(event, name, own))
    });
    if left["event"] == "namespace_left" {
        skip!("this kernel does not tell: {}", left["unknown"]["alive"]);
    }
    let nsenter = format!("nsenter --uts=/proc/{}/fd/{}", own_pid(), held.as_raw_fd());
    let mut visitor = Puppet::start(&[&nsenter], |_| {});
    visitor.step();
    watch.event(|event| is_about(event, "namespace_entered", own));
    visitor.finish();
    watch.event(|event| is_about(event, "namespace_emptied", own));
    drop(held);
    watch.event(|event| is_about(event, "namespace_gone", own));
}

#[test]
fn a_process_that_takes_the_number_of_a_dead_one_is_another_process() {
    needs_root!();
    let mut command = Command::new("unshare");
    command.args(["-fp", "--mount-proc", "--kill-child", "sh", "-c"]);
    // Nothing ends there but what is told to. A thread of the watch may take the number first.
    let script = format!(
        "sleep 300 & pid=$!; {} tree --watch {OFTEN} --json & \
         read go; kill $pid; wait $pid 2>/dev/null; \
         for try in 1 2 3 4 5 6 7 8 9; do \
           echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid || exit; \
           sleep 300 & [ $! != $pid ] || break; \
         done; wait",
        env!("CARGO_BIN_EXE_nsinspect"),
    );
    let mut watch = Watch::of(command.arg(&script).stdin(Stdio::piped()));
    // Starts are counted in ticks of 10 ms: one in the same tick would be the same process.
    std::thread::sleep(Duration::from_millis(50));
    watch.tell("go");
    let events = watch.events_until(|event| event["event"] == "process_ended");
    let ended = &events.last().unwrap()["process"];
    let is_successor = |event: &Value| {
        event["event"] == "process_started" && event["process"]["pid"] == ended["pid"]
    };
    let started = match events.iter().find(|event| is_successor(event)) {
        Some(started) => started.clone(),
        None => watch.event(is_successor),
    };
    let start_of = |process: &Value| process["start_time"].as_u64().unwrap();
    assert!(start_of(ended) < start_of(&started["process"]));
}

#[test]
fn sets_come_and_go_with_what_they_have_of_their_own() {
    needs_root!();
    let mut puppet = Puppet::start(&["unshare -un"], |_| {});
    let mut watch = Watch::start(&["tree", "--watch", OFTEN]);
    puppet.step();
    let pid = puppet.pid();
    let label = |event: &Value| {
        let label = event["set"]["label"].as_str();
        label.is_some_and(|label| label.ends_with(&format!("({pid})")))
    };
    let born = watch.event(|event| event["event"] == "set_born" && label(event));
    assert_eq!(born["set"]["own"], json!(["net", "uts"]));
    assert_eq!(born["set"]["processes"], json!([pid]));
    puppet.finish();
    watch.event(|event| event["event"] == "set_gone" && label(event));
}

#[test]
fn the_links_of_processes_and_threads_that_have_not_run_are_not_read_again() {
    needs_root!();
    if !crate::support::skip::has_program("strace") {
        skip!("strace is not installed");
    }
    let sleeper = Spawned::start(Command::new("sleep").arg("300")).unwrap();
    let crew = Crew::with_thread(Orders::wait);
    std::thread::sleep(Duration::from_millis(200));
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-e", "trace=readlinkat,pread64", "-o"])
        .arg(log.path());
    let watch = ["timeout", "--preserve-status", "-s", "INT", "15"];
    strace.args(watch).arg(env!("CARGO_BIN_EXE_nsinspect"));
    run(strace.args(["list", "--watch", "0.2"])).expect(0);
    let trace = std::fs::read_to_string(log.path()).unwrap();
    let count = |call: &str, folder: &str| {
        let calls = trace.lines().filter(|line| line.contains(call));
        let is_below = |line: &&str| {
            ["/", ">"]
                .iter()
                .any(|end| line.contains(&format!("{folder}{end}")))
        };
        calls.filter(is_below).count()
    };
    let (pid, tid) = (crew.pid(), crew.tid(0));
    for links in [
        format!("/proc/{}", sleeper.pid()),
        format!("/proc/{pid}/task/{tid}"),
    ] {
        let count = count("readlinkat(", &links);
        assert_eq!(count, 10, "once for each link of {links}");
    }
    for task in [sleeper.pid(), pid, tid] {
        let looks = count("pread64(", &format!("/proc/{task}"));
        assert!(looks > 2, "{task} was looked at again and again");
    }
}
