//! Children made by fork alone, for what no program can be started to do: name itself as it likes,
//! lose its first thread, or be ten thousand. After the fork of a process with threads little is
//! allowed, so that their work is made of system calls.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause, pipe, write};

/// Has nsinspect's own functions fork in this process, which the tests share as threads.
pub fn let_nsinspect_fork() {
    // SAFETY: no lock but malloc's is held by one test and needed by what another forks.
    unsafe { nsinspect::sys::child::fork_beside_threads() }
}

/// A forked child, killed and waited for when the test lets go of it, also by a panic.
pub struct Forked(Pid);

/// The init of a pid namespace of its own; all that is in there ends with it.
pub struct ForkedInit {
    init: Pid,
    /// Our child and the parent of the init, in our own pid namespace.
    parent: Forked,
}

impl Forked {
    /// Forks a child that does the work and then waits for its end.
    pub fn start(work: impl FnOnce()) -> Forked {
        let (ready, sender) = pipe().unwrap();
        let child = fork_off(|| {
            work();
            let _ = write(&sender, b"r");
            wait_for_ever()
        });
        drop(sender);
        let mut byte = [0];
        let read = std::fs::File::from(ready).read(&mut byte);
        assert_eq!(read.unwrap(), 1, "the child lived to do its work");
        Forked(child)
    }

    /// Forks a child that does the work and never says so.
    pub fn start_unannounced(work: impl FnOnce()) -> Forked {
        Forked(fork_off(work))
    }

    pub fn pid(&self) -> i32 {
        self.0.as_raw()
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}

impl ForkedInit {
    /// Forks the init of a new pid namespace, which does the work and then waits for its end.
    /// The error is a reason to skip: not everybody may have a namespace.
    pub fn start(work: impl FnOnce() -> Result<(), Errno>) -> Result<ForkedInit, String> {
        let (answer, sender) = pipe().unwrap();
        let parent = Forked(fork_off(|| parent_of_init(&sender, work)));
        drop(sender);
        let mut bytes = Vec::new();
        let mut answer = std::fs::File::from(answer);
        let mut number = [0; 4];
        while answer.read_exact(&mut number).is_ok() {
            bytes.push(i32::from_ne_bytes(number));
            if bytes.len() == 2 {
                break;
            }
        }
        match bytes[..] {
            [init, 0] => Ok(ForkedInit {
                init: Pid::from_raw(init),
                parent,
            }),
            [.., errno] => Err(format!("no pid namespace: {}", Errno::from_raw(errno))),
            [] => Err("no pid namespace".to_owned()),
        }
    }

    pub fn pid(&self) -> i32 {
        self.init.as_raw()
    }
}

impl Drop for ForkedInit {
    fn drop(&mut self) {
        // While its parent lives, the init's number is not given to another: it waits for it.
        let parent = waitpid(self.parent.0, Some(WaitPidFlag::WNOHANG));
        if parent == Ok(WaitStatus::StillAlive) {
            let _ = kill(self.init, Signal::SIGKILL);
            let _ = waitpid(self.parent.0, None);
        }
    }
}

/// Makes the namespace, forks its init, tells both results and waits for the init's end.
fn parent_of_init(sender: &OwnedFd, work: impl FnOnce() -> Result<(), Errno>) {
    let tell = |number: i32| {
        let _ = write(sender, &number.to_ne_bytes());
    };
    let user = match nix::unistd::geteuid().is_root() {
        true => CloneFlags::empty(),
        false => CloneFlags::CLONE_NEWUSER,
    };
    if let Err(errno) = unshare(user | CloneFlags::CLONE_NEWPID) {
        return tell(errno as i32);
    }
    let init = fork_off(|| {
        tell_result(sender, work());
        wait_for_ever()
    });
    let _ = waitpid(init, None);
}

/// The init tells its own number, as its parent sees it, after its work: zero stands for success.
fn tell_result(sender: &OwnedFd, result: Result<(), Errno>) {
    // The link of a procfs of the outer namespace is told in its numbers.
    let mut buffer = [0; 16];
    let own = nix::fcntl::readlink("/proc/self").ok();
    let own = own.and_then(|own| own.to_str()?.parse::<i32>().ok());
    buffer[..4].copy_from_slice(&own.unwrap_or(0).to_ne_bytes());
    let errno = result.map_or_else(|errno| errno as i32, |()| 0);
    buffer[4..8].copy_from_slice(&errno.to_ne_bytes());
    let _ = write(sender.as_fd(), &buffer[..8]);
}

/// Forks a child that does the work and ends. It dies with the thread that forked it.
pub fn fork_off(work: impl FnOnce()) -> Pid {
    try_fork_off(work).unwrap()
}

/// The same where a fork may be refused.
pub fn try_fork_off(work: impl FnOnce()) -> Result<Pid, Errno> {
    // SAFETY: the child makes system calls and little else, and leaves by _exit.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
            work();
            // SAFETY: ends the child without the destructors of its parent.
            unsafe { libc::_exit(0) }
        }
    }
}

pub fn wait_for_ever() -> ! {
    loop {
        pause();
    }
}

/// Ends the calling thread alone, as no safe function can: its process lives on in the others.
pub fn exit_this_thread() {
    // SAFETY: the thread owns nothing that another waits for.
    unsafe {
        libc::syscall(libc::SYS_exit, 0);
    }
}

/// Sets the name of the calling thread to any bytes, of which the kernel takes fifteen.
pub fn set_comm(name: &[u8]) {
    let mut terminated = [0; 16];
    terminated[..name.len()].copy_from_slice(name);
    // SAFETY: the kernel reads up to the NUL, which is inside the buffer.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, terminated.as_ptr());
    }
}

/// Writes over the arguments of the calling process, as setproctitle(3) does; returns how many
/// bytes there were.
pub fn overwrite_arguments(byte: u8) -> usize {
    let stat = procfs::process::Process::myself()
        .and_then(|own| own.stat())
        .unwrap();
    let (start, end) = (stat.arg_start.unwrap(), stat.arg_end.unwrap());
    let length = end - start;
    // SAFETY: the kernel put the arguments there, in memory of ours that may be written, and
    // nothing else refers to them: std keeps pointers, which remain valid.
    unsafe {
        std::ptr::write_bytes(start as usize as *mut u8, byte, length as usize);
    }
    length as usize
}

/// The number of the calling thread.
pub fn own_tid() -> i32 {
    nix::unistd::gettid().as_raw()
}
