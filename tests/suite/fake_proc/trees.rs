//! Trees as JSON and as text.

use super::*;

#[test]
fn sets_hang_below_those_that_they_were_made_from() {
    let document = document(&with_container(), &["tree"]);
    assert_eq!(document["by"], "set");
    assert_eq!(
        pruned(&document["roots"], &["label", "own", "shared", "processes"]),
        json!([[
            [
                "host",
                ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time"],
                [],
                [1, 2, 20],
            ],
            [[
                [
                    "docker 4f4dddfccada",
                    ["pid", "mnt", "net", "ipc", "uts"],
                    ["user", "cgroup", "time"],
                    [30, 31],
                ],
                [[
                    [
                        "sh (32)",
                        ["net"],
                        ["user", "pid", "mnt", "ipc", "uts", "cgroup", "time"],
                        [32],
                    ],
                    [],
                ]],
            ]],
        ]])
    );
    let set = &document["roots"][0]["children"][0];
    let named = json!({"runtime": "docker", "id": CONTAINER, "name": null});
    // Nobody can say here who has made that cgroup.
    let mut container = json!({
        "image": null, "owner": "unknown", "pod": null, "pod_namespace": null, "pod_uid": null,
        "confidence": "medium", "around": [], "cgroup": named, "doubt": null,
        "evidence": [{"field": "id", "source": "/proc/30/cgroup", "confidence": "medium",
            "author": "unknown", "value": format!("/docker/{CONTAINER}")}],
    });
    let object = container.as_object_mut().unwrap();
    object.extend(named.as_object().unwrap().clone());
    assert_eq!(set["container"], container);
    // In the same pid and mount namespace, but not in the cgroup.
    container["cgroup"] = Value::Null;
    container["doubt"] = json!("its cgroup is not the container's: /");
    assert_eq!(set["children"][0]["container"], container);
}

#[test]
fn the_host_is_found_where_only_the_fixed_numbers_tell_it() {
    let proc = FakeProc::new();
    proc.add(Task::init());
    let document = document(&proc, &["tree"]);
    assert_eq!(
        pruned(&document["roots"], &["label"]),
        json!([[["host"], []]])
    );
}

#[test]
fn the_text_of_a_set_tree_names_container_and_own_namespaces() {
    let answer = on(&with_container(), &["tree"]).run();
    let line = answer.text().lines().find(|line| line.contains("docker"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(
        words,
        [
            "└─",
            "docker",
            "4f4dddfccada",
            "·",
            "pid",
            "mnt",
            "net",
            "ipc",
            "uts",
            "·",
            "·",
            "2",
            "30",
            "nginx:",
            "master"
        ]
    );
}

#[test]
fn processes_hang_below_their_parents_with_the_changes_marked() {
    let document = document(&with_container(), &["tree", "--by", "process"]);
    assert_eq!(
        pruned(&document["roots"], &["pid", "comm", "own"]),
        json!([
            [
                [1, "init", []],
                [[
                    [20, "bash", []],
                    [[
                        [30, "nginx", ["pid", "mnt", "net", "ipc", "uts"]],
                        [[[31, "nginx", []], [[[32, "sh", ["net"]], []]],]],
                    ]],
                ]],
            ],
            [[2, "kthreadd", []], []],
        ])
    );
    let nginx = &document["roots"][0]["children"][0]["children"][0];
    assert_eq!(nginx["container"]["runtime"], "docker");
    assert_eq!(
        nginx["children"][0]["container"],
        Value::Null,
        "named once, where it begins"
    );
}

#[test]
fn user_namespaces_show_their_map_and_pid_namespaces_their_numbers() {
    let proc = with_container();
    proc.add(
        Task::new(40)
            .within(&[("user", 4_026_532_200)])
            .uid_map("0 1000 1\n1 100000 65536\n"),
    );
    let users = document(&proc, &["tree", "--by", "user"]);
    assert_eq!(
        pruned(&users["roots"], &["ns", "nprocs", "uid_map", "governs"]),
        json!([
            [
                [
                    4_026_531_837_u64,
                    6,
                    [{"inside": 0, "outside": 0, "count": 4_294_967_295_u64}],
                    {},
                ],
                [],
            ],
            [
                [
                    4_026_532_200_u64,
                    1,
                    [
                        {"inside": 0, "outside": 1000, "count": 1},
                        {"inside": 1, "outside": 100_000, "count": 65_536},
                    ],
                    {},
                ],
                [],
            ],
        ])
    );
    // Owner and parent are asked of the kernel, which a tree of files has not.
    assert_eq!(users["roots"][1]["unknown"]["parent"], "gone");

    let pids = document(&proc, &["tree", "--by", "pid"]);
    let inner = &pids["roots"][1];
    assert_eq!(inner["ns"], 4_026_532_100_u64);
    let numbers: Value = inner["processes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| fields(it, &["pid", "pids"]))
        .collect();
    let level = |outer: i32, inner: i32| json!([outer, [{"ns": null, "pid": outer}, {"ns": 4_026_532_100_u64, "pid": inner}]]);
    assert_eq!(numbers, json!([level(30, 1), level(31, 7), level(32, 8)]));
}

// The filters of list.
