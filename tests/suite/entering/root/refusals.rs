//! What the kernel refuses, and what is said then: the step, the kind, the errno, the cause.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use crate::entering::{all_of, enter};
use crate::runtimes::started;
use crate::support::facts::{inode, own_pid};
use crate::support::forked::Forked;
use crate::support::nsinspect::{Answer, Run, nsinspect};
use crate::support::process::{Spawned, wait_until};
use crate::support::run::{program_for_everyone, run};
use crate::support::sandbox::{Sandbox, then_sleep};

use super::sandbox;

fn refused(answer: &Answer, stderr: &str) {
    assert_eq!(all_of(answer), (Some(125), "", stderr));
}

#[test]
fn a_pid_namespace_whose_init_has_ended() {
    needs_root!();
    let it = started!(sandbox());
    let file = std::fs::File::open(format!("/proc/{}/ns/pid", it.pid)).unwrap();
    let held = Forked::start(|| ());
    let path = format!(
        "/proc/{}/fd/{}",
        held.pid(),
        std::os::fd::AsRawFd::as_raw_fd(&file)
    );
    let init = format!("/proc/{}", it.pid);
    drop(it);
    let is_gone = || !std::path::Path::new(&init).exists();
    wait_until(Duration::from_secs(20), "the init to be gone", is_gone).unwrap();
    refused(
        &enter(&path, &[], "echo not run"),
        "nsinspect: cannot start a process: Out of memory (ENOMEM)\n  the init of the pid \
         namespace has ended, and nobody can be born into it any more (pid_namespaces(7))\n",
    );
}

/// Has a command run with a parent whose root and working directory are also its own.
fn sharing_directories(command: &mut Command) -> &mut Command {
    let share = || {
        let flags = libc::CLONE_FS | libc::SIGCHLD;
        // SAFETY: without a stack it is fork(2); the parent of the two does nothing but wait.
        let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
        if child == 0 {
            return Ok(());
        }
        let mut status = 0;
        // SAFETY: two system calls, of which the second does not return.
        unsafe {
            libc::waitpid(child as i32, &raw mut status, 0);
            libc::_exit(libc::WEXITSTATUS(status));
        }
    };
    // SAFETY: as said above.
    unsafe { command.pre_exec(share) }
}

#[test]
fn a_user_namespace_while_our_root_directory_is_shared() {
    needs_root!();
    let it = started!(Sandbox::start(&["-r"], ""));
    let inode = inode(it.pid, "user");
    let mut command = Command::new(program_for_everyone());
    command.args(["enter", &it.pid.to_string(), "-U", "--", "echo", "not run"]);
    let answer = run(sharing_directories(&mut command)).expect(125);
    assert_eq!(answer.stdout, "");
    assert_eq!(
        answer.stderr,
        format!(
            "nsinspect: cannot join the user namespace user:[{inode}]: Invalid argument (EINVAL)\n  \
             we are in it already, or share our root directory with another process\n"
        )
    );
}

#[test]
fn a_pid_namespace_that_is_not_below_our_own() {
    needs_root!();
    let it = started!(sandbox());
    // From within one pid namespace into another beside it, by its file.
    let outer = started!(sandbox());
    let path = format!("/proc/{}/ns/pid", outer.pid);
    let script = format!(
        "exec 3<{path}; exec nsenter -t {} -p -- \"$0\" enter /proc/self/fd/3 -- true",
        it.pid
    );
    let answer = Run::script(&[], &script, []).run();
    let inode = inode(outer.pid, "pid");
    refused(
        &answer,
        &format!(
            "nsinspect: cannot join the pid namespace pid:[{inode}]: Invalid argument (EINVAL)\n  it \
             is no descendant of our own pid namespace, and pid namespaces can only be entered \
             downwards (setns(2))\n"
        ),
    );
}

#[test]
fn a_user_namespace_that_is_above_our_own() {
    needs_root!();
    let host = inode(own_pid(), "user");
    let inner = "exec unshare -U --map-root-user \"$0\" enter /proc/self/fd/3 -- true";
    let script = format!("exec 3</proc/self/ns/user; {inner}");
    let answer = Run::script(&[], &script, []).run();
    let start = format!(
        "nsinspect: cannot join the user namespace user:[{host}]: Operation not permitted (EPERM)\n  \
         user:[{host}] governs it; joining takes CAP_SYS_ADMIN over that; we are in user:["
    );
    assert_eq!(answer.code, Some(125), "{answer:?}");
    assert!(answer.stderr.starts_with(&start), "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .ends_with("], whose rights do not reach there\n"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_namespace_that_one_above_our_own_governs() {
    needs_root!();
    let it = started!(sandbox());
    for kind in ["uts", "net", "mnt"] {
        let inner = "exec unshare -U --map-root-user \"$0\" enter /proc/self/fd/3 -- true";
        let script = format!("exec 3</proc/{}/ns/{kind}; {inner}", it.pid);
        let answer = Run::script(&[], &script, []).run();
        let inode = inode(it.pid, kind);
        let start = format!(
            "nsinspect: cannot join the {kind} namespace {kind}:[{inode}]: Operation not permitted \
             (EPERM)\n  a user namespace above our own governs it; joining takes CAP_SYS_ADMIN"
        );
        assert_eq!(answer.code, Some(125), "{answer:?}");
        assert!(answer.stderr.starts_with(&start), "{}", answer.stderr);
    }
}

#[test]
fn one_kind_of_many_is_named() {
    needs_root!();
    let it = started!(sandbox());
    // Without the capability that only the mount namespace takes beyond CAP_SYS_ADMIN.
    let script = format!(
        "exec capsh --drop=cap_sys_chroot -- -c '\"$0\" enter {} -n -u -m -- true' \"$0\"",
        it.pid
    );
    if !crate::support::skip::has_program("capsh") {
        skip!("capsh is not installed");
    }
    let answer = Run::script(&[], &script, []).run();
    let start = format!(
        "nsinspect: cannot join the mnt namespace mnt:[{}]: ",
        inode(it.pid, "mnt")
    );
    assert_eq!(answer.code, Some(125), "{answer:?}");
    assert!(answer.stderr.starts_with(&start), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("CAP_SYS_CHROOT"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_limit_on_processes_is_named() {
    needs_root!();
    let it = started!(sandbox());
    let group = "/sys/fs/cgroup/pids/nsinspect-enter-limit";
    if std::fs::create_dir(group).is_err() {
        skip!("no pids hierarchy of cgroups here");
    }
    let group = Cgroup(group.to_owned());
    std::fs::write(format!("{}/pids.max", group.0), "2").unwrap();
    // The shell is one of the two, and becomes nsinspect, which forks once; the program is too many.
    let script = format!(
        "echo $$ >{}/cgroup.procs; exec \"$0\" enter {} -a -- true",
        group.0, it.pid
    );
    let answer = Run::script(&[], &script, []).run();
    assert_eq!(
        (answer.code, &*answer.stdout),
        (Some(125), ""),
        "{answer:?}"
    );
    assert_eq!(
        answer.stderr,
        "nsinspect: cannot start a process: Try again (EAGAIN)\n  a limit on \
         processes is reached: that of the user (ulimit -u), of the cgroup (pids.max) or of the \
         machine\n"
    );
}

/// A cgroup that goes with the test.
struct Cgroup(String);

impl Drop for Cgroup {
    fn drop(&mut self) {
        let gone = || std::fs::remove_dir(&self.0).is_ok();
        let _ = wait_until(Duration::from_secs(5), "the cgroup to go", gone);
    }
}

#[test]
fn a_target_that_has_ended_and_one_that_is_the_kernels() {
    needs_root!();
    let mut child = Spawned::start(Command::new("true").arg("")).unwrap();
    let pid = child.pid();
    // A zombie, which has no namespaces any more.
    wait_until(Duration::from_secs(5), "the end", || {
        crate::support::facts::stat(pid, 3) == "Z"
    })
    .unwrap();
    let answer = enter(&pid.to_string(), &[], "true");
    assert_eq!(answer.code, Some(125));
    let start = format!("nsinspect: there is no process or thread {pid} here\n");
    assert!(answer.stderr.starts_with(&start), "{}", answer.stderr);
    assert!(child.ended().is_some());
    let kernel = enter("2", &["-a"], "echo the same");
    assert_eq!(all_of(&kernel), (Some(0), "the same\n", ""));
}

#[test]
fn a_descriptor_of_a_process_that_we_may_not_trace() {
    needs_root!();
    let mut sh = Command::new("sh");
    sh.args(["-c", &then_sleep("")]);
    let it = started!(Sandbox::run(&mut sh));
    let words = ["enter", &it.pid.to_string(), "-N", "0", "--", "true"].map(str::to_owned);
    let answer = nsinspect(words.iter().map(String::as_str))
        .as_user(65534)
        .run();
    assert_eq!((answer.code, &*answer.stdout), (Some(125), ""));
    assert!(
        answer.stderr.contains("CAP_SYS_PTRACE"),
        "{}",
        answer.stderr
    );
}

#[test]
fn threads_of_a_scan_do_not_keep_us_out_of_a_user_namespace() {
    needs_root!();
    let it = started!(Sandbox::start(&["-U", "--map-root-user"], ""));
    let name = format!("user:[{}]", inode(it.pid, "user"));
    // Each looks at the whole machine first, by threads where it is large.
    for _ in 0..20 {
        let answer = enter(&name, &[], "id -u");
        assert_eq!(all_of(&answer), (Some(0), "0\n", ""));
    }
}
