//! What the text for people looks like, on fake trees, so that whole answers can be pinned.

use crate::support::fake_proc::{FakeProc, Task};
use crate::support::nsinspect::{NOBODY, Run, nsinspect};
use crate::support::skip::is_root;

const CONTAINER: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";

/// A run on a terminal of this width, or what takes its place.
fn on(proc: &FakeProc, columns: u16, args: &[&str]) -> Run {
    let run = nsinspect(args.iter().copied()).proc(proc.path());
    run.env("COLUMNS", &columns.to_string())
}

fn machine() -> FakeProc {
    let proc = FakeProc::new();
    proc.add(Task::init());
    proc.add(Task::kthreadd());
    proc
}

/// Five sandboxes of one program, one with a process more, and one that differs.
fn sandboxes() -> FakeProc {
    let proc = machine();
    for pid in 10..15 {
        let net = 4_026_532_000 + u64::try_from(pid).unwrap();
        proc.add(
            Task::new(pid)
                .parent(1)
                .comm("renderer")
                .within(&[("net", net)]),
        );
    }
    let first = Task::new(20).parent(10).comm("helper");
    proc.add(first.within(&[("net", 4_026_532_010)]));
    let other = Task::new(21).parent(1).comm("renderer");
    proc.add(other.within(&[("uts", 4_026_532_100)]));
    proc
}

#[test]
fn sets_that_look_alike_are_one_line_with_their_number() {
    let answer = on(&sandboxes(), 80, &["tree"]).run();
    assert_eq!(
        answer.text(),
        "\
NAMESPACE SET           OWN NAMESPACES                        PROCS
host                    initial, all                              2
├─ 5 × renderer (10) …  ·    ·   ·   net ·   ·   ·      ·         6
└─ renderer (21)        ·    ·   ·   ·   ·   uts ·      ·         1
sets that look alike are on one line (×): -v shows each
"
    );
}

#[test]
fn verbose_trees_have_a_line_for_each_set() {
    let answer = on(&sandboxes(), 80, &["tree", "-v"]).run();
    let lines = answer.text().lines().filter(|it| it.contains("renderer"));
    assert_eq!(lines.count(), 6);
    assert!(!answer.text().contains('×'));
}

#[test]
fn a_few_sets_and_containers_are_never_folded() {
    let proc = machine();
    for pid in 10..13 {
        let net = 4_026_532_000 + u64::try_from(pid).unwrap();
        proc.add(Task::new(pid).parent(1).comm("few").within(&[("net", net)]));
    }
    for pid in 20..26 {
        let net = 4_026_532_000 + u64::try_from(pid).unwrap();
        let id = format!("{pid}{}", &CONTAINER[2..]);
        let task = Task::new(pid).parent(1).cgroup(&format!("/docker/{id}"));
        proc.add(task.within(&[("net", net)]));
    }
    let answer = on(&proc, 80, &["tree"]).run();
    assert_eq!(answer.text().lines().count(), 2 + 3 + 6);
    assert!(!answer.text().contains('×'));
}

#[test]
fn a_deep_tree_is_drawn_closer_and_stays_in_line() {
    let proc = machine();
    for pid in 10..20 {
        let parent = if pid == 10 { 1 } else { pid - 1 };
        proc.add(Task::new(pid).parent(parent).comm("sh"));
    }
    proc.add(Task::new(30).parent(18).comm("sleep"));
    let answer = on(&proc, 80, &["tree", "--by", "process"]).run();
    let branches: Vec<&str> = answer.text().lines().skip(1).take(12).collect();
    assert_eq!(
        branches,
        [
            "1 init",
            "└ 10 sh",
            "  └ 11 sh",
            "    └ 12 sh",
            "      └ 13 sh",
            "        └ 14 sh",
            "          └ 15 sh",
            "            └ 16 sh",
            "              └ 17 sh",
            "                └ 18 sh",
            "                  ├ 19 sh",
            "                  └ 30 sleep",
        ]
    );
}

fn with_container() -> FakeProc {
    let proc = machine();
    let task = Task::new(30)
        .parent(1)
        .args(&["nginx", "-g", "daemon off;"]);
    let task = task.cgroup(&format!("/docker/{CONTAINER}"));
    proc.add(task.within(&[("net", 4_026_532_102)]));
    proc
}

#[test]
fn a_wide_list_names_the_container_and_a_narrow_one_keeps_to_lsns_columns() {
    let proc = with_container();
    let args = ["list", "-t", "net"];
    let narrow = on(&proc, 80, &args).run();
    assert_eq!(
        narrow.text().lines().next(),
        Some("NS          TYPE  NPROCS  PID  USER  COMMAND")
    );
    let wide = on(&proc, 100, &args).run();
    assert_eq!(
        wide.text(),
        "\
NS          TYPE  NPROCS  PID  USER  CONTAINER                COMMAND
4026531833  net        2    1  root                           /sbin/init
4026532102  net        1   30  root  docker 4f4dddfccada (?)  nginx -g daemon off;
"
    );
}

#[test]
fn a_plus_adds_columns_and_all_of_them_can_be_had() {
    let proc = with_container();
    let head = |args: &[&str]| {
        let answer = on(&proc, 80, &[&["list", "-r"], args].concat()).run();
        answer.text().lines().next().unwrap().to_owned()
    };
    assert_eq!(
        head(&["-o", "+path,owner"]),
        "NS TYPE NPROCS PID USER COMMAND PATH OWNER"
    );
    assert_eq!(head(&["-o", "path,ns"]), "PATH NS");
    assert_eq!(
        head(&["--output-all"]),
        "NS TYPE NS_ID INITIAL NPROCS NTHREADS PID PPID UID USER COMMAND PATH NSFS OWNER OWNER_UID \
         PARENT CONTAINER HELD\\x20BY"
    );
}

#[test]
fn nothing_is_cut_where_that_was_asked_for() {
    let proc = machine();
    let long = "x".repeat(200);
    let task = Task::new(30).parent(1).args(&[&long]);
    proc.add(task.within(&[("net", 4_026_532_102)]));
    let args = ["list", "-t", "net"];
    assert!(!on(&proc, 80, &args).run().text().contains(&long));
    let whole = [&args[..], &["-u"]].concat();
    assert!(on(&proc, 80, &whole).run().text().contains(&long));
    // What lsns has for this, and what is so in any case.
    for same in ["--notruncate", "-ul", "-uW"] {
        let answer = on(&proc, 80, &[&args[..], &[same]].concat()).run();
        assert!(answer.text().contains(&long), "{same}");
    }
}

#[test]
fn a_long_command_line_leaves_room_for_the_container_in_the_first_line_of_diff() {
    let proc = machine();
    let long = "x".repeat(200);
    let task = Task::new(30).parent(1).args(&["sleep", &long]);
    let task = task.cgroup(&format!("/docker/{CONTAINER}"));
    proc.add(task.within(&[("net", 4_026_532_102)]));
    let answer = on(&proc, 80, &["diff", "30"]).run();
    let first = answer.text().lines().next().unwrap();
    assert_eq!(first.chars().count(), 80);
    assert!(first.starts_with("30 sleep xxx"), "{first}");
    assert!(first.ends_with("…, docker 4f4dddfccada (?)"), "{first}");
}

#[test]
fn a_start_time_is_told_in_hours_and_days() {
    // A fake process starts 10 seconds and as many hundredths after boot as its PID says.
    let proc = machine();
    proc.add(Task::new(366_512).parent(1));
    proc.add(Task::new(9_006_512).parent(1));
    let started = |pid: &str| {
        let answer = on(&proc, 80, &["show", pid]).run();
        let line = answer.text().lines().find(|it| it.starts_with("started"));
        line.unwrap().split_once("  ").unwrap().1.trim().to_owned()
    };
    assert_eq!(started("366512"), "01:01:15.12 after boot");
    assert_eq!(started("9006512"), "1 day 01:01:15.12 after boot");
}

#[test]
fn a_root_that_is_not_the_host_is_compared_with_where_the_kernel_booted() {
    let proc = FakeProc::new();
    let namespaces = [("pid", 4_026_532_100), ("uts", 4_026_532_101)];
    proc.add(Task::init().within(&namespaces));
    let answer = on(&proc, 80, &["tree"]).run();
    let root = answer.text().lines().nth(1).unwrap();
    let marks: Vec<&str> = root.split_whitespace().skip(2).collect();
    // Which mnt and net an older kernel booted with is not known of a tree of files.
    assert_eq!(
        [&marks[..2], &marks[4..8]].concat(),
        ["·", "pid", "·", "uts", "·", "·"]
    );
}

#[test]
fn processes_that_were_refused_are_named_by_reason_in_one_short_line() {
    let proc = machine();
    for pid in [30, 31, 32, 33] {
        proc.add(Task::new(pid).parent(1));
        proc.forbid(pid, "ns");
    }
    let run = on(&proc, 80, &["list"]);
    // Nothing is forbidden to root.
    let answer = if is_root() {
        run.as_user(NOBODY).run()
    } else {
        run.run()
    };
    assert_eq!(
        answer.stderr.lines().next(),
        Some("4 of 6 processes could not be read (PID 30, 31, 32, …: permission denied)")
    );
}
