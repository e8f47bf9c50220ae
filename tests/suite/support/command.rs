//! Running a command to its end, where a hanging one is an error like any other.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::process::Spawned;

/// Longer than any engine command takes, even on a slow machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the command wrote to stdout, or, when it failed, a reason made of its name and stderr.
///
/// Output goes through files and not pipes: a detached container inherits them from `runc run -d`
/// and would keep a pipe open for as long as it lives.
pub fn output_of(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut stdout = scratch_file()?;
    let mut stderr = scratch_file()?;
    command
        .stdin(Stdio::null())
        .stdout(handle(&stdout)?)
        .stderr(handle(&stderr)?);
    let mut running = Spawned::start(command)?;
    running
        .wait_ended(DEADLINE)
        .map_err(|late| format!("{name}: {late}"))?;
    match running.ended() {
        Some(status) if status.success() => Ok(text_of(&mut stdout).trim().to_owned()),
        _ => Err(format!("{name}: {}", text_of(&mut stderr).trim())),
    }
}

fn scratch_file() -> Result<File, String> {
    tempfile::tempfile().map_err(|error| format!("a file for output: {error}"))
}

fn handle(file: &File) -> Result<Stdio, String> {
    let copy = file
        .try_clone()
        .map_err(|error| format!("a file for output: {error}"))?;
    Ok(Stdio::from(copy))
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(output unreadable: {error})"),
    }
}
