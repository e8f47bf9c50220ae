//! What a shell cannot do inside the booted guest: holding a namespace by a message in flight.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::{env, thread};

use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair,
};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [command, file] = args.as_slice() else {
        return usage();
    };
    match command.as_str() {
        "hold-in-flight" => match hold_in_flight(file) {
            Ok(never) => match never {},
            Err(error) => {
                eprintln!("nsinspect-guest: {file}: {error}");
                ExitCode::FAILURE
            }
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: nsinspect-guest hold-in-flight FILE");
    ExitCode::from(2)
}

/// Sends the opened file to a socket which nobody reads, closes it, says so, and stays: from then
/// on only the message refers to it (unix(7), `SCM_RIGHTS`).
fn hold_in_flight(file: &str) -> io::Result<std::convert::Infallible> {
    let _queue = send(&File::open(file)?)?;
    writeln!(io::stdout(), "in flight")?;
    loop {
        thread::park();
    }
}

fn send(file: &File) -> io::Result<(OwnedFd, OwnedFd)> {
    let (sender, receiver) = socketpair(
        AddressFamily::Unix,
        SockType::Datagram,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    let fds = [file.as_raw_fd()];
    sendmsg::<()>(
        sender.as_raw_fd(),
        &[IoSlice::new(b"x")],
        &[ControlMessage::ScmRights(&fds)],
        MsgFlags::empty(),
        None,
    )?;
    Ok((sender, receiver))
}
