//! How the program ends, signals that are passed on, and what the end of the supervisor leaves.

use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;

use crate::entering::enter;
use crate::launch::running::{End, Running, SOON, members, send, wait_for_state, wait_gone};
use crate::runtimes::started;
use crate::support::facts::inode;
use crate::support::hung_fuse::{Root, has_fuse, mount_fuse};
use crate::support::nsinspect::nsinspect;
use crate::support::process::{children, wait_until};
use crate::support::run::program_for_everyone;
use crate::support::sandbox::Sandbox;
use crate::support::telling::{Telling, telling};

use super::sandbox;

/// `enter TARGET OPTIONS -- sh -c SCRIPT`, which runs on.
fn entering(it: &Sandbox, options: &[&str], script: &str) -> Running {
    let mut command = Command::new(program_for_everyone());
    command.args(["enter", &it.pid.to_string()]).args(options);
    Running::of(command.args(["--", "sh", "-c", script]))
}

/// The program, once there is one child.
fn program(running: &Running) -> i32 {
    let mut program = None;
    wait_until(SOON, "the program", || {
        program = children(running.pid()).first().copied();
        program.is_some()
    })
    .unwrap();
    program.unwrap()
}

#[test]
fn the_programs_own_code_and_the_signal_that_kills_it_are_passed_on() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    for code in [0, 1, 7, 125, 126, 127, 255] {
        for options in [&["-a"] as &[&str], &["-n"], &["-a", "-F"]] {
            let answer = enter(&pid, options, &format!("exit {code}"));
            let said = (answer.code, &*answer.stderr);
            assert_eq!(said, (Some(code), ""), "{options:?}");
        }
    }
    let (end, stderr) = entering(&it, &["-a"], "kill -USR1 $$").end();
    assert_eq!(end, End::Code(138));
    assert_eq!(stderr, "nsinspect: the program was killed by SIGUSR1\n");
    // Without a pid namespace we have become the program, so the signal is its own.
    let (end, stderr) = entering(&it, &["-n"], "kill -USR1 $$").end();
    assert_eq!((end, &*stderr), (End::Signal(10), ""));
}

#[test]
fn a_program_that_cannot_be_executed_has_the_codes_of_shells() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    let script = |text: &str| {
        let path = file.path().with_extension("sh");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        path.to_str().unwrap().to_owned()
    };
    let lost = script("#!/no/such/interpreter\n");
    for options in [&["-a"] as &[&str], &["-n"]] {
        let run = |program: &str| {
            let words = ["enter", &pid].into_iter().chain(options.iter().copied());
            let answer = nsinspect(words.chain(["--", program])).run();
            (answer.code, answer.stderr)
        };
        let (code, stderr) = run("no-such-program");
        assert_eq!(code, Some(127));
        assert!(
            stderr.starts_with("nsinspect: cannot execute no-such-program: "),
            "{stderr}"
        );
        let (code, stderr) = run("/etc/passwd");
        assert_eq!(code, Some(126));
        assert!(stderr.contains("no file that may be executed"), "{stderr}");
        let (code, stderr) = run(&lost);
        assert_eq!(code, Some(126), "{stderr}");
        assert!(stderr.contains("interpreter"), "{stderr}");
    }
    std::fs::remove_file(lost).unwrap();
}

#[test]
fn signals_reach_the_program_and_stops_are_mirrored() {
    needs_root!();
    let it = started!(sandbox());
    let traps = "for s in HUP INT QUIT TERM USR1 USR2; do trap \"echo $s\" $s; done; echo ready; \
                 while :; do sleep 0.05; done";
    let mut running = entering(&it, &["-a"], traps);
    assert_eq!(running.line(), "ready");
    for (signal, name) in [
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGUSR1, "USR1"),
        (Signal::SIGUSR2, "USR2"),
    ] {
        running.send(signal);
        assert_eq!(running.line(), name);
    }
    let program = program(&running);
    send(program, Signal::SIGSTOP);
    wait_for_state(running.pid(), &['T']);
    running.send(Signal::SIGCONT);
    wait_for_state(program, &['S', 'R']);
    send(program, Signal::SIGKILL);
    assert_eq!(running.end().0, End::Code(137));
}

#[test]
fn the_program_ends_with_a_supervisor_that_is_killed() {
    needs_root!();
    let it = started!(sandbox());
    for options in [
        &["-a"] as &[&str],
        &["-a", "-S", "65534", "-G", "65534"],
        &["--as-target"],
    ] {
        let mut running = entering(&it, options, "echo ready; exec sleep 1000");
        assert_eq!(running.line(), "ready");
        let program = program(&running);
        running.send(Signal::SIGKILL);
        assert_eq!(running.end().0, End::Signal(9));
        wait_gone(program);
    }
}

#[test]
fn a_target_that_ends_takes_the_program_with_it_and_nobody_can_enter_any_more() {
    needs_root!();
    let it = started!(sandbox());
    let mut running = entering(&it, &["-a"], "echo ready; exec sleep 1000");
    assert_eq!(running.line(), "ready");
    // It is the init: the kernel kills whoever else is in there.
    send(it.pid, Signal::SIGKILL);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Code(137));
    assert_eq!(stderr, "nsinspect: the program was killed by SIGKILL\n");
}

#[test]
fn a_target_that_is_stopped_is_entered_like_any_other() {
    needs_root!();
    let it = started!(sandbox());
    send(it.pid, Signal::SIGSTOP);
    wait_for_state(it.pid, &['T']);
    let answer = enter(&it.pid.to_string(), &["--as-target"], "hostname");
    assert_eq!((answer.code, &*answer.stdout), (Some(0), "inside\n"));
    send(it.pid, Signal::SIGCONT);
}

#[test]
fn a_working_directory_on_a_hung_file_server_can_be_left() {
    needs_root!();
    if !has_fuse() {
        skip!("no /dev/fuse");
    }
    let (it, other) = (hung(), started!(sandbox()));
    let pid = it.pid().to_string();
    let pid_namespace = format!("-p=/proc/{}/ns/pid", other.pid);
    let mut command = Command::new(program_for_everyone());
    command.args(["enter", &pid, "-m", &pid_namespace]);
    command.args(["-W", "/mnt/x/y", "--", "true"]);
    let running = Running::of(&mut command);
    let midwife = program(&running);
    wait_for_state(midwife, &['S', 'D']);
    std::thread::sleep(std::time::Duration::from_millis(100));
    running.send(Signal::SIGTERM);
    assert_eq!(running.end().0, End::Signal(15));
    // It waits for the file server, which not even SIGKILL ends, and is gone with that.
    drop(it);
    wait_gone(midwife);
}

/// A process in a mount namespace of its own, in whose /mnt a file server hangs.
fn hung() -> Telling {
    telling(|| {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
        mount_fuse("/mnt".as_ref(), Root::Folder).hang();
        Vec::new()
    })
}

#[test]
fn entering_and_failing_to_leaves_no_process_and_no_mount() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let inside = || members("pid", inode(it.pid, "pid"));
    let before = (mounts(), inside());
    // That no process of a run lives on is looked at after every run (support/leftovers.rs).
    for options in [
        &["-a"] as &[&str],
        &["--as-target"],
        &["-a", "-W", "/no/such"],
        &["-S", "4294967295"],
    ] {
        enter(&pid, options, "true");
        enter(&pid, options, "kill -9 $$");
    }
    assert_eq!((mounts(), inside()), before);
}
