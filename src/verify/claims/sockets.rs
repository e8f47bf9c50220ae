//! Sockets that others listen on: whether the target can connect to them. Nothing is said to whoever
//! listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde::{Deserialize, Serialize};

use crate::model::{NsKind, Process, Seen, text};
use crate::verify::claim::{AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::worker::{Line, Worker};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds};
use crate::verify::reading::{Context, Reading};
use crate::verify::values::word;
use crate::verify::verdict::{Evidence, Verdict};

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(deny_unknown_fields, default)]
pub struct Yaml {
    unreachable: Vec<SocketName>,
    reachable: Vec<SocketName>,
}

word!(
    /// /PATH, @ABSTRACT or tcp:PORT
    SocketName,
    Socket,
    named
);

fn named(text: &str) -> Result<Socket, String> {
    let port = |text: &str| text.parse().ok().filter(|port| *port > 0);
    let socket = match (text.strip_prefix('@'), text.strip_prefix("tcp:")) {
        (Some(name), _) if !name.is_empty() => Some(Socket::Abstract(name.to_owned())),
        (_, Some(number)) => port(number).map(Socket::Tcp),
        _ if text.starts_with('/') => Some(Socket::Path(text.to_owned())),
        _ => None,
    };
    socket.ok_or_else(|| format!("{text:?} is none of /PATH, @ABSTRACT and tcp:PORT"))
}

impl Spec for Yaml {
    const ABOUT: &'static str =
        "Sockets as the target would name them: /PATH, @ABSTRACT or tcp:PORT";
    const EXAMPLE: &'static str =
        "{unreachable: [/run/docker.sock, '@secret', 'tcp:22'], reachable: ['tcp:80']}";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let unreachable = self.unreachable.iter().map(|it| Reach::claim(&it.0, false));
        let reachable = self.reachable.iter().map(|it| Reach::claim(&it.0, true));
        Ok(unreachable.chain(reachable).collect())
    }
}

/// Something that listens, as the target would name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Socket {
    Path(String),
    /// An abstract unix socket, without the `@`.
    Abstract(String),
    /// A TCP port at the loopback address.
    Tcp(u16),
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Socket::Path(path) => f.write_str(path),
            Socket::Abstract(name) => write!(f, "@{name}"),
            Socket::Tcp(port) => write!(f, "tcp:{port}"),
        }
    }
}

/// It can, or cannot, connect to a socket.
#[derive(Clone, Debug)]
pub struct Reach {
    pub socket: Socket,
    pub reachable: bool,
}

impl Reach {
    fn claim(socket: &Socket, reachable: bool) -> AnyClaim {
        let socket = socket.clone();
        Rc::new(Reach { socket, reachable })
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reachable {
            true => write!(f, "{} reachable", self.socket),
            false => write!(f, "{} unreachable", self.socket),
        }
    }
}

impl Claim for Reach {
    fn needs(&self) -> Needs {
        match &self.socket {
            Socket::Path(path) => Needs::path(path),
            Socket::Abstract(_) | Socket::Tcp(_) => Needs::default(),
        }
    }

    fn explain(&self) -> String {
        match self.socket {
            Socket::Path(_) => "reads what is there; tries to connect as the target",
            Socket::Abstract(_) | Socket::Tcp(_) => {
                "reads who listens in its net namespace; tries to connect as the target"
            }
        }
        .to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        let unreachable = read_unreachable(context, &self.socket);
        match self.reachable {
            true => unreachable.opposite(),
            false => unreachable,
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let socket = self.socket.clone();
        let experiment = Experiment::new(move |sides| try_unreachable(sides, &socket));
        Some(experiment.opposite_if(self.reachable))
    }
}

/// That nobody listens can be read; that somebody can be reached cannot.
fn read_unreachable(context: &Context<'_>, socket: &Socket) -> Reading {
    let untold = || Reading::untold("whether it can connect");
    if let Socket::Path(path) = socket {
        return match context.looks.get(path) {
            Some(Seen::Known(None)) => Reading::new(Verdict::Holds, "nothing is there"),
            Some(Seen::Known(Some(_))) => untold(),
            Some(Seen::Unknown(why)) => Reading::unknown("what is there", why),
            None => untold(),
        };
    }
    let listening = match context.fact(NsKind::Net, |facts| &facts.listening) {
        Ok(listening) => listening,
        Err(why) => return Reading::unknown("who listens in its net namespace", &why),
    };
    let is_it = |protocol: &str, address: &str| match socket {
        Socket::Abstract(name) => protocol == "unix" && address.strip_prefix('@') == Some(name),
        Socket::Tcp(port) => {
            let own = address.rsplit_once(':').map(|(_, port)| port);
            protocol.starts_with("tcp") && own == Some(port.to_string().as_str())
        }
        Socket::Path(_) => false,
    };
    match listening.iter().find(|it| is_it(&it.protocol, &it.address)) {
        Some(found) => {
            let read = untold();
            read.seen(
                "sockets of its net namespace",
                format!("{} {}", found.protocol, found.address),
            )
        }
        None => Reading::new(Verdict::Holds, "nobody listens there in its net namespace"),
    }
}

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
fn try_unreachable(sides: &Sides<'_>, to: &Socket) -> Result<Tried, NotTried> {
    let (kind, name) = match to {
        Socket::Path(path) => (NsKind::Mnt, path.clone()),
        Socket::Abstract(name) => (NsKind::Net, format!("@{name}")),
        Socket::Tcp(port) => (NsKind::Net, format!("port {port} at the loopback address")),
    };
    let place = sides.pinned.place(&[kind])?;
    let to = to.clone();
    let work = move |line: &Line| line.say(&call(&to));
    let answer: Answer = Worker::start(&place, sides.deadline, work)?.hear()?;
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
        Answer::Unknown(why) => {
            return Err(format!("{name} could not be called inside: {why}").into());
        }
    })
}
