//! A launch that is still running, and what becomes of it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use std::os::fd::AsFd;

use crate::support::process::{Spawned, wait_until};
use crate::support::run::program_for_everyone;

/// Longer than anything takes here on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// `nsinspect run WORDS`, in a group of its own.
pub struct Running {
    supervisor: Spawned,
    stdout: BufReader<ChildStdout>,
    stderr: File,
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Code(i32),
    Signal(i32),
}

impl Running {
    /// `run WORDS sh -c SCRIPT`.
    pub fn start(words: &[&str], script: &str) -> Running {
        let mut command = Command::new(program_for_everyone());
        command.arg("run").args(words).args(["sh", "-c", script]);
        Running::of(&mut command)
    }

    /// Any command that ends in one.
    pub fn of(command: &mut Command) -> Running {
        let stderr = tempfile::tempfile().unwrap();
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().unwrap());
        let mut supervisor = Spawned::start(command).unwrap();
        let stdout = BufReader::new(supervisor.child().stdout.take().unwrap());
        Running {
            supervisor,
            stdout,
            stderr,
        }
    }

    pub fn pid(&self) -> i32 {
        self.supervisor.pid()
    }

    /// The next line that the program writes.
    pub fn line(&mut self) -> String {
        let mut ready = [PollFd::new(
            self.stdout.get_ref().as_fd(),
            PollFlags::POLLIN,
        )];
        let timeout = PollTimeout::try_from(SOON).unwrap();
        let is_ready = !self.stdout.buffer().is_empty() || poll(&mut ready, timeout) == Ok(1);
        assert!(is_ready, "a line in time; stderr: {}", self.stderr());
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Sends a signal to the supervisor.
    pub fn send(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for a word in what nsinspect says.
    pub fn hear(&mut self, word: &str) {
        wait_until(SOON, word, || self.stderr().contains(word)).unwrap();
    }

    pub fn stderr(&self) -> String {
        let mut text = String::new();
        let mut file = &self.stderr;
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    /// Waits for the end: how, and what was said on standard error.
    pub fn end(mut self) -> (End, String) {
        self.supervisor.wait_ended(SOON).unwrap();
        let status = self.supervisor.ended().unwrap();
        let end = match status.code() {
            Some(code) => End::Code(code),
            None => End::Signal(status.signal().unwrap()),
        };
        (end, self.stderr())
    }
}

pub fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

/// The state of a process as ps(1) shows it; `None` once it is gone.
pub fn state(pid: i32) -> Option<char> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    text.rsplit_once(") ")?.1.chars().next()
}

pub fn wait_for_state(pid: i32, wanted: &[char]) {
    let what = format!("process {pid} to be one of {wanted:?}");
    wait_until(SOON, &what, || {
        state(pid).is_some_and(|state| wanted.contains(&state))
    })
    .unwrap();
}

/// Waits until a process is gone, or a zombie that waits for its parent.
pub fn wait_gone(pid: i32) {
    wait_until(SOON, &format!("process {pid} to be gone"), || {
        matches!(state(pid), None | Some('Z' | 'X'))
    })
    .unwrap();
}

/// Processes that are in a namespace, by what `/proc/PID/ns` says.
pub fn members(kind: &str, inode: u64) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|pid| crate::support::facts::try_inode(*pid, kind) == Some(inode))
        .collect()
}
