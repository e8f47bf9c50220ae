//! The two sides of an experiment: forked children, each in its place, that do what the director, who
//! is us, has them do, and tell over a line what came of it.

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, Shutdown, SockFlag, SockType, recv, recvmsg,
    send, setsockopt, shutdown, socketpair, sockopt,
};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::NotTried;
use super::pinned::words;
use crate::isolate::cgroups::WayBack;
use crate::isolate::visit::Visit;
use crate::sys::child::{self, Forked};

/// A word that is longer than this (bytes) is none: whoever may trace a child of ours in there can
/// have it say anything.
const LONGEST_WORD: usize = 100_000;

/// Where a side of an experiment is.
pub enum Place {
    /// Where we are, with our own rights.
    Here,
    /// Where another process is.
    Of(Visit),
}

impl Place {
    fn descriptors(&self) -> Vec<RawFd> {
        match self {
            Place::Here => Vec::new(),
            Place::Of(visit) => visit.descriptors(),
        }
    }

    /// The ways out of the cgroups that are joined there.
    pub fn ways_back(&self) -> Vec<WayBack> {
        match self {
            Place::Here => Vec::new(),
            Place::Of(visit) => visit.ways_back(),
        }
    }

    /// Goes there, and takes nothing along but these descriptors.
    pub fn go(&self, forked: &Forked, kept: &[RawFd]) -> Result<(), String> {
        let unprepared = |errno: Errno| format!("cannot close what is open: {errno:?}");
        let mut for_now = self.descriptors();
        for_now.extend(kept);
        forked.close_all_but(&for_now).map_err(unprepared)?;
        if let Place::Of(visit) = self {
            visit.go().map_err(|failure| words(&failure))?;
        }
        forked.close_above_but(2, kept).map_err(unprepared)
    }
}

/// The line between the director and a side.
pub struct Line(OwnedFd);

impl Line {
    /// Says a word. The error is a reason in words.
    pub fn say<T: Serialize>(&self, word: &T) -> Result<(), String> {
        self.send(&Ok::<&T, String>(word))
    }

    fn send<T: Serialize>(&self, word: &Result<&T, String>) -> Result<(), String> {
        let text = serde_json::to_vec(word).map_err(|error| error.to_string())?;
        if text.len() > LONGEST_WORD {
            return Err("the answer is too long".to_owned());
        }
        let sent = send(self.0.as_raw_fd(), &text, MsgFlags::MSG_NOSIGNAL);
        sent.map(drop).map_err(|_| GONE.to_owned())
    }

    /// Waits for a word.
    pub fn hear<T: DeserializeOwned>(&self) -> Result<T, String> {
        let mut text = vec![0; LONGEST_WORD];
        let length = loop {
            match recv(self.0.as_raw_fd(), &mut text, MsgFlags::empty()) {
                Err(Errno::EINTR) => {}
                Ok(length) if length > 0 => break length,
                Ok(_) | Err(_) => return Err(GONE.to_owned()),
            }
        };
        word_of(&text[..length])
    }
}

fn word_of<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let word: Result<Result<T, String>, _> = serde_json::from_slice(text);
    word.unwrap_or_else(|_| Err("the probe gave an answer that is none".to_owned()))
}

fn receive_with_uid(line: &OwnedFd) -> Result<(Vec<u8>, Option<u32>), Errno> {
    let mut text = vec![0; LONGEST_WORD];
    let mut buffer = [IoSliceMut::new(&mut text)];
    let mut space = nix::cmsg_space!(nix::libc::ucred);
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(line.as_raw_fd(), &mut buffer, Some(&mut space), flags)?;
    let uid = message.cmsgs()?.find_map(|it| match it {
        ControlMessageOwned::ScmCredentials(who) => Some(who.uid()),
        _ => None,
    });
    let length = message.bytes;
    text.truncate(length);
    Ok((text, uid))
}

/// What either side says when the other has ended.
const GONE: &str = "the other side has ended";

/// A side that is at work. It ends with this.
pub struct Worker {
    child: Pid,
    line: Line,
    deadline: Instant,
    tidies_up: bool,
    ways_back: Vec<WayBack>,
}

impl Worker {
    /// Has a child go to a place and do its work there. It dies with us, and at the end.
    ///
    /// The child inherits the single thread that calls this: call it while no other thread runs. The
    /// work may not own a descriptor: all are closed.
    pub fn start(
        place: &Place,
        deadline: Instant,
        work: impl FnOnce(&Line) -> Result<(), String>,
    ) -> Result<Worker, String> {
        Worker::start_as(place, deadline, false, work)
    }

    /// The same for a child that leaves something behind unless it comes to its own end: it does
    /// when the line is cut, whatever becomes of us.
    pub fn start_tidy(
        place: &Place,
        deadline: Instant,
        work: impl FnOnce(&Line) -> Result<(), String>,
    ) -> Result<Worker, String> {
        Worker::start_as(place, deadline, true, work)
    }

    fn start_as(
        place: &Place,
        deadline: Instant,
        tidies_up: bool,
        work: impl FnOnce(&Line) -> Result<(), String>,
    ) -> Result<Worker, String> {
        let unprepared = |errno: Errno| format!("cannot start a process: {errno:?}");
        let flags = SockFlag::SOCK_CLOEXEC;
        let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags);
        let (ours, theirs) = pair.map_err(unprepared)?;
        setsockopt(&ours, sockopt::PassCred, &true).map_err(unprepared)?;
        let theirs = Line(theirs);
        let started = child::spawn_apart(|forked| {
            child::harden();
            if tidies_up {
                let _ = outlive_signals();
            }
            let kept = [theirs.0.as_raw_fd()];
            let done = place.go(forked, &kept).and_then(|()| {
                if tidies_up {
                    let _ = nix::sys::prctl::set_pdeathsig(None);
                }
                work(&theirs)
            });
            if let Err(reason) = done {
                let _ = theirs.send::<()>(&Err(reason));
            }
            0
        });
        Ok(Worker {
            child: started.map_err(unprepared)?,
            line: Line(ours),
            deadline,
            tidies_up,
            ways_back: place.ways_back(),
        })
    }

    /// Its number in our pid namespace.
    pub fn pid(&self) -> Pid {
        self.child
    }

    /// Has it hear a word.
    pub fn say<T: Serialize>(&self, word: &T) -> Result<(), String> {
        self.line.say(word)
    }

    /// Waits for what it says, until the time is up.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Result<T, NotTried> {
        match child::wait_readable(&self.line.0, self.deadline) {
            Ok(()) => {}
            Err(Errno::ETIMEDOUT) => return Err(NotTried::Late),
            Err(errno) => return Err(format!("cannot wait for the probe: {errno:?}").into()),
        }
        Ok(self.line.hear()?)
    }

    /// The same, with the uid that the kernel says has said it, as we number uids (SCM_CREDENTIALS).
    pub fn hear_with_uid<T: DeserializeOwned>(&mut self) -> Result<(T, u32), NotTried> {
        let unheard = |errno: Errno| format!("the kernel does not say who has spoken: {errno}");
        child::wait_readable(&self.line.0, self.deadline).map_err(|_| NotTried::Late)?;
        let (text, uid) = receive_with_uid(&self.line.0).map_err(unheard)?;
        Ok((word_of(&text)?, uid.ok_or_else(|| unheard(Errno::ENODATA))?))
    }

    /// Says a word and waits for the answer.
    pub fn ask<Q: Serialize, A: DeserializeOwned>(&mut self, question: &Q) -> Result<A, NotTried> {
        self.say(question)?;
        self.hear()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = shutdown(self.line.0.as_raw_fd(), Shutdown::Both);
        if self.tidies_up && ended_by_itself(self.child) {
            return;
        }
        end(self.child, &self.ways_back);
    }
}

/// Ends a child by SIGKILL, out of a cgroup too that has been frozen since it went there.
pub fn end(child: Pid, ways_back: &[WayBack]) {
    let _ = kill(child, Signal::SIGKILL);
    if child::reap(child).is_none() && !ways_back.is_empty() {
        ways_back.iter().for_each(|way| way.take(child));
        let _ = child::reap(child);
    }
}

/// Gives it the time to tidy up.
fn ended_by_itself(child: Pid) -> bool {
    matches!(
        child::reap(child),
        Some(WaitStatus::Exited(..) | WaitStatus::Signaled(..))
    )
}

/// What the terminal and others send to us ends us, and that ends the line.
fn outlive_signals() -> Result<(), Errno> {
    let signals = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGPIPE,
    ];
    let all: SigSet = signals.into_iter().collect();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&all), None)
}

/// Where files can be planted, by an absolute path.
pub fn temp_dir() -> PathBuf {
    let dir = std::env::temp_dir();
    std::path::absolute(&dir).unwrap_or(dir)
}

/// A name that nobody else has, and nobody can foresee.
pub fn random_name() -> String {
    use std::hash::{BuildHasher, Hasher};
    // The keys of the standard library come from getrandom(2).
    let hash = std::hash::RandomState::new().build_hasher().finish();
    format!("nsi-{:011x}", hash & 0xfff_ffff_ffff)
}
