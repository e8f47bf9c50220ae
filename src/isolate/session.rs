//! The session in which the program runs.

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid, setsid};

/// What the program shares with whoever has started us: who is in our session can open our terminal
/// as /dev/tty, and who is in our process group can send signals to all that is in it, also from
/// another pid namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// Ours, with all that is in it.
    #[default]
    Ours,
    /// One of its own, which has no terminal.
    New,
    /// That of a terminal of its own, as a job of the session's leader, our parent
    /// ([`super::pty`]).
    OfLeader(Pid),
}

impl Session {
    /// Leaves ours, in the child that does the rest of the work.
    pub fn begin(self) -> Result<(), Errno> {
        match self {
            Session::New => setsid().map(drop),
            Session::Ours | Session::OfLeader(_) => Ok(()),
        }
    }

    /// The same where we become the program ourselves. The leader of a process group cannot leave it
    /// (setsid(2)), and need not: it was made for us.
    pub fn begin_ourselves(self) -> Result<(), Errno> {
        match self {
            Session::New => match setsid() {
                Err(Errno::EPERM) => Ok(()),
                result => result.map(drop),
            },
            Session::Ours => Ok(()),
            Session::OfLeader(_) => self.end_with_leader(),
        }
    }

    /// Has the kernel end us with the leader, and what we become. A change of ids clears that
    /// (commit_creds in kernel/cred.c), and then it is to be said again.
    pub fn end_with_leader(self) -> Result<(), Errno> {
        let Session::OfLeader(leader) = self else {
            return Ok(());
        };
        set_pdeathsig(Signal::SIGKILL)?;
        match getppid() == leader {
            true => Ok(()),
            // It has ended before.
            false => Err(Errno::ESRCH),
        }
    }
}
