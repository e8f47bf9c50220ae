//! Who listens on TCP in our own network namespace, by the kernel's table of listeners alone
//! (sock_diag(7)): `/proc/net/tcp` walks the table of all connections of the machine, which takes
//! milliseconds where that is large and empty.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::errno::Errno;

use super::sock_diag::{LISTEN, SockDiag};

/// `struct inet_diag_sockid`, of which a question for all needs nothing.
const SOCKET_ID: [u8; 48] = [0; 48];

/// The addresses on which sockets listen.
///
/// # Errors
/// ENOENT: the kernel has no inet_diag.
pub fn listening() -> Result<Vec<SocketAddr>, Errno> {
    let mut socket = SockDiag::open()?;
    let mut all = socket.dump(&request(libc::AF_INET), parse)?;
    match socket.dump(&request(libc::AF_INET6), parse) {
        Ok(v6) => all.extend(v6),
        // A kernel without IPv6.
        Err(Errno::ENOENT) => {}
        Err(errno) => return Err(errno),
    }
    Ok(all)
}

/// `struct inet_diag_req_v2`.
fn request(family: libc::c_int) -> Vec<u8> {
    let mut request = Vec::with_capacity(56);
    request.extend([family as u8, libc::IPPROTO_TCP as u8, 0, 0]);
    request.extend((1_u32 << LISTEN).to_ne_bytes());
    request.extend(SOCKET_ID);
    request
}

/// `struct inet_diag_msg`: family, state and the local address.
fn parse(body: &[u8]) -> Option<SocketAddr> {
    let (family, state) = (libc::c_int::from(*body.first()?), *body.get(1)?);
    let port = u16::from_be_bytes(body.get(4..6)?.try_into().ok()?);
    let address = body.get(8..24)?;
    let address = match family {
        libc::AF_INET => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(&address[..4]).ok()?)),
        libc::AF_INET6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?)),
        _ => return None,
    };
    (state == LISTEN).then_some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn listeners_of_both_families_are_found_and_a_connection_is_none() {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let _connection = TcpStream::connect(v4.local_addr().unwrap()).unwrap();
        let (_accepted, client) = v4.accept().unwrap();
        let found = listening().unwrap();
        assert!(found.contains(&v4.local_addr().unwrap()), "{found:?}");
        assert!(!found.contains(&client), "{found:?}");
        if let Ok(v6) = TcpListener::bind("[::1]:0") {
            assert!(listening().unwrap().contains(&v6.local_addr().unwrap()));
        }
    }
}
