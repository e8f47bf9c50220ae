//! Processes in namespaces made by unshare(1), gone with the test that started them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::process::{Spawned, children, wait_until};
use super::run::as_nobody;

/// What every sandbox becomes once it is set up. It outlives any test, and no script may sleep for
/// as long.
const PROGRAM: &str = "sleep 300";

const UP: Duration = Duration::from_secs(20);

/// A process that sleeps in namespaces of its own.
pub struct Sandbox {
    runtime: Spawned,
    /// The one that sleeps, as seen from here.
    pub pid: i32,
}

impl Sandbox {
    /// `unshare ARGS`, where a shell first runs the script inside.
    pub fn start(args: &[&str], script: &str) -> Result<Self, String> {
        Sandbox::run(&mut unshare(args, script))
    }

    /// The same as an ordinary user.
    pub fn start_as_nobody(args: &[&str], script: &str) -> Result<Self, String> {
        Sandbox::run(as_nobody(&mut unshare(args, script)))
    }

    /// `unshare --user ARGS` with this line as uid and as gid map, written from outside by us who
    /// are root: unshare(1) leaves ranges to newuidmap(1), which /etc/subuid limits for root too.
    pub fn start_mapped(args: &[&str], map: &str) -> Result<Self, String> {
        let mapped = "until grep -q . /proc/self/uid_map && grep -q . /proc/self/gid_map; do \
                      sleep 0.05; done";
        let script = format!(
            "unshare --user {} sh -c '{}' & \
             until [ $(readlink /proc/$!/ns/user) != $(readlink /proc/$$/ns/user) ]; do \
             sleep 0.05; done; \
             echo {map} >/proc/$!/uid_map; echo {map} >/proc/$!/gid_map; wait",
            args.join(" "),
            then_sleep(mapped)
        );
        Sandbox::run(Command::new("sh").args(["-c", &script]))
    }

    /// Any command that ends in `sh -c SCRIPT` with a script made by [`then_sleep`].
    pub fn run(command: &mut Command) -> Result<Self, String> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut runtime = Spawned::start(command)?;
        wait_for_script(&mut runtime)?;
        let mut found = None;
        wait_until(UP, "the sandbox to sleep", || {
            found = sleeper(runtime.pid());
            found.is_some() || runtime.ended().is_some()
        })?;
        let pid = found.ok_or("the sandbox ended")?;
        Ok(Sandbox { runtime, pid })
    }

    /// The process that we started, which is the parent of the one that sleeps where that is in
    /// a pid or time namespace of its own.
    pub fn outer(&self) -> i32 {
        self.runtime.pid()
    }
}

impl Drop for Sandbox {
    /// The one that sleeps may be a child, which does not end with its parent.
    fn drop(&mut self) {
        let outer = self.runtime.pid();
        if self.pid != outer && sleeper(outer) == Some(self.pid) {
            let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
    }
}

/// A child of a sandbox's process, killed when dropped. Its number stays its own while the sandbox
/// lives, which never waits for it.
pub struct Offspring(pub i32);

impl Drop for Offspring {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0), Signal::SIGKILL);
    }
}

fn unshare(args: &[&str], script: &str) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(args);
    unshare.args(["sh", "-c", &then_sleep(script)]);
    unshare
}

/// The script, then word of its end, then sleep.
pub fn then_sleep(script: &str) -> String {
    format!("set -e\n{script}\necho ready\nexec {PROGRAM}")
}

/// The process itself or the one below it that has become the program.
fn sleeper(pid: i32) -> Option<i32> {
    let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = cmdline.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    match words.eq(PROGRAM.split(' ').map(str::as_bytes)) {
        true => Some(pid),
        false => children(pid).into_iter().find_map(sleeper),
    }
}

/// Waits for the word, or for the end of the output when the script failed.
fn wait_for_script(runtime: &mut Spawned) -> Result<(), String> {
    let stdout = runtime.child().stdout.take().expect("a piped stdout");
    let mut lines = BufReader::new(stdout).lines();
    if lines.any(|line| line.is_ok_and(|line| line == "ready")) {
        return Ok(());
    }
    let stderr = runtime.child().stderr.take().expect("a piped stderr");
    let reason = std::io::read_to_string(stderr).unwrap_or_default();
    Err(format!("unshare: {}", reason.trim()))
}
