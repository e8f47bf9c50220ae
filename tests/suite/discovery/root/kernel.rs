//! What only the kernel's own list knows, and numbers that are used again.

use std::io::IoSlice;
use std::os::fd::AsRawFd;

use nix::sched::CloneFlags;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair,
};
use serde_json::{Value, json};

use super::{everything, in_passing_thread, inode, is_held, needs_root, new_namespace, record};
use crate::support::forked::let_nsinspect_fork;
use crate::support::run::nsinspect;
use crate::support::telling::telling;

#[test]
fn a_namespace_in_flight_is_found_where_the_kernel_lists_it_and_else_the_gap_is_said() {
    needs_root!();
    let child = telling(|| {
        let (one, other) = socketpair(
            AddressFamily::Unix,
            SockType::Datagram,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .expect("two sockets");
        let ipc = in_passing_thread(|| new_namespace(CloneFlags::CLONE_NEWIPC, "ipc"));
        let rights = [ipc.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&rights)];
        let byte = [IoSlice::new(b"x")];
        sendmsg::<()>(one.as_raw_fd(), &byte, &rights, MsgFlags::empty(), None).expect("a message");
        std::mem::forget((one, other));
        vec![inode(&ipc)]
    });
    let document = everything();
    match document["coverage"]["layers"]["kernel_list"].as_str() {
        Some("done") => is_held(
            &record(&document, "ipc", child.told[0]),
            &json!({"by": "kernel"}),
        ),
        Some("unsupported") => {
            let all = document["namespaces"].as_array().unwrap();
            assert!(all.iter().all(|it| it["ns"] != child.told[0]));
            in_flight_is_told(&document);
        }
        other => panic!("kernel_list is {other:?}"),
    }
}

/// Not what it is, but that there is one: in the document, to people, and by `doctor`.
fn in_flight_is_told(document: &Value) {
    let count = document["coverage"]["in_flight"].as_u64();
    assert!(count.is_some_and(|count| count > 0), "{count:?}");
    let said = nsinspect(&["list", "--depth", "full"]).expect(0).stderr;
    assert!(said.contains("on the way between sockets"), "{said}");
    let doctor = nsinspect(&["doctor"]).expect(0).stdout;
    assert!(
        doctor.contains("file descriptors in flight now: "),
        "{doctor}"
    );
}

#[test]
fn three_namespaces_with_one_inode_after_another_are_told_apart_by_their_ids() {
    needs_root!();
    let mut found = Vec::new();
    for _ in 0..3 {
        let child = telling(|| vec![inode(&new_namespace(CloneFlags::CLONE_NEWUTS, "uts"))]);
        found.push(record(&everything(), "uts", child.told[0]));
    }
    if found[0]["ns_id"].is_null() {
        assert_eq!(found[0]["unknown"]["ns_id"], "unsupported");
        skip!("this kernel has no ids of namespaces");
    }
    let mut ids: Vec<_> = found
        .iter()
        .map(|it| it["ns_id"].as_u64().unwrap())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{found:#?}");
}

#[test]
fn looking_everywhere_leaves_no_descriptor_and_no_child_behind() {
    needs_root!();
    let child = telling(|| {
        let count = || std::fs::read_dir("/proc/self/fd").expect("our own").count() as u64;
        let_nsinspect_fork();
        let collector = nsinspect::collect::Collector::open("/proc".as_ref()).expect("a procfs");
        let before = count();
        let depth = nsinspect::collect::Depth::Everything;
        let mut snapshot = collector.scan(depth).expect("a scan");
        collector.discover(&mut snapshot, nsinspect::collect::Reach::Full);
        let inside: Vec<_> = snapshot
            .namespaces
            .values()
            .filter_map(|it| Some((it.key, it.lowest?)))
            .collect();
        collector.look_inside(&mut snapshot, &inside);
        let children = nix::sys::wait::waitpid(None, None).is_ok();
        vec![before, count(), children.into()]
    });
    let [before, after, children] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    assert_eq!((after, children), (before, 0));
}
