//! Owners and parents that no process is in.

use serde_json::{Value, json};

use super::{everything, is_held, needs_root, record};
use crate::support::facts;
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
    in_tree_below(outer["ns"].as_u64().unwrap(), inner);
}

/// `tree --by user` shows the empty one with the other below it.
fn in_tree_below(outer: u64, inner: u64) {
    let document = nsinspect(&["tree", "--by", "user", "-J"]).expect(0).json();
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
