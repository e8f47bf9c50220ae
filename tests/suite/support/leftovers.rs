//! What no run of nsinspect may leave behind or use up, checked around every run in every test: a
//! child that lives on, and descriptors without end.

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

/// Whoever nsinspect forks is in its group. Those that are dead wait for the init of the machine, or
/// for whoever traces them, which may take its time.
pub fn assert_nobody_left(run: i32, command: &Command) {
    let group = Pid::from_raw(run);
    let is_nobody_left = || killpg(group, None) == Err(Errno::ESRCH) || !has_living(run);
    let left = wait_until(SOON, "the last of its process group to end", is_nobody_left);
    left.unwrap_or_else(|late| panic!("{command:?}: {late}"));
}

/// Whether anybody of a process group is alive (state and group in proc_pid_stat(5)).
fn has_living(group: i32) -> bool {
    let group = group.to_string();
    let processes = std::fs::read_dir("/proc").expect("procfs").flatten();
    let stats = processes.filter_map(|it| std::fs::read_to_string(it.path().join("stat")).ok());
    stats.into_iter().any(|stat| {
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut fields = after_name.split_whitespace();
        let (state, of_group) = (fields.next(), fields.nth(1));
        of_group == Some(&group) && !matches!(state, Some("Z" | "X"))
    })
}
