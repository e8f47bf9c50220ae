//! Network: sockets with random names, opened on either side and called from the other, and the
//! interfaces that are seen.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::time::Duration;

use nix::net::if_::if_nameindex;
use nix::sys::socket::{setsockopt, sockopt};
use serde::{Deserialize, Serialize};

use super::worker::{Line, Worker, random_name};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::model::{NsKind, text};
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Net];

/// How long a call may take on the loopback interface.
const CALL: Duration = Duration::from_millis(500);

/// Of whoever else calls our sockets, no more are listened to.
const MOST_CALLERS: usize = 32;

/// What is had done on a side.
#[derive(Serialize, Deserialize)]
enum Order {
    /// Listens, and says where.
    Listen,
    /// Calls there, and gives this word.
    Call { at: Ends, word: String },
    /// Says by which of its ends somebody has called and given this word.
    HasHeard { word: String },
    /// Says which interfaces there are.
    Interfaces,
}

/// Where a side listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ends {
    /// The name of an abstract unix socket.
    name: String,
    /// On the loopback interface, as far as it is up.
    ports: Vec<SocketAddr>,
}

/// The result of a call, by the name of the end.
type Called = Vec<(String, String)>;

/// What has been called, pinned until the end, so that what was said can be heard.
#[derive(Default)]
struct Calls {
    unix: Option<UnixStream>,
    tcp: Vec<TcpStream>,
}

/// Does what it is told, until nobody tells it anything any more.
fn serve(line: &Line) -> Result<(), String> {
    let mut open = None;
    let mut calls = Calls::default();
    while let Ok(order) = line.hear::<Order>() {
        match (order, &open) {
            (Order::Listen, _) => {
                let listening = Listening::open()?;
                line.say(&listening.ends)?;
                open = Some(listening);
            }
            (Order::Call { at, word }, _) => line.say(&calls.make(&at, &word))?,
            (Order::HasHeard { word }, Some(listening)) => line.say(&listening.heard(&word))?,
            (Order::HasHeard { .. }, None) => line.say(&Vec::<String>::new())?,
            (Order::Interfaces, _) => line.say(&interfaces()?)?,
        }
    }
    Ok(())
}

struct Listening {
    ends: Ends,
    unix: UnixListener,
    tcp: Vec<TcpListener>,
}

impl Listening {
    fn open() -> Result<Listening, String> {
        let name = random_name();
        let unheard = |error| format!("cannot listen on @{name}: {error}");
        let unix = UnixAddr::from_abstract_name(&name).and_then(|at| UnixListener::bind_addr(&at));
        let unix = unix.map_err(unheard)?;
        unix.set_nonblocking(true).map_err(unheard)?;
        // Without a loopback interface that is up there is nothing to listen on.
        let addresses = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let bind = |address| TcpListener::bind(SocketAddr::new(address, 0)).ok();
        let tcp: Vec<TcpListener> = addresses.into_iter().filter_map(bind).collect();
        let blocks = |it: &TcpListener| it.set_nonblocking(true).is_err();
        if tcp.iter().any(blocks) {
            return Err("cannot listen without waiting".to_owned());
        }
        let ports = tcp.iter().filter_map(|it| it.local_addr().ok()).collect();
        let ends = Ends { name, ports };
        Ok(Listening { ends, unix, tcp })
    }

    fn heard(&self, word: &str) -> Vec<String> {
        let mut ways = Vec::new();
        let unix = std::iter::from_fn(|| self.unix.accept().ok());
        let by_unix = |(stream, _): (UnixStream, _)| {
            stream.set_nonblocking(false).is_ok()
                && stream.set_read_timeout(Some(CALL)).is_ok()
                && says(stream, word)
        };
        if unix.take(MOST_CALLERS).any(by_unix) {
            ways.push(format!("@{}", self.ends.name));
        }
        for listener in &self.tcp {
            let tcp = std::iter::from_fn(|| listener.accept().ok());
            let by_tcp = |(stream, _): (TcpStream, _)| {
                stream.set_nonblocking(false).is_ok()
                    && stream.set_read_timeout(Some(CALL)).is_ok()
                    && end_without_trace(&stream).is_ok()
                    && says(stream, word)
            };
            if tcp.take(MOST_CALLERS).any(by_tcp) {
                ways.extend(listener.local_addr().map(|it| it.to_string()));
            }
        }
        ways
    }
}

fn says(mut stream: impl Read, word: &str) -> bool {
    let mut heard = vec![0; word.len()];
    stream.read_exact(&mut heard).is_ok() && heard == word.as_bytes()
}

impl Calls {
    fn make(&mut self, at: &Ends, word: &str) -> Called {
        let unix = UnixAddr::from_abstract_name(&at.name).and_then(|to| {
            let stream = UnixStream::connect_addr(&to)?;
            (&stream).write_all(word.as_bytes())?;
            self.unix = Some(stream);
            Ok(())
        });
        let mut called = vec![(format!("@{}", at.name), said(unix))];
        for port in &at.ports {
            let result = TcpStream::connect_timeout(port, CALL).and_then(|stream| {
                end_without_trace(&stream)?;
                (&stream).write_all(word.as_bytes())?;
                self.tcp.push(stream);
                Ok(())
            });
            called.push((port.to_string(), said(result)));
        }
        called
    }
}

/// Without this one end of a connection stays for a minute after it (TIME_WAIT of tcp(7)).
fn end_without_trace(stream: &TcpStream) -> std::io::Result<()> {
    let at_once = nix::libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    Ok(setsockopt(stream, sockopt::Linger, &at_once)?)
}

fn said(result: std::io::Result<()>) -> String {
    match result {
        Ok(()) => "connected".to_owned(),
        Err(error) => match error.raw_os_error() {
            Some(number) => nix::errno::Errno::from_raw(number).to_string(),
            None => error.to_string(),
        },
    }
}

fn interfaces() -> Result<Vec<String>, String> {
    let all = if_nameindex().map_err(|errno| format!("interfaces cannot be listed: {errno}"))?;
    let names = all.iter().map(|it| text::from_bytes(it.name().to_bytes()));
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    Ok(names)
}

/// The target shares no network namespace with the other side.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let mut outside = Worker::start(&sides.outside(&KINDS)?, sides.deadline, serve)?;
    let mut inside = Worker::start(&sides.inside(&KINDS)?, sides.deadline, serve)?;
    let mut evidence = Vec::new();
    let mut reached = Vec::new();
    let mut opened = String::new();
    for opened_outside in [true, false] {
        let (listener, caller, there, here) = match opened_outside {
            true => (&mut outside, &mut inside, "outside", "inside"),
            false => (&mut inside, &mut outside, "inside", "outside"),
        };
        let word = random_name();
        let at: Ends = listener.ask(&Order::Listen)?;
        let order = Order::Call {
            at: at.clone(),
            word: word.clone(),
        };
        let called: Called = caller.ask(&order)?;
        let heard: Vec<String> = listener.ask(&Order::HasHeard { word })?;
        if opened_outside {
            opened = format!("abstract socket @{}{}", at.name, ports_of(&at));
        }
        for (end, result) in called {
            evidence.push(Evidence::new(format!("connect({end}) {here}"), result));
        }
        reached.extend(
            heard
                .into_iter()
                .map(|end| format!("{end}, opened {there}, from {here}")),
        );
    }
    let (ours, theirs) = (interfaces_of(&mut outside)?, interfaces_of(&mut inside)?);
    evidence.push(Evidence::new("interfaces outside", ours));
    evidence.push(Evidence::new("interfaces inside", theirs));
    Ok(match (reached.first(), sides.same(NsKind::Net)?) {
        (Some(way), _) => fails(format!("reached {way}"), evidence),
        (None, false) => holds(
            format!("{opened} opened outside, refused inside, and the other way round"),
            evidence,
        ),
        (None, true) => fails(
            "both are in one network namespace, though what was opened on one side could not be \
             reached from the other",
            evidence,
        ),
    })
}

fn ports_of(at: &Ends) -> String {
    match at.ports.first() {
        Some(port) => format!(" and port {port}"),
        None => String::new(),
    }
}

fn interfaces_of(side: &mut Worker) -> Result<String, NotTried> {
    let names: Vec<String> = side.ask(&Order::Interfaces)?;
    Ok(match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    })
}

/// The interfaces that the target sees.
pub fn interfaces_inside(sides: &Sides<'_>) -> Result<Vec<String>, NotTried> {
    let mut inside = Worker::start(&sides.inside(&KINDS)?, sides.deadline, serve)?;
    inside.ask(&Order::Interfaces)
}
