//! Programs of BPF that are attached to a cgroup (bpf(2), BPF_PROG_QUERY).

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// Include/uapi/linux/bpf.h.
const BPF_PROG_QUERY: libc::c_int = 16;
const BPF_CGROUP_DEVICE: u32 = 6;
const BPF_F_QUERY_EFFECTIVE: u32 = 1;

/// The part of `union bpf_attr` that the query uses.
#[repr(C)]
#[derive(Default)]
struct Query {
    target_fd: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    prog_ids: u64,
    prog_count: u32,
    spare: u32,
    prog_attach_flags: u64,
}

/// How many programs decide which devices the processes of a cgroup may open: its own and those of
/// the cgroups above it. With none, all may be opened.
///
/// # Errors
/// EPERM: takes CAP_NET_ADMIN or CAP_BPF. EINVAL: the kernel does not know the question.
pub fn device_programs(cgroup: BorrowedFd<'_>) -> Result<u32, Errno> {
    let mut query = Query {
        target_fd: u32::try_from(cgroup.as_raw_fd()).map_err(|_| Errno::EBADF)?,
        attach_type: BPF_CGROUP_DEVICE,
        query_flags: BPF_F_QUERY_EFFECTIVE,
        ..Query::default()
    };
    // SAFETY: the kernel reads and writes at most the size that it is told; with no buffer for ids
    // it only counts.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_PROG_QUERY,
            &raw mut query,
            size_of::<Query>(),
        )
    };
    Errno::result(result).map(|_| query.prog_count)
}
