//! A terminal of its own for a program that is not to reach ours: by TIOCSTI it could type into the
//! shell that we were started from, and by /dev/tty open it anew.
//!
//! Three processes stand before the program, each with one job. We stay where we were started, in the
//! session of the caller's terminal, and carry bytes between that and the new one (`front`). Our child
//! leads the session of the new terminal, as a shell would with one job (`leader`). That job is the
//! rest of the work: what it sees is a terminal with a shell that waits for it, so that nothing about
//! keys, stops and the end of the terminal is other than it was.
//!
//! sudo's `use_pty` works the same way (exec_pty.c and exec_monitor.c in its source).

mod flow;
mod front;
mod leader;
mod outer;

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::pty::PtyMaster;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{SFlag, fstat};
use nix::sys::termios::{SetArg, tcsetattr};
use nix::unistd::{close, getpid};

use self::front::Front;
use self::leader::Leader;
use self::outer::Outer;
use super::failure::{During, Failure, Step};
use super::held_signals::HeldSignals;
use super::session::Session;
use super::supervise::{Ended, Tell};
use crate::sys::{child, terminal};

/// Where the job of the new terminal is to be, or that it is to go on, said by one byte on the line to
/// its leader, who answers by [`DONE`].
const FOREGROUND: u8 = b'f';
const BACKGROUND: u8 = b'b';
const GO_ON: u8 = b'g';
/// What the leader says; any other byte is the number of the signal that has stopped the job.
const DONE: u8 = 0;

/// A new terminal, and the caller's to which it is joined.
pub struct Pty {
    outer: Outer,
    master: PtyMaster,
    slave: OwnedFd,
}

impl Pty {
    /// `None` where whoever has started us is at no terminal.
    pub fn for_caller() -> Result<Option<Pty>, Failure> {
        let Some(outer) = Outer::find() else {
            return Ok(None);
        };
        let pair = terminal::new_pair().map_err(|errno| {
            Failure::new(Step::Terminal, errno)
                .caused_by("--no-pty gives it ours, by which it can type commands into it")
        });
        let (master, slave) = pair?;
        // What somebody else at the terminal has made of it just now is nothing to begin with.
        if let Some(modes) = outer.modes().filter(|_| outer.is_ours_now()) {
            tcsetattr(&slave, SetArg::TCSANOW, &modes).during(|| Step::Terminal)?;
        }
        // One without a window has no size.
        let _ = terminal::copy_size(outer.fd(), &slave);
        Ok(Some(Pty {
            outer,
            master,
            slave,
        }))
    }

    /// Has the work done in the session of the new terminal, which takes the place of each of these
    /// descriptors that is a terminal, and says how that has ended.
    pub fn run(
        self,
        descriptors: &[RawFd],
        tell: Tell,
        work: impl FnOnce(Session) -> i32,
    ) -> Result<Ended, Failure> {
        let held = HeldSignals::hold()?;
        let (line, theirs) = UnixStream::pair().during(|| Step::Terminal)?;
        let wants = reads_terminal();
        let in_foreground = wants && self.outer.is_ours_now();
        let (front, ours) = (getpid(), line.as_raw_fd());
        let leader = Leader {
            slave: self.slave,
            line: theirs,
            held: &held,
            tell,
        };
        let (master, outer) = (self.master.as_raw_fd(), self.outer.fd().as_raw_fd());
        let leader = child::spawn_apart(move |forked| {
            // With a copy of the master it would never see the end of that.
            for fd in [master, outer, ours] {
                let _ = close(fd);
            }
            leader.lead(forked, front, descriptors, in_foreground, work)
        })
        .during(|| Step::Fork)?;
        // What it holds is not for the program.
        child::hide();
        let ended = Front::new(&held, leader, line, self.master, self.outer, wants).stand();
        if ended.is_err() {
            let _ = kill(leader, Signal::SIGKILL);
            let _ = child::reap(leader);
        }
        ended.during(|| Step::Terminal)
    }
}

/// Whether the program is to have the keys from the beginning: in a pipeline they may be for its other
/// end, such as less(1), until the program asks for them.
fn reads_terminal() -> bool {
    let is_pipe = |mode: u32| {
        let kind = SFlag::from_bits_truncate(mode) & SFlag::S_IFMT;
        kind == SFlag::S_IFIFO || kind == SFlag::S_IFSOCK
    };
    terminal::is_at(0) && !fstat(std::io::stdout()).is_ok_and(|stat| is_pipe(stat.st_mode))
}
