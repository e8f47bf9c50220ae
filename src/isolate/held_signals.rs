//! Our own signals, held back while we stand over a child, and passed on to it.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, raise, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::failure::{During, Failure, Step};
use super::stops::stop_with;
use super::terminal::Terminal;
use crate::sys::pidfd::PidFd;
use crate::sys::{child, signals};

/// What is passed on to the program when a process sends it to us.
const PASSED_ON: [Signal; 11] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGCONT,
];

/// What ends a process that does not handle it.
pub const ENDS: [Signal; 4] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
];

/// How long a child that is setting up may take to end by a signal (ms).
const ENDS_WITHIN: u16 = 1000;

/// Our signals, held back to be read one by one, and the terminal as it was before the program could
/// change it.
pub struct HeldSignals {
    before: SigSet,
    descriptor: SignalFd,
    pub(super) terminal: Option<Terminal>,
    /// One that was to end a child which was setting up, and did not: it was ready already.
    pub(super) unheard: Cell<Option<(Sent, Pid)>>,
}

impl HeldSignals {
    pub fn hold() -> Result<HeldSignals, Failure> {
        // Whoever has started us may have it ignored, and then nobody is told how a child ended.
        signals::default_child().during(|| Step::Prepare)?;
        let mut all: SigSet = PASSED_ON.into_iter().collect();
        all.add(Signal::SIGCHLD);
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&all), Some(&mut before))
            .during(|| Step::Prepare)?;
        let descriptor = SignalFd::with_flags(&all, SfdFlags::SFD_CLOEXEC);
        Ok(HeldSignals {
            before,
            descriptor: descriptor.during(|| Step::Prepare)?,
            terminal: Terminal::of_standard_input(),
            unheard: Cell::new(None),
        })
    }

    /// Waits until something can be read, and passes signals on to a child meanwhile: setting up can
    /// take for ever where a file system in there answers nobody.
    pub fn wait_readable(&self, from: impl AsFd, child: Pid) -> Result<(), Errno> {
        let mut ending: Option<Sent> = None;
        loop {
            let input = |fd| PollFd::new(fd, PollFlags::POLLIN);
            let mut fds = [input(from.as_fd()), input(self.descriptor.as_fd())];
            let limit = ending.map_or(PollTimeout::NONE, |_| ENDS_WITHIN.into());
            match (poll(&mut fds, limit), ending) {
                (Ok(0), Some(sent)) => self.abandon(child, sent.signal),
                (Ok(_), _) if fds[0].any() == Some(true) => {
                    self.unheard.set(ending.map(|sent| (sent, child)));
                    return Ok(());
                }
                (Ok(_) | Err(Errno::EINTR), _) => {}
                (Err(errno), _) => return Err(errno),
            }
            if fds[1].any() != Some(true) {
                continue;
            }
            if let Some(sent) = self.next()? {
                if sent.by_process {
                    let _ = kill(child, sent.signal);
                }
                ending = ending.or(ENDS.contains(&sent.signal).then_some(sent));
            }
            if ending.is_none() {
                stop_if_stopped(child)?;
            }
        }
    }

    /// Ends us by a signal that a child has not ended by: it waits for a file system, and not even
    /// SIGKILL ends it before that answers (request_wait_answer in fs/fuse/dev.c).
    fn abandon(&self, child: Pid, signal: Signal) -> ! {
        let _ = kill(child, Signal::SIGKILL);
        self.end_by(signal)
    }

    /// Ends us as a signal does, also where it is ignored, or we are the init of a pid namespace.
    pub(super) fn end_by(&self, signal: Signal) -> ! {
        let _ = self.let_go();
        let _ = raise(signal);
        child::exit_at_once(128 + signal as i32)
    }

    /// The next that has come; `None` where that says nothing, or is the end or stop of a child.
    pub fn next(&self) -> Result<Option<Sent>, Errno> {
        let info = match self.descriptor.read_signal() {
            Ok(Some(info)) => info,
            Ok(None) | Err(Errno::EINTR) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let signal = i32::try_from(info.ssi_signo).ok();
        let signal = signal.and_then(|number| Signal::try_from(number).ok());
        Ok(signal
            .filter(|signal| *signal != Signal::SIGCHLD)
            .map(|signal| Sent {
                signal,
                by_process: info.ssi_code <= 0,
            }))
    }

    /// What comes first, within a limit: the end of a process, a word on a line, or one of them.
    pub fn first(
        &self,
        process: Option<&PidFd>,
        line: Option<BorrowedFd<'_>>,
        limit: Option<Duration>,
    ) -> Result<First, Errno> {
        let signals = self.descriptor.as_fd();
        let sources = [line, Some(signals), process.map(AsFd::as_fd)];
        let input = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut all = sources.map(|source| input(source.unwrap_or(signals)));
        // Rounded up, so as not to go round without a rest in the last millisecond.
        let limit = limit.map_or(PollTimeout::NONE, |limit| {
            PollTimeout::try_from(limit + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut all, limit) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(First::Nothing),
            Err(errno) => return Err(errno),
        }
        let is_ready = |at: usize| sources[at].is_some() && all[at].any() == Some(true);
        Ok(match [is_ready(0), is_ready(1), is_ready(2)] {
            [true, _, _] => First::Word,
            [_, true, _] => First::Signal,
            [_, _, true] => First::End,
            _ => First::Nothing,
        })
    }

    /// To be polled with others.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Lets them come again, as the program that is started next expects.
    pub fn let_go(&self) -> Result<(), Errno> {
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None)
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        let _ = self.let_go();
    }
}

/// What has come first.
pub enum First {
    Nothing,
    Word,
    Signal,
    /// And no signal that would say so.
    End,
}

/// A signal that has come to us.
#[derive(Clone, Copy)]
pub struct Sent {
    pub signal: Signal,
    /// What the kernel sends for a terminal goes to the whole foreground group, and so to the
    /// program too; only what a process sends to us alone is passed on. The code tells
    /// (SI_FROMUSER in include/linux/sched/signal.h).
    pub by_process: bool,
}

/// When a child that is still setting up has been stopped, so are we, until both go on.
fn stop_if_stopped(child: Pid) -> Result<(), Errno> {
    let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG;
    match waitid(Id::Pid(child), flags) {
        Ok(WaitStatus::Stopped(_, signal)) => stop_with(child, signal),
        Ok(_) | Err(Errno::EINTR | Errno::ECHILD) => Ok(()),
        Err(errno) => Err(errno),
    }
}
