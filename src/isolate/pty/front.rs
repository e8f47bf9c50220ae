//! The front: stands where we were started, at the caller's terminal, and carries bytes between that
//! and the new one. To the caller's shell it is the job.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::PtyMaster;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, read, write};

use super::flow::Flow;
use super::outer::Outer;
use super::{BACKGROUND, DONE, FOREGROUND, GO_ON};
use crate::isolate::hang_up::HangUp;
use crate::isolate::held_signals::{HeldSignals, Sent};
use crate::isolate::stops::{Who, stop_by};
use crate::isolate::supervise::Ended;
use crate::sys::terminal;

/// The kernel holds less than that of what the program has written (tty_buffer_set_limit in
/// drivers/tty/pty.c): once it has ended, more is of others.
const LAST_WORDS: usize = 64 << 10;

/// The leader has nothing to do but to answer (ms).
const ANSWERS_WITHIN: u16 = 2000;

pub struct Front<'a> {
    held: &'a HeldSignals,
    leader: Pid,
    line: UnixStream,
    /// `None` once it is hung up.
    master: Option<PtyMaster>,
    /// `None` once nobody is at it.
    outer: Option<Outer>,
    /// Whether the program is to have the keys whenever we are in the foreground.
    wants: bool,
    hang_up: HangUp,
    inward: Flow,
    outward: Flow,
    /// What has stopped the job, as long as nothing has come of that.
    stopped: Option<Signal>,
}

impl<'a> Front<'a> {
    pub fn new(
        held: &'a HeldSignals,
        leader: Pid,
        line: UnixStream,
        master: PtyMaster,
        outer: Outer,
        wants: bool,
    ) -> Front<'a> {
        Front {
            held,
            leader,
            line,
            master: Some(master),
            outer: Some(outer),
            wants,
            hang_up: HangUp::of_terminal(),
            inward: Flow::new(),
            outward: Flow::new(),
            stopped: None,
        }
    }

    /// Stands until the leader ends, and says how it has.
    pub fn stand(mut self) -> Result<Ended, Errno> {
        // What we write in the background is the terminal's affair (stty tostop).
        for signal in [Signal::SIGTTIN, Signal::SIGTTOU] {
            SigSet::from(signal).thread_unblock()?;
        }
        if self.wants && self.is_in_foreground() {
            self.take();
        }
        loop {
            if let Some(ended) = self.ended()? {
                self.carry_last_words();
                return Ok(ended);
            }
            let ready = self.wait()?;
            if ready.line {
                self.listen();
            }
            if ready.signals
                && let Some(sent) = self.held.next()?
            {
                self.pass_on(&sent)?;
            }
            self.carry(&ready);
            // It may be stopped once more while it is told to go on.
            while let Some(signal) = self.stopped.take() {
                self.stop(signal)?;
            }
        }
    }

    fn ended(&self) -> Result<Option<Ended>, Errno> {
        match waitpid(self.leader, Some(WaitPidFlag::WNOHANG)) {
            Ok(status) => Ok(Ended::of(status)),
            Err(Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn is_in_foreground(&self) -> bool {
        self.outer.as_ref().is_some_and(Outer::is_ours_now)
    }

    fn is_taken(&self) -> bool {
        self.outer.as_ref().is_some_and(Outer::is_taken)
    }

    fn take(&mut self) {
        self.follow_size();
        if let Some(outer) = &mut self.outer
            && outer.take().is_err()
        {
            // Somebody else has just got it, or it is gone: which is seen when it is read.
            outer.give_back();
        }
    }

    fn follow_size(&self) {
        if let (Some(outer), Some(master)) = (&self.outer, &self.master) {
            // One without a window has no size.
            let _ = terminal::copy_size(outer.fd(), master);
        }
    }

    /// What can be read or written now.
    fn wait(&self) -> Result<Ready, Errno> {
        let mut sources = vec![
            PollFd::new(self.held.descriptor(), PollFlags::POLLIN),
            PollFd::new(self.line.as_fd(), PollFlags::POLLIN),
        ];
        let wanted = |input, output| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::POLLIN, input);
            flags.set(PollFlags::POLLOUT, output);
            flags
        };
        let from_keys = self.is_taken() && self.inward.is_empty();
        let master = self.master.as_ref().map(|master| {
            let flags = wanted(self.outward.is_empty(), !self.inward.is_empty());
            sources.push(PollFd::new(master.as_fd(), flags));
            sources.len() - 1
        });
        let outer = self.outer.as_ref().map(|outer| {
            let flags = wanted(from_keys, !self.outward.is_empty());
            sources.push(PollFd::new(outer.fd().as_fd(), flags));
            sources.len() - 1
        });
        match poll(&mut sources, PollTimeout::NONE) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Ready::NOTHING),
            Err(errno) => return Err(errno),
        }
        let is_ready = |at: usize| sources[at].any() == Some(true);
        let flags = |at: Option<usize>| at.and_then(|at| sources[at].revents());
        Ok(Ready {
            signals: is_ready(0),
            line: is_ready(1),
            master: flags(master).unwrap_or(PollFlags::empty()),
            outer: flags(outer).unwrap_or(PollFlags::empty()),
        })
    }

    /// Carries what there is, either way.
    fn carry(&mut self, ready: &Ready) {
        let can_read = PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR;
        if let Some(master) = &self.master {
            if ready.master.intersects(can_read) && self.outward.is_empty() {
                // Its end is that of the leader, which is told by SIGCHLD.
                let _ = self.outward.read(master);
            }
            if ready.master.contains(PollFlags::POLLOUT) && self.inward.write(master).is_err() {
                self.inward.discard();
            }
        }
        let Some(outer) = &self.outer else {
            self.outward.discard();
            return;
        };
        let mut failed = ready
            .outer
            .intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
        if ready.outer.contains(PollFlags::POLLIN) && outer.is_taken() && self.inward.is_empty() {
            failed |= self.inward.read(outer.fd()).is_err();
        }
        if !self.outward.is_empty() && self.outward.write(outer.fd()).is_err() {
            // Also where nobody could set us going again, and the terminal lets none in the
            // background write (EIO, stty tostop).
            self.outward.discard();
            failed = true;
        }
        if failed && terminal::is_hung_up(outer.fd()) {
            self.lose_terminal();
        }
    }

    /// Nobody is at the terminal any more.
    fn lose_terminal(&mut self) {
        self.outer = None;
        self.outward.discard();
        if !self.hang_up.is_ignored() {
            self.hang_up();
        }
    }

    /// Hangs up the new terminal: the kernel tells its leader, who tells the job.
    fn hang_up(&mut self) {
        self.outer = None;
        self.master = None;
        self.inward.discard();
        self.outward.discard();
    }

    fn pass_on(&mut self, sent: &Sent) -> Result<(), Errno> {
        if self.hang_up.is_told_by(sent) {
            self.hang_up();
            return Ok(());
        }
        match (sent.signal, sent.by_process) {
            (Signal::SIGCONT, _) => return self.settle(),
            (Signal::SIGWINCH, false) => self.follow_size(),
            (Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTSTP, false) => self.press(sent.signal),
            (_, true) => drop(kill(self.leader, sent.signal)),
            (_, false) => {}
        }
        Ok(())
    }

    /// A key of the caller's terminal, which we have not taken, is one of the new terminal.
    fn press(&mut self, signal: Signal) {
        let was_taken = self.is_taken();
        if !was_taken {
            self.order(FOREGROUND);
        }
        if let Some(master) = &self.master {
            let _ = terminal::signal_foreground(master, signal);
        }
        if !was_taken {
            self.order(BACKGROUND);
        }
    }

    /// The job has been stopped: it waits for the terminal, which it gets where we have it; or we stop
    /// as it has.
    fn stop(&mut self, signal: Signal) -> Result<(), Errno> {
        let asks = matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU);
        self.wants |= asks;
        if asks && (self.outer.is_none() || self.is_in_foreground()) {
            return self.settle();
        }
        let who = match self.is_taken() && !asks {
            // The key was for all in the foreground, such as the other end of a pipeline.
            true => Who::OurGroup,
            false => Who::We,
        };
        if let Some(outer) = &mut self.outer {
            outer.give_back();
        }
        let has_stopped = stop_by(signal, who)?;
        if asks && !has_stopped {
            // Nobody could set us going again, so that it would wait for ever. The kernel hangs such
            // up too (kill_orphaned_pgrp in kernel/exit.c).
            self.hang_up();
            return Ok(());
        }
        self.settle()
    }

    /// Takes the terminal if we have it and the program is to; has the job go on in the same place.
    fn settle(&mut self) -> Result<(), Errno> {
        let takes = self.wants && self.is_in_foreground();
        match takes {
            true => self.take(),
            false => self.follow_size(),
        }
        if !takes && let Some(outer) = &mut self.outer {
            outer.give_back();
        }
        self.order(match takes || self.outer.is_none() {
            true => FOREGROUND,
            false => BACKGROUND,
        });
        self.order(GO_ON);
        Ok(())
    }

    /// Has the leader do something; returns when it is done.
    fn order(&mut self, what: u8) {
        // A leader that has ended is seen by that.
        if write(&self.line, &[what]).is_err() {
            return;
        }
        loop {
            let mut line = [PollFd::new(self.line.as_fd(), PollFlags::POLLIN)];
            match poll(&mut line, PollTimeout::from(ANSWERS_WITHIN)) {
                Err(Errno::EINTR) => {}
                Ok(1) if self.listen() => {}
                _ => return,
            }
        }
    }

    /// Hears what the leader says; whether that is something else than that it has done what it was
    /// told.
    fn listen(&mut self) -> bool {
        let mut word = [DONE];
        match read(&self.line, &mut word) {
            Ok(1) if word[0] != DONE => {
                self.stopped = Signal::try_from(i32::from(word[0])).ok();
                true
            }
            _ => false,
        }
    }

    /// Carries what the program had written before it ended. Whoever else has the terminal open
    /// could go on for ever.
    fn carry_last_words(&mut self) {
        let mut carried = 0;
        let (Some(master), Some(outer)) = (&self.master, &self.outer) else {
            return;
        };
        loop {
            while !self.outward.is_empty() {
                let mut sources = [
                    PollFd::new(outer.fd().as_fd(), PollFlags::POLLOUT),
                    PollFd::new(self.held.descriptor(), PollFlags::POLLIN),
                ];
                let polled = poll(&mut sources, PollTimeout::NONE);
                let can_write = sources[0].any() == Some(true);
                let is_told = !can_write && matches!(self.held.next(), Ok(Some(_)) | Err(_));
                if polled.is_err() || is_told || self.outward.write(outer.fd()).is_err() {
                    return;
                }
            }
            match self.outward.read(master) {
                Ok(length @ 1..) if carried < LAST_WORDS => carried += length,
                _ => return,
            }
        }
    }
}

/// What can be read or written.
struct Ready {
    signals: bool,
    line: bool,
    master: PollFlags,
    outer: PollFlags,
}

impl Ready {
    const NOTHING: Ready = Ready {
        signals: false,
        line: false,
        master: PollFlags::empty(),
        outer: PollFlags::empty(),
    };
}
