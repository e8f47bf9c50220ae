//! Threads, dead leaders, and children that are yet to come.

use std::sync::mpsc;

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, gettid, pause};
use serde_json::json;

use super::{everything, inode, is_governed_and_empty, is_held, needs_root, new_namespace, record};
use crate::support::facts;
use crate::support::process::wait_until;
use crate::support::telling::telling;
use std::time::Duration;

/// A thread in an ipc namespace of its own, which it tells with its number, and which waits.
fn diverging_thread() -> Vec<u64> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let ipc = inode(&new_namespace(CloneFlags::CLONE_NEWIPC, "ipc"));
        let _ = tell.send([ipc, gettid().as_raw().unsigned_abs().into()]);
        loop {
            pause();
        }
    });
    told.recv().expect("the thread tells").to_vec()
}

#[test]
fn a_thread_holds_a_namespace_that_its_process_is_not_in() {
    needs_root!();
    let child = telling(diverging_thread);
    let found = record(&everything(), "ipc", child.told[0]);
    is_governed_and_empty(&found);
    is_held(
        &found,
        &json!({"by": "thread", "pid": child.pid(), "tid": child.told[1]}),
    );
}

#[test]
fn a_thread_that_outlives_the_first_one_keeps_its_process_in_its_namespaces() {
    needs_root!();
    let child = telling(diverging_thread);
    // Ends the first thread alone: what exit(2) does to a process with others.
    let ended = forked_leader_exit();
    let found = record(&everything(), "ipc", ended.told[0]);
    assert_eq!(
        (&found["pid"], &found["nprocs"]),
        (&json!(ended.pid()), &json!(1))
    );
    assert_ne!(child.told[0], ended.told[0]);
}

/// The same as [`diverging_thread`], but the first thread has exited.
fn forked_leader_exit() -> crate::support::telling::Telling {
    let child = crate::support::telling::telling_and_then(diverging_thread, || {
        // SAFETY: ends the calling thread only.
        unsafe { nix::libc::syscall(nix::libc::SYS_exit, 0) };
    });
    let is_dead = || facts::try_inode(child.pid(), "mnt").is_none();
    wait_until(Duration::from_secs(10), "the first thread to end", is_dead).unwrap();
    child
}

#[test]
fn a_process_whose_next_child_will_be_in_a_namespace_holds_it() {
    needs_root!();
    let child = telling(|| {
        unshare(CloneFlags::CLONE_NEWPID).expect("root may unshare");
        vec![fork_pausing()]
    });
    let inside = facts::inode(child.pid(), "pid_for_children");
    let found = record(&everything(), "pid", inside);
    is_held(
        &found,
        &json!({"by": "for_children", "pid": child.pid(), "tid": child.pid(), "broken": false}),
    );
    is_held(
        &found,
        &json!({"by": "process", "pid": child.told[0], "count": 1}),
    );
}

#[test]
fn a_pid_namespace_whose_init_has_died_is_broken_for_those_who_wait_to_fork_into_it() {
    needs_root!();
    let child = telling(|| {
        unshare(CloneFlags::CLONE_NEWPID).expect("root may unshare");
        // SAFETY: the child ends at once.
        match unsafe { fork() }.expect("a child") {
            // SAFETY: runs nothing of the parent's.
            ForkResult::Child => unsafe { nix::libc::_exit(0) },
            ForkResult::Parent { child } => drop(waitpid(child, None)),
        }
        Vec::new()
    });
    let dead = facts::inode(child.pid(), "pid_for_children");
    let found = record(&everything(), "pid", dead);
    is_governed_and_empty(&found);
    is_held(
        &found,
        &json!({"by": "for_children", "pid": child.pid(), "broken": true}),
    );
}

/// A child that waits, in whatever namespaces are due; dies with its parent.
fn fork_pausing() -> u64 {
    // SAFETY: the child only waits.
    match unsafe { fork() }.expect("a child") {
        ForkResult::Child => {
            let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
            loop {
                pause();
            }
        }
        ForkResult::Parent { child } => child.as_raw().unsigned_abs().into(),
    }
}
