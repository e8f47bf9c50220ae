//! Daemons and image stores that several containers share, stopped when the last of them goes.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::support::command::output_of;
use crate::support::process::{Spawned, wait_until};

use super::workdir::Workdir;

/// Daemons are up within half a second on two idle cores; a busy machine takes longer.
const UP: Duration = Duration::from_secs(30);

/// Stopping takes docker a second.
const DOWN: Duration = Duration::from_secs(20);

/// The engine that runs already, or a new one. Only called by whoever has the host's turn, so an
/// engine that is about to stop is never handed out and never meets its successor.
pub fn shared<E>(
    slot: &Mutex<Weak<E>>,
    start: impl FnOnce() -> Result<E, String>,
) -> Result<Arc<E>, String> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = slot.upgrade() {
        return Ok(engine);
    }
    let engine = Arc::new(start()?);
    *slot = Arc::downgrade(&engine);
    Ok(engine)
}

/// A daemon's command, in a network namespace of its own: a dockerd takes the bridge docker0 for its own
/// and removes it when told to have none, whoever's containers are attached to it.
pub fn in_a_network_of_its_own(program: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--", program]);
    command
}

/// A daemon that is asked to end, and only killed when it does not.
pub struct Daemon(Spawned);

impl Daemon {
    /// Starts it and waits until the probe, a client's command, succeeds. Temporary files go to the
    /// engine's folder too: a containerd told to end while busy dumps its stacks in one.
    pub fn start(
        name: &str,
        command: &mut Command,
        files: &Workdir,
        probe: impl Fn() -> Command,
    ) -> Result<Self, String> {
        let log = files.join(&format!("{name}.log"));
        let output = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        command.env("TMPDIR", files.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        let mut daemon = Daemon(Spawned::start(command)?);
        let mut answers = false;
        let waited = wait_until(UP, &format!("{name} to answer"), || {
            answers = output_of(&mut probe()).is_ok();
            answers || daemon.0.ended().is_some()
        });
        match waited {
            Ok(()) if answers => Ok(daemon),
            Ok(()) => Err(format!("{name} ended: {}", last_lines(&log))),
            Err(late) => Err(format!("{late}: {}", last_lines(&log))),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Err(late) = self.0.terminate(DOWN) {
            eprintln!("killed, as it did not stop: {late}");
        }
    }
}

/// The end of a log is where a daemon says why it gave up.
fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}
