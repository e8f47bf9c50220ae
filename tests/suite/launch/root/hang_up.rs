//! The terminal goes away: nobody of us lives on, nor the program.

use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::entering::root::sandbox;
use crate::launch::running::{SOON, send, state};
use crate::launch::terminal::Terminal;
use crate::runtimes::started;
use crate::support::command::output_of;
use crate::support::process::{children, wait_until};
use crate::support::skip::has_program;

/// Ways to run a program, old and new; TARGET is somebody to enter.
const WAYS: [&str; 14] = [
    "enter TARGET --",
    "enter TARGET -m --",
    "enter TARGET -a -F --",
    "enter TARGET --no-pty --",
    "run -f",
    "run -fp",
    "run -fp --no-pty",
    "run --kill-child",
    "run --kill-child -m",
    "run --init",
    "run --init --no-pty",
    "run -m",
    "run -T",
    "run -fu --",
];

/// One of nsinspect or the program, and no process that has done its work and is just ending.
fn is_ours(pid: &i32) -> bool {
    if state(*pid).is_none_or(|state| state == 'Z') {
        return false;
    }
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    !line.starts_with(b"sh\0") && !line.starts_with(b"bash\0")
}

/// nsinspect as the leader of the terminal's session: the kernel tells nobody else.
#[test]
fn as_the_leader_of_the_session() {
    needs_root!();
    let it = started!(sandbox());
    for way in WAYS {
        let way = way.replace("TARGET", &it.pid.to_string());
        let mut sh = Command::new("sh");
        sh.args(["-c", &format!("exec $N {way} sleep 1000")]);
        let terminal = Terminal::with(&mut sh);
        wait_for_sleep(&terminal);
        let everybody = terminal.everybody();
        let mut leader = terminal.hang_up();
        let ended = leader.wait_ended(SOON);
        assert_eq!(ended, Ok(()), "{way}");
        assert_all_gone(&everybody, &way);
    }
}

#[test]
fn as_a_job_of_a_shell_in_the_foreground_and_in_the_background() {
    needs_root!();
    if !has_program("bash") {
        skip!("bash is not installed");
    }
    let it = started!(sandbox());
    for way in WAYS {
        for place in ["", " &"] {
            let way = way.replace("TARGET", &it.pid.to_string());
            let mut terminal = Terminal::with_shell();
            terminal.enter(&format!("$N {way} sleep 1000{place}"));
            wait_for_sleep(&terminal);
            let everybody = terminal.everybody();
            let _leader = terminal.hang_up();
            assert_all_gone(&everybody, &format!("{way}{place}"));
        }
    }
}

/// What it was started from cannot pass anything on then.
#[test]
fn nobody_lives_on_when_any_of_us_is_killed() {
    needs_root!();
    let it = started!(sandbox());
    for way in WAYS {
        let way = way.replace("TARGET", &it.pid.to_string());
        for at in 0.. {
            let mut sh = Command::new("sh");
            sh.args(["-c", &format!("$N {way} sleep 1000; exec sleep 1001")]);
            let terminal = Terminal::with(&mut sh);
            wait_for_sleep(&terminal);
            // Whoever has given birth to it has ended by then.
            std::thread::sleep(Duration::from_millis(300));
            let everybody = terminal.everybody();
            let ours: Vec<i32> = everybody.into_iter().skip(1).filter(is_ours).collect();
            let Some(victim) = ours.get(at) else { break };
            send(*victim, Signal::SIGKILL);
            assert_all_gone(&ours, &format!("{way}, {victim} killed"));
        }
    }
}

/// A program has time to put its things in order, and no more.
#[test]
fn a_program_hears_of_it_and_is_ended_if_it_does_not_care() {
    needs_root!();
    let folder = tempfile::TempDir::new().unwrap();
    let heard = folder.path().join("heard");
    let script = format!(
        "trap 'echo heard >>{}' HUP; echo up; while :; do sleep 0.1; done",
        heard.display()
    );
    for options in ["-m", "-f", "-fp", "--init"] {
        let mut sh = Command::new("sh");
        sh.args(["-c", &format!("exec $N run {options} sh -c \"$SCRIPT\"")]);
        let mut terminal = Terminal::with(sh.env("SCRIPT", &script));
        terminal.expect("up");
        let everybody = terminal.everybody();
        let mut leader = terminal.hang_up();
        assert_eq!(leader.wait_ended(SOON), Ok(()), "{options}");
        assert_all_gone(&everybody, options);
        let text = std::fs::read_to_string(&heard);
        let has_heard = text.is_ok_and(|text| text.starts_with("heard\n"));
        assert!(has_heard, "{options}");
        std::fs::remove_file(&heard).unwrap();
    }
}

/// There is nobody any more who could set it going again, nor us.
#[test]
fn a_program_that_stops_when_it_hears_of_it_is_ended_too() {
    needs_root!();
    let script = "trap 'kill -STOP $$' HUP; echo up; while :; do sleep 0.1; done";
    for options in ["-m", "-f", "-fp", "-f --no-pty", "-fp --no-pty", "--init"] {
        let mut sh = Command::new("sh");
        sh.args(["-c", &format!("exec $N run {options} sh -c \"$SCRIPT\"")]);
        let mut terminal = Terminal::with(sh.env("SCRIPT", script));
        terminal.expect("up");
        let everybody = terminal.everybody();
        let mut leader = terminal.hang_up();
        assert_eq!(leader.wait_ended(SOON), Ok(()), "{options}");
        assert_all_gone(&everybody, options);
    }
}

#[test]
fn whoever_is_to_outlive_the_terminal_does() {
    needs_root!();
    for options in ["-f", "-m"] {
        let mut sh = Command::new("sh");
        let line = format!("trap '' HUP; exec $N run {options} sleep 1000");
        let terminal = Terminal::with(sh.args(["-c", &line]));
        wait_for_sleep(&terminal);
        let everybody = terminal.everybody();
        let leader = terminal.hang_up();
        std::thread::sleep(Duration::from_secs(1));
        let is_alive = |pid: &i32| !matches!(state(*pid), None | Some('Z'));
        assert!(everybody.iter().all(is_alive), "{options}");
        drop(leader);
        assert_all_gone(&everybody, options);
    }
}

/// A server of terminals that is killed.
#[test]
fn in_tmux_whose_server_is_killed() {
    needs_root!();
    if !has_program("tmux") {
        skip!("tmux is not installed");
    }
    let it = started!(sandbox());
    let folder = tempfile::TempDir::new().unwrap();
    for way in WAYS {
        let way = way.replace("TARGET", &it.pid.to_string());
        let command = format!("{} {way} sleep 1000", env!("CARGO_BIN_EXE_nsinspect"));
        let socket = folder.path().join("socket");
        let tmux = |words: &[&str]| {
            let mut tmux = Command::new("tmux");
            tmux.arg("-S").arg(&socket).args(["-f", "/dev/null"]);
            output_of(tmux.args(words).stdin(Stdio::null())).unwrap()
        };
        tmux(&["new", "-d", &command]);
        let server: i32 = tmux(&["display-message", "-p", "#{pid}"]).parse().unwrap();
        let below = |pid| children(pid).first().copied();
        let mut everybody = Vec::new();
        wait_until(SOON, "the program", || {
            everybody = std::iter::successors(below(server), |pid| below(*pid)).collect();
            everybody.iter().any(is_sleep)
        })
        .unwrap();
        send(server, Signal::SIGKILL);
        assert_all_gone(&everybody, &way);
    }
}

fn is_sleep(pid: &i32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|it| it == b"sleep\x001000\0")
}

fn wait_for_sleep(terminal: &Terminal) {
    program_at(terminal);
}

/// The `sleep 1000` at a terminal, once it runs.
pub fn program_at(terminal: &Terminal) -> i32 {
    let mut program = None;
    wait_until(SOON, "the program", || {
        program = terminal.everybody().into_iter().find(is_sleep);
        program.is_some()
    })
    .unwrap();
    program.unwrap()
}

pub fn assert_all_gone(everybody: &[i32], what: &str) {
    let is_there = |pid: &&i32| !matches!(state(**pid), None | Some('Z' | 'X'));
    let gone = wait_until(SOON, what, || !everybody.iter().any(|it| is_there(&it)));
    let left: Vec<String> = everybody.iter().filter(is_there).map(describe).collect();
    assert_eq!(gone, Ok(()), "{left:?} of {everybody:?}");
}

fn describe(pid: &i32) -> String {
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    format!("{pid} {:?} {}", state(*pid), line.replace('\0', " "))
}
