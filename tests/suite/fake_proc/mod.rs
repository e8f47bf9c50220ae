//! Trees that look like a procfs: what no machine would show to order, and what a hostile process
//! would like nsinspect to read.

mod audits;
mod hostile;
mod links;
mod lists;
mod names;
mod reference;
mod refusals;
mod saved;
mod trees;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fake_proc::{FakeProc, Task};
use crate::support::nsinspect::{Answer, NOBODY, Run, nsinspect};
use crate::support::skip::is_root;

/// Every command that looks at a tree, with process 7 in it.
const LOOKS: [&[&str]; 13] = [
    &["list"],
    &["list", "4026531838"],
    &["tree", "--by", "set"],
    &["tree", "--by", "user"],
    &["tree", "--by", "pid"],
    &["tree", "--by", "process"],
    &["show", "7"],
    &["show", "net:[4026532007]"],
    &["diff", "7"],
    &["pid", "7"],
    &["audit", "7"],
    &["audit", "--all", "-v"],
    &["doctor"],
];

const CONTAINER: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";

fn on(proc: &FakeProc, args: &[&str]) -> Run {
    nsinspect(args.iter().copied()).proc(proc.path())
}

fn document(proc: &FakeProc, args: &[&str]) -> Value {
    on(proc, args).arg("--json").run().document()
}

/// A process with a network namespace of its own, which rows are then named after.
fn isolated() -> Task {
    Task::new(7).within(&[("net", 4_026_532_007)])
}

/// The fields of a record, in this order.
fn fields(record: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| record[*name].clone()).collect()
}

fn namespaces<'a>(document: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = document["namespaces"].as_array().unwrap();
    all.iter().filter(|it| it["type"] == kind).collect()
}

/// The tree of a document with only these fields of each node left.
fn pruned(nodes: &Value, names: &[&str]) -> Value {
    let prune = |node: &Value| json!([fields(node, names), pruned(&node["children"], names)]);
    nodes.as_array().unwrap().iter().map(prune).collect()
}

// What a process is in.

/// A container as docker makes it, with a nested set in it and a shell of the host beside it.
fn with_container() -> FakeProc {
    let inner = [
        ("pid", 4_026_532_100),
        ("mnt", 4_026_532_101),
        ("net", 4_026_532_102),
        ("ipc", 4_026_532_103),
        ("uts", 4_026_532_104),
    ];
    let cgroup = format!("/docker/{CONTAINER}");
    let shell = Task::new(20).comm("bash").args(&["-bash"]);
    let nginx = Task::new(30)
        .parent(20)
        .comm("nginx")
        .args(&["nginx: master"]);
    let nginx = nginx.within(&inner).cgroup(&cgroup).numbers(&[30, 1]);
    let worker = Task::new(31)
        .parent(30)
        .comm("nginx")
        .args(&["nginx: worker"]);
    let worker = worker.within(&inner).cgroup(&cgroup).numbers(&[31, 7]);
    let nested = Task::new(32)
        .parent(31)
        .comm("sh")
        .within(&inner)
        .numbers(&[32, 8]);
    let nested = nested.within(&[("net", 4_026_532_105)]);
    FakeProc::with([shell, nginx, worker, nested])
}

/// A tree in which everything that can be named is called so.
fn named(name: &[u8]) -> FakeProc {
    let text = String::from_utf8_lossy(name);
    // The kernel itself refuses a newline in a cgroup's path, and escapes it in a mount's.
    let one_line = text.replace('\n', "_");
    let mounts = format!("22 1 254:1 /{one_line} /{one_line} rw - ext4 /dev/{one_line} rw\n");
    let task = isolated()
        .comm(name)
        .cmdline([name, b"\0", name, b"\0"].concat())
        .cgroup(&format!("/lxc.payload.{one_line}"))
        .mountinfo(mounts);
    let own_uts = Task::new(8)
        .comm(name)
        .args(&[])
        .within(&[("uts", 4_026_532_012)]);
    let proc = FakeProc::with([task, own_uts]);
    proc.write("sys/kernel/hostname", name);
    proc.write("7/attr/current", name);
    proc
}
