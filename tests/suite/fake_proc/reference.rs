//! The reference, where PID 1 may be refused or another namespace's.

use super::*;

fn reference(proc: &FakeProc) -> Value {
    document(proc, &["diff", "7"])["reference"].clone()
}

#[test]
fn pid_1_in_the_initial_namespaces_is_the_hosts_init() {
    let proc = FakeProc::with([isolated()]);
    let expected = json!({"pid": 1, "source": "pid1", "host_init": true});
    assert_eq!(reference(&proc), expected);
}

#[test]
fn pid_1_of_another_pid_namespace_is_not_the_hosts_init() {
    let proc = FakeProc::new();
    let inner = [("pid", 4_026_532_010)];
    proc.add(Task::init().within(&inner));
    proc.add(isolated().within(&inner));
    let expected = json!({"pid": 1, "source": "pid1", "host_init": false});
    assert_eq!(reference(&proc), expected);
    let text = on(&proc, &["diff", "7"]).run();
    assert!(
        text.text().contains("PID 1 here is not the host's init"),
        "{text:?}"
    );
}

#[test]
fn without_pid_1_kthreadd_is_the_reference() {
    let proc = FakeProc::new();
    proc.add(Task::kthreadd());
    proc.add(isolated());
    let expected = json!({"pid": 2, "source": "kthreadd", "host_init": true});
    assert_eq!(reference(&proc), expected);
}

#[test]
fn without_both_the_numbers_of_the_initial_namespaces_are_the_reference() {
    let proc = FakeProc::new();
    proc.add(isolated());
    let document = document(&proc, &["diff", "7"]);
    let expected = json!({"pid": null, "source": "initial-inodes", "host_init": null});
    assert_eq!(document["reference"], expected);
    // Only newer kernels fix the inodes of net and mnt; nobody says what this one does.
    assert_eq!(
        document["summary"],
        json!({
            "shared": ["user", "pid", "ipc", "uts", "cgroup", "time"],
            "isolated": [],
            "unknown": ["mnt", "net"],
        })
    );
}

#[test]
fn a_process_that_calls_itself_kthreadd_is_not_believed() {
    let proc = FakeProc::new();
    proc.add(
        Task::new(2)
            .parent(0)
            .comm("kthreadd")
            .args(&[])
            .within(&[("uts", 4_026_532_011)]),
    );
    proc.add(isolated());
    let document = document(&proc, &["diff", "7"]);
    let expected = json!({"pid": null, "source": "initial-inodes", "host_init": null});
    assert_eq!(document["reference"], expected);
    assert_eq!(document["summary"]["isolated"], json!([]));
}

// Names that somebody chose.
