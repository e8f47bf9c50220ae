//! What a target uses is the same before and after every experiment on it.

use std::fs;
use std::process::Command;

use nsinspect::model::NsKind;
use nsinspect::verify::claim::{PathState, Socket};
use nsinspect::verify::probes::{Question, Target};

use super::whole;
use crate::probing::tried;
use crate::support::command::output_of;
use crate::support::facts::{kinds, proc_file};
use crate::support::nsinspect::Run;
use crate::support::sandbox::Sandbox;

/// All that could have been changed, as text.
fn state(pid: i32) -> Vec<String> {
    all_of(pid).lines().map(str::to_owned).collect()
}

/// Lines that are in one of the two alone.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let alone = |these: &[String], those: &[String]| -> Vec<String> {
        let not_there = these.iter().filter(|line| !those.contains(line));
        not_there.cloned().collect()
    };
    [alone(before, after), alone(after, before)].concat()
}

fn all_of(pid: i32) -> String {
    let mut state = String::new();
    // Without how often it has run, and so on.
    let lasting = |line: &&str| !line.contains("ctxt_switches");
    for file in [
        "mountinfo",
        "cgroup",
        "uid_map",
        "gid_map",
        "limits",
        "environ",
    ] {
        state += &format!("{file}\n{}\n", proc_file(pid, file));
    }
    let status = proc_file(pid, "status");
    state += &status
        .lines()
        .filter(lasting)
        .collect::<Vec<_>>()
        .join("\n");
    for kind in kinds() {
        let link = fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        state += &format!("\n{kind} {}", link.display());
    }
    let mut open: Vec<_> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|fd| format!("{} {:?}", fd.display(), fs::read_link(&fd)))
        .collect();
    open.sort_unstable();
    state += &open.join("\n");
    for table in ["unix", "tcp", "tcp6", "udp"] {
        state += &format!("\n{table}\n{}", proc_file(pid, &format!("net/{table}")));
    }
    let inside = "hostname; domainname; cat /proc/sysvipc/*";
    let mut nsenter = Command::new("nsenter");
    nsenter.args(["-t", &pid.to_string(), "-a", "sh", "-c", inside]);
    state + &output_of(&mut nsenter).unwrap()
}

fn every_question(other: &Sandbox) -> Vec<Question> {
    let from = Some(Target {
        pid: other.pid,
        start_time: None,
    });
    let mut all = Vec::new();
    for kind in NsKind::ALL {
        for from in [None, from.clone()] {
            all.push(Question::Isolated { kind, from });
        }
    }
    let path = "/tmp".to_owned();
    let is = PathState::NotWritable;
    all.extend([
        Question::Path { path, is },
        Question::Unreachable(Socket::Abstract("none".to_owned())),
        Question::Unreachable(Socket::Tcp(1)),
        Question::HostCapabilitiesRefused,
        Question::OnlyOwnProcesses,
        Question::CgroupNotWritable,
        Question::Interfaces(Vec::new()),
    ]);
    all
}

#[test]
fn a_target_is_not_changed() {
    needs_root!();
    let other = whole();
    let sandbox = whole();
    let shared = Sandbox::start(&["-m"], "true").unwrap();
    let before = state(sandbox.pid);
    let without_network = |pid| proc_file(pid, "mountinfo") + &proc_file(pid, "cgroup");
    let shared_before = without_network(shared.pid);
    for question in every_question(&other) {
        tried(sandbox.pid, &question);
        let changed = differences(&before, &state(sandbox.pid));
        assert_eq!(changed, [""; 0], "{question:?}");
        tried(shared.pid, &question);
        assert_eq!(without_network(shared.pid), shared_before, "{question:?}");
    }
}

#[test]
fn nothing_is_left_behind_outside() {
    needs_root!();
    let sandbox = whole();
    let folder = tempfile::tempdir().unwrap();
    // In an ipc namespace where nobody else makes anything.
    let script = "mount -t mqueue none /mnt; \"$0\" \"$@\" | grep -c probed; \
                  tail -n +2 -q /proc/sysvipc/*; ls -A /mnt";
    let pid = sandbox.pid.to_string();
    let verify = ["verify", &pid, "--profile", "sandbox", "-J"];
    let answer = Run::script(&["unshare", "-im"], script, verify)
        .env("TMPDIR", folder.path().to_str().unwrap())
        .run();
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let probed: usize = answer.stdout.trim().parse().expect("a count alone");
    assert!(probed >= NsKind::ALL.len(), "{answer:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
