//! Open files and sockets.

use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::mpsc;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{gettid, pause};
use serde_json::json;

use super::{
    everything, in_passing_thread, inode, is_governed_and_empty, is_held, needs_root,
    new_namespace, record,
};
use crate::support::telling::telling;

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
    assert!(!link.to_string_lossy().starts_with("uts:["), "{link:?}");
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
