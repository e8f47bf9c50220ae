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
use crate::isolate::session::Session;
use crate::isolate::supervise::{First, HeldSignals, Tell};
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
        front: Pid,
        descriptors: &[RawFd],
        in_foreground: bool,
        work: impl FnOnce(Session) -> i32,
    ) -> i32 {
        let ended = self
            .begin(front, descriptors)
            .and_then(|()| self.start(in_foreground, work))
            .and_then(|job| {
                // What it holds is not for the job, and it leaves no core if it has to end as that did.
                child::hide();
                self.watch(job)
            });
        // Who is still in the foreground would be hung up with us.
        let _ = tcsetpgrp(&self.slave, getpgrp());
        match ended {
            Ok(WaitStatus::Exited(_, code)) => code,
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                let _ = signals::end_by(signal);
                128 + signal as i32
            }
            Ok(_) => 125,
            Err(errno) => {
                (self.tell)(&Failure::new(Step::Terminal, errno).to_string());
                125
            }
        }
    }

    fn begin(&self, front: Pid, descriptors: &[RawFd]) -> Result<(), Errno> {
        set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != front {
            return Err(Errno::ESRCH);
        }
        setsid()?;
        terminal::make_controlling(&self.slave)?;
        let terminals = descriptors.iter().filter(|fd| terminal::is_at(**fd));
        for fd in terminals {
            terminal::put_in_place_of(*fd, &self.slave)?;
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

    /// Tells the front when the job has been stopped, and has it go on as the front says.
    fn watch(&self, job: Pid) -> Result<WaitStatus, Errno> {
        let mut hang_up = HangUp::of_terminal();
        let mut foreground = job;
        loop {
            let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
            match waitpid(job, Some(flags)) {
                Ok(ended @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..))) => {
                    return Ok(ended);
                }
                Ok(WaitStatus::Stopped(_, signal)) => {
                    write(&self.line, &[signal as u8])?;
                    continue;
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
            hang_up.insist(job);
            let line = Some(self.line.as_fd());
            match self.held.first(line, hang_up.limit())? {
                First::Nothing => {}
                First::Word => self.obey(job, &mut foreground)?,
                First::Signal => match self.held.next()? {
                    Some(sent) if hang_up.is_told_by(&sent) => {
                        hang_up.pass_on(|signal| killpg(job, signal));
                    }
                    Some(sent) if sent.by_process => drop(kill(job, sent.signal)),
                    _ => {}
                },
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
