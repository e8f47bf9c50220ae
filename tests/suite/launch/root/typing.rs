//! A hostile program that types commands into the shell from which it was started.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::launch::terminal::Terminal;
use crate::support::command::output_of;
use crate::support::skip::has_program;

/// The program, compiled for this test.
pub struct Typist(TempDir);

impl Typist {
    /// The error is a reason to skip: no compiler, no shell, or a kernel that lets nobody type.
    pub fn compiled() -> Result<Typist, String> {
        if let Some(missing) = ["gcc", "bash"].into_iter().find(|it| !has_program(it)) {
            return Err(format!("{missing} is not installed"));
        }
        let setting = fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti");
        if setting.is_ok_and(|setting| setting.trim() == "0") {
            return Err("dev.tty.legacy_tiocsti is 0".to_owned());
        }
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let readable = fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755));
        readable.map_err(|error| error.to_string())?;
        let typist = Typist(folder);
        let source = typist.0.path().join("typist.c");
        fs::write(&source, include_str!("typist.c")).map_err(|error| error.to_string())?;
        let mut gcc = Command::new("gcc");
        output_of(gcc.arg("-static").arg("-o").arg(typist.path()).arg(source))?;
        Ok(typist)
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("typist")
    }

    /// Whether the shell of the terminal runs what the program types that this command starts.
    pub fn captures(&self, terminal: &mut Terminal, command: &str) -> bool {
        terminal.enter(&format!(
            "{command} {} $'echo $((6*7))\\n'",
            self.path().display()
        ));
        terminal.expect("typed into ");
        // What was typed comes first, and is run before this.
        terminal.expect("ready> ");
        terminal.press("echo $((50+1))\n");
        terminal.expect("51").contains("42")
    }
}

#[test]
fn the_program_types_indeed_where_it_has_the_terminal_of_the_shell() {
    needs_root!();
    let typist = match Typist::compiled() {
        Ok(typist) => typist,
        Err(reason) => skip!("{reason}"),
    };
    let mut terminal = Terminal::with_shell();
    assert!(typist.captures(&mut terminal, "$N run -m --no-pty"));
    assert!(typist.captures(&mut terminal, ""));
}

#[test]
fn no_program_that_is_launched_elsewhere_types_into_the_shell() {
    needs_root!();
    let typist = match Typist::compiled() {
        Ok(typist) => typist,
        Err(reason) => skip!("{reason}"),
    };
    let mut terminal = Terminal::with_shell();
    for options in ["-m", "-fp", "--init", "-r", "-a", "-R /", "-fm", "-m -S 1"] {
        let is_captured = typist.captures(&mut terminal, &format!("$N run {options}"));
        assert!(!is_captured, "{options}");
        // Nor where only some of the descriptors are it, nor in the background.
        let piped = format!("echo | $N run {options}");
        assert!(!typist.captures(&mut terminal, &piped), "{piped}");
    }
    let kept = "$N run -m --preserve-fd 9 9<>/dev/tty --";
    assert!(!typist.captures(&mut terminal, kept));
    let without_leader = "setsid -w $N run -m";
    assert!(!typist.captures(&mut terminal, without_leader));
}
