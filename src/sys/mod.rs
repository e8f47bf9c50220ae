//! The one door to the kernel: every raw system call and ioctl, and all `unsafe` code.

// Unsafe code is in these files, and nowhere else: everything around them forbids it.
#[allow(unsafe_code)]
pub mod bpf;
#[allow(unsafe_code)]
pub mod child;
#[allow(unsafe_code)]
pub mod environ;
#[allow(unsafe_code)]
pub mod exec;
#[allow(unsafe_code)]
pub mod files;
#[allow(unsafe_code)]
pub mod interfaces;
#[allow(unsafe_code)]
pub mod ipc;
#[allow(unsafe_code)]
pub mod list;
#[allow(unsafe_code)]
pub mod look;
#[allow(unsafe_code)]
pub mod memory;
#[allow(unsafe_code)]
pub mod mountfs;
#[allow(unsafe_code)]
pub mod mounts;
#[allow(unsafe_code)]
pub mod nsfs;
#[allow(unsafe_code)]
mod owned;
#[allow(unsafe_code)]
pub mod signals;
#[allow(unsafe_code)]
pub mod sockets;
#[allow(unsafe_code)]
pub mod stub;
#[allow(unsafe_code)]
pub mod terminal;
#[allow(unsafe_code)]
pub mod yaml_scan;

#[forbid(unsafe_code)]
pub mod accounts;
#[forbid(unsafe_code)]
pub mod authored;
#[forbid(unsafe_code)]
pub mod capabilities;
#[forbid(unsafe_code)]
pub mod clocks;
#[forbid(unsafe_code)]
pub mod entries;
#[forbid(unsafe_code)]
pub mod inside;
#[forbid(unsafe_code)]
pub mod ns_dir;
#[forbid(unsafe_code)]
pub mod pidfd;
#[forbid(unsafe_code)]
pub mod procfs;
#[forbid(unsafe_code)]
pub mod schedstat;
#[forbid(unsafe_code)]
pub mod sock_diag;
#[forbid(unsafe_code)]
pub mod stop;
#[forbid(unsafe_code)]
pub mod tcp_diag;
#[forbid(unsafe_code)]
pub mod unix_diag;

use nix::errno::Errno;

use crate::model::Why;

/// What an error of the kernel means for the fact that was asked for.
///
/// EINVAL is left to the caller: it means "unsupported" for a flag or an ioctl, and a mistake of
/// ours anywhere else.
pub fn why(errno: Errno) -> Why {
    match errno {
        Errno::EACCES | Errno::EPERM => Why::Denied,
        Errno::ENOENT | Errno::ESRCH => Why::Gone,
        Errno::ENOSYS | Errno::ENOTTY | Errno::EOPNOTSUPP => Why::Unsupported,
        other => Why::failed(format!("{other:?} ({})", other.desc())),
    }
}

/// An error of std's or rustix's as nix has it.
fn errno_of(error: impl Into<std::io::Error>) -> Errno {
    Errno::from_raw(error.into().raw_os_error().unwrap_or(libc::EIO))
}
