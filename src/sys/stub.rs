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

use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::exec;

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

/// Puts what the stub tells by and waits on under their numbers, and marks all others to be closed
/// by execve(2). They have to stay open until then, with the image, which is out of their way.
///
/// # Errors
/// EMFILE: no descriptor is left.
pub fn hold(image: &OwnedFd, tells: &OwnedFd, gate: &OwnedFd) -> Result<[OwnedFd; 3], Errno> {
    let aside = |fd| exec::duplicate_above(fd, GATE + 1);
    let (image, tells, gate) = (aside(image)?, aside(tells)?, aside(gate)?);
    let held = [
        image,
        exec::move_to(tells, TELLS)?,
        exec::move_to(gate, GATE)?,
    ];
    exec::close_on_exec_from(GATE + 1)?;
    Ok(held)
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

#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".pushsection .rodata.nsinspect_stub, \"a\"",
    ".balign 16",
    "nsinspect_stub_replace:",
    "xor ebp, ebp",
    "jmp 2f",
    "nsinspect_stub_ask:",
    "mov ebp, 2",
    "jmp 2f",
    "nsinspect_stub_spawn:",
    "mov ebp, 1",
    "2:",
    "mov rbx, rsp",
    // fcntl(TELLS, F_SETFD, FD_CLOEXEC)
    "mov eax, 72",
    "mov edi, 3",
    "mov esi, 2",
    "mov edx, 1",
    "syscall",
    "test rax, rax",
    "js 9f",
    // prctl(PR_SET_DUMPABLE, 0)
    "mov eax, 157",
    "mov edi, 4",
    "xor esi, esi",
    "syscall",
    "test ebp, ebp",
    "jz 5f",
    // fcntl(GATE, F_SETFD, FD_CLOEXEC)
    "mov eax, 72",
    "mov edi, 4",
    "mov esi, 2",
    "mov edx, 1",
    "syscall",
    // clone(CLONE_PARENT | SIGCHLD, …)
    "mov eax, 56",
    "mov edi, 0x8011",
    "xor esi, esi",
    "xor edx, edx",
    "xor r10d, r10d",
    "xor r8d, r8d",
    "syscall",
    "test rax, rax",
    "jz 4f",
    // write(TELLS, its number or the error, 4); exit(0)
    "mov [rsp - 16], eax",
    "mov eax, 1",
    "mov edi, 3",
    "lea rsi, [rsp - 16]",
    "mov edx, 4",
    "syscall",
    "mov eax, 60",
    "xor edi, edi",
    "syscall",
    "4:",
    // prctl(PR_SET_PDEATHSIG, SIGKILL)
    "mov eax, 157",
    "mov edi, 1",
    "mov esi, 9",
    "syscall",
    "cmp ebp, 2",
    "je 6f",
    // read(GATE, …, 1)
    "xor eax, eax",
    "mov edi, 4",
    "lea rsi, [rsp - 16]",
    "mov edx, 1",
    "syscall",
    "cmp rax, 1",
    "jne 9f",
    "5:",
    // execve(argv[1], argv + 2, environment)
    "mov rcx, [rbx]",
    "lea rdx, [rbx + rcx * 8 + 16]",
    "mov rdi, [rbx + 16]",
    "lea rsi, [rbx + 24]",
    "mov eax, 59",
    "syscall",
    "test ebp, ebp",
    "jz 8f",
    // write(TELLS, the error, 4)
    "mov [rsp - 16], eax",
    "mov eax, 1",
    "mov edi, 3",
    "lea rsi, [rsp - 16]",
    "mov edx, 4",
    "syscall",
    "jmp 9f",
    "6:",
    // read(GATE, a number, 4)
    "xor eax, eax",
    "mov edi, 4",
    "lea rsi, [rsp - 16]",
    "mov edx, 4",
    "syscall",
    "cmp rax, 4",
    "jne 9f",
    // kill(the number, 0)
    "mov eax, 62",
    "mov edi, [rsp - 16]",
    "xor esi, esi",
    "syscall",
    // write(TELLS, what came of it, 4)
    "mov [rsp - 16], eax",
    "mov eax, 1",
    "mov edi, 3",
    "lea rsi, [rsp - 16]",
    "mov edx, 4",
    "syscall",
    "jmp 6b",
    "8:",
    // write(2, the message)
    "mov eax, 1",
    "mov edi, 2",
    "lea rsi, [rip + 7f]",
    "mov edx, 105",
    "syscall",
    "9:",
    // exit(126)
    "mov eax, 60",
    "mov edi, 126",
    "syscall",
    "7:",
    ".ascii \"nsinspect: the kernel refuses to execute the program in there: is its interpreter \"",
    ".ascii \"there, and its format?\\n\"",
    "nsinspect_stub_end:",
    ".popsection",
);

#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(
    ".pushsection .rodata.nsinspect_stub, \"a\"",
    ".balign 16",
    "nsinspect_stub_replace:",
    "mov x20, #0",
    "b 2f",
    "nsinspect_stub_ask:",
    "mov x20, #2",
    "b 2f",
    "nsinspect_stub_spawn:",
    "mov x20, #1",
    "2:",
    "mov x19, sp",
    "sub sp, sp, #16",
    // fcntl(TELLS, F_SETFD, FD_CLOEXEC)
    "mov x8, #25",
    "mov x0, #3",
    "mov x1, #2",
    "mov x2, #1",
    "svc #0",
    "tbnz x0, #63, 9f",
    // prctl(PR_SET_DUMPABLE, 0)
    "mov x8, #167",
    "mov x0, #4",
    "mov x1, #0",
    "svc #0",
    "cbz x20, 5f",
    // fcntl(GATE, F_SETFD, FD_CLOEXEC)
    "mov x8, #25",
    "mov x0, #4",
    "mov x1, #2",
    "mov x2, #1",
    "svc #0",
    // clone(CLONE_PARENT | SIGCHLD, …)
    "mov x8, #220",
    "mov x0, #0x8011",
    "mov x1, #0",
    "mov x2, #0",
    "mov x3, #0",
    "mov x4, #0",
    "svc #0",
    "cbz x0, 4f",
    // write(TELLS, its number or the error, 4); exit(0)
    "str w0, [sp]",
    "mov x8, #64",
    "mov x0, #3",
    "mov x1, sp",
    "mov x2, #4",
    "svc #0",
    "mov x8, #93",
    "mov x0, #0",
    "svc #0",
    "4:",
    // prctl(PR_SET_PDEATHSIG, SIGKILL)
    "mov x8, #167",
    "mov x0, #1",
    "mov x1, #9",
    "svc #0",
    "cmp x20, #2",
    "b.eq 6f",
    // read(GATE, …, 1)
    "mov x8, #63",
    "mov x0, #4",
    "mov x1, sp",
    "mov x2, #1",
    "svc #0",
    "cmp x0, #1",
    "b.ne 9f",
    "5:",
    // execve(argv[1], argv + 2, environment)
    "ldr x3, [x19]",
    "add x2, x19, x3, lsl #3",
    "add x2, x2, #16",
    "ldr x0, [x19, #16]",
    "add x1, x19, #24",
    "mov x8, #221",
    "svc #0",
    "cbz x20, 8f",
    // write(TELLS, the error, 4)
    "str w0, [sp]",
    "mov x8, #64",
    "mov x0, #3",
    "mov x1, sp",
    "mov x2, #4",
    "svc #0",
    "b 9f",
    "6:",
    // read(GATE, a number, 4)
    "mov x8, #63",
    "mov x0, #4",
    "mov x1, sp",
    "mov x2, #4",
    "svc #0",
    "cmp x0, #4",
    "b.ne 9f",
    // kill(the number, 0)
    "mov x8, #129",
    "ldrsw x0, [sp]",
    "mov x1, #0",
    "svc #0",
    // write(TELLS, what came of it, 4)
    "str w0, [sp]",
    "mov x8, #64",
    "mov x0, #3",
    "mov x1, sp",
    "mov x2, #4",
    "svc #0",
    "b 6b",
    "8:",
    // write(2, the message)
    "mov x8, #64",
    "mov x0, #2",
    "adr x1, 7f",
    "mov x2, #105",
    "svc #0",
    "9:",
    // exit(126)
    "mov x8, #93",
    "mov x0, #126",
    "svc #0",
    "7:",
    ".ascii \"nsinspect: the kernel refuses to execute the program in there: is its interpreter \"",
    ".ascii \"there, and its format?\\n\"",
    "nsinspect_stub_end:",
    ".popsection",
);

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tests {
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Output};

    use nix::fcntl::OFlag;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{Pid, pipe2, write};

    use super::super::exec::duplicate_above;
    use super::*;

    /// The stub as a command, with these descriptors under the numbers that it knows.
    fn command(entry: Entry, tells: Option<OwnedFd>, gate: Option<OwnedFd>) -> Command {
        let out_of_the_way = |fd: &OwnedFd| duplicate_above(fd, GATE + 1).unwrap();
        let image = out_of_the_way(&sealed(entry).unwrap());
        let mut command = Command::new(format!("/proc/self/fd/{}", image.as_raw_fd()));
        let tells = tells.as_ref().map(out_of_the_way);
        let gate = gate.as_ref().map(out_of_the_way);
        let put = move || {
            let _held_until_then = &image;
            for (fd, number) in [(&tells, TELLS), (&gate, GATE)] {
                let _ = match fd {
                    // SAFETY: plain numbers, in a child that is about to execute.
                    Some(fd) => unsafe { libc::dup2(fd.as_raw_fd(), number) },
                    // SAFETY: as above.
                    None => unsafe { libc::close(number) },
                };
            }
            Ok(())
        };
        // SAFETY: two system calls between fork and execve.
        unsafe { command.pre_exec(put) };
        command
    }

    fn replace(program: &[&str]) -> Output {
        let tells = sealed(Entry::Replace).unwrap();
        let mut command = command(Entry::Replace, Some(tells), None);
        command.args(program).output().unwrap()
    }

    #[test]
    fn it_executes_and_leaves_its_descriptor_behind() {
        let script = "test -e /proc/self/fd/3 && echo open; echo $0 $1; exit 7";
        let ended = replace(&["/bin/sh", "name", "-c", script, "name", "argument"]);
        assert_eq!(String::from_utf8_lossy(&ended.stdout), "name argument\n");
        assert_eq!(ended.status.code(), Some(7));
    }

    #[test]
    fn what_cannot_be_executed_is_told() {
        let ended = replace(&["/no/such/program", "name"]);
        let told = "nsinspect: the kernel refuses to execute the program in there: is its \
                    interpreter there, and its format?\n";
        assert_eq!(String::from_utf8_lossy(&ended.stderr), told);
        assert_eq!(ended.status.code(), Some(126));
    }

    #[test]
    fn without_its_descriptor_it_ends_at_once() {
        for entry in [Entry::Replace, Entry::Spawn, Entry::Ask] {
            let mut command = command(entry, None, None);
            let ended = command.args(["/bin/echo", "echo", "not run"]).output();
            let ended = ended.unwrap();
            assert_eq!((ended.status.code(), &*ended.stdout), (Some(126), &b""[..]));
        }
    }

    #[test]
    fn it_cannot_be_written() {
        let fd = sealed(Entry::Spawn).unwrap();
        assert_eq!(write(&fd, b"x"), Err(Errno::EPERM));
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let mut file = File::options().write(true).open(path).unwrap();
        assert!(file.write_all(b"x").is_err());
        assert!(file.set_len(0).is_err());
    }

    fn spawn(program: &[&str]) -> (i32, OwnedFd, File) {
        sibling(Entry::Spawn, program)
    }

    /// Has the stub make its sibling; its number or the error, the way to open the gate, and what
    /// it tells further.
    fn sibling(entry: Entry, program: &[&str]) -> (i32, OwnedFd, File) {
        let (tells, teller) = pipe2(OFlag::O_CLOEXEC).unwrap();
        let (gate, opener) = pipe2(OFlag::O_CLOEXEC).unwrap();
        let mut command = command(entry, Some(teller), Some(gate));
        let ended = command.args(program).status().unwrap();
        drop(command);
        assert_eq!(ended.code(), Some(0));
        let mut tells = File::from(tells);
        (word(&mut tells).unwrap(), opener, tells)
    }

    fn word(tells: &mut File) -> Option<i32> {
        let mut word = [0; 4];
        tells.read_exact(&mut word).ok()?;
        Some(i32::from_ne_bytes(word))
    }

    #[test]
    fn the_sibling_is_our_child_and_executes_when_it_is_let() {
        let (sibling, opener, mut tells) = spawn(&["/bin/sh", "sh", "-c", "exit 7"]);
        write(&opener, b"g").unwrap();
        // Closed by execve, or nothing would come and no end.
        assert_eq!(word(&mut tells), None);
        let sibling = Pid::from_raw(sibling);
        assert_eq!(waitpid(sibling, None), Ok(WaitStatus::Exited(sibling, 7)));
    }

    #[test]
    fn the_sibling_of_a_parent_that_is_gone_executes_nothing() {
        let (sibling, opener, mut tells) = spawn(&["/bin/sh", "sh", "-c", "exit 7"]);
        drop(opener);
        assert_eq!(word(&mut tells), None);
        let sibling = Pid::from_raw(sibling);
        assert_eq!(waitpid(sibling, None), Ok(WaitStatus::Exited(sibling, 126)));
    }

    #[test]
    fn the_sibling_tells_the_error_of_what_cannot_be_executed() {
        let (sibling, opener, mut tells) = spawn(&["/no/such/program", "name"]);
        write(&opener, b"g").unwrap();
        assert_eq!(word(&mut tells), Some(-libc::ENOENT));
        let sibling = Pid::from_raw(sibling);
        assert_eq!(waitpid(sibling, None), Ok(WaitStatus::Exited(sibling, 126)));
    }

    #[test]
    fn the_sibling_that_is_asked_tells_who_is_there_until_nobody_asks() {
        let (sibling, opener, mut tells) = sibling(Entry::Ask, &[]);
        let mut ask = |number: i32| {
            write(&opener, &number.to_ne_bytes()).unwrap();
            word(&mut tells)
        };
        assert_eq!(ask(std::process::id().cast_signed()), Some(0));
        assert_eq!(ask(sibling), Some(0));
        // Above the highest number that there can be (PID_MAX_LIMIT).
        assert_eq!(ask(5_000_000), Some(-libc::ESRCH));
        drop(opener);
        assert_eq!(word(&mut tells), None);
        let sibling = Pid::from_raw(sibling);
        assert_eq!(waitpid(sibling, None), Ok(WaitStatus::Exited(sibling, 126)));
    }
}
