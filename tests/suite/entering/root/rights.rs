//! `--as-target`, cgroups and groups, with targets that the tests make themselves.

use std::process::Command;

use crate::entering::enter;
use crate::runtimes::started;
use crate::support::facts::proc_file;
use crate::support::nsinspect::{Run, nsinspect};
use crate::support::process::wait_until;
use crate::support::sandbox::{Sandbox, then_sleep};

const STATUS: &str = "grep -E '^(Uid|Gid|Groups|Cap|NoNew)' /proc/self/status";

fn of(pid: i32) -> String {
    let wanted = ["Uid:", "Gid:", "Groups:", "Cap", "NoNew"];
    let status = proc_file(pid, "status");
    let lines = status
        .lines()
        .filter(|line| wanted.iter().any(|start| line.starts_with(start)));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn real_and_effective_ids_and_groups_are_those_of_the_target() {
    needs_root!();
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--ruid=1000", "--euid=2000", "--rgid=3000", "--egid=4000"]);
    setpriv.args([
        "--groups=7,8",
        "--bounding-set=-all,+chown,+kill",
        "--no-new-privs",
    ]);
    setpriv.args(["sleep", "300"]);
    let mut it = crate::support::process::Spawned::start(&mut setpriv).unwrap();
    let pid = it.pid();
    wait_until(std::time::Duration::from_secs(10), "sleep", || {
        crate::support::process::comm_of(pid).as_deref() == Some("sleep")
    })
    .unwrap();
    // By no shell, which would make the effective ids the real ones.
    let lines = "^(Uid|Gid|Groups|Cap|NoNew)";
    let words = [
        "enter",
        &pid.to_string(),
        "--as-target",
        "--",
        "grep",
        "-E",
        lines,
    ]
    .map(str::to_owned);
    let words = words
        .iter()
        .map(String::as_str)
        .chain(["/proc/self/status"]);
    let answer = nsinspect(words).run();
    assert_eq!((answer.code, &*answer.stderr), (Some(0), ""));
    assert_eq!(answer.stdout, of(pid));
    assert!(it.ended().is_none());
}

#[test]
fn groups_go_before_a_user_namespace_is_entered_in_which_they_cannot() {
    needs_root!();
    let it = started!(Sandbox::start_as_nobody(&["-U", "--map-root-user"], ""));
    assert_eq!(proc_file(it.pid, "setgroups"), "deny\n");
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--groups=5,6", env!("CARGO_BIN_EXE_nsinspect"), "enter"]);
    setpriv.args([
        &it.pid.to_string(),
        "-U",
        "--",
        "sh",
        "-c",
        "id -u; id -g; id -G",
    ]);
    let answer = Run::of(setpriv).run();
    assert_eq!(
        (answer.code, &*answer.stdout),
        (Some(0), "0\n0\n0\n"),
        "{answer:?}"
    );
    let exact = enter(&it.pid.to_string(), &["--as-target"], STATUS);
    let theirs = enter(
        &it.pid.to_string(),
        &["-U"],
        &STATUS.replace("self", &it.pid.to_string()),
    );
    assert_eq!(exact.stdout, theirs.stdout, "{}", exact.stderr);
}

/// Cgroups of the test's own, below a mount point.
struct Cgroup {
    folder: String,
}

impl Cgroup {
    fn new(mount: &str) -> Result<Cgroup, String> {
        let folder = format!("{mount}/nsinspect-enter-{}", std::process::id());
        std::fs::create_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
        Ok(Cgroup { folder })
    }

    fn procs(&self) -> String {
        format!("{}/cgroup.procs", self.folder)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let gone = || std::fs::remove_dir(&self.folder).is_ok();
        let _ = wait_until(std::time::Duration::from_secs(5), "the cgroup to go", gone);
    }
}

#[test]
fn the_cgroups_of_the_target_are_joined_in_every_hierarchy() {
    needs_root!();
    let mounts = proc_file(crate::support::facts::own_pid(), "mounts");
    let kinds = ["cgroup", "cgroup2"];
    let hierarchies = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        kinds.contains(&kind).then(|| point.to_owned())
    });
    // Cpusets take nobody before they are given processors.
    let hierarchies = hierarchies.filter(|point| !point.contains("cpuset"));
    let groups: Vec<Cgroup> = hierarchies
        .filter_map(|point| Cgroup::new(&point).ok())
        .collect();
    if groups.is_empty() {
        skip!("no hierarchy of cgroups can be written here");
    }
    let mut sh = Command::new("sh");
    sh.args(["-c", &then_sleep("")]);
    let it = started!(Sandbox::run(&mut sh));
    for group in &groups {
        std::fs::write(group.procs(), it.pid.to_string()).unwrap();
    }
    let theirs = proc_file(it.pid, "cgroup");
    assert!(theirs.contains("nsinspect-enter"), "{theirs}");
    for option in ["-c", "--join-cgroup", "--as-target"] {
        let answer = enter(&it.pid.to_string(), &[option], "cat /proc/self/cgroup");
        assert_eq!(
            (answer.code, answer.stdout),
            (Some(0), theirs.clone()),
            "{}",
            answer.stderr
        );
    }
    let ours = enter(&it.pid.to_string(), &[], "cat /proc/self/cgroup");
    assert!(!ours.stdout.contains("nsinspect-enter"));
    drop(it);
}
