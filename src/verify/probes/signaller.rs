//! A process that is born in the target's pid namespace and tries to name others from there. It holds
//! nothing of ours: it is the sealed stub, whatever can see and trace it in there.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{pipe2, write};

use super::NotTried;
use super::worker::{Place, end};
use crate::isolate::cgroups::WayBack;
use crate::isolate::enter::our_child;
use crate::isolate::visit::become_asker;
use crate::model::Pid;
use crate::sys::{child, exec};

/// As many bytes of a reason as a pipe takes at once.
const LONGEST_REASON: usize = 4096;

/// It ends with this.
pub struct Signaller {
    process: nix::unistd::Pid,
    gate: Option<OwnedFd>,
    tells: File,
    deadline: Instant,
    ways_back: Vec<WayBack>,
}

impl Signaller {
    /// Has one be born in a place, whose pid namespace is the one to be born into.
    pub fn start(place: &Place, deadline: Instant) -> Result<Signaller, NotTried> {
        let unprepared = |errno: Errno| format!("cannot start a process: {errno}");
        let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(unprepared);
        let (tells, teller) = pipe()?;
        let (gate, opener) = pipe()?;
        // Who may trace it in there can have it say half a word.
        exec::make_nonblocking(&tells).map_err(unprepared)?;
        let midwife = child::spawn_apart(|forked| {
            child::harden();
            let kept = [&teller, &gate].map(AsRawFd::as_raw_fd);
            let reason = match place.go(forked, &kept) {
                Ok(()) => super::pinned::words(&become_asker(&teller, &gate)),
                Err(reason) => reason,
            };
            // A zero, and then the reason: all at once, which a pipe takes whole (PIPE_BUF).
            let text = [&0_i32.to_ne_bytes(), reason.as_bytes()].concat();
            let _ = write(&teller, &text[..text.len().min(LONGEST_REASON)]);
            1
        });
        let midwife = midwife.map_err(unprepared)?;
        drop((teller, gate));
        let mut signaller = Signaller {
            process: midwife,
            gate: Some(opener),
            tells: tells.into(),
            deadline,
            ways_back: place.ways_back(),
        };
        // Until the stub has told the number of what it has made, the process is the midwife.
        let number = match signaller.word()? {
            0 => return Err(signaller.reason()?.into()),
            number if number > 0 => number,
            refused => {
                let errno = Errno::from_raw(-refused);
                return Err(format!("nobody can be born in there: {errno}").into());
            }
        };
        let sibling = our_child(number).map_err(|failure| super::pinned::words(&failure))?;
        // It has done its work. Who may trace it in there could keep it from its end.
        end(midwife, &signaller.ways_back);
        signaller.process = sibling;
        Ok(signaller)
    }

    /// Its number in our pid namespace.
    pub fn pid(&self) -> Pid {
        self.process.as_raw()
    }

    /// Whether it can name the process of this number, which has to be above 0.
    pub fn ask(&mut self, number: Pid) -> Result<Result<(), Errno>, NotTried> {
        let gate = self.gate.as_ref().ok_or(NotTried::Late)?;
        let sent = write(gate, &number.max(1).to_ne_bytes());
        sent.map_err(|_| "the process inside that was asked has ended".to_owned())?;
        Ok(match self.word()? {
            0 => Ok(()),
            errno => Err(Errno::from_raw(-errno)),
        })
    }

    /// What the midwife has written behind the zero.
    fn reason(&mut self) -> Result<String, NotTried> {
        child::wait_readable(&self.tells, self.deadline).map_err(|_| NotTried::Late)?;
        let mut text = vec![0; LONGEST_REASON];
        let length = self
            .tells
            .read(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&text[..length]).into_owned())
    }

    fn word(&mut self) -> Result<i32, NotTried> {
        child::wait_readable(&self.tells, self.deadline).map_err(|_| NotTried::Late)?;
        let mut word = [0; 4];
        let read = self.tells.read_exact(&mut word);
        read.map_err(|_| "the process inside that was asked has ended".to_owned())?;
        Ok(i32::from_ne_bytes(word))
    }
}

impl Drop for Signaller {
    fn drop(&mut self) {
        self.gate = None;
        end(self.process, &self.ways_back);
    }
}
