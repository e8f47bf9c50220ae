//! What a launch leaves behind: nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::launch::beside::launch;
use crate::launch::running::{End, Running, SOON, members, send, wait_gone};
use crate::support::process::{children, wait_until};
use crate::support::run::program_for_everyone;
use crate::support::skip::has_program;

/// A file on which a namespace can be kept; what is mounted there goes with it.
struct Kept(TempDir);

impl Kept {
    fn new() -> Kept {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("ns"), "").unwrap();
        Kept(dir)
    }

    fn option(&self, letter: &str) -> String {
        format!("-{letter}={}", self.file())
    }

    fn file(&self) -> String {
        self.0.path().join("ns").to_str().unwrap().to_owned()
    }

    fn is_mounted(&self) -> bool {
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
        table.contains(&self.file())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(Path::new(&self.file()), nix::mount::MntFlags::MNT_DETACH);
    }
}

/// All mounts but those that other tests keep namespaces by meanwhile.
fn mounts() -> Vec<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let lines = table.lines().filter(|line| !line.contains(" nsfs "));
    lines.map(str::to_owned).collect()
}

#[test]
fn after_success_there_is_no_process_and_no_mount_but_what_was_to_stay() {
    needs_root!();
    let kept = Kept::new();
    let before = mounts();
    let script = "sleep 1000 & readlink /proc/self/ns/pid | tr -dc 0-9";
    let answer = launch(&["-fpmn", "--mount-proc", "sh", "-c", script]).expect(0);
    assert_eq!(members("pid", answer.stdout.parse().unwrap()), [0; 0]);
    assert_eq!(mounts(), before);
    launch(&[&kept.option("u"), "true"]).expect(0);
    assert!(kept.is_mounted());
}

#[test]
fn what_was_bound_is_undone_when_a_later_step_fails() {
    needs_root!();
    for (letter, failing) in [
        ("u", &["-w", "/nonexistent", "true"][..]),
        ("u", &["-r", "-S", "7", "true"]),
        ("u", &["/nonexistent"]),
        ("u", &["/etc/passwd"]),
        ("n", &["--rootfs", "/nonexistent", "true"]),
        ("p", &["-w", "/nonexistent", "true"]),
        ("p", &["--init", "/nonexistent"]),
        ("u", &["-i=/nonexistent", "true"]),
        ("p", &["-T=/nonexistent", "true"]),
    ] {
        let kept = Kept::new();
        let option = kept.option(letter);
        let words = [&[option.as_str()], failing].concat();
        let answer = launch(&words);
        assert!((125..=127).contains(&answer.code), "{words:?} {answer:?}");
        assert!(!kept.is_mounted(), "{words:?} {answer:?}");
    }
}

/// A launch that dwells in the middle of its set-up, after the bind, for as long as its strace lives:
/// the kernel's answer to sethostname(2) is held back for longer than anybody waits.
fn dwelling(kept: &Kept) -> (Running, i32) {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-o", "/dev/null", "-e", "trace=sethostname"])
        .args(["-e", "inject=sethostname:delay_enter=90000000"])
        .arg(program_for_everyone())
        .args([
            "run",
            &kept.option("u"),
            "--hostname",
            "KANS",
            "-fp",
            "sleep",
            "90",
        ]);
    let strace = Running::of(&mut command);
    wait_until(SOON, "the bind", || kept.is_mounted()).unwrap();
    let mut supervisor = 0;
    wait_until(SOON, "both children", || {
        let tracees = children(strace.pid());
        supervisor = tracees.first().copied().unwrap_or(0);
        supervisor != 0 && children(supervisor).len() == 2
    })
    .unwrap();
    (strace, supervisor)
}

#[test]
fn a_supervisor_that_is_killed_in_the_middle_of_the_set_up_leaves_nothing() {
    needs_root!();
    if !has_program("strace") {
        skip!("strace is not installed");
    }
    let kept = Kept::new();
    let (strace, supervisor) = dwelling(&kept);
    let both = children(supervisor);
    send(supervisor, Signal::SIGKILL);
    strace.send(Signal::SIGKILL);
    wait_gone(supervisor);
    wait_until(SOON, "the bind to be undone", || !kept.is_mounted()).unwrap();
    both.into_iter().for_each(wait_gone);
}

#[test]
fn ctrl_c_in_the_middle_of_the_set_up_leaves_nothing() {
    needs_root!();
    if !has_program("strace") {
        skip!("strace is not installed");
    }
    let kept = Kept::new();
    let (strace, supervisor) = dwelling(&kept);
    let both = children(supervisor);
    // All of a foreground group get it; the init of a pid namespace does not hear it.
    for pid in both.iter().copied().chain([supervisor]) {
        send(pid, Signal::SIGINT);
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    send(supervisor, Signal::SIGKILL);
    strace.send(Signal::SIGKILL);
    wait_until(SOON, "the bind to be undone", || !kept.is_mounted()).unwrap();
    both.into_iter().for_each(wait_gone);
}

#[test]
fn a_launch_that_ctrl_c_ends_leaves_nothing() {
    needs_root!();
    let before = mounts();
    let mut running = Running::start(
        &["-fpm"],
        "trap 'exit 3' INT; readlink /proc/self/ns/pid | tr -dc 0-9; echo; while :; do sleep 0.05; done",
    );
    let inside = running.line().parse().unwrap();
    nix::sys::signal::killpg(nix::unistd::Pid::from_raw(running.pid()), Signal::SIGINT).unwrap();
    assert_eq!(running.end().0, End::Code(3));
    assert_eq!(members("pid", inside), [0; 0]);
    assert_eq!(mounts(), before);
}
