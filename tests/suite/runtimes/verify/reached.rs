//! What a container reaches: sockets, devices, files, the host's mounts and cgroups. Reading tells
//! little of that, so that these are experiments.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use serde_json::json;

use super::claims::{holds_and_fails, verify};
use crate::runtimes::{docker, runc, started};

#[test]
fn sockets_are_reachable_in_the_hosts_network_and_not_in_one_of_its_own() {
    let own = started!(docker::run(&[]));
    let shared = started!(docker::run(&["--network=host"]));
    let name = format!("nsinspect-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listens = UnixListener::bind_addr(&address).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    let sockets = format!("['@{name}', 'tcp:{port}']");
    holds_and_fails(
        &own,
        &shared,
        &[
            &format!("sockets: {{unreachable: {sockets}}}"),
            "isolated: [net]",
        ],
    );
    holds_and_fails(
        &shared,
        &own,
        &[&format!("sockets: {{reachable: {sockets}}}")],
    );
}

#[test]
fn a_socket_that_is_mounted_can_be_connected_to_even_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let _listens = UnixListener::bind(&path).unwrap();
    let volume = format!("--volume={}:/run/innocent:ro", path.display());
    let without = started!(docker::run(&[]));
    let with = started!(docker::run(&[&volume]));
    let claim = "sockets: {unreachable: [/run/innocent]}";
    holds_and_fails(&without, &with, &[claim]);
}

#[test]
fn devices_open_where_the_cgroup_allows_it() {
    let it = started!(docker::run(&[]));
    for (claim, code) in [
        ("{path: /dev/null, access: write, allowed: true}", 0),
        ("{path: /dev/null, access: write, allowed: false}", 1),
        ("{path: /dev/full, access: read, allowed: true}", 0),
        ("{path: /dev/mem, access: read, allowed: false}", 0),
    ] {
        let verified = verify(&it, &format!("devices: [{claim}]"));
        assert_eq!(verified.code, code, "{claim}: {:#}", verified.document);
    }
}

#[test]
fn files_can_be_written_or_not_as_the_target_itself_could() {
    let root = started!(docker::run(&[]));
    let nobody = started!(docker::run(&[
        "--user=65534",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
    ]));
    let claim = "paths: {not_writable: [/etc/passwd]}";
    holds_and_fails(&nobody, &root, &[claim]);
}

#[test]
fn mounts_that_would_appear_on_the_host_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let shared = started!(runc::run(|it| {
        let mounts = it["mounts"].as_array_mut().unwrap();
        mounts.push(json!({
            "destination": "/tmp", "type": "bind", "source": folder.path(),
            "options": ["rbind", "rshared"],
        }));
    }));
    let private = started!(runc::run(|_| ()));
    let claim = "propagation: [{path: /, is: not-to-host}]";
    verify(&private, claim).all_hold();
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    if !table.contains(" shared:") {
        skip!("no mount of this machine is shared, so none can be shared with it");
    }
    verify(&shared, claim).only_fail(&["mounts below / do not reach the host"]);
}
