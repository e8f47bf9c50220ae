//! Processes from which the kernel keeps signals that they have no handler for: the init of a pid
//! namespace (pid_namespaces(7)), and those that nobody could set going again (setpgid(2)).

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::sys::procfs::ProcRoot;

/// Whether a process neither handles nor ignores a signal (proc_pid_status(5)); `None` where that
/// cannot be read.
pub fn has_default_action(proc: &ProcRoot, process: Pid, signal: Signal) -> Option<bool> {
    let status = proc.task(process.as_raw()).ok()?.read("status").ok()?;
    let text = String::from_utf8_lossy(&status);
    let is_in = |field: &str| {
        let mask = text.lines().find_map(|line| line.strip_prefix(field))?;
        let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
        Some(mask >> (signal as u32 - 1) & 1 == 1)
    };
    Some(!is_in("SigCgt:")? && !is_in("SigIgn:")?)
}
