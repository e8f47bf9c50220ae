//! `--watch`: what happens on the machine is told once, and none of it is missed.

/// Ends the test here, skipped, unless it runs as root.
macro_rules! needs_root {
    () => {
        if !$crate::support::skip::is_root() {
            skip!("needs root");
        }
    };
}

mod root;
mod threads;
mod unprivileged;
mod watch;

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::process::{Spawned, wait_until};
use crate::support::run::nsinspect;
use watch::Watch;

#[test]
fn ctrl_c_ends_a_watch_with_success() {
    for command in ["list", "tree"] {
        let mut watch = Watch::start(&[command, "--watch", "60"]);
        watch.interrupt();
        assert_eq!(watch.end(), Some(0), "{command}");
    }
}

#[test]
fn a_watch_ends_when_nobody_reads_it_any_more_though_nothing_happens() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nsinspect"));
    command
        .args(["list", "--watch", "60", "-t", "time"])
        .stdout(Stdio::piped());
    let mut watch = Spawned::start(&mut command).unwrap();
    drop(watch.child().stdout.take());
    let mut ended = None;
    wait_until(Duration::from_secs(20), "the watch to end", || {
        ended = watch.ended();
        ended.is_some()
    })
    .unwrap();
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[test]
fn a_watch_is_not_for_what_never_changes_nor_for_one_process() {
    for args in [
        ["list", "--watch", "--from", "x.json"].as_slice(),
        &["list", "--watch", "0", "-t", "net"],
        &["list", "--watch", "1", "-p", "1"],
        &["list", "--watch", "1", "--depth", "full"],
        &["tree", "--watch", "1", "--by", "process"],
        &["tree", "--watch", "often"],
    ] {
        let answer = nsinspect(args).expect(2);
        assert_eq!(answer.stdout, "", "{args:?}");
        assert!(!answer.stderr.is_empty(), "{args:?}");
    }
}
