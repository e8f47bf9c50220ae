//! At a real terminal: job control, a shell inside, and the terminal given back.

use nix::sys::signal::Signal;

use crate::launch::running::{SOON, send, wait_for_state};
use crate::launch::terminal::{CTRL_C, CTRL_Z, Terminal};
use crate::runtimes::started;
use crate::support::process::wait_until;
use crate::support::skip::has_program;

use super::sandbox;

#[test]
fn a_program_is_stopped_put_to_the_background_fetched_back_and_ended() {
    needs_root!();
    if !has_program("bash") {
        skip!("bash is not installed");
    }
    let it = started!(sandbox());
    for options in ["-a", "-n", "--as-target", "-m", "-a -F", "-a --no-pty"] {
        let mut terminal = Terminal::with_shell();
        terminal.enter(&format!("$N enter {} {options} sleep 1000", it.pid));
        let (supervisor, program) = terminal.launched("sleep");
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
        terminal.expect("ready> ");
        terminal.enter("echo $?; jobs; echo $((6 * 7))");
        let shown = terminal.expect("42");
        assert!(
            shown.contains("130") && !shown.contains("sleep"),
            "{options}: {shown}"
        );
    }
}

#[test]
fn a_shell_inside_controls_its_own_jobs_and_the_terminal_is_given_back() {
    needs_root!();
    if !has_program("bash") {
        skip!("bash is not installed");
    }
    let it = started!(sandbox());
    let mut terminal = Terminal::with_shell();
    let (modes, group) = terminal.modes();
    let shell = "bash --norc --noprofile --noediting -i";
    terminal.enter(&format!(
        "PS1='inner> ' $N enter --preserve-env=PS1 -t {} -- {shell}",
        it.pid
    ));
    terminal.expect("inner> ");
    terminal.enter("hostname");
    terminal.expect("inside");
    terminal.enter("sleep 1000");
    wait_until(SOON, "a job of its own", || terminal.modes().1 != group).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.press(CTRL_Z);
    terminal.expect("Stopped");
    terminal.expect("inner> ");
    terminal.enter("fg");
    terminal.expect("sleep 1000");
    wait_until(SOON, "the foreground", || terminal.modes().1 != group).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.press(CTRL_C);
    terminal.expect("inner> ");
    terminal.enter("exit 3");
    terminal.expect("ready> ");
    terminal.enter("echo $?");
    terminal.expect("3");
    assert_eq!(terminal.modes(), (modes.clone(), group));

    // One that is killed in raw mode gives nothing back itself.
    let script = "stty raw -echo; echo raw; sleep 1000";
    terminal.enter(&format!("$N enter {} -- sh -c '{script}'", it.pid));
    terminal.expect("raw");
    // Before that, its child may be called so too.
    terminal.launched("sleep");
    send(terminal.launched("sh").1, Signal::SIGKILL);
    terminal.expect("killed by SIGKILL");
    terminal.expect("ready> ");
    assert_eq!(terminal.modes().0, modes);
}

#[test]
fn programs_that_draw_do_so_and_leave_the_terminal_as_it_was() {
    needs_root!();
    if !has_program("bash") || !has_program("busybox") {
        skip!("bash and busybox are not both installed");
    }
    let it = started!(sandbox());
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("text");
    let mut terminal = Terminal::with_shell();
    let (before, group) = terminal.modes();

    terminal.enter(&format!("$N enter {} -- busybox top", it.pid));
    terminal.expect("PID");
    terminal.expect("busybox top");
    terminal.press("q");
    terminal.expect("ready> ");
    assert_eq!(terminal.modes(), (before.clone(), group));

    terminal.enter(&format!(
        "$N enter {} -m -p -- busybox vi {}",
        it.pid,
        file.display()
    ));
    terminal.write_by_vi(&file);
    assert_eq!(terminal.modes(), (before, group));
}
