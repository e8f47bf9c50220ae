//! The kernel's table of unix sockets of our own network namespace, with the file that each is
//! bound to (sock_diag(7)).

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::sock_diag::{LISTEN, SockDiag, u16_at, u32_at};

/// Include/uapi/linux/unix_diag.h.
const UDIAG_SHOW_NAME: u32 = 0x1;
const UDIAG_SHOW_VFS: u32 = 0x2;
const UDIAG_SHOW_PEER: u32 = 0x4;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_VFS: u16 = 1;
const UNIX_DIAG_PEER: u16 = 2;

/// One unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixSocket {
    pub inode: u64,
    pub is_listening: bool,
    /// SOCK_DGRAM sockets take messages from everybody who can reach them, without listening.
    pub is_datagram: bool,
    /// The path that it was bound to, or an abstract name after a NUL.
    pub name: Option<Vec<u8>>,
    /// Device (major, minor) and inode of the file that it is bound to.
    pub file: Option<((u32, u32), u64)>,
    /// Inode of the socket that it is connected to.
    pub peer: Option<u64>,
}

/// All unix sockets of our network namespace.
///
/// # Errors
/// ENOENT: the kernel has no unix_diag. EOVERFLOW: there are more than can be kept.
pub fn all() -> Result<Vec<UnixSocket>, Errno> {
    let mut socket = SockDiag::open()?;
    socket.dump(&request(), parse)
}

/// `struct unix_diag_req`.
fn request() -> Vec<u8> {
    let show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER;
    let mut request = Vec::with_capacity(24);
    request.extend([libc::AF_UNIX as u8, 0, 0, 0]);
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(0_u32.to_ne_bytes());
    request.extend(show.to_ne_bytes());
    request.extend([0; 8]);
    request
}

/// `struct unix_diag_msg` and its attributes.
fn parse(body: &[u8]) -> Option<UnixSocket> {
    let mut socket = UnixSocket {
        inode: u32_at(body, 4)?.into(),
        is_listening: *body.get(2)? == LISTEN,
        is_datagram: libc::c_int::from(*body.get(1)?) == libc::SOCK_DGRAM,
        name: None,
        file: None,
        peer: None,
    };
    let mut rest = body.get(16..)?;
    while let (Some(length), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let length = usize::from(length);
        let Some(value) = rest.get(4..length) else {
            break;
        };
        match kind {
            UNIX_DIAG_NAME => socket.name = Some(name(value)),
            UNIX_DIAG_VFS => socket.file = file(value),
            // 0: the other end has not been accepted yet, and has no inode.
            UNIX_DIAG_PEER => {
                socket.peer = u32_at(value, 0).filter(|it| *it > 0).map(u64::from);
            }
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(socket)
}

/// A path ends with its NUL; an abstract name starts with one and may hold more.
fn name(value: &[u8]) -> Vec<u8> {
    match value.first() {
        Some(0) | None => value.to_vec(),
        Some(_) => value
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or(value)
            .to_vec(),
    }
}

/// `struct unix_diag_vfs`: the inode and the kernel's own number of the device.
fn file(value: &[u8]) -> Option<((u32, u32), u64)> {
    let (inode, device) = (u32_at(value, 0)?, u32_at(value, 4)?);
    // MAJOR and MINOR of include/linux/kdev_t.h.
    Some(((device >> 20, device & 0xf_ffff), inode.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_listener_is_found_by_its_file_and_its_name_and_a_connection_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        let _accepted = listener.accept().unwrap();
        let sockets = all().unwrap();
        let inode = std::fs::metadata(&path).unwrap().ino();
        let mut listening = sockets
            .iter()
            .filter(|it| it.is_listening && it.file.is_some_and(|(_, found)| found == inode));
        let found = listening.next().unwrap();
        assert_eq!(found.name.as_deref(), Some(path.as_os_str().as_bytes()));
        let link = format!("/proc/self/fd/{}", client.as_raw_fd());
        let client = std::fs::metadata(link).unwrap().ino();
        let client = sockets.iter().find(|it| it.inode == client).unwrap();
        let peer = sockets.iter().find(|it| Some(it.inode) == client.peer);
        assert_eq!(peer.unwrap().file, found.file);
    }
}
