//! At a real terminal: job control, programs that draw, and the terminal given back.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::launch::running::{SOON, send, wait_for_state};
use crate::launch::terminal::{CTRL_C, CTRL_Z, Terminal};
use crate::support::process::wait_until;
use crate::support::skip::has_program;

macro_rules! needs_bash {
    () => {
        if !has_program("bash") {
            skip!("bash is not installed");
        }
    };
}

#[test]
fn a_program_is_stopped_put_to_the_background_and_fetched_back() {
    needs_root!();
    needs_bash!();
    for options in ["-f", "-fp --mount-proc", "--init", "-T"] {
        let mut terminal = Terminal::with_shell();
        terminal.enter(&format!("$N run {options} sleep 1000"));
        let (supervisor, program) = terminal.launched("sleep");
        wait_for_state(program, &['S']);
        terminal.press(CTRL_Z);
        terminal.expect("Stopped");
        terminal.expect("ready> ");
        wait_for_state(supervisor, &['T']);
        terminal.enter("bg");
        wait_for_state(supervisor, &['S']);
        wait_for_state(program, &['S']);
        terminal.expect("ready> ");
        terminal.enter("fg");
        terminal.expect("sleep 1000");
        wait_until(SOON, "the foreground", || terminal.modes().1 == supervisor).unwrap();
        terminal.press(CTRL_C);
        if options.contains("-fp") {
            terminal.expect("has no handler for SIGINT");
            terminal.press(CTRL_C);
            terminal.expect("killed by SIGKILL");
        }
        terminal.expect("ready> ");
        terminal.enter("jobs; echo $((6 * 7))");
        assert!(!terminal.expect("42").contains("sleep"), "{options}");
    }
}

#[test]
fn a_shell_inside_controls_its_own_jobs() {
    needs_root!();
    needs_bash!();
    let mut terminal = Terminal::with_shell();
    terminal.enter("PS1='inner> ' $N run -fp --mount-proc bash --norc --noprofile --noediting -i");
    terminal.expect("inner> ");
    terminal.enter("echo $$ $PPID");
    terminal.expect("1 0");
    terminal.enter("sleep 1000");
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.press(CTRL_Z);
    terminal.expect("Stopped");
    terminal.expect("inner> ");
    terminal.enter("fg");
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.press(CTRL_C);
    terminal.expect("inner> ");
    terminal.enter("exit 5");
    terminal.expect("ready> ");
    terminal.enter("echo code $?");
    terminal.expect("code 5");
}

#[test]
fn a_shell_inside_that_is_killed_gives_the_terminal_back() {
    needs_root!();
    needs_bash!();
    let mut sh = Command::new("sh");
    // No job control out here: nobody but nsinspect gives the terminal back.
    sh.args(["-c", "PS1='inner> ' $N run -fp --mount-proc bash --norc --noprofile -i; echo code $?; read line; echo \"read: $line\""]);
    let mut terminal = Terminal::with(&mut sh);
    let (before, group) = terminal.modes();
    terminal.expect("inner> ");
    let (_, shell) = terminal.launched("bash");
    assert_ne!(terminal.modes().0, before, "the shell edits lines itself");
    send(shell, Signal::SIGKILL);
    terminal.expect("code 137");
    assert_eq!(terminal.modes(), (before, group));
    terminal.press("words\n");
    terminal.expect("read: words");
}

#[test]
fn programs_that_draw_do_so_and_leave_the_terminal_as_it_was() {
    needs_root!();
    needs_bash!();
    if !has_program("busybox") {
        skip!("busybox is not installed");
    }
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("text");
    let mut terminal = Terminal::with_shell();
    let (before, _) = terminal.modes();

    terminal.enter("$N run -fp --mount-proc top");
    terminal.expect("PID");
    let screen = terminal.expect("top");
    assert!(
        screen.contains("COMMAND") || screen.contains("USER"),
        "{screen:?}"
    );
    terminal.press(" ");
    terminal.expect("PID");
    terminal.press("q");
    terminal.expect("ready> ");

    terminal.enter(&format!("$N run -f -u busybox vi {}", file.display()));
    terminal.write_by_vi(&file);

    terminal.enter(&format!("$N run -fp busybox vi {}", file.display()));
    terminal.expect("hello from inside");
    let (_, vi) = terminal.launched("busybox");
    assert_ne!(terminal.modes().0, before, "vi reads keys");
    send(vi, Signal::SIGKILL);
    terminal.expect("killed by SIGKILL");
    terminal.expect("ready> ");
    assert_eq!(terminal.modes().0, before);
}
