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
