//! Signals, stops and ends.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigHandler, Signal, signal};

use crate::launch::beside::{both, launch, script};
use crate::launch::running::{End, Running, send, state, wait_for_state, wait_gone};
use crate::support::process::children;
use crate::support::run::program_for_everyone;

const DEAF: &str = "the program is PID 1 of its pid namespace and has no handler for SIGTERM, so \
                    that the kernel keeps the signal from it; once more ends it by SIGKILL, and \
                    --init is for such programs";

#[test]
fn the_programs_own_code_and_the_signal_that_kills_it_are_passed_on() {
    needs_root!();
    for code in ["0", "1", "7", "125", "255"] {
        for options in [&["-u"][..], &["-f"], &["-fp"], &["-T"]] {
            both(&[options, &["sh", "-c", &format!("exit {code}")]].concat());
        }
        launch(&["--init", "sh", "-c", &format!("exit {code}")]).expect(code.parse().unwrap());
    }
    let (end, stderr) = Running::start(&["-f"], "kill -USR1 $$").end();
    assert_eq!(end, End::Code(138));
    assert_eq!(stderr, "nsinspect: the program was killed by SIGUSR1\n");
    let (end, stderr) = Running::start(&["--init"], "kill -USR1 $$").end();
    assert_eq!(end, End::Code(138), "{stderr}");
}

#[test]
fn a_script_ends_with_a_program_that_is_ended_by_ctrl_c() {
    needs_root!();
    let (end, stderr) = Running::start(&["-f"], "kill -INT $$").end();
    assert_eq!((end, stderr.as_str()), (End::Signal(2), ""));
    assert_eq!(
        script("set +e; $NSINSPECT run -f sh -c 'kill -INT $$'; echo $?").stdout,
        "130\n"
    );
}

#[test]
fn how_the_program_ended_is_known_also_where_sigchld_was_ignored() {
    needs_root!();
    let mut command = Command::new(program_for_everyone());
    command.args(["run", "-f", "sh", "-c", "exit 7"]);
    // SAFETY: one system call between fork and exec.
    unsafe {
        command.pre_exec(|| {
            signal(Signal::SIGCHLD, SigHandler::SigIgn)?;
            Ok(())
        });
    }
    assert_eq!(Running::of(&mut command).end().0, End::Code(7));
}

#[test]
fn signals_reach_a_program_that_handles_them() {
    needs_root!();
    let script = "for s in TERM HUP USR1 USR2 WINCH; do trap \"echo $s\" $s; done; trap 'exit 9' QUIT; echo up\n\
                  while :; do sleep 0.05; done";
    for options in [&["-f"][..], &["-fp"], &["-p", "--init"], &["-T"]] {
        let mut running = Running::start(options, script);
        assert_eq!(running.line(), "up");
        for (signal, name) in [
            (Signal::SIGTERM, "TERM"),
            (Signal::SIGHUP, "HUP"),
            (Signal::SIGUSR1, "USR1"),
            (Signal::SIGUSR2, "USR2"),
            (Signal::SIGWINCH, "WINCH"),
        ] {
            running.send(signal);
            assert_eq!(running.line(), name, "{options:?}");
        }
        running.send(Signal::SIGQUIT);
        let (end, stderr) = running.end();
        assert_eq!((end, stderr.as_str()), (End::Code(9), ""), "{options:?}");
    }
}

#[test]
fn a_process_one_that_is_deaf_is_named_and_ended_at_the_second_time() {
    needs_root!();
    let mut running = Running::start(&["-fp"], "echo up; exec sleep 1000");
    running.line();
    let init = children(running.pid())[0];
    wait_for_state(init, &['S']);
    running.send(Signal::SIGTERM);
    running.hear(DEAF);
    assert_eq!(state(init), Some('S'));
    running.send(Signal::SIGTERM);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Code(137));
    let killed = "the program was killed by SIGKILL, and with it all that was in its pid namespace";
    assert_eq!(stderr, format!("nsinspect: {DEAF}\nnsinspect: {killed}\n"));
}

#[test]
fn an_init_of_ours_ends_such_a_program_at_once_and_reaps_orphans() {
    needs_root!();
    let mut running = Running::start(
        &["--init", "-p", "--mount-proc"],
        "echo $$; exec sleep 1000",
    );
    assert_eq!(running.line(), "2");
    running.send(Signal::SIGTERM);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Code(143));
    assert!(
        stderr.contains("killed by SIGTERM") || stderr.is_empty(),
        "{stderr}"
    );

    // The orphan's parent ends at once; nobody but an init waits for it.
    let orphans =
        "for n in 1 2 3 4 5; do (sleep 0.1 & exec true); done; sleep 1; ps -e -o stat= | grep -c Z";
    let answer = launch(&["--init", "-p", "--mount-proc", "sh", "-c", orphans]);
    assert_eq!(answer.stdout, "0\n", "{answer:?}");
}

#[test]
fn we_stop_with_the_program_and_it_goes_on_with_us() {
    needs_root!();
    for options in [&["-f"][..], &["-fp"], &["-p", "--init"]] {
        let mut running = Running::start(options, "echo up; exec sleep 1000");
        running.line();
        let supervisor = running.pid();
        let mut program = children(supervisor)[0];
        if options.contains(&"--init") {
            program = children(program)[0];
        }
        wait_for_state(program, &['S']);
        send(program, Signal::SIGSTOP);
        wait_for_state(supervisor, &['T']);
        assert_eq!(state(program), Some('T'), "{options:?}");
        send(supervisor, Signal::SIGCONT);
        wait_for_state(program, &['S']);
        wait_for_state(supervisor, &['S']);
        // A second time, to see that nothing is left over from the first.
        send(program, Signal::SIGSTOP);
        wait_for_state(supervisor, &['T']);
        send(supervisor, Signal::SIGCONT);
        wait_for_state(program, &['S']);
    }
}

#[test]
fn the_program_ends_with_a_supervisor_that_is_killed_also_under_another_id() {
    needs_root!();
    for options in [
        &["-f"][..],
        &["-f", "-S", "1234", "-G", "1234"],
        &["-fp"],
        &["-fp", "-S", "1234"],
        &["-p", "--init"],
        &["-p", "--init", "-S", "1234"],
        &["-r", "-f"],
        &["-T"],
        &["--kill-child"],
    ] {
        let mut running = Running::start(options, "echo up; exec sleep 1000");
        running.line();
        let child = children(running.pid())[0];
        let below = children(child);
        running.send(Signal::SIGKILL);
        assert_eq!(running.end().0, End::Signal(9));
        wait_gone(child);
        below.into_iter().for_each(wait_gone);
    }
}

#[test]
fn the_signal_that_the_program_is_sent_then_can_be_chosen() {
    needs_root!();
    let script = "trap 'echo asked; exit' TERM; echo up; while :; do sleep 0.05; done";
    for options in [
        &["--kill-child=TERM"][..],
        &["--kill-child=SIGTERM", "-S", "1234"],
        &["--kill-child=15", "-p"],
        &["--kill-child=term", "-p", "--init"],
    ] {
        let mut running = Running::start(options, script);
        assert_eq!(running.line(), "up");
        let child = children(running.pid())[0];
        running.send(Signal::SIGKILL);
        assert_eq!(running.line(), "asked", "{options:?}");
        wait_gone(child);
    }
}
