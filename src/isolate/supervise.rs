//! Standing over the program until it ends: signals passed on, stops mirrored, the terminal given
//! back.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, raise, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, close, pipe2, read, write};

use super::deaf::has_default_action;
use super::failure::{During, Failure, Step};
use super::hang_up::HangUp;
use super::session::Session;
use super::stops::stop_with;
use super::terminal::Terminal;
use crate::sys::procfs::ProcRoot;
use crate::sys::{child, signals};

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(u8),
    Killed(Signal),
}

impl Ended {
    /// The code to exit with, as shells have it: 128 and the number of the signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Ended::Exited(code) => code,
            Ended::Killed(signal) => 128 + signal as u8,
        }
    }
}

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
const ENDS: [Signal; 4] = [
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
    terminal: Option<Terminal>,
    /// One that was to end a child which was setting up, and did not: it was ready already.
    unheard: Cell<Option<(Sent, Pid)>>,
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
                (Ok(0), Some(sent)) => self.abandon(child, sent.signal)?,
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
            stop_if_stopped(child)?;
        }
    }

    /// Ends us by a signal that a child has not ended by: it waits for a file system, and not even
    /// SIGKILL ends it before that answers (request_wait_answer in fs/fuse/dev.c).
    fn abandon(&self, child: Pid, signal: Signal) -> Result<(), Errno> {
        let _ = kill(child, Signal::SIGKILL);
        self.let_go()?;
        raise(signal)
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

    /// What comes first, within a limit: a word on a line, or one of them.
    pub fn first(&self, line: Option<BorrowedFd<'_>>, limit: PollTimeout) -> Result<First, Errno> {
        let input = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let signals = self.descriptor.as_fd();
        let mut both = [input(signals), input(line.unwrap_or(signals))];
        match poll(&mut both, limit) {
            Ok(0) | Err(Errno::EINTR) => Ok(First::Nothing),
            Ok(_) if line.is_some() && both[1].any() == Some(true) => Ok(First::Word),
            Ok(_) => Ok(First::Signal),
            Err(errno) => Err(errno),
        }
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

/// The signal that has stopped a program, by the line of its init; `None` where that has ended.
fn said_stop(line: Option<BorrowedFd<'_>>) -> Result<Option<Signal>, Errno> {
    let mut word = [0];
    let Some(line) = line else { return Ok(None) };
    match read(line, &mut word) {
        Ok(1) => Ok(Some(Signal::try_from(i32::from(word[0]))?)),
        Ok(_) => Ok(None),
        Err(errno) => Err(errno),
    }
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

/// A child on its way to become the program.
pub struct Birth {
    /// The line to the supervisor, who holds the other end until it ends.
    line: UnixStream,
    /// Where it says what failed; execve closes it.
    complaint: Option<File>,
}

impl Birth {
    /// Has the kernel end us with the supervisor, and waits for its word, which does not come if it
    /// has ended before. A change of ids clears the signal (commit_creds in kernel/cred.c), so this
    /// comes after.
    pub fn end_with_supervisor(&self, signal: Signal) -> Result<(), Failure> {
        set_pdeathsig(signal).during(|| Step::Prepare)?;
        match read(&self.line, &mut [0]) {
            Ok(1) => Ok(()),
            Ok(_) => Err(Failure::new(Step::Prepare, Errno::EPIPE)),
            Err(errno) => Err(errno).during(|| Step::Prepare),
        }
    }

    /// The line by which an init tells the supervisor that the program has been stopped.
    pub fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Lets the supervisor know that all is well, where no execve of ours does.
    pub fn succeeded(&mut self) {
        self.complaint = None;
    }

    fn complain(&mut self, failure: &Failure) {
        if let Some(complaint) = &mut self.complaint {
            // Serialising plain data cannot fail; nobody reads it if the supervisor is gone.
            let _ = complaint.write_all(&serde_json::to_vec(failure).unwrap_or_default());
        }
    }
}

/// A program that has been started as a child.
pub struct Started {
    pub process: Pid,
    /// The line to it; its end tells the child that we are gone.
    pub line: UnixStream,
}

/// Forks a child that does the rest of the work and becomes the program, though not before what is
/// to be done beside it is done. Returns when it has, or with what has failed.
pub fn start(
    held: &HeldSignals,
    become_program: impl FnOnce(&mut Birth) -> Failure,
    beside: impl FnOnce() -> Result<(), Failure>,
) -> Result<Started, Failure> {
    let (failed, complaint) = pipe2(OFlag::O_CLOEXEC).during(|| Step::Prepare)?;
    let (line, theirs) = UnixStream::pair().during(|| Step::Prepare)?;
    let ours = line.as_raw_fd();
    let mut birth = Birth {
        line: theirs,
        complaint: Some(complaint.into()),
    };
    let process = child::spawn(move || {
        // With a copy of that end it would never see the end of the supervisor.
        let _ = close(ours);
        // For as long as it is still one of us; the program has its own way, for which see above.
        let ready = set_pdeathsig(Signal::SIGKILL).and_then(|()| held.let_go());
        let failure = match ready {
            Ok(()) => become_program(&mut birth),
            Err(errno) => Failure::new(Step::Prepare, errno),
        };
        birth.complain(&failure);
        failure.exit_code().into()
    });
    // A pid namespace whose init has died refuses every fork.
    let process = process.during(|| Step::Fork)?;
    let outcome = beside().and_then(|()| {
        // A child that has failed already does not read it.
        let _ = (&line).write(b"g");
        complaint_of(failed, held, process)
    });
    match outcome {
        Ok(()) => Ok(Started { process, line }),
        Err(failure) => {
            let _ = kill(process, Signal::SIGKILL);
            let _ = waitpid(process, None);
            Err(failure)
        }
    }
}

/// Waits until the pipe is closed, with or without a word.
fn complaint_of(pipe: OwnedFd, held: &HeldSignals, child: Pid) -> Result<(), Failure> {
    held.wait_readable(&pipe, child).during(|| Step::Prepare)?;
    let mut text = Vec::new();
    let all = File::from(pipe).read_to_end(&mut text);
    all.during(|| Step::Prepare)?;
    // Without: the program runs, or a signal has ended the child before.
    serde_json::from_slice(&text).map_or(Ok(()), Err)
}

/// What the supervisor says when it has to.
pub type Tell = fn(&str);

/// Where a supervisor stands.
#[derive(Clone, Copy)]
pub enum Role<'a> {
    /// In the old pid namespace, at the terminal.
    Outer,
    /// It is the init of the pid namespace, which reaps whoever is left to it. The kernel lets no
    /// process in there stop it, so that it has the outer supervisor stop, by this line.
    Init(BorrowedFd<'a>),
}

/// Stands over a program until it ends.
pub struct Supervisor<'a> {
    pub held: &'a HeldSignals,
    /// Where the program is PID 1 of its pid namespace, to which the kernel passes on only what it
    /// handles: a procfs in which to look what that is.
    pub init_in: Option<&'a ProcRoot>,
    /// Where the child is an init of ours: the line by which it tells that the program, which is no
    /// child of ours, has been stopped.
    pub stops: Option<BorrowedFd<'a>>,
    pub role: Role<'a>,
    pub session: Session,
    pub tell: Tell,
}

impl Supervisor<'_> {
    /// Waits, and says how it ended.
    pub fn wait(&self, program: Pid) -> Result<Ended, Failure> {
        let ended = self.wait_for_end(program).during(|| Step::Prepare);
        if let (Role::Outer, Some(terminal)) = (self.role, &self.held.terminal) {
            terminal.give_back(matches!(ended, Ok(Ended::Killed(_))));
        }
        ended
    }

    fn wait_for_end(&self, program: Pid) -> Result<Ended, Errno> {
        let mut told = false;
        let mut stops = self.stops;
        let mut hang_up = match self.role {
            Role::Outer => HangUp::of_terminal(),
            Role::Init(_) => HangUp::of_none(),
        };
        if let Some((sent, child)) = self.held.unheard.take()
            && (child != program || hang_up.is_told_by(&sent))
        {
            self.pass_on(program, &sent, &mut hang_up, &mut told)?;
        }
        loop {
            if let Role::Init(_) = self.role {
                reap_until(program)?;
            }
            if let Some(ended) = self.look_at(program)? {
                return Ok(ended);
            }
            hang_up.insist(program);
            match self.held.first(stops, hang_up.limit())? {
                First::Nothing => {}
                First::Word => match said_stop(stops)? {
                    Some(signal) => stop_with(program, signal)?,
                    None => stops = None,
                },
                First::Signal => {
                    if let Some(sent) = self.held.next()? {
                        self.pass_on(program, &sent, &mut hang_up, &mut told)?;
                    }
                }
            }
        }
    }

    fn pass_on(
        &self,
        program: Pid,
        sent: &Sent,
        hang_up: &mut HangUp,
        told: &mut bool,
    ) -> Result<(), Errno> {
        if hang_up.is_told_by(sent) {
            hang_up.pass_on(|signal| kill(program, signal));
            // Nobody is left who could ask again.
            *told = true;
        } else if sent.by_process {
            let _ = kill(program, sent.signal);
        }
        match self.is_deaf_to(program, sent.signal) {
            true => self.insist(program, sent.signal, told),
            false => Ok(()),
        }
    }

    /// Whether it has ended; when it has been stopped, so are we, until both go on.
    fn look_at(&self, program: Pid) -> Result<Option<Ended>, Errno> {
        loop {
            let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
            match waitpid(program, Some(flags)) {
                Ok(WaitStatus::Exited(_, code)) => {
                    return Ok(Some(Ended::Exited((code & 0xff) as u8)));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    return Ok(Some(Ended::Killed(signal)));
                }
                Ok(WaitStatus::Stopped(_, signal)) => match self.role {
                    Role::Outer => stop_with(program, signal)?,
                    Role::Init(line) => drop(write(line, &[signal as u8])),
                },
                Ok(_) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Whether the signal would end or stop any other process, and does not do so to this since it
    /// is PID 1 and has no handler (pid_namespaces(7)).
    fn is_deaf_to(&self, program: Pid, signal: Signal) -> bool {
        let acts = matches!(
            signal,
            Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP | Signal::SIGQUIT | Signal::SIGTSTP
        );
        let is_default = |proc: &ProcRoot| has_default_action(proc, program, signal) == Some(true);
        let in_our_proc = || ProcRoot::open("/proc".as_ref()).is_ok_and(|proc| is_default(&proc));
        acts && self.init_in.is_some_and(is_default) || self.cannot_stop(signal) && in_our_proc()
    }

    /// Whether the kernel keeps SIGTSTP from the program, whose parent is in another session: its
    /// process group is an orphaned one (setpgid(2)). A program of an init of ours has that for parent.
    fn cannot_stop(&self, signal: Signal) -> bool {
        let is_alone = self.session == Session::New && self.stops.is_none();
        signal == Signal::SIGTSTP && is_alone && matches!(self.role, Role::Outer)
    }

    /// Stops it by the signal that it cannot refuse us. For others says once that it is deaf, and
    /// ends it when it is asked again.
    fn insist(&self, program: Pid, signal: Signal, told: &mut bool) -> Result<(), Errno> {
        if signal == Signal::SIGTSTP {
            kill(program, Signal::SIGSTOP)?;
            return match self.session {
                // By a process, which can set us going again: so we stop as it does.
                Session::New => Ok(()),
                Session::Ours | Session::OfLeader(_) => stop_with(program, signal),
            };
        }
        if std::mem::replace(told, true) {
            return kill(program, Signal::SIGKILL);
        }
        (self.tell)(&format!(
            "the program is PID 1 of its pid namespace and has no handler for {signal}, so that \
             the kernel keeps the signal from it; once more ends it by SIGKILL, and --init is for \
             such programs"
        ));
        Ok(())
    }
}

/// Reaps every child until the given one ends: the work of an init.
fn reap_until(program: Pid) -> Result<(), Errno> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    loop {
        match waitid(Id::All, flags) {
            Ok(WaitStatus::StillAlive) => return Ok(()),
            Ok(status) if status.pid() == Some(program) => return Ok(()),
            Ok(status) => {
                if let Some(orphan) = status.pid() {
                    let _ = waitpid(orphan, Some(WaitPidFlag::WNOHANG));
                }
            }
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
}
