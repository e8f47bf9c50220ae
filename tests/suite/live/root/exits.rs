//! The exit codes of questions with a condition.

use std::fs;

use serde_json::json;

use crate::live::diffed::Diffed;
use crate::runtimes::started;
use crate::support::facts::kinds;
use crate::support::run::{nsinspect, nsinspect_as_nobody};
use crate::support::sandbox::Sandbox;

fn code(args: &[&str]) -> i32 {
    nsinspect(&[&["diff"], args].concat()).code
}

#[test]
fn a_required_kind_that_is_shared_is_a_no_and_one_that_is_isolated_is_a_yes() {
    needs_root!();
    let it = started!(Sandbox::start(&["-u", "-n"], ""));
    let pid = it.pid.to_string();
    assert_eq!(code(&[&pid]), 0);
    assert_eq!(code(&[&pid, "--require", "uts"]), 0);
    assert_eq!(code(&[&pid, "--require", "uts,net"]), 0);
    assert_eq!(code(&[&pid, "--require", "user"]), 1);
    assert_eq!(code(&[&pid, "--require", "uts,user"]), 1);
    assert_eq!(code(&[&pid, "--require", "uts", "--require", "mnt"]), 1);
    assert_eq!(code(&[&pid, "--require", "disk"]), 2);
    // The answer is printed all the same.
    let answer = nsinspect(&["diff", &pid, "--json", "--require", "user"]).expect(1);
    assert_eq!(answer.json()["summary"]["isolated"], json!(["net", "uts"]));
}

#[test]
fn what_an_ordinary_user_may_not_see_is_unknown_and_no_answer_to_a_requirement() {
    needs_root!();
    let it = started!(Sandbox::start(&["-u"], ""));
    let pid = it.pid.to_string();
    let answer = nsinspect_as_nobody(&["diff", "--json", &pid, "--require", "uts"]).expect(2);
    let document = answer.json();
    assert_eq!(document["summary"]["shared"], json!([]));
    assert_eq!(document["summary"]["isolated"], json!([]));
    for kind in document["namespaces"].as_array().unwrap() {
        assert_eq!(kind["state"], "unknown");
        assert_eq!(kind["subject"], json!(null));
        if kinds().contains(&kind["type"].as_str().unwrap()) {
            assert_eq!(kind["unknown"]["subject"], "denied", "{kind:#}");
        }
    }
    let row = document["coverage"]["unreadable"].as_array().unwrap();
    assert!(
        row.contains(&json!({"pid": it.pid, "reason": "denied"})),
        "{row:?}"
    );
    assert!(answer.stderr.contains(&pid), "{}", answer.stderr);
}

#[test]
fn exit_code_tells_twins_from_others() {
    needs_root!();
    let one = started!(Sandbox::start(&[], ""));
    let other = started!(Sandbox::start(&[], ""));
    let elsewhere = started!(Sandbox::start(&["-i"], ""));
    let [one, other, elsewhere] = [one.pid, other.pid, elsewhere.pid].map(|pid| pid.to_string());
    assert_eq!(code(&[&one, &other, "--exit-code"]), 0);
    assert_eq!(code(&[&one, &elsewhere, "--exit-code"]), 1);
    assert_eq!(code(&[&elsewhere, &one, "--exit-code"]), 1);
    // Without the option a difference is just the answer.
    assert_eq!(code(&[&elsewhere, &one]), 0);
    Diffed::of(&[&one, &other]).assert_isolated(one.parse().unwrap(), &[]);
    Diffed::of(&[&elsewhere, &one]).assert_isolated(elsewhere.parse().unwrap(), &["ipc"]);
}

#[test]
fn strict_makes_a_refused_init_no_answer_and_is_satisfied_by_one_that_can_be_read() {
    needs_root!();
    let it = started!(Sandbox::start(&["-u"], ""));
    let pid = it.pid.to_string();
    let own = crate::support::facts::own_pid().to_string();
    let init_is_readable = fs::read_link("/proc/1/ns/user").is_ok();
    let expected = if init_is_readable { 0 } else { 2 };
    assert_eq!(code(&[&pid, "--strict"]), expected);
    let document = Diffed::of(&[&pid]).0;
    assert_eq!(document["coverage"]["complete"], init_is_readable);
    let source = if init_is_readable { "pid1" } else { "kthreadd" };
    let found = &document["reference"]["source"];
    assert!(found == source || found == "initial-inodes", "{found}");
    assert_eq!(code(&[&pid, &own, "--strict"]), 0);
    // A script that asked for a complete look and did not get one is told so before it is told no.
    let expected = if init_is_readable { 1 } else { 2 };
    assert_eq!(code(&[&pid, "--strict", "--require", "user"]), expected);
    assert_eq!(code(&[&pid, "--require", "user"]), 1);
}

#[test]
fn what_is_not_there_is_no_answer_and_a_namespace_that_is_not_there_is_a_no() {
    for (args, code, word) in [
        (&["diff", "4194304"][..], 2, "4194304"),
        (&["show", "4194304"], 2, "4194304"),
        (&["pid", "4194304"], 2, "4194304"),
        (&["diff", "self", "4194304"], 2, "4194304"),
        (&["diff", "0"], 2, "\"0\""),
        (&["show", "net:[1]"], 1, "net:[1]"),
        (&["list", "1"], 1, "1"),
        (&["show", "docker:0123456789ab"], 2, "0123456789ab"),
        (&["show", "/proc/self/status"], 2, "/proc/self/status"),
        (&["show", "/no/such/file"], 2, "/no/such/file"),
    ] {
        let answer = nsinspect(args);
        assert_eq!(answer.code, code, "{args:?} {answer:?}");
        assert!(answer.stderr.contains(word), "{args:?} {answer:?}");
        assert_eq!(answer.stdout, "", "{args:?}");
    }
}
