//! Sockets that others listen on: whether the target can connect to them. Nothing is said to whoever
//! listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde::{Deserialize, Serialize};
use std::os::fd::AsRawFd;

use super::worker::{Line, Worker};
use super::{Case, Tried, fails, holds};
use crate::model::{NsKind, text};
use crate::verify::claim::Socket;
use crate::verify::verdict::Evidence;

/// How long a connection on the loopback interface may take.
const LONGEST: Duration = Duration::from_secs(1);

#[derive(Clone, Serialize, Deserialize)]
enum Answer {
    Connected,
    /// Nobody listens there for the target.
    Refused(String),
    /// It could not be told.
    Unknown(String),
}

/// Connects without waiting to what may be a socket of any type.
fn call_unix(address: Result<UnixAddr, Errno>) -> Answer {
    let address = match address {
        Ok(address) => address,
        Err(errno) => return Answer::Unknown(format!("no such name can be: {errno}")),
    };
    let types = [SockType::Stream, SockType::Datagram, SockType::SeqPacket];
    let mut last = Errno::EPROTOTYPE;
    for kind in types {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let made = socket(AddressFamily::Unix, kind, flags, None);
        last = match made.and_then(|fd| connect(fd.as_raw_fd(), &address)) {
            Ok(()) => return Answer::Connected,
            Err(errno) => errno,
        };
        if last != Errno::EPROTOTYPE {
            break;
        }
    }
    match last {
        // Somebody is there whose queue is full (unix(7)).
        Errno::EAGAIN | Errno::EINPROGRESS => Answer::Connected,
        Errno::ENOENT | Errno::ENOTDIR | Errno::ECONNREFUSED | Errno::EACCES | Errno::EPERM => {
            Answer::Refused(last.to_string())
        }
        other => Answer::Unknown(other.to_string()),
    }
}

fn call_tcp(port: u16) -> Answer {
    let mut answer = Answer::Refused("there is no loopback interface".to_owned());
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
        match TcpStream::connect_timeout(&SocketAddr::new(address, port), LONGEST) {
            Ok(_) => return Answer::Connected,
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(errno @ Errno::ECONNREFUSED) => answer = Answer::Refused(errno.to_string()),
                Some(Errno::ENETUNREACH | Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT) => {}
                _ => return Answer::Unknown(error.to_string()),
            },
        }
    }
    answer
}

fn call(to: &Socket) -> Answer {
    match to {
        Socket::Path(path) => call_unix(UnixAddr::new(text::to_bytes(path).as_slice())),
        Socket::Abstract(name) => call_unix(UnixAddr::new_abstract(&text::to_bytes(name))),
        Socket::Tcp(port) => call_tcp(*port),
    }
}

/// The target cannot connect to this.
pub fn is_unreachable(case: &Case<'_>, to: &Socket) -> Result<Tried, String> {
    let (kind, name) = match to {
        Socket::Path(path) => (NsKind::Mnt, path.clone()),
        Socket::Abstract(name) => (NsKind::Net, format!("@{name}")),
        Socket::Tcp(port) => (NsKind::Net, format!("port {port} at the loopback address")),
    };
    let place = case.pinned.place(&[kind])?;
    let to = to.clone();
    let work = move |line: &Line| line.say(&call(&to));
    let answer: Answer = Worker::start(&place, case.deadline, work)?.hear()?;
    let source = format!("connect({name}) inside");
    Ok(match answer {
        Answer::Connected => fails(
            format!("connected to {name} inside"),
            vec![Evidence::new(source, "connected")],
        ),
        Answer::Refused(why) => holds(
            format!("called {name} inside: {why}"),
            vec![Evidence::new(source, why)],
        ),
        Answer::Unknown(why) => return Err(format!("{name} could not be called inside: {why}")),
    })
}
