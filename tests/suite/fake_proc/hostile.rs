//! Files that never end, lead in circles, or are cut short.

use super::*;

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
