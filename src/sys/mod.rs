//! The one door to the kernel: every raw system call and ioctl, and all `unsafe` code.
#![allow(unsafe_code)]

pub mod accounts;
pub mod bpf;
pub mod capabilities;
pub mod child;
pub mod clocks;
pub mod entries;
pub mod exec;
pub mod files;
pub mod inside;
pub mod interfaces;
pub mod ipc;
pub mod list;
pub mod look;
pub mod mountfs;
pub mod mounts;
pub mod ns_dir;
pub mod nsfs;
pub mod pidfd;
pub mod procfs;
pub mod schedstat;
pub mod signals;
pub mod sock_diag;
pub mod sockets;
pub mod start;
pub mod stop;
pub mod stub;
pub mod tcp_diag;
pub mod terminal;
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

// The unwinder out of the archive: where a panic aborts nothing is unwound, and to load and relocate
// libgcc_s.so.1 for it takes a fifteenth of the time of a launch (benches/README.md). Test builds
// unwind, and keep to the one that std links.
#[cfg(all(panic = "abort", target_os = "linux", target_env = "gnu"))]
#[link(name = "gcc_eh")]
unsafe extern "C" {}
