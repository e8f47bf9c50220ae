//! Containers that lie in wait for whoever looks at them.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::entering::hostile::{
    SECRET, assert_harmless, compile, report, share, shared_folder, watched,
};
use crate::runtimes::{runc, started};
use crate::support::nsinspect::nsinspect;

const TRIES: usize = 40;

/// All experiments by which the isolation of every kind is tried.
const KINDS: &str = "pid,net,ipc,uts,mnt";

#[test]
fn a_container_that_may_trace_holds_nothing_of_ours_by_an_experiment() {
    let folder = shared_folder();
    let container = started!(watched(&folder, true));
    let pid = container.pid.to_string();
    for _ in 0..TRIES {
        let run = nsinspect(["verify", &pid, "--require", KINDS]);
        let answer = run.env(SECRET, "x").run();
        // It may keep the probe from an answer, and not have it give another.
        assert!(matches!(answer.code, Some(0 | 2)), "{answer:?}");
    }
    let (held, seen) = report(&folder);
    assert!(seen >= TRIES / 4, "{seen} newcomers of {TRIES} experiments");
    assert_harmless(&held, &container);
}

/// Stops every process that turns up, as soon as it is seen.
const STOPPER: &str = r#"
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    for (;;) {
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        while ((entry = readdir(proc))) {
            int pid = atoi(entry->d_name);
            if (pid > 1 && pid != getpid()) kill(pid, SIGSTOP);
        }
        closedir(proc);
    }
}
"#;

#[test]
fn a_container_that_stops_whoever_comes_gets_no_other_answer_and_no_more_time() {
    let folder = shared_folder();
    if let Err(reason) = compile(STOPPER, &folder.join("stopper"), &["-static"]) {
        skip!("{reason}");
    }
    let container = started!(runc::run(|config| {
        share(config, &folder);
        let script = "/shared/stopper & exec /bin/sleep 300";
        config["process"]["args"] = json!(["/bin/sh", "-c", script]);
    }));
    let pid = container.pid.to_string();
    let mut stopped = 0;
    for _ in 0..6 {
        let start = Instant::now();
        let answer = nsinspect(["verify", &pid, "--require", "pid", "-J"]).run();
        assert!(start.elapsed() < Duration::from_secs(15), "{answer:?}");
        assert!(matches!(answer.code, Some(0 | 2)), "{answer:?}");
        stopped += usize::from(answer.stdout.contains("it gave no answer in time"));
    }
    // On a machine with one processor it may come too late each time.
    if stopped == 0 {
        skip!("nobody was stopped");
    }
}
