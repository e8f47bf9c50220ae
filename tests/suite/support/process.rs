//! Processes that a test starts and that never outlive it. Everything here goes by the id of a
//! process we started ourselves; nothing is ever looked for by name over the whole machine.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often a condition is looked at again while waiting for it.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A child process that is killed and waited for when the test lets go of it, also by a panic.
pub struct Spawned(Child);

impl Spawned {
    /// Starts the command; the error names the program.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        match command.spawn() {
            Ok(child) => Ok(Spawned(child)),
            Err(error) => Err(format!("{}: {error}", command.get_program().display())),
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).expect("pids fit in pid_t")
    }

    /// For reading and writing the pipes of the child.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Writes a line to the child, whose standard input is a pipe.
    pub fn tell(&mut self, line: &str) {
        let stdin = self.0.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{line}").expect("a child that reads");
    }

    /// How the child ended, or None while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("waiting for our own child")
    }

    /// Waits for the child to end by itself.
    pub fn wait_ended(&mut self, deadline: Duration) -> Result<(), String> {
        let what = format!("process {} to end", self.pid());
        wait_until(deadline, &what, || self.ended().is_some())
    }

    /// Asks the child to end with SIGTERM, for a daemon that has to clean up after itself.
    pub fn terminate(&mut self, grace: Duration) -> Result<(), String> {
        if self.ended().is_none() {
            let _ = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
        }
        self.wait_ended(grace)
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the condition holds. The error says what was waited for.
pub fn wait_until(
    deadline: Duration,
    what: &str,
    mut holds: impl FnMut() -> bool,
) -> Result<(), String> {
    let give_up = Instant::now() + deadline;
    while !holds() {
        if Instant::now() >= give_up {
            return Err(format!("waited {} s for {what}", deadline.as_secs_f32()));
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// The first process below `pid`, at any depth, with this comm.
pub fn descendant(pid: i32, comm: &str) -> Option<i32> {
    children(pid).into_iter().find_map(|child| {
        if comm_of(child).as_deref() == Some(comm) {
            Some(child)
        } else {
            descendant(child, comm)
        }
    })
}

/// The children of every thread of `pid`: the kernel lists them under the thread that forked.
pub fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| pids_in(&list))
        .collect()
}

fn pids_in(list: &str) -> Vec<i32> {
    list.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// The name the kernel has for a process, or None once it is gone.
pub fn comm_of(pid: i32) -> Option<String> {
    let comm = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(comm.trim_end_matches('\n').to_owned())
}
