//! Work that must be done by a process which joins other namespaces: done by a forked child that
//! answers over a pipe and is never heard of again.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg,
    sendmsg, socketpair,
};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe2, read, write};

use super::exec;

/// An answer that is longer than this (bytes) is none.
const LONGEST_ANSWER: usize = 16 << 20;

/// All children together may use up so much in vain. Whoever can make one hang can make a thousand
/// hang, and we would wait for each.
static PATIENCE: Mutex<Duration> = Mutex::new(Duration::from_secs(15));

/// A child that is ending is gone by then, unless a file server holds it.
const TIME_TO_DIE: Duration = Duration::from_secs(1);

/// Runs `work` in a forked child and returns the bytes that it made.
///
/// The child is not dumpable, so that nothing in the namespaces that it joins can trace it or
/// reach our executable and descriptors through `/proc/PID`; it dies with us; and it is killed at
/// the time limit. It has the single thread that calls this, as setns(2) asks for some kinds.
///
/// # Errors
/// EDEADLK while other threads run ([`spawn`]). ETIMEDOUT at the time limit, or when other children have used up all patience; EPIPE when the
/// child died without an answer.
pub fn in_child(time_limit: Duration, work: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Errno> {
    let mut patience = PATIENCE.lock().unwrap_or_else(PoisonError::into_inner);
    let time_limit = time_limit.min(*patience);
    if time_limit.is_zero() {
        return Err(Errno::ETIMEDOUT);
    }
    let result = answer_of(time_limit, work);
    if result == Err(Errno::ETIMEDOUT) {
        *patience = patience.saturating_sub(time_limit);
    }
    result
}

fn answer_of(time_limit: Duration, work: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Errno> {
    let (answer, sender) = pipe2(OFlag::O_CLOEXEC)?;
    let child = spawn(|| {
        harden();
        i32::from(send(&sender, &work()).is_err())
    })?;
    drop(sender);
    let result = receive(&answer, Instant::now() + time_limit);
    if result.is_err() {
        let _ = kill(child, Signal::SIGKILL);
    }
    match (result, reap(child)) {
        (Ok(bytes), Some(WaitStatus::Exited(_, 0))) => Ok(bytes),
        (Ok(_), _) => Err(Errno::EPIPE),
        (Err(errno), _) => Err(errno),
    }
}

/// What only a forked child of ours may do: proof that the calling process is one, and ends without
/// returning to its parent's frames.
pub struct Forked(());

impl Forked {
    /// Closes every descriptor but these, and puts /dev/null in the place of the first three: for where
    /// nothing of ours may come. The work of the child keeps what it still needs.
    pub fn close_all_but(&self, kept: &[RawFd]) -> Result<(), Errno> {
        // SAFETY: the frames of the parent, which own the others, are never returned to.
        unsafe { exec::close_all_but(kept) }
    }

    /// Closes every descriptor above this number but these.
    pub fn close_above_but(&self, last: RawFd, kept: &[RawFd]) -> Result<(), Errno> {
        // SAFETY: as above.
        unsafe { exec::close_above_but(last, kept) }
    }
}

/// Forks a child that does its work and exits with the code which that returns, or, if it panics,
/// with 1 (by SIGABRT in a build where a panic aborts; see [`end_on_panic`]).
///
/// # Errors
/// EDEADLK: other threads run, and go on doing so. They may hold locks, such as malloc's, for which the
/// child would wait for ever (fork(2)).
pub fn spawn(work: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    spawn_apart(|_| work())
}

/// The same for work that takes what only a forked child may do.
pub fn spawn_apart(work: impl FnOnce(&Forked) -> i32) -> Result<Pid, Errno> {
    alone()?;
    // SAFETY: this is the only thread, or somebody has vouched for the others, so the child may do all
    // that a process may do; it leaves by _exit and never returns into the caller's frames.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let work = std::panic::AssertUnwindSafe(|| work(&Forked(())));
            exit_at_once(std::panic::catch_unwind(work).unwrap_or(1))
        }
        ForkResult::Parent { child } => Ok(child),
    }
}

static OTHERS_ARE_HARMLESS: AtomicBool = AtomicBool::new(false);

/// Has children be forked although other threads run.
///
/// # Safety
/// From now on no other thread holds a lock, at the moment of a fork, that the child needs. malloc's is
/// none of these where fork(3) takes care of it, as in glibc and musl.
pub unsafe fn fork_beside_threads() {
    OTHERS_ARE_HARMLESS.store(true, Ordering::Relaxed);
}

/// Waits until the threads that have been joined are gone for the kernel too: pthread_join(3) returns
/// a moment before that.
///
/// # Errors
/// EDEADLK: others run, and nobody has vouched for them.
pub fn alone() -> Result<(), Errno> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        if OTHERS_ARE_HARMLESS.load(Ordering::Relaxed) || is_alone()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Errno::EDEADLK)
}

/// Whether this is the only thread of its process.
fn is_alone() -> Result<bool, Errno> {
    // It changes nothing for the only thread, and is refused to any other (unshare(2)).
    match unshare(CloneFlags::CLONE_THREAD) {
        Ok(()) => Ok(true),
        Err(Errno::EINVAL) => Ok(false),
        // A seccomp filter, such as docker's. Each thread is a directory: two links are for the folder
        // itself.
        Err(_) => Ok(nix::sys::stat::stat("/proc/self/task")?.st_nlink <= 3),
    }
}

/// The same where nothing depends on it.
pub fn wait_until_alone() {
    let _ = alone();
}

/// Ends this process at once: what is buffered is not written, and no destructor runs. For a forked
/// child, whose buffers and destructors are its parent's.
pub fn exit_at_once(code: i32) -> ! {
    // SAFETY: it does not return.
    unsafe { libc::_exit(code) }
}

/// Has a panic, once it has been told, end this process with a code of its own, and any child that is
/// forked later: SIGABRT, or what a build that unwinds makes of it, could be the end of a program
/// that we stand for. The same where no memory is left.
pub fn end_on_panic(code: i32) {
    super::memory::end_with(code);
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        exit_at_once(code)
    }));
}

/// Runs `work` in a forked child as [`in_child`] does, and returns the descriptor that it opened.
pub fn open_in_child(
    time_limit: Duration,
    work: impl FnOnce() -> Result<OwnedFd, Errno>,
) -> Result<OwnedFd, Errno> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::Datagram,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    let answer = in_child(time_limit, || {
        let result = work().and_then(|fd| send_fd(&theirs, &fd));
        (result.err().unwrap_or(Errno::UnknownErrno) as i32)
            .to_ne_bytes()
            .to_vec()
    })?;
    let errno = answer.try_into().map(i32::from_ne_bytes);
    match Errno::from_raw(errno.unwrap_or(libc::EPROTO)) {
        Errno::UnknownErrno => receive_fd(&ours),
        errno => Err(errno),
    }
}

fn send_fd(socket: &OwnedFd, fd: &OwnedFd) -> Result<(), Errno> {
    let fds = [fd.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&fds)];
    let byte = [IoSlice::new(b"x")];
    sendmsg::<()>(socket.as_raw_fd(), &byte, &rights, MsgFlags::empty(), None).map(drop)
}

fn receive_fd(socket: &OwnedFd) -> Result<OwnedFd, Errno> {
    let mut byte = [0; 1];
    let mut buffer = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffer, Some(&mut space), flags)?;
    let fd = message.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    let fd = fd.ok_or(Errno::EBADMSG)?;
    // SAFETY: the kernel has just put it into our table, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes the child unreachable for those whose namespaces it will join, has it forget our environment,
/// and ends it with its parent.
/// Joining a user namespace and changing ids reset both (commit_creds in kernel/cred.c), so that this
/// is done once more after.
pub fn harden() {
    hide();
    super::environ::forget();
    // It cannot fail with this argument (PR_SET_PDEATHSIG(2const)).
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
}

/// Makes the calling process not dumpable: nobody without CAP_SYS_PTRACE over the user namespace in
/// which it was executed can trace it, or reach what `/proc/PID` links to. Ends with execve(2).
pub fn hide() {
    // It cannot fail with this argument (PR_SET_DUMPABLE(2const)).
    let _ = nix::sys::prctl::set_dumpable(false);
}

fn send(sender: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(sender, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn receive(answer: &OwnedFd, deadline: Instant) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        wait_readable(answer, deadline)?;
        match read(answer, &mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(_) if bytes.len() > LONGEST_ANSWER => return Err(Errno::EMSGSIZE),
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Waits until something can be read.
///
/// # Errors
/// ETIMEDOUT at the deadline.
pub fn wait_readable(from: &impl AsFd, deadline: Instant) -> Result<(), Errno> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up, so as not to go round without a rest in the last millisecond.
        let left = PollTimeout::try_from(left + Duration::from_micros(999));
        let mut fds = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, left.unwrap_or(PollTimeout::MAX)) {
            Ok(0) if Instant::now() >= deadline => return Err(Errno::ETIMEDOUT),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
}

/// Waits for the child that is ending. `None`: it is not, since no signal ends who waits for a file
/// server that has taken the request (request_wait_answer in fs/fuse/dev.c). It ends when that
/// answers or dies, and init reaps it then.
pub fn reap(child: Pid) -> Option<WaitStatus> {
    let deadline = Instant::now() + TIME_TO_DIE;
    let mut pause = Duration::from_micros(50);
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
            status => return status.ok(),
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests are threads of one process.
    fn beside_other_tests() {
        // SAFETY: no lock but malloc's is held by one test and needed by what another forks.
        unsafe { fork_beside_threads() }
    }

    #[test]
    fn nothing_is_forked_beside_other_threads() {
        in_a_process_of_its_own("nothing_is_forked_beside_other_threads", 0, || {
            // The harness waits in a thread of its own.
            assert_eq!(spawn(|| 0), Err(Errno::EDEADLK));
            assert_eq!(in_child(TIME_TO_DIE, Vec::new), Err(Errno::EDEADLK));
            beside_other_tests();
            let child = spawn(|| 7).unwrap();
            assert_eq!(reap(child), Some(WaitStatus::Exited(child, 7)));
        });
    }

    #[test]
    fn the_answer_of_the_child_comes_back_whole() {
        beside_other_tests();
        let long = vec![b'x'; 300_000];
        let answer = in_child(Duration::from_secs(10), || long.clone());
        assert_eq!(answer.map(|bytes| bytes.len()), Ok(300_000));
    }

    #[test]
    fn a_descriptor_that_the_child_opens_comes_back() {
        beside_other_tests();
        let opened = open_in_child(Duration::from_secs(10), || {
            let flags = OFlag::O_RDONLY;
            nix::fcntl::open("/proc/self/status", flags, nix::sys::stat::Mode::empty())
        });
        let mut text = String::new();
        let mut file = std::fs::File::from(opened.unwrap());
        std::io::Read::read_to_string(&mut file, &mut text).unwrap_err();
    }

    #[test]
    fn what_the_child_could_not_open_is_said() {
        beside_other_tests();
        let opened = open_in_child(Duration::from_secs(10), || Err(Errno::ELOOP));
        assert_eq!(opened.unwrap_err(), Errno::ELOOP);
    }

    #[test]
    fn a_child_that_hangs_is_killed_at_the_time_limit() {
        beside_other_tests();
        let answer = in_child(Duration::from_millis(50), || {
            std::thread::sleep(Duration::from_secs(100));
            Vec::new()
        });
        assert_eq!(answer, Err(Errno::ETIMEDOUT));
    }

    #[test]
    fn a_panic_ends_with_the_code_that_was_asked_for() {
        // Of the other tests one may hold the lock of the hook at the moment of a fork, and the child
        // would wait for it for ever.
        in_a_process_of_its_own("a_panic_ends_with_the_code_that_was_asked_for", 125, || {
            end_on_panic(125);
            panic!("of a child, in a test");
        });
    }

    /// Runs the test of this name once more, alone, with the work in its place.
    fn in_a_process_of_its_own(name: &str, code: i32, work: impl FnOnce()) {
        const IS_CHILD: &str = "NSINSPECT_TEST_IS_CHILD";
        if std::env::var_os(IS_CHILD).is_some() {
            return work();
        }
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &format!("sys::child::tests::{name}")]);
        let ended = child.env(IS_CHILD, "").output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
    }

    #[test]
    fn a_child_that_dies_gives_no_answer() {
        beside_other_tests();
        // SAFETY: _exit is what a child that dies early does.
        let answer = in_child(Duration::from_secs(10), || unsafe { libc::_exit(7) });
        assert_eq!(answer, Err(Errno::EPIPE));
    }
}
