//! Every way to name what is to be entered; containers are in the tests of runtimes.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};

use crate::entering::{OWN_NAMESPACES, all_of, enter};
use crate::runtimes::started;
use crate::support::facts::{inode, own_pid};
use crate::support::nsinspect::nsinspect;
use crate::support::sandbox::Sandbox;
use crate::support::telling::telling;

use super::sandbox;

const NET: &str = "readlink /proc/self/ns/net";

fn net_of(pid: i32) -> String {
    format!("net:[{}]\n", inode(pid, "net"))
}

#[test]
fn a_process_can_be_named_so_that_no_later_one_is_meant() {
    needs_root!();
    let it = started!(sandbox());
    let Some(pidfs) = inode_in_pidfs(it.pid) else {
        skip!("this kernel numbers no processes");
    };
    let pinned = format!("{}:{pidfs}", it.pid);
    assert_eq!(enter(&pinned, &["-n"], NET).stdout, net_of(it.pid));
    let other = format!("{}:{}", it.pid, pidfs + 1);
    let refused = enter(&other, &["-n"], NET);
    assert_eq!((refused.code, &*refused.stdout), (Some(125), ""));
    let reason = format!("nsinspect: there is no process or thread {} here\n", it.pid);
    assert!(refused.stderr.starts_with(&reason), "{}", refused.stderr);
}

/// The kernel's number of a process for ever; before Linux 6.9 all have one and the same.
fn inode_in_pidfs(pid: i32) -> Option<u64> {
    let of = |pid: i32| {
        // SAFETY: plain numbers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        // SAFETY: the kernel has just opened it for us.
        let file: File = unsafe { std::os::fd::FromRawFd::from_raw_fd(fd as i32) };
        std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap())
    };
    (of(pid) != of(own_pid())).then(|| of(pid))
}

#[test]
fn a_thread_is_entered_where_it_differs_from_its_process() {
    needs_root!();
    let it = telling(|| {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            sender.send(nix::unistd::gettid().as_raw()).unwrap();
            crate::support::forked::wait_for_ever();
        });
        vec![receiver.recv().unwrap() as u64]
    });
    let tid = i32::try_from(it.told[0]).unwrap();
    assert_ne!(net_of(tid), net_of(it.pid()));
    assert_eq!(enter(&tid.to_string(), &["-n"], NET).stdout, net_of(tid));
    assert_eq!(enter(&tid.to_string(), &[], NET).stdout, net_of(tid));
}

#[test]
fn a_namespace_is_entered_by_its_file_its_number_and_its_id() {
    needs_root!();
    let it = started!(sandbox());
    let mut names = vec![
        format!("/proc/{}/ns/net", it.pid),
        format!("ns:{}", inode(it.pid, "net")),
        format!("net:[{}]", inode(it.pid, "net")),
    ];
    let shown = nsinspect(["list", "-J", "-t", "net", "-p", &it.pid.to_string()]).run();
    let id = shown.document()["namespaces"][0]["ns_id"].as_u64();
    names.extend(id.map(|id| format!(":{id}")));
    for name in &names {
        assert_eq!(enter(name, &[], NET).stdout, net_of(it.pid), "{name}");
    }
    // One that no process is in, by what holds it.
    let file = tempfile::NamedTempFile::new().unwrap();
    let bound = Bound::new(file.path(), it.pid);
    let inode = inode(it.pid, "net");
    drop(it);
    for name in [format!("net:[{inode}]"), bound.0.clone()] {
        let answer = enter(&name, &[], NET);
        assert_eq!(all_of(&answer), (Some(0), &*format!("net:[{inode}]\n"), ""));
    }
}

/// A net namespace that is kept by a bind mount.
struct Bound(String);

impl Bound {
    fn new(file: &std::path::Path, pid: i32) -> Bound {
        let path = file.to_str().unwrap().to_owned();
        let mounted = Command::new("mount")
            .args(["--bind", &format!("/proc/{pid}/ns/net"), &path])
            .status();
        assert!(mounted.unwrap().success());
        Bound(path)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn more_single_namespaces_join_the_one_that_is_the_target() {
    needs_root!();
    let it = started!(sandbox());
    let target = format!("/proc/{}/ns/net", it.pid);
    let uts = format!("-u=/proc/{}/ns/uts", it.pid);
    let answer = enter(&target, &[&uts], &format!("hostname; {OWN_NAMESPACES}"));
    assert!(answer.stdout.starts_with("inside\n"), "{answer:?}");
    assert!(answer.stdout.contains(&net_of(it.pid)), "{answer:?}");
    for (options, reason) in [
        (["-i"].as_slice(), "--ipc takes a file"),
        (&["--as-target"], "take a process"),
        (&["-S", "follow"], "-S and -G take a number"),
    ] {
        let refused = enter(&target, options, "echo not run");
        assert_eq!((refused.code, &*refused.stdout), (Some(125), ""));
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
}

#[test]
fn we_ourselves_and_whoever_shares_all_with_us_can_be_entered() {
    needs_root!();
    let it = started!(
        Sandbox::start(&["--user=/dev/null", "-h"], "").or_else(|_| {
            let mut shell = Command::new("sh");
            shell.args(["-c", &crate::support::sandbox::then_sleep("")]);
            Sandbox::run(&mut shell)
        })
    );
    for target in ["self".to_owned(), it.pid.to_string()] {
        let answer = enter(&target, &["-a"], "echo here");
        assert_eq!(all_of(&answer), (Some(0), "here\n", ""));
    }
}

#[test]
fn what_is_no_target_is_refused_with_the_code_for_what_never_ran() {
    for (words, reason) in [
        (vec!["enter"], "there is no TARGET"),
        (vec!["enter", "0", "--", "true"], "\"0\" is no target"),
        (
            vec!["enter", "2147483646", "--", "true"],
            "there is no process or thread 2147483646",
        ),
        (
            vec!["enter", "/dev/null", "--", "true"],
            "/dev/null is not a namespace",
        ),
        (
            vec!["enter", "/no/file", "--", "true"],
            "cannot look at /no/file: No such file",
        ),
        (
            vec!["enter", "net:[1]", "--", "true"],
            "there is no namespace net:[1]",
        ),
        (
            vec!["enter", "docker:nobody", "--", "true"],
            "no container is called \"docker:nobody\"",
        ),
        (
            vec!["enter", "self", "--nosuch", "--", "true"],
            "unexpected argument '--nosuch'",
        ),
    ] {
        let answer = nsinspect(words.iter().copied()).run();
        assert_eq!((answer.code, &*answer.stdout), (Some(125), ""), "{words:?}");
        assert!(
            answer.stderr.contains(reason),
            "{words:?}: {}",
            answer.stderr
        );
    }
}

#[test]
fn descriptors_of_a_directory_that_is_no_procfs_are_not_followed() {
    needs_root!();
    let it = started!(sandbox());
    let folder = File::open("/tmp").unwrap();
    let proc = format!("/proc/self/fd/{}", folder.as_raw_fd());
    let answer = nsinspect(["--proc", &proc, "enter", &it.pid.to_string(), "--", "true"]).run();
    assert_eq!(
        (answer.code, &*answer.stdout),
        (Some(125), ""),
        "{answer:?}"
    );
}
