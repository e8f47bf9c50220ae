//! The terminal of its own that a program gets which runs elsewhere.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::launch::root::typing::Typist;
use crate::launch::running::{SOON, wait_for_state};
use crate::launch::terminal::{CTRL_C, CTRL_Z, Terminal};
use crate::runtimes::started;
use crate::support::command::output_of;
use crate::support::process::wait_until;
use crate::support::sandbox::Sandbox;
use crate::support::skip::has_program;

use super::sandbox;

macro_rules! needs_bash {
    () => {
        if !has_program("bash") {
            skip!("bash is not installed");
        }
    };
}

#[test]
fn no_program_that_enters_types_into_the_shell() {
    needs_root!();
    let typist = match Typist::compiled() {
        Ok(typist) => typist,
        Err(reason) => skip!("{reason}"),
    };
    let it = started!(sandbox());
    let of_a_user = started!(Sandbox::start(&["-Urm"], ""));
    let mut terminal = Terminal::with_shell();
    for (pid, options) in [
        (it.pid, "-a"),
        (it.pid, "-m"),
        (it.pid, "-p"),
        (it.pid, "-r"),
        (it.pid, "-a -F"),
        (it.pid, "--as-target"),
        (of_a_user.pid, ""),
        (of_a_user.pid, "-U"),
    ] {
        let enter = format!("$N enter {pid} {options} --");
        assert!(!typist.captures(&mut terminal, &enter), "{enter}");
        let piped = format!("echo | {enter}");
        assert!(!typist.captures(&mut terminal, &piped), "{piped}");
    }
    let old_way = format!("$N enter {} --no-pty --", it.pid);
    assert!(typist.captures(&mut terminal, &old_way), "it would");
}

#[test]
fn nothing_but_the_new_terminal_comes_along() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    let mut terminal = Terminal::with_shell();
    terminal.enter("tty; echo $((6*7))");
    let outer = terminal.expect("42").trim().to_owned();
    // What a careless parent leaves open does not either.
    terminal.enter("exec 7<>/dev/tty 8</etc; echo opened");
    terminal.expect("opened\r\n");
    for options in ["-a", "-m", "-a -F", "--as-target"] {
        let list = "ls -l /proc/$PPID/fd /proc/self/fd; echo listed; : </dev/tty && echo tty";
        // The namespaces' own /proc: -m alone has one in which we are nobody.
        let list = match options {
            "-m" => "tty; echo listed; : </dev/tty && echo tty",
            _ => list,
        };
        terminal.enter(&format!("$N enter {} {options} -- sh -c '{list}'", it.pid));
        let listed = terminal.expect("listed\r\n");
        let names: Vec<&str> = listed
            .lines()
            .filter(|line| line.contains("/dev/"))
            .collect();
        assert!(!names.is_empty(), "{listed}");
        assert!(!names.iter().any(|name| name.ends_with(&outer)), "{listed}");
        assert!(!listed.contains("/etc"), "{listed}");
        terminal.expect("tty\r\n");
        terminal.expect("ready> ");
    }
}

#[test]
fn pipes_and_files_stay_as_they_are_byte_for_byte() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    let folder = TempDir::new().unwrap();
    let name = |name: &str| folder.path().join(name).display().to_string();
    let (from, to) = (name("from"), name("to"));
    std::fs::write(&from, bytes()).unwrap();
    let mut terminal = Terminal::with_shell();
    let (before, _) = terminal.modes();
    for command in [
        format!("cat {from} | $N enter {} -- cat >{to}", it.pid),
        format!("$N enter {} -- cat <{from} | cat >{to}", it.pid),
        format!("cat {from} | $N run -m cat | cat >{to}"),
        format!("$N run -fp cat <{from} 2>&1 >{to}"),
    ] {
        let _ = std::fs::remove_file(&to);
        terminal.enter(&command);
        terminal.expect("ready> ");
        assert!(std::fs::read(&to).unwrap() == bytes(), "{command}");
        assert_eq!(terminal.modes().0, before);
    }
    terminal.enter(&format!(
        "x=$($N enter {} -- hostname); echo \"<$x>\"",
        it.pid
    ));
    terminal.expect("<inside>");
}

/// All bytes, more than any buffer on the way.
fn bytes() -> Vec<u8> {
    (0..300_000u32)
        .map(|at| (at * 7 + at / 256) as u8)
        .collect()
}

#[test]
fn all_that_the_program_has_written_is_there_before_the_next_prompt() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    let mut terminal = Terminal::with_shell();
    for round in 0..5 {
        terminal.enter(&format!(
            "$N enter {} -- seq {round}000001 {round}020000",
            it.pid
        ));
        let shown = terminal.expect("ready> ");
        let last = format!("{round}020000\r\n");
        let last = last.trim_start_matches('0');
        assert!(shown.ends_with(last), "{:?}", &shown[shown.len() - 60..]);
        assert_eq!(shown.matches("\r\n").count(), 20_001);
    }
    // Somebody who holds it open and never ends has no part in that.
    let script = "(trap \"\" HUP; while echo y; do :; done) & echo st''arted";
    terminal.enter(&format!("$N enter {} -- sh -c '{script}'", it.pid));
    terminal.expect("started");
    terminal.expect("ready> ");
}

#[test]
fn a_program_in_a_pipeline_asks_at_the_terminal_and_less_reads_its_keys() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    let mut terminal = Terminal::with_shell();
    let (before, _) = terminal.modes();
    let script = "stty -echo </dev/tty; echo word? >/dev/tty; read word </dev/tty; \
                  stty echo </dev/tty; read line; echo \"$word and $line\"";
    terminal.enter(&format!(
        "echo data | $N enter {} -- sh -c '{script}' | cat",
        it.pid
    ));
    terminal.expect("word?");
    wait_until(SOON, "the keys", || terminal.is_raw()).unwrap();
    terminal.press("secret\n");
    assert!(
        !terminal.expect("secret and data").contains("secret"),
        "shown while typed"
    );
    terminal.expect("ready> ");
    assert_eq!(terminal.modes().0, before);
    if !has_program("less") {
        skip!("less is not installed");
    }
    terminal.enter(&format!("$N enter {} -- seq 1 500 | less -X", it.pid));
    terminal.expect("23\r\n");
    terminal.press(" ");
    terminal.expect("46\r\n");
    terminal.press("q");
    terminal.expect("ready> ");
    assert_eq!(terminal.modes().0, before);
}

#[test]
fn in_the_background_no_mode_is_touched_until_it_is_fetched_back() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    let mut terminal = Terminal::with_shell();
    terminal.enter(&format!("$N enter {} -- cat &", it.pid));
    let (front, cat) = terminal.launched("cat");
    wait_for_state(front, &['T']);
    wait_for_state(cat, &['T']);
    assert!(!terminal.is_raw());
    terminal.press("\n");
    terminal.expect("Stopped");
    terminal.enter("fg");
    wait_until(SOON, "the keys", || terminal.is_raw()).unwrap();
    terminal.press("back again\n");
    terminal.expect("back again\r\nback again");
    terminal.press(CTRL_Z);
    terminal.expect("Stopped");
    wait_until(SOON, "the modes", || !terminal.is_raw()).unwrap();
    terminal.enter("fg");
    wait_until(SOON, "the keys", || terminal.is_raw()).unwrap();
    terminal.press("\x04");
    terminal.expect("ready> ");
    assert!(!terminal.is_raw());
    // A program that does not ask is not stopped, and Ctrl-C ends it when it is in front.
    terminal.enter(&format!("$N enter {} -- sleep 1000 &", it.pid));
    terminal.launched("sleep");
    terminal.enter("fg");
    terminal.expect("sleep 1000\r\n");
    wait_until(SOON, "the foreground", || {
        terminal.modes().1 != terminal.leader()
    })
    .unwrap();
    terminal.press(CTRL_C);
    terminal.expect("ready> ");
    assert!(!terminal.is_raw());
}

#[test]
fn ctrl_z_stops_a_whole_pipeline_wherever_the_keys_go() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    for command in [
        format!("$N enter {} -- sleep 1000 | cat", it.pid),
        format!("cat | $N enter {} -- sleep 1000", it.pid),
        format!("$N enter {} -- sh -c 'read x; sleep 1000' | cat", it.pid),
    ] {
        let mut terminal = Terminal::with_shell();
        terminal.enter(&command);
        if command.contains("read") {
            wait_until(SOON, "the keys", || terminal.is_raw()).unwrap();
            terminal.press("\n");
        }
        wait_until(SOON, "the program", || {
            let everybody = terminal.everybody();
            let mut names = everybody
                .iter()
                .filter_map(|it| std::fs::read(format!("/proc/{it}/cmdline")).ok());
            names.any(|name| name == b"sleep\x001000\0")
        })
        .unwrap();
        terminal.press(CTRL_Z);
        terminal.expect("Stopped");
        terminal.expect("ready> ");
        terminal.enter("fg");
        terminal.expect("sleep 1000");
        wait_until(SOON, "the foreground", || {
            terminal.modes().1 != terminal.leader()
        })
        .unwrap();
        terminal.press(CTRL_C);
        terminal.expect("ready> ");
        terminal.enter("jobs; echo $((6*7))");
        assert!(!terminal.expect("42").contains("sleep"), "{command}");
    }
}

#[test]
fn the_window_follows_its_size() {
    needs_root!();
    needs_bash!();
    let it = started!(sandbox());
    let script = "trap \"echo changed\" WINCH; while :; do stty size; read -t 0.1 x; done";
    for options in ["-a", "-m"] {
        let mut terminal = Terminal::with_shell();
        terminal.enter(&format!(
            "$N enter {} {options} -- bash -c '{script}'",
            it.pid
        ));
        terminal.expect("24 200");
        terminal.resize(33, 111);
        terminal.expect("changed");
        terminal.expect("33 111");
        terminal.press(CTRL_Z);
        terminal.expect("ready> ");
        terminal.resize(44, 99);
        terminal.enter("fg");
        terminal.expect("44 99");
    }
}

/// tmux on a socket of its own, gone with the test.
struct Tmux(TempDir);

impl Tmux {
    fn start(command: &str) -> Tmux {
        let tmux = Tmux(TempDir::new().unwrap());
        tmux.run(&["new", "-d", "-x", "80", "-y", "24", command]);
        tmux
    }

    fn run(&self, words: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S")
            .arg(self.0.path().join("socket"))
            .args(["-f", "/dev/null"]);
        output_of(
            tmux.args(words)
                .env("SHELL", "/bin/sh")
                .stdin(Stdio::null()),
        )
        .unwrap()
    }

    fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    fn shows(&self, what: &str) {
        let mut screen = String::new();
        wait_until(SOON, what, || {
            screen = self.run(&["capture-pane", "-p"]);
            screen.contains(what)
        })
        .unwrap_or_else(|late| panic!("{late}, but there is\n{screen}"));
    }

    fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.run(&["resize-window", "-x", &columns, "-y", &rows]);
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S")
            .arg(self.0.path().join("socket"))
            .arg("kill-server");
        let _ = output_of(&mut tmux);
    }
}

#[test]
fn programs_that_draw_do_so_in_tmux_and_follow_its_size() {
    needs_root!();
    if let Some(missing) = ["tmux", "bash", "vi", "top", "less"]
        .iter()
        .find(|it| !has_program(it))
    {
        skip!("{missing} is not installed");
    }
    let it = started!(sandbox());
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("text");
    let shell = format!(
        "PS1='inner> ' {} enter {} --preserve-env=PS1,TERM -- bash --norc --noprofile --noediting -i",
        env!("CARGO_BIN_EXE_nsinspect"),
        it.pid
    );
    let tmux = Tmux::start(&shell);
    let enter = |line: &str| tmux.press(&[line, "Enter"]);
    tmux.shows("inner>");
    enter("TERM=screen; stty size");
    tmux.shows("24 80");
    // A job of the shell inside, stopped and fetched back.
    enter("sleep 1000");
    std::thread::sleep(std::time::Duration::from_millis(300));
    tmux.press(&["C-z"]);
    tmux.shows("Stopped");
    enter("fg");
    std::thread::sleep(std::time::Duration::from_millis(300));
    tmux.press(&["C-c"]);
    enter("echo $((6*7)) $?");
    tmux.shows("42 130");
    let file = text.display();
    enter(&format!("clear; vi -u NONE {file}"));
    tmux.shows("~");
    tmux.press(&["i", "hello from inside", "Escape"]);
    tmux.shows("hello from inside");
    tmux.resize(100, 30);
    std::thread::sleep(std::time::Duration::from_millis(300));
    tmux.press(&[":echo &columns &lines", "Enter"]);
    tmux.shows("100 30");
    tmux.press(&["C-z"]);
    tmux.shows("Stopped");
    enter("fg");
    tmux.shows("hello from inside");
    tmux.press(&[":wq", "Enter"]);
    wait_until(SOON, "the file", || {
        std::fs::read_to_string(Path::new(&text)).is_ok_and(|it| it == "hello from inside\n")
    })
    .unwrap();
    enter("clear; stty size");
    tmux.shows("30 100");
    enter("clear; top");
    tmux.shows("COMMAND");
    tmux.resize(80, 20);
    std::thread::sleep(std::time::Duration::from_millis(300));
    tmux.press(&["q"]);
    enter("clear; seq 1 300 | less");
    tmux.shows("19");
    tmux.press(&["G"]);
    tmux.shows("300");
    tmux.press(&["q"]);
    enter("clear; stty size");
    tmux.shows("20 80");
}
