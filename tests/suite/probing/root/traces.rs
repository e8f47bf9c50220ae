//! What a target uses is the same before and after every experiment on it.

use std::fs;
use std::process::Command;
use std::rc::Rc;

use nsinspect::model::NsKind;
use nsinspect::verify::claim::{Against, AnyClaim};
use nsinspect::verify::claims::cgroup::writable_above::CgroupNotWritable;
use nsinspect::verify::claims::interfaces::Interfaces;
use nsinspect::verify::claims::isolated::Isolated;
use nsinspect::verify::claims::paths::{Path, State};
use nsinspect::verify::claims::processes::of_others::OnlyOwnProcesses;
use nsinspect::verify::claims::sockets::{Reach, Socket};
use nsinspect::verify::claims::user::root_on_host::RootNotHostRoot;

use super::whole;
use crate::probing::{isolated_from, tried};
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

fn every_claim(other: &Sandbox) -> Vec<AnyClaim> {
    let mut all: Vec<AnyClaim> = Vec::new();
    for kind in NsKind::ALL {
        let against = Against::Caller;
        all.push(Rc::new(Isolated { kind, against }));
        all.push(Rc::new(isolated_from(kind, other.pid)));
    }
    let unreachable = |socket| Reach {
        socket,
        reachable: false,
    };
    all.push(Path::claim("/tmp", State::NotWritable));
    all.push(Rc::new(unreachable(Socket::Abstract("none".to_owned()))));
    all.push(Rc::new(unreachable(Socket::Tcp(1))));
    all.push(Rc::new(RootNotHostRoot));
    all.push(Rc::new(OnlyOwnProcesses));
    all.push(Rc::new(CgroupNotWritable));
    all.push(Rc::new(Interfaces([].into())));
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
    for claim in every_claim(&other) {
        tried(sandbox.pid, claim.as_ref());
        let changed = differences(&before, &state(sandbox.pid));
        assert_eq!(changed, [""; 0], "{claim:?}");
        tried(shared.pid, claim.as_ref());
        assert_eq!(without_network(shared.pid), shared_before, "{claim:?}");
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
    // Compared with nsinspect itself: from a namespace that is not the host's nothing is tried
    // against that.
    let file = folder.path().join("claims");
    let kinds = NsKind::ALL.map(NsKind::name).join(", ");
    let text =
        format!("version: 1\nclaims:\n  isolated_from: [{{target: self, kinds: [{kinds}]}}]\n");
    fs::write(&file, text).unwrap();
    let claims = file.to_str().unwrap();
    let verify = [
        "verify",
        &pid,
        "--profile",
        "sandbox",
        "-J",
        "--claims",
        claims,
    ];
    let answer = Run::script(&["unshare", "-im"], script, verify)
        .env("TMPDIR", folder.path().to_str().unwrap())
        .run();
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let probed: usize = answer.stdout.trim().parse().expect("a count alone");
    assert!(probed >= NsKind::ALL.len(), "{answer:?}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "the claims"
    );
}
