//! What is read of each process, and how it is counted.

use super::*;

/// The file is about the namespace of the next child.
#[test]
fn offsets_of_the_next_child_are_not_told_as_those_of_the_process() {
    let proc = FakeProc::with([isolated().within(&[("time", 4_026_532_030)])]);
    proc.write("7/timens_offsets", "monotonic 5 0\nboottime 9 0\n");
    let time = |proc: &FakeProc| {
        let document = document(proc, &["diff", "7"]);
        let kinds = document["namespaces"].as_array().unwrap().clone();
        kinds.into_iter().find(|it| it["type"] == "time").unwrap()
    };
    let same = time(&proc);
    assert_eq!(same["state"], "isolated");
    assert_eq!(same["differences"][0]["subject"]["seconds"], 5, "{same:#}");
    proc.relink(7, "ns/time_for_children", Some("time:[4026532031]"));
    let other = time(&proc);
    assert_eq!(other["state"], "isolated");
    assert_eq!(other["differences"][0]["subject"], Value::Null, "{other:#}");
}

#[test]
fn each_of_the_ten_links_has_a_result_of_its_own() {
    let proc = FakeProc::with([Task::new(7)]);
    proc.relink(7, "ns/cgroup", None);
    proc.relink(7, "ns/ipc", Some("net:[4026531833]"));
    proc.relink(7, "ns/uts", Some("uts:[many]"));
    proc.relink(7, "ns/net", Some("/dev/null"));
    proc.relink(7, "ns/time", Some(&"x".repeat(200)));
    proc.relink(7, "ns/user", None);
    fs::write(proc.file(7, "ns/user"), "user:[4026531837]").unwrap();
    proc.relink(7, "ns/pid_for_children", Some("pid:[4026532008]"));
    proc.relink(7, "ns/time_for_children", Some("time:[4026532009"));

    let process = &document(&proc, &["show", "7"])["process"];
    assert_eq!(
        process["namespaces"],
        json!({
            "cgroup": null, "ipc": null, "mnt": 4_026_531_832_u64, "net": null,
            "pid": 4_026_531_836_u64, "time": null, "user": null, "uts": null,
        })
    );
    assert_eq!(process["pid_for_children"], 4_026_532_008_u64);
    assert_eq!(process["time_for_children"], Value::Null);
    let unknown = |name: &str| process["unknown"][name].as_str();
    assert_eq!(unknown("namespaces.cgroup"), Some("gone"));
    assert_eq!(
        unknown("namespaces.ipc"),
        Some("failed: not a link to a ipc namespace")
    );
    assert_eq!(
        unknown("namespaces.uts"),
        Some("failed: not a link to a uts namespace")
    );
    assert_eq!(
        unknown("namespaces.net"),
        Some("failed: not a link to a net namespace")
    );
    assert_eq!(
        unknown("namespaces.time"),
        Some("failed: ENAMETOOLONG (File name too long)")
    );
    assert_eq!(
        unknown("namespaces.user"),
        Some("failed: EINVAL (Invalid argument)")
    );
    assert_eq!(
        unknown("time_for_children"),
        Some("failed: not a link to a time namespace")
    );
}

#[test]
fn a_link_that_is_no_namespace_makes_the_coverage_incomplete() {
    let proc = FakeProc::with([Task::new(7)]);
    proc.relink(7, "ns/net", Some("uts:[4026531833]"));
    let coverage = &document(&proc, &["list"])["coverage"];
    let expected = json!([{"pid": 7, "reason": "failed: not a link to a net namespace"}]);
    assert_eq!(coverage["unreadable"], expected);
    assert_eq!(coverage["complete"], false);
    assert_eq!(
        coverage["processes"],
        json!({"seen": 3, "denied": 0, "gone": 0})
    );
}

#[test]
fn processes_are_counted_by_namespace() {
    let proc = FakeProc::with([isolated(), Task::new(8).within(&[("net", 4_026_532_007)])]);
    let document = document(&proc, &["list"]);
    let nets: Value = namespaces(&document, "net")
        .into_iter()
        .map(|it| {
            fields(
                it,
                &[
                    "ns", "nprocs", "nthreads", "pid", "ppid", "initial", "command",
                ],
            )
        })
        .collect();
    assert_eq!(
        nets,
        json!([
            [4_026_531_833_u64, 2, 2, 1, 0, true, "/sbin/init"],
            [4_026_532_007_u64, 2, 2, 7, 1, false, "worker --quiet"],
        ])
    );
    assert_eq!(namespaces(&document, "uts")[0]["nprocs"], 4);
}

#[test]
fn a_namespace_only_for_children_is_listed_with_what_holds_it() {
    let proc = FakeProc::with([Task::new(7)]);
    proc.relink(7, "ns/pid_for_children", Some("pid:[4026532008]"));
    let document = document(&proc, &["list", "--persistent"]);
    let rows: Value = document["namespaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let holders = it["holders"].as_array().unwrap();
            let holders: Value = holders
                .iter()
                .map(|it| fields(it, &["by", "pid"]))
                .collect();
            json!([fields(it, &["ns", "type", "nprocs", "pid"]), holders])
        })
        .collect();
    assert_eq!(
        rows,
        json!([[[4_026_532_008_u64, "pid", 0, null], [["for_children", 7]]]])
    );
}

#[test]
fn a_dead_process_is_in_its_user_and_pid_namespace_only() {
    let proc = FakeProc::with([isolated().state('Z').args(&[])]);
    for link in [
        "cgroup",
        "ipc",
        "mnt",
        "net",
        "time",
        "uts",
        "pid_for_children",
        "time_for_children",
    ] {
        proc.relink(7, &format!("ns/{link}"), None);
    }
    let list = document(&proc, &["list"]);
    for kind in ["user", "pid"] {
        assert_eq!(namespaces(&list, kind)[0]["nprocs"], 3, "{kind}");
    }
    for kind in ["cgroup", "ipc", "mnt", "net", "time", "uts"] {
        assert_eq!(namespaces(&list, kind)[0]["nprocs"], 2, "{kind}");
    }
    assert_eq!(list["coverage"]["complete"], true, "nothing was withheld");
    let tree = document(&proc, &["tree"]);
    assert_eq!(
        pruned(&tree["roots"], &["label", "nprocs"]),
        json!([[["host", 2], []]])
    );
    let tree = document(&proc, &["tree", "--by", "process"]);
    let dead = &tree["roots"][0]["children"][0];
    assert_eq!(
        fields(dead, &["pid", "command", "own"]),
        json!([7, "worker", []])
    );
}

// What a process is compared with.
