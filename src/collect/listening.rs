//! Who listens in a network namespace.

use nix::errno::Errno;
use procfs::FromBufReadSI;
use procfs::net::{TcpNetEntries, TcpState, UdpNetEntries};

use super::parse;
use crate::model::facts::Listening;
use crate::model::{Seen, Why};
use crate::sys::procfs::TaskDir;
use crate::sys::{tcp_diag, why};

/// A line of a socket table is no longer (bytes): the longest has the path of a unix socket.
const LONGEST_SOCKET: usize = 512;

/// A socket table beyond this (bytes) is read no further: some 25,000 sockets.
const LARGEST_SOCKET_TABLE: usize = 4 << 20;

/// Those of TCP in our own network namespace, by the kernel's table of listeners.
///
/// # Errors
/// ENOENT: the kernel has none.
pub fn on_tcp() -> Result<Vec<Listening>, Errno> {
    let listener = |address: &std::net::SocketAddr| {
        let protocol = if address.is_ipv6() { "tcp6" } else { "tcp" };
        socket(protocol, address.to_string())
    };
    Ok(tcp_diag::listening()?.iter().map(listener).collect())
}

/// All sockets of a member's network namespace that wait for somebody. Those of TCP are known, or are
/// read of tables that hold every connection as well.
pub fn read(task: &TaskDir, on_tcp: Option<Vec<Listening>>) -> Seen<Vec<Listening>> {
    let tcp = |file: &str, protocol: &str| {
        let entries = TcpNetEntries::from_buf_read(
            socket_table(task, file)?.as_slice(),
            procfs::current_system_info(),
        );
        let listening = entries.map_err(malformed)?.0.into_iter();
        Ok(listening
            .filter(|entry| entry.state == TcpState::Listen)
            .map(|entry| socket(protocol, entry.local_address.to_string()))
            .collect::<Vec<_>>())
    };
    let udp = |file: &str, protocol: &str| {
        let entries = UdpNetEntries::from_buf_read(
            socket_table(task, file)?.as_slice(),
            procfs::current_system_info(),
        );
        let bound = entries.map_err(malformed)?.0.into_iter();
        Ok(bound
            .filter(|entry| entry.remote_address.port() == 0)
            .map(|entry| socket(protocol, entry.local_address.to_string()))
            .collect::<Vec<_>>())
    };
    let all = || -> Result<Vec<Listening>, Why> {
        let mut all = match on_tcp {
            Some(known) => known,
            None => [tcp("net/tcp", "tcp")?, tcp("net/tcp6", "tcp6")?].concat(),
        };
        all.extend(udp("net/udp", "udp")?);
        all.extend(udp("net/udp6", "udp6")?);
        let unix = parse::abstract_listeners(&socket_table(task, "net/unix")?);
        all.extend(unix.into_iter().map(|name| socket("unix", name)));
        all.sort();
        all.dedup();
        Ok(all)
    };
    Seen::from(all())
}

fn socket(protocol: &str, address: String) -> Listening {
    Listening {
        protocol: protocol.to_owned(),
        address,
    }
}

fn malformed(error: procfs::ProcError) -> Why {
    Why::failed(error.to_string())
}

/// The whole lines of a socket table up to the limit; empty for a protocol that the kernel lacks.
/// Listening TCP sockets come first (tcp_seek_last_pos in net/ipv4/tcp_ipv4.c), so that a cut hides
/// none of them but on a machine with 25,000 listeners.
fn socket_table(task: &TaskDir, file: &str) -> Result<Vec<u8>, Why> {
    let mut table = match task.read_records_up_to(file, LONGEST_SOCKET, LARGEST_SOCKET_TABLE) {
        Err(Errno::ENOENT) if task.task_stat().is_ok() => Vec::new(),
        result => result.map_err(why)?,
    };
    let whole_lines = table.iter().rposition(|byte| *byte == b'\n');
    table.truncate(whole_lines.map_or(0, |last| last + 1));
    Ok(table)
}
