//! Standing over the program until it ends: signals passed on, stops mirrored, the terminal given
//! back.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, read, write};

use super::cgroups::Joinable;
use super::deaf::has_default_action;
use super::failure::{During, Failure, Step};
use super::hang_up::HangUp;
use super::held_signals::{First, HeldSignals, Sent};
use super::held_up::Vigil;
use super::session::Session;
use super::stops::stop_with;
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::ProcRoot;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(u8),
    Killed(Signal),
}

impl Ended {
    /// `None`: it has not.
    pub fn of(status: WaitStatus) -> Option<Ended> {
        match status {
            WaitStatus::Exited(_, code) => Some(Ended::Exited((code & 0xff) as u8)),
            WaitStatus::Signaled(_, signal, _) => Some(Ended::Killed(signal)),
            _ => None,
        }
    }

    /// The code to exit with, as shells have it: 128 and the number of the signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Ended::Exited(code) => code,
            Ended::Killed(signal) => 128 + signal as u8,
        }
    }
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
    /// A procfs of our own pid namespace, opened before /proc could become another.
    pub proc: Option<&'a ProcRoot>,
    /// Where the child is an init of ours: the line by which it tells that the program, which is no
    /// child of ours, has been stopped.
    pub stops: Option<BorrowedFd<'a>>,
    /// Cgroups that the program was put into, in which others may freeze it.
    pub cgroups: &'a [Joinable],
    pub role: Role<'a>,
    pub session: Session,
    pub tell: Tell,
}

/// What has become of the signals so far.
struct Heard<'a> {
    vigil: Vigil<'a>,
    hang_up: HangUp,
    /// That the program is deaf to them has been said.
    is_deaf_said: bool,
}

impl Heard<'_> {
    /// Whether the program may not be stopped any more.
    fn is_to_end(&self) -> bool {
        self.hang_up.has_come() || self.vigil.is_to_end()
    }

    /// Looks; the signal that was to end it, once nothing but SIGKILL is left.
    fn is_over(&mut self) -> Option<Signal> {
        let hung_up = self.hang_up.is_over().then_some(Signal::SIGHUP);
        self.vigil.look().or(hung_up)
    }
}

impl Supervisor<'_> {
    /// Waits, and says how it ended.
    pub fn wait(&self, program: Pid) -> Result<Ended, Failure> {
        let ended = self.wait_for_end(program).during(|| Step::Prepare);
        self.give_terminal_back(matches!(ended, Ok(Ended::Killed(_))));
        ended
    }

    fn give_terminal_back(&self, was_killed: bool) {
        if let (Role::Outer, Some(terminal)) = (self.role, &self.held.terminal) {
            terminal.give_back(was_killed);
        }
    }

    fn wait_for_end(&self, program: Pid) -> Result<Ended, Errno> {
        let mut stops = self.stops;
        let mut heard = Heard {
            vigil: Vigil::over(program, self.proc, self.cgroups, self.tell),
            hang_up: match self.role {
                Role::Outer => HangUp::of_terminal(),
                Role::Init(_) => HangUp::of_none(),
            },
            is_deaf_said: false,
        };
        let pidfd = PidFd::open(program.as_raw()).ok();
        self.pass_on_unheard(program, &mut heard)?;
        loop {
            if let Role::Init(_) = self.role {
                reap_until(program)?;
            }
            if let Some(ended) = self.look_at(program, heard.is_to_end())? {
                return Ok(ended);
            }
            if let Some(signal) = heard.is_over() {
                return Ok(heard.vigil.end().unwrap_or_else(|| {
                    self.give_terminal_back(true);
                    self.held.end_by(signal)
                }));
            }
            let limits = [heard.vigil.limit(), heard.hang_up.limit()];
            let limit = limits.into_iter().flatten().min();
            match self.held.first(pidfd.as_ref(), stops, limit)? {
                First::Nothing => {}
                First::Word => match said_stop(stops)? {
                    Some(_) if heard.is_to_end() => drop(kill(program, Signal::SIGCONT)),
                    Some(signal) => stop_with(program, signal)?,
                    None => stops = None,
                },
                First::Signal => {
                    if let Some(sent) = self.held.next()? {
                        self.pass_on(program, &sent, &mut heard)?;
                    }
                }
                First::End => {
                    if let Some(ended) = heard.vigil.end_kept_from_us() {
                        return Ok(ended);
                    }
                }
            }
        }
    }

    /// What came while the program was being born, and is not to be lost.
    fn pass_on_unheard(&self, program: Pid, heard: &mut Heard<'_>) -> Result<(), Errno> {
        match self.held.unheard.take() {
            None => Ok(()),
            // It has had that itself.
            Some((sent, child)) if child == program && !heard.hang_up.is_told_by(&sent) => {
                heard.vigil.sent(sent.signal);
                Ok(())
            }
            Some((sent, _)) => self.pass_on(program, &sent, heard),
        }
    }

    fn pass_on(&self, program: Pid, sent: &Sent, heard: &mut Heard<'_>) -> Result<(), Errno> {
        if heard.hang_up.is_told_by(sent) {
            heard.hang_up.pass_on(|signal| kill(program, signal));
            // Nobody is left who could ask again.
            heard.is_deaf_said = true;
        } else if sent.by_process {
            let _ = kill(program, sent.signal);
        }
        heard.vigil.sent(sent.signal);
        match self.is_deaf_to(program, sent.signal) {
            true => self.insist(program, sent.signal, &mut heard.is_deaf_said),
            false => Ok(()),
        }
    }

    /// Whether it has ended; when it has been stopped, so are we, until both go on, unless it is to
    /// end: then it goes on.
    fn look_at(&self, program: Pid, is_to_end: bool) -> Result<Option<Ended>, Errno> {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
        match waitpid(program, Some(flags)) {
            Ok(WaitStatus::Stopped(_, signal)) => {
                match self.role {
                    _ if is_to_end => drop(kill(program, Signal::SIGCONT)),
                    Role::Outer => stop_with(program, signal)?,
                    Role::Init(line) => drop(write(line, &[signal as u8])),
                }
                // What has come meanwhile is looked at before the next stop.
                Ok(None)
            }
            Ok(status) => Ok(Ended::of(status)),
            Err(Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno),
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
        acts && self.init_in.is_some_and(is_default)
            || self.cannot_stop(signal) && self.proc.is_some_and(is_default)
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
