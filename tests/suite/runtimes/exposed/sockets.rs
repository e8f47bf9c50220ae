//! Sockets of others: by their files, and by abstract names.

use std::fs::{File, Permissions};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use nix::sched::{CloneFlags, setns};

use crate::runtimes::workdir::Workdir;
use crate::runtimes::{docker, started};

use super::{container, finding, is, judged};

#[test]
fn the_socket_of_an_engine_is_known_by_who_listens_whatever_it_is_called() {
    // Shares its daemon: whose socket that is.
    let first = started!(docker::run(&["--name", "nsi-engine"]));
    let socket = first.folder.join("socket");
    let source = socket.to_str().unwrap();
    let it = started!(container(|spec| {
        spec.bind(source, "/tmp/innocent.sock", &["ro"])
            .capabilities(&[]);
        spec.0["root"]["readonly"] = serde_json::json!(false);
    }));
    let found = finding(it.pid, "NSA-200").unwrap();
    assert_eq!(judged(it.pid, "NSA-200"), is("critical", "exploitable"));
    let why = found["why"].as_str().unwrap();
    assert!(
        why.contains("/dockerd (") && why.contains("as root of the host"),
        "{why}"
    );
    UnixStream::connect(format!("/proc/{}/root/tmp/innocent.sock", it.pid)).unwrap();
    assert_eq!(judged(first.pid, "NSA-200"), None);
    // The same below a directory, and for a uid that may not.
    let folder = first.folder.to_str().unwrap();
    let below = started!(container(|spec| {
        spec.bind(folder, "/tmp", &["ro"]);
    }));
    let found = finding(below.pid, "NSA-200").unwrap();
    let why = found["why"].as_str().unwrap();
    assert!(why.contains("it can connect to /tmp/"), "{why}");
    assert_eq!(judged(below.pid, "NSA-200"), is("critical", "exploitable"));
    let other = started!(container(|spec| {
        spec.bind(folder, "/tmp", &["ro"])
            .capabilities(&[])
            .user(1000);
    }));
    assert_eq!(judged(other.pid, "NSA-200"), is("critical", "mitigated"));
}

#[test]
fn a_socket_of_any_other_program_is_what_that_does_for_others() {
    let files = Workdir::new().unwrap();
    let path = files.join("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let source = files.path().to_str().unwrap();
    let it = started!(container(|spec| {
        spec.bind(source, "/tmp", &["ro"]);
    }));
    assert_eq!(judged(it.pid, "NSA-200"), is("high", "conditional"));
    let twin = started!(container(|spec| {
        spec.bind(source, "/tmp", &["ro"]).user_namespace(100_000);
    }));
    assert_eq!(judged(twin.pid, "NSA-200"), is("high", "mitigated"));
}

#[test]
fn a_socket_file_on_which_nobody_listens_is_no_finding() {
    let files = Workdir::new().unwrap();
    drop(UnixListener::bind(files.join("socket")).unwrap());
    let source = files.path().to_str().unwrap();
    let it = started!(container(|spec| {
        spec.bind(source, "/tmp", &[]);
    }));
    assert_eq!(judged(it.pid, "NSA-200"), None);
}

/// Connects from the network namespace of a process.
fn connects(pid: i32, name: &str) -> bool {
    let net = File::open(format!("/proc/{pid}/ns/net")).unwrap();
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let thread = std::thread::spawn(move || {
        setns(net, CloneFlags::CLONE_NEWNET).unwrap();
        UnixStream::connect_addr(&address).is_ok()
    });
    thread.join().unwrap()
}

#[test]
fn abstract_sockets_are_in_reach_of_whoever_shares_the_network() {
    let name = format!("nsi-exposed-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let shared = || {
        container(|spec| {
            spec.without_namespace("network")
                .capabilities(&[])
                .user(1000);
            // Whoever does not own the network namespace may not mount sysfs.
            spec.list("mounts").retain(|it| it["destination"] != "/sys");
        })
    };
    let it = started!(shared());
    let found = finding(it.pid, "NSA-021").unwrap();
    assert_eq!(judged(it.pid, "NSA-021"), is("medium", "exploitable"));
    let evidence = found["evidence"].to_string();
    assert!(evidence.contains(&name), "{evidence}");
    assert!(connects(it.pid, &name));
    let twin = started!(container(|_| ()));
    assert_eq!(judged(twin.pid, "NSA-021"), None);
    assert!(!connects(twin.pid, &name));
}

#[test]
fn the_socket_of_a_shim_is_critical_for_the_uid_that_it_trusts() {
    let name = format!("/containerd-shim/nsi-{}.sock", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let shared = |uid: u32| {
        container(move |spec| {
            spec.without_namespace("network")
                .capabilities(&[])
                .user(uid);
            spec.list("mounts").retain(|it| it["destination"] != "/sys");
        })
    };
    let root = started!(shared(0));
    assert_eq!(judged(root.pid, "NSA-021"), is("critical", "conditional"));
    let other = started!(shared(1000));
    assert_eq!(judged(other.pid, "NSA-021"), is("medium", "exploitable"));
}
