//! Whether all in a pid namespace ends with its init: tried in one that is made for that.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, close, pause};

use crate::sys::child;

/// The whole of it takes no longer.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Whoever lives on after that does not end with its init.
const SOON: Duration = Duration::from_secs(2);

/// Kills the init of a new pid namespace, and says whether the other process in there ends too. As
/// an ordinary user it takes a user namespace.
///
/// # Errors
/// What kept us from trying.
pub fn all_end_with_init(with_user_namespace: bool) -> Result<bool, Errno> {
    let answer = child::in_child(TIME_LIMIT, || {
        let ended = attempt(with_user_namespace).map_err(|errno| errno as i32);
        // Plain data always serialises.
        serde_json::to_vec(&ended).unwrap_or_default()
    })?;
    let ended: Result<bool, i32> = serde_json::from_slice(&answer).map_err(|_| Errno::EPROTO)?;
    ended.map_err(Errno::from_raw)
}

fn attempt(with_user_namespace: bool) -> Result<bool, Errno> {
    let user = match with_user_namespace {
        true => CloneFlags::CLONE_NEWUSER,
        false => CloneFlags::empty(),
    };
    unshare(user | CloneFlags::CLONE_NEWPID)?;
    let (mut line, theirs) = UnixStream::pair().map_err(|_| Errno::EMFILE)?;
    let init = be_born(&line, &theirs)?;
    drop(theirs);
    let _ = line.set_read_timeout(Some(SOON));
    let mut byte = [0];
    let is_there = line.read(&mut byte).map_err(|_| Errno::ECHILD)? == 1;
    kill(init, Signal::SIGKILL)?;
    // The other process is the last that holds the line.
    let has_ended = line.read(&mut byte).is_ok_and(|count| count == 0);
    let _ = waitpid(init, None);
    match is_there {
        true => Ok(has_ended),
        false => Err(Errno::ECHILD),
    }
}

/// An init, and another process that tells by the line that it is there, and keeps it open.
fn be_born(ours: &UnixStream, theirs: &UnixStream) -> Result<Pid, Errno> {
    let end = ours.as_raw_fd();
    child::spawn(|| {
        let _ = close(end);
        let _ = set_pdeathsig(Signal::SIGKILL);
        let other = child::spawn(|| {
            let mut line = theirs;
            let _ = line.write_all(b"t");
            sleep()
        });
        match other {
            Ok(_) => sleep(),
            Err(_) => 1,
        }
    })
}

fn sleep() -> i32 {
    loop {
        pause();
    }
}
