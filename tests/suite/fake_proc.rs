//! Trees that look like a procfs: what no machine would show to order, and what a hostile process
//! would like nsinspect to read.

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

/// What a name is in JSON, and the name.
const NAMES: [(&str, &[u8]); 8] = [
    ("a) R 1 (b", b"a) R 1 (b"),
    ("a\nb", b"a\nb"),
    ("\u{1b}[31mred\u{1b}[0m", b"\x1b[31mred\x1b[0m"),
    ("\u{1b}]0;title\u{7}", b"\x1b]0;title\x07"),
    ("a\\xff\\xfeb", b"a\xff\xfeb"),
    ("a\\x5cxffb", b"a\\xffb"),
    ("a\u{202e}b\u{200b}c", "a\u{202e}b\u{200b}c".as_bytes()),
    ("\u{9b}2J\u{85}", "\u{9b}2J\u{85}".as_bytes()),
];

#[test]
fn every_name_is_told_without_loss_in_json() {
    for (text, bytes) in NAMES {
        let proc = FakeProc::with([isolated().comm(bytes).cmdline([bytes, b"\0"].concat())]);
        let process = &document(&proc, &["show", "7"])["process"];
        assert_eq!(
            fields(process, &["comm", "cmdline", "ppid", "state", "start_time"]),
            json!([text, [text], 1, "S", 1007])
        );
    }
}

#[test]
fn no_name_reaches_a_terminal_with_its_power() {
    let lines_of = |proc: &FakeProc| LOOKS.map(|args| on(proc, args).run().text().lines().count());
    let harmless = lines_of(&named(b"harmless"));
    for (_, bytes) in NAMES {
        let proc = named(bytes);
        for args in LOOKS {
            for colour in ["never", "always"] {
                let answer = on(&proc, args).arg("--color").arg(colour).run();
                assert_harmless(&answer, colour == "always");
            }
        }
        assert_eq!(lines_of(&proc), harmless, "{}", bytes.escape_ascii());
    }
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

fn assert_harmless(answer: &Answer, may_have_colour: bool) {
    for text in [&answer.stdout, &answer.stderr] {
        let mut plain = text.clone();
        if may_have_colour {
            // Only the colours that nsinspect itself gives: CSI, numbers, m.
            while let Some(at) = plain.find("\u{1b}[") {
                let rest = &plain[at + 2..];
                let length = rest
                    .find(|c: char| !c.is_ascii_digit() && c != ';')
                    .unwrap();
                assert!(rest[length..].starts_with('m'), "{text:?}");
                assert!(!rest.starts_with("31mred"), "{text:?}");
                plain.replace_range(at..at + 2 + length + 1, "");
            }
        }
        let dangerous = |c: char| {
            c != '\n' && c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        };
        assert!(!plain.contains(dangerous), "{text:?}");
    }
}

#[test]
fn raw_rows_keep_one_line_and_one_field_for_any_name() {
    for (_, bytes) in NAMES {
        let proc = FakeProc::with([isolated().cmdline(bytes)]);
        let answer = on(&proc, &["list", "-rn", "-t", "net", "-o", "ns,command,pid"]).run();
        let rows: Vec<Vec<&str>> = answer
            .text()
            .lines()
            .map(|line| line.split(' ').collect())
            .collect();
        assert_eq!(rows.len(), 2, "{answer:?}");
        assert_eq!(
            (rows[1].len(), rows[1][0], rows[1][2]),
            (3, "4026532007", "7")
        );
    }
}

#[test]
fn a_process_without_arguments_is_called_by_its_name() {
    let proc = FakeProc::with([isolated().cmdline("")]);
    let document = document(&proc, &["list", "-t", "net"]);
    assert_eq!(namespaces(&document, "net")[1]["command"], "worker");
    let process = &self::document(&proc, &["show", "7"])["process"];
    assert_eq!(process["cmdline"], json!([]));
}

// Files of any size and sort.

#[test]
fn a_command_line_of_two_megabytes_slows_nobody_down() {
    let proc = FakeProc::with([isolated().cmdline("x y\0".repeat(500_000))]);
    for args in LOOKS {
        for columns in ["", "80"] {
            let run = on(&proc, args).env("COLUMNS", columns);
            let answer = run.within(Duration::from_secs(20)).run();
            assert_eq!(answer.code, Some(0), "{args:?}: {}", answer.stderr);
        }
    }
    let arguments = document(&proc, &["show", "7"])["process"]["cmdline"].clone();
    let arguments = arguments.as_array().unwrap();
    assert_eq!(arguments.len(), (32 << 10) / "x y\0".len() + 1);
    assert_eq!(arguments.last().unwrap(), "…", "what is left out is told");
    let text = on(&proc, &["list"]).env("COLUMNS", "80").run();
    assert!(text.text().lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn a_fifo_in_place_of_any_file_hangs_nobody() {
    for name in [
        "stat",
        "status",
        "cmdline",
        "cgroup",
        "uid_map",
        "mountinfo",
        "ns/net",
        "task",
    ] {
        let proc = FakeProc::with([isolated()]);
        if name == "task" {
            fs::remove_dir_all(proc.file(7, name)).unwrap();
        }
        proc.make_fifo(&proc.file(7, name));
        for args in LOOKS {
            let answer = on(&proc, args).within(Duration::from_secs(10)).run();
            assert!(
                matches!(answer.code, Some(0 | 1)),
                "{name} {args:?} {answer:?}"
            );
        }
    }
}

#[test]
fn a_fifo_behind_a_link_to_a_namespace_hangs_nobody() {
    let proc = FakeProc::with([isolated()]);
    proc.make_fifo(&proc.file(7, "ns/net:[4026532007]"));
    for args in LOOKS {
        let answer = on(&proc, args).within(Duration::from_secs(10)).run();
        assert_eq!(answer.code, Some(0), "{args:?} {answer:?}");
    }
}

#[test]
fn links_that_lead_round_in_circles_are_failures_with_a_name() {
    let proc = FakeProc::with([isolated()]);
    for name in ["stat", "cmdline", "cgroup", "mountinfo"] {
        proc.relink(7, name, Some(name));
    }
    std::os::unix::fs::symlink("9", proc.path().join("9")).unwrap();
    fs::write(proc.path().join("10"), "a file with the name of a process").unwrap();
    let process = &document(&proc, &["show", "7"])["process"];
    for field in ["comm", "cmdline", "cgroups", "mounts"] {
        assert_eq!(process[field], Value::Null, "{field}");
        let reason = process["unknown"][field].as_str().unwrap();
        assert_eq!(
            reason, "failed: ELOOP (Too many symbolic links encountered)",
            "{field}"
        );
    }
    for args in LOOKS {
        assert_eq!(on(&proc, args).run().code, Some(0), "{args:?}");
    }
    let list = document(&proc, &["list"]);
    assert_eq!(
        list["coverage"]["processes"],
        json!({"seen": 3, "denied": 0, "gone": 2})
    );
}

#[test]
fn twenty_thousand_mounts_are_all_read() {
    let line = |id| format!("{id} 1 0:{id} / /mnt/{id} rw shared:{id} - tmpfs none rw\n");
    let proc = FakeProc::with([isolated().mountinfo((100..20_100).map(line).collect())]);
    let process = &document(&proc, &["show", "7"])["process"];
    let mounts = process["mounts"].as_array().unwrap();
    assert_eq!(mounts.len(), 20_000);
    assert_eq!(
        fields(&mounts[19_999], &["id", "mount_point", "fstype"]),
        json!([20_099, "/mnt/20099", "tmpfs"])
    );
    let answer = on(&proc, &["diff", "7"])
        .within(Duration::from_secs(20))
        .run();
    assert_eq!(answer.code, Some(0));
}

#[test]
fn a_mount_table_that_is_broken_is_unknown_and_not_empty() {
    let proc = FakeProc::with([isolated().mountinfo("22 1 254:1\n".to_owned())]);
    let process = &document(&proc, &["show", "7"])["process"];
    assert_eq!(process["mounts"], Value::Null);
    let reason = process["unknown"]["mounts"].as_str().unwrap();
    assert!(reason.starts_with("failed: "), "{reason}");
}

#[test]
fn files_cut_short_anywhere_are_unknown_and_never_a_crash() {
    for name in [
        "stat",
        "status",
        "cmdline",
        "cgroup",
        "uid_map",
        "mountinfo",
        "timens_offsets",
    ] {
        let proc = FakeProc::with([isolated()]);
        let whole = fs::read(proc.file(7, name)).unwrap();
        let cuts = [
            0,
            1,
            whole.len() / 4,
            whole.len() / 2,
            whole.len().saturating_sub(2),
        ];
        for cut in cuts {
            fs::write(proc.file(7, name), &whole[..cut.min(whole.len())]).unwrap();
            for args in [["show", "7"], ["diff", "7"], ["tree", "--by=process"]] {
                let answer = on(&proc, &args).run();
                assert_eq!(
                    answer.code,
                    Some(0),
                    "{name} at {cut}, {args:?}: {answer:?}"
                );
            }
        }
    }
}

// Trees.

#[test]
fn parents_in_a_circle_end_and_lose_nobody() {
    let proc = FakeProc::with([
        Task::new(7).parent(8).within(&[("net", 4_026_532_007)]),
        Task::new(8).parent(9).within(&[("net", 4_026_532_007)]),
        Task::new(9).parent(7).within(&[("net", 4_026_532_007)]),
        Task::new(10).parent(10),
    ]);
    for args in LOOKS {
        let answer = on(&proc, args).within(Duration::from_secs(10)).run();
        assert_eq!(answer.code, Some(0), "{args:?}");
    }
    let tree = document(&proc, &["tree", "--by", "process"]);
    assert_eq!(
        pruned(&tree["roots"], &["pid"]),
        json!([
            [[1], []],
            [[2], []],
            [[7], []],
            [[8], []],
            [[9], []],
            [[10], []]
        ])
    );
    let tree = document(&proc, &["tree"]);
    assert_eq!(
        pruned(&tree["roots"], &["label", "nprocs"]),
        json!([[["host", 3], [[["worker (7)", 3], []]]]])
    );
}

#[test]
fn a_line_of_ancestors_thousands_long_is_no_stack_overflow_and_can_be_read() {
    let proc = FakeProc::with([]);
    for pid in 10..3_010 {
        proc.add_bare(&Task::new(pid).parent(pid - 1));
    }
    let tree = document(&proc, &["tree", "--by=process"]);
    let roots = tree["roots"].as_array().unwrap();
    assert_eq!(roots.len(), 2 + 3_000 / 50);
    assert_eq!(roots[3]["pid"], 60, "the tree goes on where it was cut");
    let text = on(&proc, &["tree", "--by=process"]).run();
    let lines = text.text().lines().filter(|line| line.contains("worker"));
    assert_eq!(lines.count(), 3_000);
    on(&proc, &["tree"]).run().text();
}

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
    let mut container = json!({
        "image": null, "pod": null, "pod_namespace": null, "pod_uid": null,
        "confidence": "medium", "around": [], "cgroup": named, "doubt": null,
        "evidence": [{"field": "id", "source": "/proc/30/cgroup", "confidence": "medium",
            "value": format!("/docker/{CONTAINER}")}],
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

fn inodes(proc: &FakeProc, args: &[&str]) -> Vec<u64> {
    let document = document(proc, args);
    let all = document["namespaces"].as_array().unwrap();
    all.iter().map(|it| it["ns"].as_u64().unwrap()).collect()
}

#[test]
fn list_filters_by_kind_by_process_and_by_both() {
    let proc = with_container();
    assert_eq!(
        inodes(&proc, &["list", "-t", "uts"]),
        [4_026_531_838, 4_026_532_104]
    );
    assert_eq!(
        inodes(&proc, &["list", "-t", "net,uts"]),
        inodes(&proc, &["list", "--type", "net", "-t", "uts"])
    );
    assert_eq!(
        inodes(&proc, &["list", "-p", "32"]),
        [
            4_026_531_835,
            4_026_532_103,
            4_026_532_101,
            4_026_532_105,
            4_026_532_100,
            4_026_531_834,
            4_026_531_837,
            4_026_532_104,
        ]
    );
    assert_eq!(
        inodes(&proc, &["list", "-p", "32", "-t", "net"]),
        [4_026_532_105]
    );
    assert_eq!(inodes(&proc, &["list", "-P"]), [] as [u64; 0]);
}

#[test]
fn list_has_the_columns_that_were_asked_for_in_their_order() {
    let proc = with_container();
    let args = ["list", "-t", "net", "-o", "PID,ns,Type", "-n", "-r"];
    let answer = on(&proc, &args).run();
    assert_eq!(
        answer.text(),
        "1 4026531833 net\n30 4026532102 net\n32 4026532105 net\n"
    );
    let answer = on(&proc, &["list", "-t", "net", "-o", "pid,ns", "-r"]).run();
    assert_eq!(answer.text().lines().next(), Some("PID NS"));
    let answer = on(
        &proc,
        &["list", "-t", "net", "-o", "container,command", "-n"],
    )
    .run();
    let second = answer.text().lines().nth(1).unwrap();
    assert!(second.contains("docker 4f4dddfccada") && second.ends_with("nginx: master"));
}

#[test]
fn list_of_one_namespace_names_its_members_however_it_is_written() {
    let proc = with_container();
    for name in ["4026532102", "ns:4026532102", "net:[4026532102]"] {
        let document = document(&proc, &["list", name]);
        assert_eq!(document["schema"], "nsinspect.members/1");
        assert_eq!(document["namespace"]["ns"], 4_026_532_102_u64);
        let members: Value = document["processes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| fields(it, &["pid", "ppid", "command"]))
            .collect();
        assert_eq!(
            members,
            json!([[30, 20, "nginx: master"], [31, 30, "nginx: worker"]])
        );
    }
}

#[test]
fn a_pid_is_translated_by_what_its_status_says() {
    let proc = with_container();
    let document = document(&proc, &["pid", "31"]);
    assert_eq!(
        document["pids"],
        json!([{"ns": null, "pid": 31}, {"ns": 4_026_532_100_u64, "pid": 7}])
    );
    let document = self::document(&proc, &["pid", "7", "--in", "30"]);
    assert_eq!(
        fields(&document, &["within", "to_inside", "to_here"]),
        json!([4_026_532_100_u64, null, 31])
    );
    let document = self::document(&proc, &["pid", "31", "--in", "30"]);
    assert_eq!(
        fields(&document, &["to_inside", "to_here"]),
        json!([7, null])
    );
    let answer = on(&proc, &["pid", "999", "--in", "30"]).run();
    assert_eq!(answer.code, Some(1), "{answer:?}");
}

#[test]
fn containers_are_found_by_runtime_and_by_the_start_of_their_id() {
    let proc = with_container();
    for name in ["4f4", "4f4dddfccada", "docker:4f4dddfc", CONTAINER] {
        let document = document(&proc, &["show", name]);
        assert_eq!(document["process"]["pid"], 30, "{name}");
    }
    for name in ["4f", "podman:4f4dddfc", "web"] {
        let answer = on(&proc, &["show", name]).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(2));
        assert!(message.contains("no container is called"), "{message}");
    }
}

// What cannot be answered.

#[test]
fn a_process_that_refuses_its_namespaces_is_named_and_not_left_out() {
    let proc = FakeProc::with([isolated(), Task::new(8)]);
    proc.forbid(7, "ns");
    let look = |args: &[&str]| {
        let run = on(&proc, args);
        if is_root() {
            run.as_user(NOBODY).run()
        } else {
            run.run()
        }
    };
    let document = look(&["list", "--json"]).document();
    assert_eq!(
        fields(
            &document["coverage"],
            &["processes", "unreadable", "complete"]
        ),
        json!([
            {"seen": 3, "denied": 1, "gone": 0},
            [{"pid": 7, "reason": "denied"}],
            false,
        ])
    );
    let text = look(&["list"]);
    assert_eq!(text.code, Some(0));
    assert!(
        text.stderr.contains("PID 7: permission denied"),
        "{}",
        text.stderr
    );
    let strict = look(&["list", "--strict", "--json"]);
    assert_eq!(strict.code, Some(2));
    assert_eq!(
        strict.document_at_any_rate()["namespaces"],
        document["namespaces"]
    );

    // Unknown is neither shared nor isolated.
    let answer = look(&["diff", "7", "--json"]);
    assert_eq!(answer.code, Some(2), "not one kind could be told");
    let summary = &answer.document_at_any_rate()["summary"];
    assert_eq!(
        *summary,
        json!({
            "shared": [],
            "isolated": [],
            "unknown": ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time"],
        })
    );
    let tree = look(&["tree", "--json", "--by", "process"]).document();
    let refused = &tree["roots"][0]["children"][0];
    assert_eq!(fields(refused, &["pid", "own"]), json!([7, []]));
    assert_eq!(refused["unknown"]["namespaces.net"], "denied");
}

#[test]
fn a_complete_answer_passes_strict() {
    let proc = FakeProc::with([isolated()]);
    let answer = on(&proc, &["list", "--strict"]).run();
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_unknown_process_is_exit_2_with_words_and_a_hint() {
    let proc = FakeProc::with([]);
    for args in [
        &["show", "4711"][..],
        &["diff", "4711"],
        &["diff", "1", "4711"],
        &["pid", "4711"],
        &["list", "-p", "4711"],
    ] {
        let answer = on(&proc, args).run();
        let expected = (Some(2), "there is no process or thread 4711 here");
        assert_eq!(answer.refusal(), expected, "{args:?}");
    }
}

#[test]
fn an_unknown_namespace_is_exit_1() {
    let proc = FakeProc::with([]);
    for args in [
        ["list", "4711"],
        ["show", "net:[4711]"],
        ["diff", "ns:4711"],
    ] {
        let answer = on(&proc, &args).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(1), "{args:?}");
        assert!(message.contains("4711"), "{message}");
    }
}

#[test]
fn a_bad_target_or_option_is_exit_2() {
    let proc = FakeProc::with([]);
    for args in [
        &["show", "ns:x"][..],
        &["show", "0"],
        &["show", "99999999999"],
        &["show", "/etc/passwd"],
        &["show", "/no/such/path"],
        &["diff", "1", ":"],
        &["list", "-t", "nets"],
        &["list", "-o", "colour"],
        &["list", "-p", "-1"],
        &["pid", "0"],
        &["tree", "--by", "colour"],
        &["frobnicate"],
    ] {
        let answer = on(&proc, args).run();
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (Some(2), ""),
            "{args:?}"
        );
        assert!(!answer.stderr.is_empty());
    }
}

#[test]
fn a_fifo_as_a_target_is_looked_at_and_not_opened() {
    let proc = FakeProc::with([]);
    let fifo = proc.path().join("fifo");
    proc.make_fifo(&fifo);
    let args = ["show", fifo.to_str().unwrap()];
    let answer = on(&proc, &args).within(Duration::from_secs(10)).run();
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.stderr.contains("is not a namespace"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_folder_that_is_no_procfs_is_told_and_not_an_empty_machine() {
    let answer = nsinspect(["list"]).proc(Path::new("/no/such/folder")).run();
    let (code, message) = answer.refusal();
    assert_eq!(code, Some(2));
    assert!(message.contains("cannot open /no/such/folder"), "{message}");

    let empty = tempfile::tempdir().unwrap();
    let answer = nsinspect(["list"]).proc(empty.path()).run();
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

// Saved snapshots.

#[test]
fn a_broken_or_foreign_snapshot_is_exit_2_with_words() {
    let list = document(&FakeProc::with([]), &["list"]).to_string();
    for (text, expected) in [
        ("", "EOF"),
        ("hello", "expected value"),
        ("{}", "missing field `schema`"),
        ("[]", "expected struct"),
        (r#"{"schema": "other/1"}"#, r#"it is a "other/1" document"#),
        (
            r#"{"schema": "nsinspect.snapshot/2"}"#,
            r#"it is a "nsinspect.snapshot/2" document"#,
        ),
        (r#"{"schema": "nsinspect.snapshot/1"}"#, "missing field"),
        (&list, r#"it is a "nsinspect.namespaces/1" document"#),
        (&"[".repeat(100_000), "invalid type: sequence"),
        (
            &format!(
                r#"{{"schema": "nsinspect.snapshot/1", "x": {}{}}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "recursion limit",
        ),
    ] {
        let answer = nsinspect(["list", "--from", "-"]).stdin(text).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(2));
        assert!(
            message.contains("standard input") && message.contains(expected),
            "{message}"
        );
    }
    let answer = nsinspect(["list", "--from", "/no/such/file"]).run();
    let (code, message) = answer.refusal();
    assert_eq!(code, Some(2));
    assert!(message.contains("/no/such/file: No such file"), "{message}");
}

#[test]
fn a_snapshot_that_contradicts_itself_is_refused_with_words() {
    let whole = document(&FakeProc::with([isolated()]), &["snapshot"]);
    for (path, value) in [
        ("/namespaces/0/type", json!("colour")),
        ("/namespaces/0/ns", json!(-1)),
        ("/processes/0/pid", json!("one")),
        ("/processes/0/capabilities/effective", json!(["fly"])),
        ("/processes/0/seccomp", json!("maybe")),
        ("/namespaces/0/holders/0/by", json!("magic")),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(path).unwrap() = value;
        let answer = nsinspect(["list", "--from", "-"])
            .stdin(broken.to_string())
            .run();
        assert_eq!(answer.refusal().0, Some(2), "{path}");
    }
}

#[test]
fn a_snapshot_answers_as_the_machine_did() {
    let proc = with_container();
    proc.add(isolated().comm(b"a\xff\x1b[1m").uid_map("0 1000 1\n"));
    proc.relink(31, "ns/time", None);
    proc.relink(32, "ns/net", Some("nonsense"));
    let saved = tempfile::NamedTempFile::new().unwrap();
    fs::write(saved.path(), on(&proc, &["snapshot"]).run().text()).unwrap();
    let from = saved.path().to_str().unwrap();
    for args in LOOKS.into_iter().chain([
        &["list", "-o", "ns,type,ns_id,initial,nprocs,nthreads,pid,ppid,uid,user,command,path,owner,owner_uid,parent,container"][..],
        &["list", "-p", "30"],
        &["list", "-P"],
        &["show", "30"],
        &["diff", "30"],
        &["diff", "32", "30"],
        &["diff", "docker:4f4"],
        &["pid", "7", "--in", "30"],
    ]) {
        let live = on(&proc, args).run();
        let again = nsinspect(args.iter().copied()).arg("--from").arg(from).run();
        assert_eq!((again.code, &again.stdout), (live.code, &live.stdout), "{args:?}");
        let live = on(&proc, args).arg("--json").run().document_at_any_rate();
        let again = nsinspect(args.iter().copied()).arg("--from").arg(from).arg("--json").run();
        let again = again.document_at_any_rate();
        assert_eq!(comparable(again), comparable(live), "{args:?}");
    }
}

fn remove_inside(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("inside");
            fields.values_mut().for_each(remove_inside);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_inside),
        _ => {}
    }
}

/// A document without what says when and how closely was looked: a question about one process
/// reads one, a snapshot has read them all and looked into every namespace.
fn comparable(mut document: Value) -> Value {
    let fields = document.as_object_mut().unwrap();
    fields.remove("taken_at");
    fields.remove("coverage");
    // Who else is in its namespaces.
    if !fields.get("process").is_none_or(Value::is_null) {
        fields.remove("namespaces");
    }
    remove_inside(&mut document);
    document
}

#[test]
fn a_snapshot_of_a_snapshot_is_the_same_snapshot() {
    let proc = with_container();
    let first = on(&proc, &["snapshot"]).run();
    let second = nsinspect(["snapshot", "--from", "-"])
        .stdin(first.text())
        .run();
    assert_eq!(second.text(), first.text());
}

#[test]
fn yaml_says_what_json_says() {
    let proc = named(b"a\x1b\xff: \"x\" #\n- y");
    for args in LOOKS {
        let mut json = document(&proc, args);
        let yaml = on(&proc, args).arg("--format").arg("yaml").run();
        let mut yaml: Value = serde_yaml::from_str(yaml.text()).unwrap();
        json["taken_at"] = Value::Null;
        yaml["taken_at"] = Value::Null;
        assert_eq!(yaml, json, "{args:?}");
    }
}

// What an audit says of it.

#[test]
fn an_audit_that_could_not_read_what_decides_is_no_answer_to_fail_on() {
    let proc = FakeProc::with([isolated()]);
    proc.write("7/status", "Name:\tworker\nsurprise\n");
    let answer = on(&proc, &["audit", "7", "--fail-on", "critical", "--json"]).run();
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    let findings = &answer.document_at_any_rate()["subjects"][0]["findings"];
    let unknown = findings.as_array().unwrap().iter();
    let unknown: Vec<&str> = unknown
        .filter(|it| it["verdict"] == "unknown")
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        unknown,
        [
            "NSA-100", "NSA-200", "NSA-204", "NSA-207", "NSA-300", "NSA-301", "NSA-303", "NSA-302",
            "NSA-400", "NSA-031", "NSA-401"
        ]
    );
    // What is not so severe cannot be told either, and nothing could be found for sure.
    let text = on(&proc, &["audit", "7"]).run().stdout;
    assert!(
        text.contains("CRITICAL  NSA-100  CAP_SYS_ADMIN over the host (unknown)"),
        "{text}"
    );
}

#[test]
fn names_that_would_write_on_a_terminal_are_harmless_in_an_audit() {
    let task = isolated()
        .comm(b"x\x1b[2J\xe2\x80\xae")
        .args(&["x\u{1b}[2J\u{202e}y"]);
    let proc = FakeProc::with([task.cgroup("/docker/\u{1b}[2J")]);
    let text = on(&proc, &["audit", "7", "-v"]).run().stdout;
    let is_harmful = |it: char| it.is_control() && it != '\n' || it == '\u{202e}';
    assert!(!text.contains(is_harmful), "{text:?}");
}
