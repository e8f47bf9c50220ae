//! A gate before the program: it is not started before somebody outside, who has looked at where it
//! will run, has said so. Until then nobody but us is in the new namespaces, so that what would harm
//! others can be done in them.

use std::io::{BufReader, IoSliceMut, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg, setsockopt, sockopt::PassCred,
};
use nix::unistd::{close, gethostname, sethostname};
use serde::{Deserialize, Serialize};

use super::failure::{During, Failure, Step};
use super::outside::{receive, send};
use crate::model::Pid;
use crate::sys::child;

/// The side of the program.
pub struct Gate {
    stream: UnixStream,
}

/// What whoever waits at the gate is told to do.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    SetHostname(String),
    /// A file system in memory, called this, on the first of the usual directories that is there.
    Mount(String),
    Unmount(String),
    Go,
    Stay,
}

/// What it answers: the old name, or where it has mounted; or the error.
type Done = Result<String, i32>;

/// Whoever waits at the gate, seen from outside.
pub struct Waiting {
    /// Its number in the pid namespace outside.
    pub pid: Pid,
    stream: BufReader<UnixStream>,
}

impl Gate {
    /// Forks the process that stays outside and judges; call it before any namespace is left.
    pub fn stay(judge: impl FnOnce(&mut Waiting) -> bool) -> Result<Gate, Failure> {
        let (ours, theirs) = UnixStream::pair().during(|| Step::Prepare)?;
        setsockopt(&theirs, PassCred, &true).during(|| Step::Prepare)?;
        child::spawn(|| {
            // With a copy of our end it would never see that end; nor is it to outlive us.
            let _ = close(ours.as_raw_fd());
            let _ = set_pdeathsig(Signal::SIGKILL);
            match Waiting::of(theirs) {
                Ok(mut waiting) => {
                    let order = match judge(&mut waiting) {
                        true => Order::Go,
                        false => Order::Stay,
                    };
                    i32::from(send(waiting.stream.get_ref(), &order).is_err())
                }
                Err(_) => 1,
            }
        })
        .during(|| Step::Fork)?;
        Ok(Gate { stream: ours })
    }

    /// Waits to be let through, and does meanwhile what it is told.
    pub fn pass(&self) -> Result<(), Failure> {
        (&self.stream).write_all(b"r").during(|| Step::Prove)?;
        let mut orders = BufReader::new(&self.stream);
        loop {
            let done = match receive(&mut orders)? {
                Some(Order::Go) => return Ok(()),
                Some(Order::Stay) => return Err(Failure::because(Step::Prove, NOT_ALL)),
                None => return Err(Failure::new(Step::Prove, Errno::EPIPE)),
                Some(Order::SetHostname(name)) => set_hostname(&name),
                Some(Order::Mount(name)) => mount_memory(&name),
                Some(Order::Unmount(at)) => umount2(at.as_str(), MntFlags::MNT_DETACH).map(|()| at),
            };
            let done: Done = done.map_err(|errno| errno as i32);
            send(&self.stream, &done)?;
        }
    }
}

const NOT_ALL: &str = "what was found out stands above; the program was not started";

fn set_hostname(name: &str) -> Result<String, Errno> {
    let old = gethostname()?;
    sethostname(name)?;
    Ok(old.to_string_lossy().into_owned())
}

fn mount_memory(name: &str) -> Result<String, Errno> {
    let places = ["/mnt", "/tmp", "/run", "/dev", "/proc"];
    let place = places.into_iter().find(|it| Path::new(it).is_dir());
    let place = place.ok_or(Errno::ENOENT)?;
    mount(
        Some(name),
        place,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("size=4k"),
    )?;
    Ok(place.to_owned())
}

impl Waiting {
    /// Who has come: the kernel says its number, as we number it.
    fn of(stream: UnixStream) -> Result<Waiting, Errno> {
        let mut byte = [0; 1];
        let mut buffer = [IoSliceMut::new(&mut byte)];
        let mut space = nix::cmsg_space!(UnixCredentials);
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = recvmsg::<()>(stream.as_raw_fd(), &mut buffer, Some(&mut space), flags)?;
        let pid = message.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmCredentials(whose) => Some(whose.pid()),
            _ => None,
        });
        let is_there = |pid: &Pid| message.bytes == 1 && *pid > 0;
        let pid = pid.filter(is_there).ok_or(Errno::ESRCH)?;
        setsockopt(&stream, PassCred, &false)?;
        let stream = BufReader::new(stream);
        Ok(Waiting { pid, stream })
    }

    /// Has it set the host name in there; the old one comes back.
    pub fn set_hostname(&mut self, name: &str) -> Result<String, Errno> {
        self.order(&Order::SetHostname(name.to_owned()))
    }

    /// Has it mount a file system of this name in there; where comes back.
    pub fn mount(&mut self, name: &str) -> Result<String, Errno> {
        self.order(&Order::Mount(name.to_owned()))
    }

    /// Has it take that off again.
    pub fn unmount(&mut self, at: &str) -> Result<(), Errno> {
        self.order(&Order::Unmount(at.to_owned())).map(drop)
    }

    fn order(&mut self, order: &Order) -> Result<String, Errno> {
        send(self.stream.get_ref(), order).map_err(|_| Errno::EPIPE)?;
        let done: Option<Done> = receive(&mut self.stream).map_err(|_| Errno::EPIPE)?;
        done.ok_or(Errno::EPIPE)?.map_err(Errno::from_raw)
    }
}
