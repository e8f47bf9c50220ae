//! What no run of nsinspect may leave behind or use up, checked around every run in every test: a
//! child that lives on or that nobody has waited for, and descriptors without end.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::killpg;
use nix::unistd::Pid;

use super::process::wait_until;

/// However many processes and namespaces there are, so many descriptors are enough.
const DESCRIPTORS: u64 = 64;

/// The shell of a script may end before what it has started.
const SOON: Duration = Duration::from_secs(5);

/// Prepares a run: a process group of its own, and few descriptors.
pub fn watch(command: &mut Command) -> &mut Command {
    let limit = || {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS.min(most), most)?;
        Ok(())
    };
    // SAFETY: both are plain system calls.
    unsafe { command.pre_exec(limit) };
    command.process_group(0)
}

/// Zombies count, and whoever nsinspect forks is in its group.
pub fn assert_nobody_left(run: i32, command: &Command) {
    let is_nobody_left = || killpg(Pid::from_raw(run), None) == Err(Errno::ESRCH);
    let left = wait_until(SOON, "the last of its process group to end", is_nobody_left);
    left.unwrap_or_else(|late| panic!("{command:?}: {late}"));
}
