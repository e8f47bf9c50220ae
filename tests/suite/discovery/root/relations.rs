//! Owners and parents that no process is in.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::Duration;

use serde_json::{Value, json};

use super::{everything, is_held, needs_root, record};
use crate::support::facts;
use crate::support::process::wait_until;
use crate::support::run::nsinspect;
use crate::support::sandbox::Sandbox;

#[test]
fn a_user_namespace_without_a_process_is_held_by_the_one_below_it() {
    needs_root!();
    // unshare becomes the next unshare, so that nobody stays in the first user namespace.
    let nested = ["--user", "--map-root-user", "unshare", "--user"];
    let sandbox = match Sandbox::start(&nested, "") {
        Ok(sandbox) => sandbox,
        Err(reason) => skip!("{reason}"),
    };
    let inner = facts::inode(sandbox.pid, "user");
    let document = everything();
    let outer = record(&document, "user", inner)["parent"].as_u64();
    let outer = record(&document, "user", outer.expect("a parent"));
    assert_eq!(outer["nprocs"], 0);
    assert_eq!(outer["owner_uid"], 0);
    assert_eq!(outer["parent"], facts::inode(facts::own_pid(), "user"));
    is_held(&outer, &json!({"by": "child", "type": "user", "ns": inner}));
    in_tree_below("user", outer["ns"].as_u64().unwrap(), inner);
}

/// Whoever kills the init of a pid namespace kills all below it too, so both are empty.
#[test]
fn a_pid_namespace_without_a_process_is_held_by_the_one_below_it() {
    needs_root!();
    let nested = ["--fork", "--pid", "unshare", "--fork", "--pid"];
    let sandbox = match Sandbox::start(&nested, "") {
        Ok(sandbox) => sandbox,
        Err(reason) => skip!("{reason}"),
    };
    let pid = sandbox.pid;
    let inner = facts::inode(pid, "pid");
    let held = File::open(format!("/proc/{pid}/ns/pid")).expect("root may");
    drop(sandbox);
    let outer = || record(&everything(), "pid", inner)["parent"].as_u64();
    let outer = outer().expect("a parent");
    let is_empty = || {
        let document = everything();
        let empty = |inode| record(&document, "pid", inode)["nprocs"] == 0;
        empty(inner) && empty(outer)
    };
    wait_until(Duration::from_secs(10), "both to be empty", is_empty).expect("they end");
    let document = everything();
    let holder = json!({"by": "child", "type": "pid", "ns": inner});
    is_held(&record(&document, "pid", outer), &holder);
    let holder = json!({"by": "fd", "pid": facts::own_pid(), "fd": held.as_raw_fd()});
    is_held(&record(&document, "pid", inner), &holder);
    in_tree_below("pid", outer, inner);
}

/// `tree` shows the empty one with the other below it.
fn in_tree_below(by: &str, outer: u64, inner: u64) {
    let tree = nsinspect(&["tree", "--by", by, "--depth", "full", "-J"]);
    let document = tree.expect(0).json();
    let outer = node(&document["roots"], outer).expect("the outer one is in the tree");
    assert!(node(&outer["children"], inner).is_some(), "{outer:#}");
}

fn node(branches: &Value, inode: u64) -> Option<&Value> {
    branches
        .as_array()?
        .iter()
        .find_map(|branch| match &branch["ns"] {
            ns if *ns == inode => Some(branch),
            _ => node(&branch["children"], inode),
        })
}
