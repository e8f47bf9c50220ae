//! Whether a thread has run since it was last looked at. Namespaces of a task change by its own
//! system calls only (setns(2), unshare(2), exit(2)), so one that has not run is where it was.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use nix::sys::uio::pread;

use super::procfs::ProcRoot;
use crate::model::Pid;

/// `/proc/TID/schedstat`, kept open: to read it again is a fifth of what it costs to open it. It is
/// that of one thread, the first where the number is that of a process (`proc_pid_schedstat` in
/// fs/proc/base.c), and stays with it: once that is gone reading fails, whoever has the number.
pub struct SchedStat {
    file: OwnedFd,
}

/// Time on a CPU and in its queue (ns), and how often it came to one (Documentation/scheduler/
/// sched-stats.rst): two that are equal are of one moment, as far as the thread can tell. Of one
/// that runs on and on the time is brought up to date at every tick, so that a look which comes
/// before the tick sees later what that had missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment([u64; 3]);

/// Three numbers of 20 digits at most.
const LONGEST: usize = 64;

impl SchedStat {
    /// Opens the file of a process's first thread, or of another by its TID. ENOENT: the kernel does
    /// not count (CONFIG_SCHED_INFO).
    pub fn open(root: &ProcRoot, pid: Pid) -> Result<SchedStat, Errno> {
        let path = format!("{pid}/schedstat");
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = openat(root, path.as_str(), flags, Mode::empty())?;
        Ok(SchedStat { file })
    }

    /// How far the process has come. `None`: nobody counts, or it has never run; ESRCH: it is gone.
    pub fn read(&self) -> Result<Option<Moment>, Errno> {
        let mut buffer = [0; LONGEST];
        let length = pread(&self.file, &mut buffer, 0)?;
        Ok(parse(&buffer[..length]))
    }
}

fn parse(contents: &[u8]) -> Option<Moment> {
    let mut numbers = std::str::from_utf8(contents).ok()?.split_ascii_whitespace();
    let mut next = || numbers.next()?.parse().ok();
    let moment = [next()?, next()?, next()?];
    // What a kernel says that was told not to count (sched_info_on in kernel/sched/stats.h).
    (moment != [0; 3]).then_some(Moment(moment))
}

/// Raises the limit of open files as far as may be; says what it is then.
pub fn raise_open_files() -> usize {
    let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, most, most) {
        Ok(()) => most,
        Err(_) => now,
    };
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn only_three_numbers_that_were_counted_are_a_moment() {
        assert_eq!(parse(b"12 0 3\n"), Some(Moment([12, 0, 3])));
        for text in ["0 0 0\n", "", "1 2\n", "1 2 x\n", "-1 0 0\n"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }

    fn open(pid: Pid) -> SchedStat {
        let root = ProcRoot::open(Path::new("/proc")).unwrap();
        SchedStat::open(&root, pid).unwrap()
    }

    #[test]
    fn whoever_has_run_is_at_another_moment() {
        // By its number a thread has a folder as a process has.
        let own = open(nix::unistd::gettid().as_raw());
        let first = own.read().unwrap();
        let give_up = Instant::now() + Duration::from_secs(10);
        while own.read().unwrap() == first {
            assert!(Instant::now() < give_up, "ten seconds make no difference");
        }
    }

    #[test]
    fn a_process_that_was_reaped_is_gone_whoever_has_its_number() {
        let mut child = Command::new("true").spawn().unwrap();
        let its = open(Pid::try_from(child.id()).unwrap());
        child.wait().unwrap();
        assert_eq!(its.read(), Err(Errno::ESRCH));
    }
}
