//! The kernel's own list of all namespaces (listns(2), Linux 6.19), and the way from an id to the
//! namespace (open_by_handle_at(2) on nsfs).

use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::nsfs;
use super::owned::owned;
use crate::model::NsKey;

const SYS_LISTNS: libc::c_long = 470;

/// `struct ns_id_req`.
#[repr(C)]
struct Request {
    size: u32,
    spare: u32,
    ns_id: u64,
    ns_type: u32,
    spare2: u32,
    user_ns_id: u64,
}

/// Ids of all namespaces, of every kind; of those that we are in alone, unless we have
/// CAP_SYS_ADMIN in the initial pid namespace.
///
/// # Errors
/// ENOSYS before Linux 6.19.
pub fn namespace_ids() -> Result<Vec<u64>, Errno> {
    let mut all: Vec<u64> = Vec::new();
    let mut chunk = [0_u64; 512];
    loop {
        let request = Request {
            size: 32,
            spare: 0,
            ns_id: all.last().copied().unwrap_or(0),
            ns_type: 0,
            spare2: 0,
            user_ns_id: 0,
        };
        // SAFETY: the request says its size, and the kernel writes at most as many ids as it is
        // told that there is room for.
        let count = unsafe {
            libc::syscall(
                SYS_LISTNS,
                &raw const request,
                chunk.as_mut_ptr(),
                chunk.len(),
                0,
            )
        };
        let count = usize::try_from(Errno::result(count)?).unwrap_or(0);
        all.extend_from_slice(&chunk[..count]);
        if count < chunk.len() {
            return Ok(all);
        }
    }
}

/// `struct file_handle` with the `struct nsfs_file_handle` in it.
#[repr(C)]
struct Handle {
    bytes: u32,
    kind: i32,
    ns_id: u64,
    ns_type: u32,
    ns_inum: u32,
}

/// FILEID_NSFS (include/linux/exportfs.h).
const FILEID_NSFS: i32 = 0xf1;
/// FD_NSFS_ROOT (include/uapi/linux/fcntl.h): the root of nsfs, without having a file of it.
const FD_NSFS_ROOT: libc::c_int = -10_003;

/// Opens a namespace by its id alone, as Linux 6.19 does. ESTALE: it is gone.
pub fn open_by_id(ns_id: u64) -> Result<OwnedFd, Errno> {
    open(ns_id, 0, 0)
}

/// Opens a namespace by all that its handle holds, as Linux 6.18 wants it. ESTALE: it is gone.
pub fn open_by_key(ns_id: u64, key: NsKey) -> Result<OwnedFd, Errno> {
    let inode = u32::try_from(key.inode).map_err(|_| Errno::ESTALE)?;
    open(ns_id, nsfs::clone_flag(key.kind) as u32, inode)
}

fn open(ns_id: u64, ns_type: u32, ns_inum: u32) -> Result<OwnedFd, Errno> {
    let handle = Handle {
        bytes: 16,
        kind: FILEID_NSFS,
        ns_id,
        ns_type,
        ns_inum,
    };
    // SAFETY: the handle says its size; the result is a new descriptor or -1.
    unsafe {
        owned(libc::syscall(
            libc::SYS_open_by_handle_at,
            FD_NSFS_ROOT,
            &raw const handle,
            libc::O_RDONLY | libc::O_CLOEXEC,
        ))
    }
}
