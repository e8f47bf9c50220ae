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

/// A container, seen from within, on a kernel that fixes no numbers for net and mnt.
fn within_a_container() -> FakeProc {
    let own = [
        ("pid", 4_026_532_010),
        ("mnt", 4_026_532_011),
        ("net", 4_026_532_012),
        ("uts", 4_026_532_013),
    ];
    let proc = FakeProc::new();
    proc.add(Task::init().within(&own));
    proc.add(Task::new(7).within(&own));
    proc
}

#[test]
fn within_a_container_claims_are_decided_by_the_numbers_that_are_fixed_and_else_undecided() {
    let proc = within_a_container();
    let all = "user,pid,mnt,net,ipc,uts,cgroup,time";
    let answer = on(&proc, &["verify", "7", "--require", all]).run();
    let not_tried = "not tried: --proc names no procfs of our own pid namespace";
    let unknown = |kind| {
        format!(
            "the host's {kind} namespace is not known: this kernel is not known to fix a number for \
             it, and PID 1 here is not the host's init; {not_tried}"
        )
    };
    let expected = format!(
        "7 worker --quiet\n\
         FAILS      user isolated    read: it is in user:[4026531837], the host's\n\
         FAILS      ipc isolated     read: it is in ipc:[4026531839], the host's\n\
         FAILS      cgroup isolated  read: it is in cgroup:[4026531835], the host's\n\
         FAILS      time isolated    read: it is in time:[4026531834], the host's\n\
         undecided  mnt isolated     {}\n\
         undecided  net isolated     {}\n\
         holds      pid isolated     read: it is in pid:[4026532010], the host's is 4026531836; \
         {not_tried}\n\
         holds      uts isolated     read: it is in uts:[4026532013], the host's is 4026531838; \
         {not_tried}\n\n\
         4 fail, 2 undecided, 2 hold\n",
        unknown("mnt"),
        unknown("net"),
    );
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (Some(1), expected.as_str())
    );
    let answer = on(&proc, &["verify", "7", "--require", "net"]).run();
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let answer = on(&proc, &["verify", "7", "--require", "pid"]).run();
    assert_eq!(answer.code, Some(0), "{answer:?}");
}

#[test]
fn of_an_init_whose_pid_namespace_cannot_be_read_nobody_says_that_it_is_the_hosts() {
    let proc = FakeProc::new();
    let own = [("uts", 4_026_532_013), ("net", 4_026_532_012)];
    proc.add(Task::init().within(&own));
    proc.relink(1, "ns/pid", Some("nonsense"));
    proc.add(Task::new(7).within(&own));
    let expected = json!({"pid": 1, "source": "pid1", "host_init": null});
    assert_eq!(reference(&proc), expected);
    let text = on(&proc, &["diff", "7"]).run();
    let says = "whether PID 1 here is the host's init is not known";
    assert!(text.text().contains(says), "{text:?}");
    assert!(!text.text().contains("the host (PID 1)"), "{text:?}");
    let text = on(&proc, &["tree"]).run();
    assert!(text.text().ends_with(&format!("{says}\n")), "{text:?}");
    let answer = on(&proc, &["verify", "7", "--require", "uts,net"]).run();
    let verdict = |claim: &str| {
        let mut lines = answer.stdout.lines();
        let line = lines.find(|it| it.contains(claim)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(verdict("uts isolated"), "holds");
    assert_eq!(verdict("net isolated"), "undecided");
}

#[test]
fn where_pid_1_is_the_hosts_init_what_is_shared_with_it_is_the_hosts_without_a_number() {
    // An ordinary user of an old kernel, whom kthreadd refuses.
    let proc = FakeProc::new();
    proc.add(Task::init().within(&[("net", 4_026_532_001)]));
    proc.add(Task::new(7).within(&[("net", 4_026_532_001)]));
    proc.add(Task::new(8).within(&[("net", 4_026_532_002)]));
    let code = |target| {
        on(&proc, &["verify", target, "--require", "net"])
            .run()
            .code
    };
    assert_eq!((code("7"), code("8")), (Some(1), Some(0)));
}

#[test]
fn children_of_an_init_that_refuses_are_not_compared_with_the_host_where_it_may_be_a_containers() {
    let proc = within_a_container();
    for kind in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
        proc.relink(1, &format!("ns/{kind}"), Some("nonsense"));
    }
    let document = document(&proc, &["tree", "--by", "process"]);
    let child = &document["roots"][0]["children"][0];
    assert_eq!(fields(child, &["pid", "own"]), json!([7, []]));
}

// Names that somebody chose.
