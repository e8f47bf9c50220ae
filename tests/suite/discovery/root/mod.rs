//! Ways to hold a namespace that take root to arrange: one test a layer.

mod descriptors;
mod hostile;
mod kernel;
mod mounts;
mod relations;
mod tasks;

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use nix::sched::{CloneFlags, unshare};
use serde_json::Value;

use crate::support::run::nsinspect;

/// Ends the test here, skipped, unless it runs as root.
macro_rules! needs_root {
    () => {
        if !$crate::support::skip::is_root() {
            skip!("needs root");
        }
    };
}
use needs_root;

/// The whole answer at full depth.
fn everything() -> Value {
    nsinspect(&["list", "--depth", "full", "-J"])
        .expect(0)
        .json()
}

/// The record of a namespace; there is exactly one.
fn record(document: &Value, kind: &str, inode: u64) -> Value {
    let all = document["namespaces"].as_array().expect("an array").iter();
    let found: Vec<&Value> = all
        .filter(|it| it["type"] == kind && it["ns"] == inode)
        .collect();
    assert_eq!(found.len(), 1, "{kind}:[{inode}] in {document:#}");
    found[0].clone()
}

/// A namespace that no process is in and that the user namespace of the tests governs.
fn is_governed_and_empty(record: &Value) {
    let owner = crate::support::facts::inode(crate::support::facts::own_pid(), "user");
    assert_eq!(record["owner"], owner, "{record:#}");
    assert_eq!(record["nprocs"], 0, "{record:#}");
    assert_eq!(record["pid"], Value::Null, "{record:#}");
}

/// Whether a holder with these fields is among those of the record.
fn is_held(record: &Value, fields: &Value) {
    let holders = record["holders"].as_array().expect("an array");
    let fits = |holder: &Value| {
        let fields = fields.as_object().expect("an object");
        fields.iter().all(|(field, value)| holder[field] == *value)
    };
    assert!(holders.iter().any(fits), "{fields} among {holders:#?}");
}

/// Leaves the namespace of the calling thread, and opens the new one.
fn new_namespace(flag: CloneFlags, name: &str) -> File {
    unshare(flag).expect("root may unshare");
    File::open(format!("/proc/thread-self/ns/{name}")).expect("our own namespace")
}

/// Does something in a thread that has ended when this returns.
fn in_passing_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().expect("no panic"))
}

fn inode(file: &File) -> u64 {
    file.metadata().expect("an open file").ino()
}
