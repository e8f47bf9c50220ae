//! Open files and sockets.

use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::time::Duration;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{gettid, pause};
use serde_json::json;

use super::{
    everything, in_passing_thread, inode, is_governed_and_empty, is_held, needs_root,
    new_namespace, record,
};
use crate::support::facts;
use crate::support::forked::exit_this_thread;
use crate::support::process::wait_until;
use crate::support::telling::{telling, telling_and_then};

const UTS: CloneFlags = CloneFlags::CLONE_NEWUTS;

fn number(file: &impl AsRawFd) -> u64 {
    file.as_raw_fd().unsigned_abs().into()
}

#[test]
fn an_open_file_holds_a_namespace() {
    needs_root!();
    let child = telling(|| {
        let uts = in_passing_thread(|| new_namespace(UTS, "uts"));
        let told = vec![inode(&uts), number(&uts)];
        std::mem::forget(uts);
        told
    });
    let found = record(&everything(), "uts", child.told[0]);
    is_governed_and_empty(&found);
    let (pid, fd) = (child.pid(), child.told[1]);
    is_held(
        &found,
        &json!({"by": "fd", "pid": pid, "tid": pid, "fd": fd}),
    );
}

/// The text of its link is then no `uts:[…]` but the path of the mount, and `/` in the end.
#[test]
fn a_file_that_was_opened_through_a_mount_is_known_by_what_it_is_and_not_by_its_link() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("uts");
    File::create(&path).unwrap();
    let child = telling(|| {
        unshare(CloneFlags::CLONE_NEWNS).expect("root may unshare");
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("private mounts");
        in_passing_thread(|| {
            let uts = new_namespace(UTS, "uts");
            let link = format!("/proc/self/fd/{}", uts.as_raw_fd());
            let bind = MsFlags::MS_BIND;
            mount(Some(link.as_str()), &path, None::<&str>, bind, None::<&str>).expect("a bind");
        });
        let uts = File::open(&path).expect("the mount");
        umount2(&path, MntFlags::MNT_DETACH).expect("our own mount");
        let told = vec![inode(&uts), number(&uts)];
        std::mem::forget(uts);
        told
    });
    let link = std::fs::read_link(format!("/proc/{}/fd/{}", child.pid(), child.told[1])).unwrap();
    assert_eq!(link, std::path::Path::new("/"));
    let found = record(&everything(), "uts", child.told[0]);
    is_governed_and_empty(&found);
    is_held(
        &found,
        &json!({"by": "fd", "pid": child.pid(), "fd": child.told[1]}),
    );
}

#[test]
fn a_thread_with_a_table_of_its_own_holds_what_is_open_in_it() {
    needs_root!();
    let child = telling(|| {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_FILES).expect("a table of its own");
            let home = File::open("/proc/thread-self/ns/uts").expect("our own namespace");
            let uts = new_namespace(UTS, "uts");
            setns(&home, CloneFlags::empty()).expect("the way back");
            let thread: u64 = gettid().as_raw().unsigned_abs().into();
            let _ = tell.send([inode(&uts), number(&uts), thread]);
            loop {
                pause();
            }
        });
        told.recv().expect("the thread tells").to_vec()
    });
    let [uts, fd, tid] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    let found = record(&everything(), "uts", uts);
    is_governed_and_empty(&found);
    let expected = json!([{"by": "fd", "pid": child.pid(), "tid": tid, "fd": fd}]);
    is_held(&found, &expected[0]);
    assert_eq!(found["holders"].as_array().unwrap().len(), 1, "{found:#}");
}

#[test]
fn a_socket_holds_the_network_namespace_that_it_was_made_in() {
    needs_root!();
    let child = telling(|| {
        in_passing_thread(|| {
            let net = inode(&new_namespace(CloneFlags::CLONE_NEWNET, "net"));
            let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
            let told = vec![net, number(&socket)];
            std::mem::forget(socket);
            told
        })
    });
    let found = record(&everything(), "net", child.told[0]);
    is_governed_and_empty(&found);
    let (pid, fd) = (child.pid(), child.told[1]);
    is_held(&found, &json!({"by": "socket", "pid": pid, "fd": fd}));
}

/// Its first thread has no descriptors any more, and is what /proc/PID/fd shows.
#[test]
fn a_file_and_a_socket_are_held_by_the_thread_that_outlives_the_first_one() {
    needs_root!();
    let child = telling_and_then(
        || {
            let (tell, told) = mpsc::channel();
            for _ in 0..2 {
                let tell = tell.clone();
                std::thread::spawn(move || {
                    let _ = tell.send(gettid().as_raw().unsigned_abs().into());
                    loop {
                        pause();
                    }
                });
            }
            let threads: [u64; 2] = [(); 2].map(|()| told.recv().expect("a thread tells"));
            let uts = in_passing_thread(|| new_namespace(UTS, "uts"));
            let (net, socket) = in_passing_thread(socket_elsewhere);
            let told = [inode(&uts), number(&uts), net, number(&socket)];
            std::mem::forget((uts, socket));
            told.into_iter().chain(threads).collect()
        },
        exit_this_thread,
    );
    let is_dead = || facts::try_inode(child.pid(), "mnt").is_none();
    wait_until(Duration::from_secs(10), "the first thread to end", is_dead).unwrap();
    let [uts, fd, net, socket, one, other] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    let document = everything();
    let (uts, net) = (record(&document, "uts", uts), record(&document, "net", net));
    is_governed_and_empty(&uts);
    // Both threads have it open, in the one table that they share. Whatever other tests fork just
    // then has it too.
    let (pid, tid) = (child.pid(), one.min(other));
    let holders = uts["holders"].as_array().unwrap().iter();
    assert_eq!(holders.filter(|it| it["pid"] == pid).count(), 1, "{uts:#}");
    is_held(&uts, &json!({"by": "fd", "pid": pid, "tid": tid, "fd": fd}));
    if document["coverage"]["layers"]["sockets"] == "unsupported" {
        skip!("this kernel gives no descriptors of threads");
    }
    is_governed_and_empty(&net);
    is_held(
        &net,
        &json!({"by": "socket", "pid": pid, "tid": tid, "fd": socket}),
    );
}

/// A socket of a network namespace that no process is in.
fn socket_elsewhere() -> (u64, UdpSocket) {
    let net = inode(&new_namespace(CloneFlags::CLONE_NEWNET, "net"));
    (net, UdpSocket::bind("0.0.0.0:0").expect("a socket"))
}

#[test]
fn a_thread_with_a_table_of_its_own_holds_the_namespace_of_a_socket_in_it() {
    needs_root!();
    let child = telling(|| {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_FILES).expect("a table of its own");
            let home = File::open("/proc/thread-self/ns/net").expect("our own namespace");
            let (net, socket) = socket_elsewhere();
            setns(&home, CloneFlags::empty()).expect("the way back");
            let thread: u64 = gettid().as_raw().unsigned_abs().into();
            let _ = tell.send([net, number(&socket), thread]);
            loop {
                pause();
            }
        });
        told.recv().expect("the thread tells").to_vec()
    });
    let [net, fd, tid] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    let document = everything();
    if document["coverage"]["layers"]["sockets"] == "unsupported" {
        skip!("this kernel gives no descriptors of threads");
    }
    let found = record(&document, "net", net);
    is_governed_and_empty(&found);
    is_held(
        &found,
        &json!({"by": "socket", "pid": child.pid(), "tid": tid, "fd": fd}),
    );
}
