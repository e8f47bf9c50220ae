//! Where there is no terminal: a session of its own for the program, to which signals are passed on.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::launch::running::{End, Running, state, wait_for_state};
use crate::runtimes::started;
use crate::support::facts::stat;
use crate::support::process::children;
use crate::support::run::program_for_everyone;

use super::sandbox;

/// The words without a terminal anywhere: in a session that has none.
fn without_terminal(words: &[&str], script: &str) -> Running {
    let mut command = Command::new(program_for_everyone());
    command.args(words).args(["sh", "-c", script]);
    // SAFETY: one system call between fork and exec; that of the group comes after it, and is in vain.
    unsafe {
        command.pre_exec(|| {
            let _ = nix::unistd::setsid();
            Ok(())
        });
    }
    Running::of(&mut command)
}

#[test]
fn the_program_is_in_no_group_and_no_session_of_ours() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    let elsewhere: [&[&str]; 5] = [
        &["enter", &pid, "--"],
        &["enter", &pid, "-p", "--"],
        &["run", "-fp"],
        &["run", "-fm"],
        &["run", "--init"],
    ];
    for words in elsewhere {
        let mut running = without_terminal(words, "echo up; exec sleep 1000");
        assert_eq!(running.line(), "up");
        let mut program = children(running.pid())[0];
        while let Some(below) = children(program).first() {
            program = *below;
        }
        for field in [5, 6] {
            let ours = stat(running.pid(), field);
            assert_ne!(stat(program, field), ours, "{words:?}, field {field}");
        }
        running.send(Signal::SIGTERM);
        running.send(Signal::SIGTERM);
    }
    // As it ever was.
    for words in [&["run", "-fu"] as &[&str], &["run", "-fm", "--no-pty"]] {
        let mut running = without_terminal(words, "echo up; exec sleep 1000");
        assert_eq!(running.line(), "up");
        let program = children(running.pid())[0];
        assert_eq!(stat(program, 6), stat(running.pid(), 6), "{words:?}");
        running.send(Signal::SIGTERM);
    }
}

#[test]
fn it_cannot_kill_our_group() {
    needs_root!();
    let it = started!(sandbox());
    let mut running = without_terminal(
        &["enter", &it.pid.to_string(), "--"],
        "trap 'echo hit' USR1; kill -USR1 0; exit 3",
    );
    assert_eq!(running.line(), "hit");
    assert_eq!(running.end(), (End::Code(3), String::new()));
}

#[test]
fn signals_reach_it_and_tstp_stops_it() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    let script = "for s in INT QUIT TERM HUP; do trap \"echo $s\" $s; done; echo up\n\
                  while :; do sleep 0.05; done";
    let elsewhere: [&[&str]; 4] = [
        &["enter", &pid, "--"],
        &["run", "-fm"],
        &["run", "-fp"],
        &["run", "--init"],
    ];
    for words in elsewhere {
        let mut running = without_terminal(words, script);
        assert_eq!(running.line(), "up");
        for (signal, name) in [
            (Signal::SIGINT, "INT"),
            (Signal::SIGQUIT, "QUIT"),
            (Signal::SIGTERM, "TERM"),
            (Signal::SIGHUP, "HUP"),
        ] {
            running.send(signal);
            assert_eq!(running.line(), name, "{words:?}");
        }
        let mut program = children(running.pid())[0];
        if words.contains(&"--init") {
            program = children(program)[0];
        }
        running.send(Signal::SIGTSTP);
        wait_for_state(program, &['T']);
        wait_for_state(running.pid(), &['T']);
        running.send(Signal::SIGCONT);
        wait_for_state(program, &['S', 'R']);
        running.send(Signal::SIGKILL);
        crate::launch::running::wait_gone(program);
        assert!(matches!(state(program), None | Some('Z')), "{words:?}");
    }
}
