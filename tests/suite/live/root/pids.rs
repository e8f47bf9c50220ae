//! One process, one number in every pid namespace.

use std::process::Command;

use serde_json::{Value, json};

use crate::runtimes::started;
use crate::support::facts::{inode, numbers, own_pid, status};
use crate::support::process::children;
use crate::support::run::nsinspect;
use crate::support::sandbox::{Sandbox, then_sleep};

/// A pid namespace in a pid namespace; its one process and its parent, the init of the outer one.
fn nested() -> Result<(Sandbox, i32), String> {
    let script = format!(
        "exec unshare -p --mount-proc --kill-child sh -c '{}'",
        then_sleep("")
    );
    let mut outer = Command::new("unshare");
    outer.args(["-p", "--mount-proc", "--kill-child"]);
    let it = Sandbox::run(outer.args(["sh", "-c", &script]))?;
    let middle = *children(it.outer()).first().ok_or("the middle is gone")?;
    Ok((it, middle))
}

#[test]
fn a_nested_process_has_a_number_at_every_level() {
    needs_root!();
    let (it, middle) = started!(nested());
    let numbers = numbers(&status(it.pid, "NSpid"));
    assert_eq!(numbers.len(), 1 + 2, "{numbers:?}");
    let namespaces = [own_pid(), middle, it.pid].map(|pid| inode(pid, "pid"));
    let expected: Vec<Value> = namespaces
        .iter()
        .zip(&numbers)
        .map(|(ns, pid)| json!({"ns": ns, "pid": pid}))
        .collect();
    let pid = it.pid.to_string();
    let translated = nsinspect(&["pid", "--json", &pid]).expect(0).json();
    assert_eq!(translated["schema"], "nsinspect.pid/1");
    assert_eq!(translated["pids"], json!(expected));
    let shown = nsinspect(&["show", "--json", &pid]).expect(0).json();
    assert_eq!(shown["process"]["pids"], json!(expected));
}

#[test]
fn a_number_is_translated_both_ways_between_here_and_any_level() {
    needs_root!();
    let (it, middle) = started!(nested());
    let numbers = numbers(&status(it.pid, "NSpid"));
    let translate = |pid: u64, within: i32| {
        let answer = nsinspect(&[
            "pid",
            "--json",
            &pid.to_string(),
            "--in",
            &within.to_string(),
        ]);
        let document = answer.expect(0).json();
        assert_eq!(document["within"], inode(within, "pid"));
        (document["to_inside"].clone(), document["to_here"].clone())
    };
    let here = |pid: i32| u64::try_from(pid).unwrap();
    assert_eq!(translate(here(it.pid), it.pid).0, 1);
    assert_eq!(translate(1, it.pid).1, it.pid);
    assert_eq!(translate(here(it.pid), middle).0, numbers[1]);
    assert_eq!(translate(numbers[1], middle).1, it.pid);
    assert_eq!(translate(1, middle).1, middle);
    // Nobody outside is seen from inside, and nobody inside has such a number.
    let (own, own_text) = (own_pid().to_string(), it.pid.to_string());
    let unseen = nsinspect(&["pid", "--json", &own, "--in", &own_text]).expect(1);
    assert_eq!(unseen.json()["to_inside"], json!(null));
    assert_eq!(unseen.json()["to_here"], json!(null));
}

#[test]
fn the_tree_of_pid_namespaces_nests_as_they_do() {
    needs_root!();
    let (it, middle) = started!(nested());
    let document = nsinspect(&["tree", "--by", "pid", "--json"])
        .expect(0)
        .json();
    let outer = find_branch(&document["roots"], inode(middle, "pid")).expect("the outer one");
    let inner = find_branch(&outer["children"], inode(it.pid, "pid")).expect("the inner one");
    assert_eq!(outer["parent"], inode(own_pid(), "pid"));
    assert_eq!(inner["parent"], inode(middle, "pid"));
    assert_eq!(inner["processes"][0]["pid"], it.pid);
    assert_eq!(inner["processes"].as_array().unwrap().len(), 1);
    assert_eq!(outer["processes"][0]["pid"], middle);
    assert_eq!(outer["processes"].as_array().unwrap().len(), 1);
}

fn find_branch(branches: &Value, ns: u64) -> Option<&Value> {
    branches.as_array()?.iter().find_map(|branch| {
        let here = (branch["ns"] == ns).then_some(branch);
        here.or_else(|| find_branch(&branch["children"], ns))
    })
}
