//! The running machine at its worst: the dead, the nameless, the hidden, the very many.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::fake_proc::{FakeProc, Task};
use crate::support::forked::{
    Forked, ForkedInit, exit_this_thread, overwrite_arguments, own_tid, set_comm, try_fork_off,
    wait_for_ever,
};
use crate::support::nsinspect::{NOBODY, Run, json, nsinspect};
use crate::support::process::{Spawned, wait_until};
use crate::support::skip::{has_program, is_root};

const SOON: Duration = Duration::from_secs(10);

const KINDS: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

fn state_of(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

fn inode_of(path: &str) -> Option<u64> {
    let link = fs::read_link(path).ok()?;
    let (_, inode) = link.to_str()?.split_once(":[")?;
    inode.trim_end_matches(']').parse().ok()
}

fn shown(pid: i32) -> Value {
    json(["show", &pid.to_string()])["process"].clone()
}

fn kinds_of(document: &Value) -> Vec<&str> {
    let all = document["namespaces"].as_array().unwrap();
    all.iter().map(|it| it["type"].as_str().unwrap()).collect()
}

fn pids_below(nodes: &Value, key: &str, found: &mut BTreeSet<i64>) {
    for node in nodes.as_array().unwrap() {
        match &node[key] {
            Value::Array(pids) => found.extend(pids.iter().filter_map(Value::as_i64)),
            pid => found.extend(pid.as_i64()),
        }
        pids_below(&node["children"], key, found);
    }
}

// The dead.

#[test]
fn a_zombie_is_in_its_user_and_pid_namespace_only() {
    let zombie = Spawned::start(&mut Command::new("true")).unwrap();
    let pid = zombie.pid();
    wait_until(SOON, "the zombie", || state_of(pid) == Some('Z')).unwrap();

    let process = shown(pid);
    assert_eq!(process["state"], "Z");
    assert_eq!(
        process["namespaces"]["user"].as_u64(),
        inode_of("/proc/self/ns/user")
    );
    assert_eq!(
        process["namespaces"]["pid"].as_u64(),
        inode_of("/proc/self/ns/pid")
    );
    assert_eq!(process["namespaces"]["net"], Value::Null);
    assert_eq!(process["unknown"]["namespaces.net"], "gone");

    let list = json(["list", "-p", &pid.to_string()]);
    assert_eq!(kinds_of(&list), ["pid", "user"]);
    let unreadable = list["coverage"]["unreadable"].as_array().unwrap();
    assert!(
        unreadable.iter().all(|it| it["pid"] != pid),
        "{unreadable:?}"
    );

    let mut in_sets = BTreeSet::new();
    pids_below(&json(["tree"])["roots"], "processes", &mut in_sets);
    assert!(!in_sets.contains(&i64::from(pid)));
    let mut in_tree = BTreeSet::new();
    pids_below(
        &json(["tree", "--by", "process"])["roots"],
        "pid",
        &mut in_tree,
    );
    assert!(in_tree.contains(&i64::from(pid)));
}

#[test]
fn a_dead_first_thread_does_not_hide_a_process_that_lives_on() {
    let half_dead = Forked::start_unannounced(|| {
        thread::spawn(wait_for_ever);
        exit_this_thread();
    });
    let pid = half_dead.pid();
    wait_until(SOON, "the first thread to end", || {
        state_of(pid) == Some('Z')
    })
    .unwrap();
    let process = shown(pid);
    assert_eq!(process["state"], "Z");
    assert_eq!(
        process["namespaces"]["net"].as_u64(),
        inode_of("/proc/self/ns/net")
    );
    assert_eq!(process["nthreads"], 2);
    let list = json(["list", "-p", &pid.to_string()]);
    assert_eq!(kinds_of(&list), KINDS);
    let mut in_sets = BTreeSet::new();
    pids_below(&json(["tree"])["roots"], "processes", &mut in_sets);
    assert!(in_sets.contains(&i64::from(pid)));
}

#[test]
fn a_process_that_has_ended_is_exit_2_with_words_and_a_hint() {
    let mut ended = Spawned::start(&mut Command::new("true")).unwrap();
    ended.wait_ended(SOON).unwrap();
    let pid = ended.pid().to_string();
    for args in [["show", &pid], ["diff", &pid], ["pid", &pid]] {
        let answer = nsinspect(args).run();
        let expected = format!("there is no process or thread {pid} here");
        assert_eq!(answer.refusal(), (Some(2), expected.as_str()));
    }
}

// Threads.

#[test]
fn a_tid_names_the_thread_and_its_process() {
    let (tell, told) = mpsc::channel();
    let (keep, wait) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        tell.send(own_tid()).unwrap();
        let _ = wait.recv();
    });
    let tid = told.recv().unwrap();
    let pid = std::process::id();

    let process = shown(tid);
    assert_eq!(
        (&process["pid"], &process["tid"]),
        (&json!(pid), &json!(tid))
    );
    let text = nsinspect(["show", &tid.to_string()]).run();
    assert!(text.text().contains(&tid.to_string()) && text.text().contains(&pid.to_string()));
    let diff = json(["diff", &tid.to_string(), &pid.to_string()]);
    assert_eq!(diff["subject"]["tid"], tid);
    assert_eq!(
        diff["reference"],
        json!({"pid": pid, "source": "pid", "host_init": null})
    );
    assert_eq!(diff["summary"]["shared"].as_array().unwrap().len(), 8);
    drop(keep);
    thread.join().unwrap();
}

// Names.

#[test]
fn names_and_arguments_that_a_process_gives_itself_are_told_and_not_obeyed() {
    for (name, expected) in [
        (&b"a) R 1 (b"[..], "a) R 1 (b"),
        (b"\x1b[31mred\x1b[m", "\u{1b}[31mred\u{1b}[m"),
        (b"a\nb\tc", "a\nb\tc"),
        (b"a\xff\xfeb", "a\\xff\\xfeb"),
        ("a\u{202e}b".as_bytes(), "a\u{202e}b"),
    ] {
        let child = Forked::start(|| set_comm(name));
        let pid = child.pid().to_string();
        let process = shown(child.pid());
        assert_eq!(process["comm"], expected);
        assert_eq!(process["ppid"], std::process::id());
        for args in [
            &["show", &pid][..],
            &["diff", &pid],
            &["tree", "--by=process"],
        ] {
            let answer = nsinspect(args.iter().copied()).run();
            assert!(matches!(answer.code, Some(0)), "{}", answer.stderr);
            let dangerous = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!answer.stdout.contains(dangerous), "{args:?}");
        }
    }
}

#[test]
fn arguments_that_were_written_over_are_shown_as_they_are_now() {
    let length = {
        let own = fs::read("/proc/self/cmdline").unwrap();
        own.len()
    };
    let child = Forked::start(|| {
        overwrite_arguments(b'x');
    });
    let cmdline = shown(child.pid())["cmdline"].clone();
    let first = cmdline[0].as_str().unwrap();
    assert!(
        first.len() >= length && first.starts_with("xxxx"),
        "{cmdline}"
    );

    let child = Forked::start(|| {
        overwrite_arguments(0);
    });
    let process = shown(child.pid());
    assert_eq!(process["cmdline"], json!([]));
}

#[test]
fn a_kernel_thread_is_known_by_its_flag() {
    let kthreadd = fs::read_to_string("/proc/2/stat").unwrap_or_default();
    if !kthreadd.starts_with("2 (kthreadd) ") {
        skip!("PID 2 is not kthreadd here");
    }
    let process = shown(2);
    assert_eq!(process["kernel_thread"], true);
    assert_eq!(
        (&process["ppid"], &process["cmdline"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(shown(std::process::id() as i32)["kernel_thread"], false);
}

// Where output goes.

#[test]
fn a_closed_pipe_ends_quietly_with_0() {
    // The reader has gone before a byte is written.
    let script = r#"{ sleep 0.3; "$0" "$@"; echo "code $?" >&2; } | true"#;
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["tree"],
        &["show", "self"],
        &["doctor"],
    ] {
        let answer = Run::script(&[], script, args.iter().copied()).run();
        assert_eq!(answer.stderr, "code 0\n", "{args:?}");
    }
}

#[test]
fn the_first_line_of_a_long_answer_can_be_taken() {
    // Longer than a pipe holds.
    let line = |id| format!("{id} 1 0:1 / /mnt/{id} rw - tmpfs none rw\n");
    let proc = FakeProc::with([Task::new(7).mountinfo((1..5_000).map(line).collect())]);
    let script = r#"{ "$0" "$@"; echo "code $?" >&2; } | head -n 1"#;
    let answer = Run::script(&[], script, ["snapshot"])
        .proc(proc.path())
        .run();
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("{\n", "code 0\n")
    );
}

#[test]
fn closed_standard_streams_are_no_crash() {
    for redirection in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        let script = format!(r#""$0" "$@" {redirection}; echo "code $?""#);
        let answer = Run::script(&[], &script, ["show", "self"]).run();
        assert!(
            answer.stdout.ends_with("code 0\n"),
            "{redirection}: {answer:?}"
        );
    }
}

#[test]
fn a_full_disk_is_exit_2_and_said() {
    let script = r#""$0" "$@" > /dev/full"#;
    for format in ["table", "json", "yaml"] {
        let answer = Run::script(&[], script, ["list", "--format", format]).run();
        assert_eq!(answer.code, Some(2), "{format}");
        assert!(answer.stderr.contains("No space left"), "{}", answer.stderr);
    }
}

// With few rights.

/// A run by somebody who may not look at processes of root.
fn unprivileged<'a>(args: impl IntoIterator<Item = &'a str>) -> Run {
    let run = nsinspect(args);
    if is_root() { run.as_user(NOBODY) } else { run }
}

#[test]
fn without_rights_everything_refused_is_named_and_nothing_invented() {
    let document = unprivileged(["list", "--json"]).run().document();
    let coverage = &document["coverage"];
    let refused = coverage["unreadable"].as_array().unwrap();
    if refused.is_empty() {
        skip!("there is no process here that an ordinary user may not read");
    }
    assert_eq!(coverage["complete"], false);
    assert!(
        refused.iter().all(|it| it["reason"] == "denied"),
        "{refused:?}"
    );
    for namespace in document["namespaces"].as_array().unwrap() {
        assert_every_null_is_explained(namespace);
    }
    let strict = unprivileged(["list", "--strict"]).run();
    assert_eq!(strict.code, Some(2));
    let said = format!("{} of ", refused.len());
    assert!(
        strict.stderr.contains("could not be read"),
        "{} {said}",
        strict.stderr
    );

    // PID 1 is root's: its namespaces may not be told, its name may.
    if is_root() {
        let show = unprivileged(["show", "1", "--json"]).run().document();
        let process = &show["process"];
        assert!(
            process["namespaces"]
                .as_object()
                .unwrap()
                .values()
                .all(Value::is_null)
        );
        for kind in KINDS {
            assert_eq!(process["unknown"][format!("namespaces.{kind}")], "denied");
        }
        assert!(process["comm"].is_string());
        assert_eq!(process["uid"], 0);
        let diff = unprivileged(["diff", "1", "--json"]).run();
        assert_eq!(diff.code, Some(2));
        let summary = &diff.document_at_any_rate()["summary"];
        assert_eq!(summary["shared"], json!([]));
        assert_eq!(summary["isolated"], json!([]));
    }
}

/// A null is either in `unknown`, or says that the field does not apply.
fn assert_every_null_is_explained(namespace: &Value) {
    let kind = namespace["type"].as_str().unwrap();
    let is_top = namespace["initial"] == true;
    for (field, value) in namespace.as_object().unwrap() {
        let applies = match field.as_str() {
            "pid" | "ppid" | "uid" | "user" | "command" | "path" => namespace["nprocs"] != 0,
            "owner" => !(kind == "user" && is_top),
            "owner_uid" => kind == "user",
            "parent" => matches!(kind, "user" | "pid") && !is_top,
            "container" => false,
            _ => true,
        };
        let explained = namespace["unknown"][field].is_string();
        assert!(
            !value.is_null() || !applies || explained,
            "{field} of {namespace}"
        );
    }
}

#[test]
fn what_an_ordinary_user_is_told_is_what_root_is_told() {
    if !is_root() {
        skip!("takes root to see what root is told");
    }
    let mine = Spawned::start(Command::new("sleep").arg("60")).unwrap();
    let pid = mine.pid().to_string();
    let (all, few) = (
        json(["show", &pid]),
        unprivileged(["show", &pid, "--json"]).run().document(),
    );
    for (field, value) in few["process"].as_object().unwrap() {
        let explained = few["process"]["unknown"][field].is_string();
        let known_to_root = &all["process"][field];
        let is_same = value == known_to_root || field == "namespaces" || field == "unknown";
        assert!(
            is_same || (value.is_null() && explained) || field == "pids",
            "{field}: {value} is {known_to_root}"
        );
    }
}

fn has_user_namespaces() -> bool {
    let made = Command::new("unshare").args(["-Ur", "true"]).output();
    made.is_ok_and(|made| made.status.success())
}

#[test]
fn root_of_a_user_namespace_is_told_what_lies_above_its_sight() {
    if !has_user_namespaces() {
        skip!("no user namespace for us here");
    }
    let script = r#"exec "$0" "$@""#;
    let answer = Run::script(&["unshare", "-Ur"], script, ["list", "--json"]).run();
    let document = answer.document();
    let own: Vec<&Value> = document["namespaces"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["type"] == "user" && it["initial"] == false && it["owner_uid"] == 0)
        .collect();
    assert_eq!(
        own.len(),
        1,
        "its own user namespace, made by its root: {document:#}"
    );
    assert_eq!(own[0]["parent"], Value::Null);
    assert_eq!(own[0]["unknown"]["parent"], "denied");
    assert_eq!(document["coverage"]["complete"], false);
    assert_eq!(document["coverage"]["layers"]["relations"], "denied");
    for namespace in document["namespaces"].as_array().unwrap() {
        assert_every_null_is_explained(namespace);
    }
}

#[test]
fn in_a_pid_namespace_of_its_own_pid_1_is_not_the_hosts_init() {
    let around: &[&str] = match is_root() {
        true => &["unshare", "-fp", "--mount-proc"],
        false => &["unshare", "-Urfp", "--mount-proc"],
    };
    let made = Command::new(around[0])
        .args(&around[1..])
        .arg("true")
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        skip!("no pid namespace with a procfs for us here");
    }
    let script = r#""$0" "$@"; exit $?"#;
    let diff = Run::script(around, script, ["diff", "self", "--json"])
        .run()
        .document();
    let expected = json!({"pid": 1, "source": "pid1", "host_init": false});
    assert_eq!(diff["reference"], expected);
    assert_eq!(diff["summary"]["shared"].as_array().unwrap().len(), 8);
    let text = Run::script(around, script, ["diff", "self"]).run();
    assert!(
        text.text()
            .contains("PID 1 here is not the host's init, and has its own"),
        "{}",
        text.stdout
    );
    // PID 1 itself has nothing to learn from being compared with itself.
    let of_init = Run::script(around, script, ["diff", "1", "--json"]);
    let of_init = of_init.run().document();
    let expected = json!({"pid": null, "source": "initial-inodes", "host_init": false});
    assert_eq!(of_init["reference"], expected);
    let state = |kind: &str| {
        let mut all = of_init["namespaces"].as_array().unwrap().iter();
        all.find(|it| it["type"] == kind).unwrap()["state"].clone()
    };
    assert_eq!(state("pid"), "isolated");
    assert_ne!(state("mnt"), "shared");
    let machine = Path::new("/proc/self/ns/uts").read_link().unwrap();
    if machine == Path::new("uts:[4026531838]") {
        assert_eq!(state("uts"), "shared");
    }
    let tree = Run::script(around, script, ["tree", "--json"])
        .run()
        .document();
    assert_ne!(tree["roots"][0]["label"], "host");
}

mod root {
    use super::*;

    #[test]
    fn hidepid_is_told_wherever_it_hides() {
        if !is_root() || !has_program("setpriv") {
            skip!("takes root and setpriv");
        }
        // Before Linux 5.8 the option is of the pid namespace, so that this takes one of its own.
        let around = ["unshare", "-fpm", "--mount-proc"];
        let script = r#"mount -t proc -o hidepid=2 proc /proc || exit 77
            exec 9<"$0"
            setpriv --reuid 65534 --regid 65534 --clear-groups /proc/self/fd/9 "$@"; exit $?"#;
        let run = |args: &[&str]| Run::script(&around, script, args.iter().copied()).run();
        let list = run(&["list", "--json"]);
        if list.code == Some(77) {
            skip!("no procfs with hidepid=2: {}", list.stderr);
        }
        let coverage = &list.document()["coverage"];
        let option = coverage["hidden_by"].as_str().unwrap();
        // The kernel says it in words since Linux 5.8.
        assert!(
            ["hidepid=2", "hidepid=invisible"].contains(&option),
            "{option}"
        );
        assert_eq!(coverage["complete"], false);
        assert_eq!(coverage["layers"]["processes"], "denied");
        assert_eq!(run(&["list", "--strict"]).code, Some(2));
        assert!(run(&["list"]).stderr.contains(option));
        assert!(run(&["doctor"]).text().contains(option));
        let answer = run(&["show", "1"]);
        assert_eq!(answer.code, Some(2));
        assert!(answer.stderr.contains("hidepid"), "{}", answer.stderr);
        // Root is shown everything, and told so.
        let script = script.replace("setpriv --reuid 65534 --regid 65534 --clear-groups", "");
        let answer = Run::script(&around, &script, ["list", "--json"]).run();
        assert_eq!(answer.document()["coverage"]["hidden_by"], Value::Null);
    }

    #[test]
    fn ten_thousand_processes_are_all_counted() {
        const MANY: usize = 10_000;
        if !is_root() {
            skip!("takes root: an ordinary user may not have so many processes");
        }
        let crowd = ForkedInit::start(|| {
            for _ in 0..MANY {
                try_fork_off(|| wait_for_ever())?;
            }
            Ok(())
        });
        let crowd = match crowd {
            Ok(crowd) => crowd,
            Err(reason) => skip!("{MANY} processes: {reason}"),
        };
        let inode = inode_of(&format!("/proc/{}/ns/pid", crowd.pid())).unwrap();
        let begin = Instant::now();
        let list = json(["list"]);
        eprintln!("list of {MANY} processes: {:?}", begin.elapsed());
        let namespaces = list["namespaces"].as_array().unwrap();
        let own = namespaces.iter().find(|it| it["ns"] == inode).unwrap();
        assert_eq!(own["nprocs"], MANY + 1);
        assert_eq!(own["type"], "pid");
        let members = json(["list", &inode.to_string()]);
        assert_eq!(members["processes"].as_array().unwrap().len(), MANY + 1);
        for by in ["set", "user", "pid", "process"] {
            let answer = nsinspect(["tree", "--by", by]).run();
            assert_eq!(answer.code, Some(0), "{by}: {}", answer.stderr);
        }
    }
}

#[test]
fn a_fork_storm_costs_time_and_no_output() {
    let calm = json(["list", "--depth", "full"]);
    let storm = ForkedInit::start(|| {
        for _ in 0..4 {
            try_fork_off(|| {
                loop {
                    let Ok(child) = try_fork_off(|| ()) else {
                        continue;
                    };
                    let _ = nix::sys::wait::waitpid(child, None);
                }
            })?;
        }
        Ok(())
    });
    let storm = match storm {
        Ok(storm) => storm,
        Err(reason) => skip!("{reason}"),
    };
    let inode = inode_of(&format!("/proc/{}/ns/pid", storm.pid())).unwrap();
    let own = std::process::id();
    let end = Instant::now() + Duration::from_secs(5);
    let mut runs = 0;
    while Instant::now() < end {
        let list = json(["list"]);
        let namespaces = list["namespaces"].as_array().unwrap();
        let found = namespaces.iter().find(|it| it["ns"] == inode).unwrap();
        // The init and its four are always there.
        assert!(found["nprocs"].as_u64().unwrap() >= 5, "{found}");
        let text = nsinspect(["tree", "--by=process"]).run();
        assert!(text.text().contains(&own.to_string()));
        // Who comes and goes is no gap, in no layer.
        let full = json(["list", "--depth", "full"]);
        for what in ["unreadable", "layers"] {
            assert_eq!(full["coverage"][what], calm["coverage"][what], "{what}");
        }
        runs += 1;
    }
    assert!(runs > 0);
}
