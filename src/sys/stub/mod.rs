//! A program of a few instructions, sealed in memory, through which programs of a foreign root are
//! executed.
//!
//! While execve(2) looks for a program and its interpreter, `/proc/self/exe` is still the caller's
//! executable. A container whose `/bin/sh` begins with `#!/proc/self/exe` would so be given *our*
//! file, run it with its own libraries, and overwrite it (CVE-2019-5736). What it is given is this
//! stub instead: a sealed memfd that nobody can write.
//!
//! The stub marks descriptor 3 to be closed by execve, and executes its first argument with the
//! others as arguments. If 3 is not open it exits with 126: it was executed by such a script, which
//! would otherwise go round for ever.
//! It makes itself not dumpable, so that what is in there can trace it and reach its descriptors only
//! with CAP_SYS_PTRACE: it holds no more than pipes, and has the rights of the program already.
//!
//! [`Entry::Spawn`] first makes a child with the caller's parent (CLONE_PARENT), so that the process
//! which is born into a pid namespace was never a copy of us. It tells the parent the number of the
//! child by descriptor 3, as the four bytes of an `i32`. The child dies with its parent
//! (PR_SET_PDEATHSIG), waits for one byte on descriptor 4, and executes. An error of clone or
//! execve is told as its negative number.
//!
//! [`Entry::Ask`] makes such a child too, which executes nothing: it reads numbers from descriptor 4,
//! four bytes each, tries to name each process by kill(2) with signal 0, and tells by descriptor 3
//! what came of it, zero or the negative error, until nobody asks any more.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod execute;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

pub use execute::execute;

/// The descriptor by which the stub tells, and that must be open.
pub const TELLS: i32 = 3;
/// The descriptor on which the child of [`Entry::Spawn`] waits.
pub const GATE: i32 = 4;

/// Where the stub begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Becomes the program.
    Replace,
    /// Makes a sibling that becomes the program.
    Spawn,
    /// Makes a sibling that answers whether processes of these numbers are there.
    Ask,
}

/// The stub as an executable in memory that can no longer be changed.
///
/// # Errors
/// ENOEXEC: there is no stub for this processor. EACCES: `vm.memfd_noexec` forbids executables in
/// memory.
pub fn sealed(entry: Entry) -> Result<OwnedFd, Errno> {
    let image = image(entry).ok_or(Errno::ENOEXEC)?;
    let fd = executable_memfd(c"nsinspect-exec".to_owned())?;
    let mut file = File::from(fd);
    file.write_all(&image).map_err(|_| Errno::EIO)?;
    let seals = SealFlag::F_SEAL_SEAL
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}

fn executable_memfd(name: CString) -> Result<OwnedFd, Errno> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let executable = MFdFlags::from_bits_retain(libc::MFD_EXEC);
    match memfd_create(name.as_c_str(), flags | executable) {
        // Before Linux 6.3 every memfd is executable.
        Err(Errno::EINVAL) => memfd_create(name.as_c_str(), flags),
        result => result,
    }
}

/// Where the one segment lies in memory: any page will do.
const BASE: u64 = 0x40_0000;
/// `Elf64_Ehdr` and one `Elf64_Phdr` stand before the code (elf(5)).
const HEADERS: u64 = 64 + 56;

fn image(entry: Entry) -> Option<Vec<u8>> {
    let machine = machine()?;
    let (code, offset) = code(entry);
    let start = BASE + HEADERS + offset as u64;
    let size = HEADERS + code.len() as u64;
    let mut image = Vec::with_capacity(size as usize);
    // 64 bits, little endian, version 1, System V.
    image.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    let halves = |values: &[u16]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let words = |values: &[u32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let longs = |values: &[u64]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    // ET_EXEC; version; entry, program headers, no section headers; flags; sizes and numbers.
    image.extend(halves(&[2, machine]));
    image.extend(words(&[1]));
    image.extend(longs(&[start, 64, 0]));
    image.extend(words(&[0]));
    image.extend(halves(&[64, 56, 1, 0, 0, 0]));
    // PT_LOAD, to be read and executed; the whole file; pages may have 64 KiB.
    image.extend(words(&[1, 5]));
    image.extend(longs(&[0, BASE, BASE, size, size, 0x1_0000]));
    image.extend(code);
    Some(image)
}

const fn machine() -> Option<u16> {
    if cfg!(target_arch = "x86_64") {
        Some(62)
    } else if cfg!(target_arch = "aarch64") {
        Some(183)
    } else {
        None
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn code(_: Entry) -> (&'static [u8], usize) {
    (&[], 0)
}

/// The code, and where in it the entry lies.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn code(entry: Entry) -> (&'static [u8], usize) {
    unsafe extern "C" {
        static nsinspect_stub_replace: u8;
        static nsinspect_stub_spawn: u8;
        static nsinspect_stub_ask: u8;
        static nsinspect_stub_end: u8;
    }
    let begin = &raw const nsinspect_stub_replace;
    let spawn = &raw const nsinspect_stub_spawn;
    let ask = &raw const nsinspect_stub_ask;
    let end = &raw const nsinspect_stub_end;
    // SAFETY: they are labels in one section below, the first and the last of it among them.
    let code = unsafe { std::slice::from_raw_parts(begin, end.addr() - begin.addr()) };
    let offset = match entry {
        Entry::Replace => 0,
        Entry::Spawn => spawn.addr() - begin.addr(),
        Entry::Ask => ask.addr() - begin.addr(),
    };
    (code, offset)
}

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tests;
