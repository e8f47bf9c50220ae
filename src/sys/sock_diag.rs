//! Asking the kernel for all sockets of a sort in our own network namespace (sock_diag(7)).
//! The crate netlink-packet-sock-diag (0.5) does not help: it keeps to itself the device and inode that
//! a unix socket is bound to, which is what we ask for.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `struct nlmsghdr`.
const HEAD: usize = 16;

/// TCP_LISTEN (include/net/tcp_states.h), which other sockets use too.
pub const LISTEN: u8 = 10;

/// More sockets than these are not kept.
const MOST: usize = 100_000;

/// A socket for questions, of the network namespace in which it was opened.
pub struct SockDiag {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl SockDiag {
    pub fn open() -> Result<SockDiag, Errno> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkSockDiag,
        )?;
        // The kernel answers in pieces of 32 KiB at most (netlink_recvmsg in net/netlink/af_netlink.c).
        let buffer = vec![0; 32 << 10];
        Ok(SockDiag { socket, buffer })
    }

    /// All sockets that the request asks for, as the parser reads the body of each answer.
    ///
    /// # Errors
    /// ENOENT: the kernel cannot tell of such sockets. EOVERFLOW: there are more than can be kept.
    pub fn dump<T>(
        &mut self,
        request: &[u8],
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>, Errno> {
        send(
            self.socket.as_raw_fd(),
            &with_head(request),
            MsgFlags::empty(),
        )?;
        let mut found = Vec::new();
        loop {
            // Each piece of the answer is there before the call that leads to it returns (netlink_dump in
            // net/netlink/af_netlink.c): whatever goes wrong must not keep us.
            let flags = MsgFlags::MSG_DONTWAIT;
            let length = recv(self.socket.as_raw_fd(), &mut self.buffer, flags)?;
            let mut rest = &self.buffer[..length];
            while let Some((kind, body, after)) = message(rest) {
                match kind {
                    NLMSG_DONE => return Ok(found),
                    NLMSG_ERROR => return Err(error(body)),
                    _ if found.len() >= MOST => return Err(Errno::EOVERFLOW),
                    _ => found.extend(parse(body)),
                }
                rest = after;
            }
            if length == 0 {
                return Err(Errno::EPROTO);
            }
        }
    }
}

fn with_head(request: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEAD + request.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(HEAD + request.len());
    message.extend(length.to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    message.extend([0; 8]);
    message.extend(request);
    message
}

fn error(body: &[u8]) -> Errno {
    u32_at(body, 0).map_or(Errno::EPROTO, |code| {
        Errno::from_raw((code as i32).wrapping_neg())
    })
}

/// Type and body of the first netlink message, and what follows it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
    let body = bytes.get(HEAD..length)?;
    let next = length.next_multiple_of(4).min(bytes.len());
    Some((u16_at(bytes, 4)?, body, &bytes[next..]))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(four.try_into().ok()?))
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(two.try_into().ok()?))
}
