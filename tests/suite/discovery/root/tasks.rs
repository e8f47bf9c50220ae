//! Threads, dead leaders, and children that are yet to come.

use std::sync::mpsc;

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, gettid, pause};
use serde_json::json;

use super::{everything, inode, is_governed_and_empty, is_held, needs_root, new_namespace, record};
use crate::support::facts;
use crate::support::forked::exit_this_thread;
use crate::support::process::wait_until;
use crate::support::telling::{Telling, telling, telling_and_then};
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
    // The owner is asked of the namespace, which only the living thread leads to.
    let own = facts::inode(facts::own_pid(), "user");
    assert_eq!(found["owner"], own, "{found:#}");
    assert_ne!(child.told[0], ended.told[0]);
}

/// Each of its threads is in another ipc namespace, and the first one has ended: the lowest stands
/// for the process.
#[test]
fn threads_in_several_namespaces_hold_each_of_them_when_the_first_has_ended() {
    needs_root!();
    let child = telling_and_then(
        || [diverging_thread(), diverging_thread()].concat(),
        exit_this_thread,
    );
    wait_for_dead_leader(child.pid());
    let [one, first, other, second] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    let (lower, higher, tid) = match first < second {
        true => (one, other, second),
        false => (other, one, first),
    };
    let document = everything();
    let (lower, higher) = (
        record(&document, "ipc", lower),
        record(&document, "ipc", higher),
    );
    let own = facts::inode(facts::own_pid(), "user");
    assert_eq!(
        (&lower["owner"], &lower["nprocs"]),
        (&json!(own), &json!(1))
    );
    is_held(
        &lower,
        &json!({"by": "process", "pid": child.pid(), "count": 1}),
    );
    is_governed_and_empty(&higher);
    is_held(
        &higher,
        &json!({"by": "thread", "pid": child.pid(), "tid": tid}),
    );
}

fn wait_for_dead_leader(pid: i32) {
    let is_dead = || facts::try_inode(pid, "mnt").is_none();
    wait_until(Duration::from_secs(10), "the first thread to end", is_dead).unwrap();
}

/// The same as [`diverging_thread`], but the first thread has exited.
fn forked_leader_exit() -> Telling {
    let child = telling_and_then(diverging_thread, exit_this_thread);
    wait_for_dead_leader(child.pid());
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
    let own = |kind| json!(facts::inode(facts::own_pid(), kind));
    assert_eq!(
        (&found["owner"], &found["parent"]),
        (&own("user"), &own("pid"))
    );
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
fn a_time_namespace_that_only_children_will_be_in_is_held_by_their_parent() {
    needs_root!();
    if facts::try_inode(facts::own_pid(), "time").is_none() {
        skip!("this kernel has no time namespaces");
    }
    let child = telling(|| {
        unshare(CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME)).expect("root may unshare");
        Vec::new()
    });
    let waiting = facts::inode(child.pid(), "time_for_children");
    assert_ne!(waiting, facts::inode(child.pid(), "time"));
    let found = record(&everything(), "time", waiting);
    is_governed_and_empty(&found);
    let pid = child.pid();
    is_held(
        &found,
        &json!({"by": "for_children", "pid": pid, "tid": pid, "broken": false}),
    );
}

#[test]
fn a_pid_namespace_whose_init_has_died_is_broken_for_those_who_wait_to_fork_into_it() {
    needs_root!();
    let child = telling(|| {
        let _ = waitpid(dead_init(), None);
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

/// It is still counted, as PID 1 of that namespace.
#[test]
fn a_dead_init_that_nobody_has_waited_for_breaks_its_pid_namespace_too() {
    needs_root!();
    let child = telling(|| {
        let init = dead_init();
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(init), flags).expect("our own child");
        // SAFETY: the child would end at once.
        let fails = unsafe { fork() }.err() == Some(nix::errno::Errno::ENOMEM);
        vec![init.as_raw().unsigned_abs().into(), fails.into()]
    });
    assert_eq!(child.told[1], 1, "the kernel refuses a fork");
    let dead = facts::inode(child.pid(), "pid_for_children");
    let found = record(&everything(), "pid", dead);
    is_held(
        &found,
        &json!({"by": "for_children", "pid": child.pid(), "broken": true}),
    );
    is_held(
        &found,
        &json!({"by": "process", "pid": child.told[0], "count": 1}),
    );
}

/// The init of a new pid namespace, which ends at once.
fn dead_init() -> Pid {
    unshare(CloneFlags::CLONE_NEWPID).expect("root may unshare");
    // SAFETY: the child ends at once.
    match unsafe { fork() }.expect("a child") {
        // SAFETY: runs nothing of the parent's.
        ForkResult::Child => unsafe { nix::libc::_exit(0) },
        ForkResult::Parent { child } => child,
    }
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
