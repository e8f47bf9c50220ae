//! Sets of namespaces and members of one, as lists and trees show them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::runtimes::started;
use crate::support::facts::{find, inode, kinds, own_pid, proc_file, stat};
use crate::support::process::{children, wait_until};
use crate::support::run::nsinspect;
use crate::support::sandbox::Sandbox;

/// The set of namespaces that a process is in, and the one above it.
fn set_of<'a>(
    branches: &'a Value,
    above: Option<&'a Value>,
    pid: i32,
) -> Option<(&'a Value, Option<&'a Value>)> {
    branches.as_array()?.iter().find_map(|branch| {
        let here = branch["processes"].as_array()?.contains(&json!(pid));
        match here {
            true => Some((branch, above)),
            false => set_of(&branch["children"], Some(branch), pid),
        }
    })
}

fn words(array: &Value) -> Vec<&str> {
    let mut words: Vec<_> = array
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    words.sort_unstable();
    words
}

#[test]
fn a_new_set_is_below_the_set_that_it_was_made_from() {
    needs_root!();
    let script = "unshare -u sh -c 'sleep 1000 & wait' &";
    let it = started!(Sandbox::start(&["-n", "-i", "-p", "--kill-child"], script));
    let below = children(it.pid)[0];
    wait_until(Duration::from_secs(10), "two in a set", || {
        !children(below).is_empty()
    })
    .unwrap();

    let document = nsinspect(&["tree", "--json"]).expect(0).json();
    assert_eq!(document["schema"], "nsinspect.tree/1");
    assert_eq!(document["by"], "set");
    let (set, above) = set_of(&document["roots"], None, it.pid).expect("the set");
    let (inner, made_from) = set_of(&document["roots"], None, below).expect("the set below");
    assert_eq!(made_from, Some(set));
    // unshare, which waits for its child, is in all of its new namespaces but that of its children.
    let above = above.expect("a set above");
    assert_eq!(above["processes"], json!([it.outer()]));
    assert_eq!(words(&above["own"]), ["ipc", "net"]);
    let (own, _) = set_of(&document["roots"], None, own_pid()).expect("our own set");
    assert!(own["children"].as_array().unwrap().contains(above));

    assert_eq!(words(&set["own"]), ["pid"]);
    let shared: Vec<_> = kinds().into_iter().filter(|kind| *kind != "pid").collect();
    assert_eq!(words(&set["shared"]), shared);
    assert_eq!(set["nprocs"], 1);
    assert_eq!(set["processes"], json!([it.pid]));
    for kind in kinds() {
        assert_eq!(set["namespaces"][kind], inode(it.pid, kind), "{kind}");
    }
    assert_eq!(words(&inner["own"]), ["uts"]);
    assert_eq!(inner["nprocs"], 2);
    let mut members = vec![below];
    members.extend(children(below));
    members.sort_unstable();
    assert_eq!(inner["processes"], json!(members));
}

#[test]
fn a_list_of_one_namespace_names_its_members() {
    needs_root!();
    let it = started!(Sandbox::start(
        &["-u", "-p", "--kill-child"],
        "sleep 1000 &"
    ));
    let uts = inode(it.pid, "uts");
    let document = nsinspect(&["list", "--json", &uts.to_string()]);
    let document = document.expect(0).json();
    assert_eq!(document["schema"], "nsinspect.members/1");
    let mut members = [it.outer(), it.pid, children(it.pid)[0]];
    members.sort_unstable();
    let expected: Vec<Value> = members.iter().map(|pid| member(*pid)).collect();
    assert_eq!(document["processes"], json!(expected));
    let namespace = &document["namespace"];
    assert_eq!(namespace["nprocs"], 3);
    assert_eq!(namespace["pid"], members[0]);
    assert_eq!(namespace["ns"], uts);
}

fn member(pid: i32) -> Value {
    let ppid: i32 = stat(pid, 4).parse().unwrap();
    let command = proc_file(pid, "cmdline")
        .trim_end_matches('\0')
        .replace('\0', " ");
    json!({
        "pid": pid,
        "ppid": ppid,
        "uid": 0,
        "user": "root",
        "command": command,
        "unknown": {},
    })
}

#[test]
fn a_row_of_the_list_says_who_is_in_a_namespace_and_who_governs_it() {
    needs_root!();
    let it = started!(Sandbox::start_as_nobody(
        &["-U", "-r", "-u", "-p", "--kill-child"],
        ""
    ));
    let pid = it.pid.to_string();
    let document = nsinspect(&["list", "--json", "-p", &pid]).expect(0).json();
    let rows = &document["namespaces"];
    assert_eq!(rows.as_array().unwrap().len(), kinds().len());
    for kind in kinds() {
        let row = find(rows, "type", kind);
        assert_eq!(row["ns"], inode(it.pid, kind));
    }
    let own = |kind| find(rows, "type", kind);
    let user = inode(it.pid, "user");
    assert_eq!(own("uts")["owner"], user);
    assert_eq!(own("pid")["owner"], user);
    assert_eq!(own("pid")["parent"], inode(own_pid(), "pid"));
    assert_eq!(own("user")["parent"], inode(own_pid(), "user"));
    assert_eq!(own("user")["owner_uid"], 65534);
    assert_eq!(own("user")["initial"], false);
    assert_eq!(own("pid")["pid"], it.pid);
    assert_eq!(own("pid")["command"], "sleep 300");
    assert_eq!(own("pid")["nprocs"], 1);
    // unshare, which waits for its child in the outer pid namespace, is in the other two.
    for kind in ["user", "uts"] {
        assert_eq!(own(kind)["nprocs"], 2, "{kind}");
        assert_eq!(own(kind)["pid"], it.outer(), "{kind}");
        assert_eq!(own(kind)["uid"], 65534, "{kind}");
    }
}
