//! The leader of the new terminal's session: what a shell is to its one job. Its process group is not
//! the job's, whose parent it is: so the kernel lets keys stop the job (setpgid(2) on orphaned process
//! groups), and tells the leader when the terminal is gone.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{
    Pid, close, getpgrp, getpid, getppid, read, setpgid, setsid, tcgetpgrp, tcsetpgrp, write,
};

use super::{BACKGROUND, DONE, GO_ON};
use crate::isolate::failure::{Failure, Step};
use crate::isolate::hang_up::HangUp;
use crate::isolate::held_signals::{First, HeldSignals};
use crate::isolate::held_up::Vigil;
use crate::isolate::session::Session;
use crate::isolate::supervise::{Ended, Tell};
use crate::sys::child::Forked;
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::ProcRoot;
use crate::sys::{child, signals, terminal};

pub struct Leader<'a> {
    pub slave: OwnedFd,
    /// To the front.
    pub line: UnixStream,
    pub held: &'a HeldSignals,
    pub tell: Tell,
}

impl Leader<'_> {
    /// Leads until the job ends, and ends as it did.
    pub fn lead(
        self,
        forked: &Forked,
        front: Pid,
        descriptors: &[RawFd],
        in_foreground: bool,
        work: impl FnOnce(Session) -> i32,
    ) -> i32 {
        let ended = self
            .begin(forked, front, descriptors)
            .and_then(|()| self.start(in_foreground, work))
            .and_then(|job| {
                // What it holds is not for the job, and it leaves no core if it has to end as that did.
                child::hide();
                self.watch(job)
            });
        // Who is still in the foreground would be hung up with us.
        let _ = tcsetpgrp(&self.slave, getpgrp());
        match ended {
            Ok(ended) => {
                if let Ended::Killed(signal) = ended {
                    let _ = signals::end_by(signal);
                }
                ended.exit_code().into()
            }
            Err(errno) => {
                (self.tell)(&Failure::new(Step::Terminal, errno).to_string());
                125
            }
        }
    }

    fn begin(&self, forked: &Forked, front: Pid, descriptors: &[RawFd]) -> Result<(), Errno> {
        set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != front {
            return Err(Errno::ESRCH);
        }
        setsid()?;
        terminal::make_controlling(&self.slave)?;
        let terminals = descriptors.iter().filter(|fd| terminal::is_at(**fd));
        for fd in terminals {
            terminal::put_in_place_of(forked, *fd, &self.slave)?;
        }
        Ok(())
    }

    fn start(&self, in_foreground: bool, work: impl FnOnce(Session) -> i32) -> Result<Pid, Errno> {
        let leader = getpid();
        let (line, slave, held) = (self.line.as_raw_fd(), &self.slave, self.held);
        let job = child::spawn(move || {
            let _ = close(line);
            let session = Session::OfLeader(leader);
            let ready = session
                .end_with_leader()
                .and_then(|()| setpgid(Pid::from_raw(0), Pid::from_raw(0)))
                // SIGTTOU, by which the kernel would stop us for that, is held still.
                .and_then(|()| match in_foreground {
                    true => tcsetpgrp(slave, getpid()),
                    false => Ok(()),
                })
                .and_then(|()| held.let_go());
            match ready {
                Ok(()) => work(session),
                Err(_) => 125,
            }
        })?;
        // Whichever of us is first.
        let _ = setpgid(job, job);
        Ok(job)
    }

    /// Tells the front when the job has been stopped, and has it go on as the front says. A job that
    /// is to end may not be stopped any more, and is not waited for for ever.
    fn watch(&self, job: Pid) -> Result<Ended, Errno> {
        let mut hang_up = HangUp::of_job();
        let proc = ProcRoot::open("/proc".as_ref()).ok();
        let mut vigil = Vigil::over(job, proc.as_ref(), &[], self.tell);
        let pidfd = PidFd::open(job.as_raw()).ok();
        let mut foreground = job;
        loop {
            let is_to_end = hang_up.has_come() || vigil.is_to_end();
            let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
            match waitpid(job, Some(flags)) {
                Ok(WaitStatus::Stopped(..)) if is_to_end => drop(killpg(job, Signal::SIGCONT)),
                Ok(WaitStatus::Stopped(_, signal)) => drop(write(&self.line, &[signal as u8])?),
                Ok(status) => {
                    if let Some(ended) = Ended::of(status) {
                        return Ok(ended);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
            let hung_up = hang_up.is_over().then_some(Signal::SIGHUP);
            if let Some(signal) = vigil.look().or(hung_up) {
                return Ok(vigil.end().unwrap_or(Ended::Killed(signal)));
            }
            let limit = [vigil.limit(), hang_up.limit()].into_iter().flatten().min();
            let line = Some(self.line.as_fd());
            match self.held.first(pidfd.as_ref(), line, limit)? {
                First::Nothing => {}
                First::Word => self.obey(job, &mut foreground)?,
                First::Signal => {
                    if let Some(sent) = self.held.next()? {
                        if hang_up.is_told_by(&sent) {
                            hang_up.pass_on(|signal| killpg(job, signal));
                        } else if sent.by_process {
                            let _ = kill(job, sent.signal);
                        }
                        vigil.sent(sent.signal);
                    }
                }
                First::End => {
                    if let Some(ended) = vigil.end_kept_from_us() {
                        return Ok(ended);
                    }
                }
            }
        }
    }

    /// Puts the job, or whatever of it had the foreground last, where it is to be; or has it go on.
    fn obey(&self, job: Pid, foreground: &mut Pid) -> Result<(), Errno> {
        let mut word = [0];
        if read(&self.line, &mut word)? == 0 {
            // Nobody is at the terminal any more, and the kernel ends us.
            return Err(Errno::EPIPE);
        }
        match word[0] {
            GO_ON => drop(killpg(job, Signal::SIGCONT)),
            place => self.place(job, foreground, place),
        }
        write(&self.line, &[DONE]).map(drop)
    }

    fn place(&self, job: Pid, foreground: &mut Pid, place: u8) {
        let own = getpgrp();
        let now = tcgetpgrp(&self.slave).unwrap_or(own);
        if place == BACKGROUND {
            // Zero is one of another pid namespace.
            if now != own && now.as_raw() > 0 {
                *foreground = now;
            }
            let _ = tcsetpgrp(&self.slave, own);
        } else if now == own && tcsetpgrp(&self.slave, *foreground).is_err() {
            let _ = tcsetpgrp(&self.slave, job);
        }
    }
}
