//! What takes root.

use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::{claims, path};
use crate::support::hung_fuse::{Root, has_fuse, mount_fuse};
use crate::support::run::{nsinspect, run_alone};
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;
use crate::support::telling::telling;

#[test]
fn offsets_of_clocks_and_names_are_proven_before_the_start() {
    if !is_root() {
        skip!("needs root");
    }
    let args = [
        "run",
        "--verify",
        "--time",
        "--boottime",
        "1000",
        "--hostname",
        "inside",
        "--pid",
        "--mount",
        "--",
        "/bin/cat",
        "/proc/sys/kernel/hostname",
    ];
    let answer = nsinspect(&args).expect(0);
    assert_eq!(answer.stdout, "inside\n");
    assert_eq!(
        answer.stderr,
        "nsinspect: proven before the start: 10 claims\n"
    );
}

#[test]
fn root_who_is_root_in_there_is_told_that_it_is_root_outside_too() {
    if !is_root() {
        skip!("needs root");
    }
    let answer = nsinspect(&["run", "--all", "--verify", "--", "/bin/echo", "started"]).expect(125);
    assert_eq!(answer.stdout, "");
    assert!(answer.stderr.contains("FAILS  user isolated"), "{answer:?}");
}

#[test]
fn an_init_of_ours_has_its_program_proven_too() {
    if !is_root() {
        skip!("needs root");
    }
    let args = [
        "run",
        "--verify",
        "--init",
        "--mount",
        "--",
        "/bin/echo",
        "started",
    ];
    let answer = nsinspect(&args).expect(0);
    assert_eq!(answer.stdout, "started\n");
}

#[test]
fn clocks_and_cgroups_are_as_claimed_or_not() {
    if !is_root() {
        skip!("needs root");
    }
    let args = ["--time", "--boottime", "77", "--fork", "--cgroup"];
    let it = match Sandbox::start(&args, "") {
        Ok(it) => it,
        Err(reason) => skip!("no time namespaces here: {reason}"),
    };
    let pid = it.pid.to_string();
    for (text, code) in [
        ("time: {boottime: 77}", 0),
        ("time: {boottime: 78}", 1),
        ("time: {}", 1),
        ("cgroup: {path: /}", 0),
        ("cgroup: {path: /other}", 1),
        ("isolated: [time, cgroup]", 0),
        ("isolated: [time, net]", 1),
    ] {
        let file = claims(&format!("version: 1\nclaims: {{{text}}}\n"));
        let answer = nsinspect(&["verify", &pid, "--claims", path(&file)]);
        assert_eq!(answer.code, code, "{text}: {answer:?}");
    }
}

#[test]
fn a_file_server_that_never_answers_leaves_its_own_claim_undecided_and_no_other() {
    if !is_root() || !has_fuse() {
        skip!("needs root and FUSE");
    }
    let folder = tempfile::tempdir().unwrap();
    let hung = telling(|| {
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS).expect("root may unshare");
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("mounts of its own");
        mount_fuse(folder.path(), Root::Folder).hang();
        Vec::new()
    });
    let pid = hung.pid().to_string();
    let file = folder.path().join("file");
    let text = format!(
        "version: 1\nclaims:\n  isolated: [mnt]\n  paths:\n    absent: [/nosuch, {}]\n    \
         mounted: [/proc]\n",
        file.display()
    );
    let file = claims(&text);
    let start = Instant::now();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nsinspect"));
    command.args(["verify", &pid, "--json", "--claims", path(&file)]);
    // Whoever waits for that server cannot even be killed before it ends.
    let answer = run_alone(&mut command).0.expect(2);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    let document = answer.json();
    let rows: Vec<_> = document["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        rows,
        ["undecided", "holds", "holds", "holds"],
        "{document:#}"
    );
    assert!(answer.stderr.contains("of 4 claims; "), "{}", answer.stderr);
}
