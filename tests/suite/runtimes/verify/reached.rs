//! What a container reaches: sockets, devices, files, the host's mounts and cgroups. Reading tells
//! little of that, so that these are experiments.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use serde_json::json;

use super::claims::{holds_and_fails, verify};
use crate::runtimes::workdir::{Workdir, mounts_below};
use crate::runtimes::{docker, podman, runc, started};
use crate::support::command::output_of;
use crate::support::skip::is_root;

#[test]
fn sockets_are_reachable_in_the_hosts_network_and_not_in_one_of_its_own() {
    let own = started!(podman::run(&[]));
    let shared = started!(podman::run(&["--network=host"]));
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

/// A mount of ours on the host that is shared, as on a machine of systemd all of them are.
struct SharedMount(Workdir);

impl SharedMount {
    fn new() -> Result<SharedMount, String> {
        let it = SharedMount(Workdir::new()?);
        let of = |kind: Option<&str>, flags| {
            let none = None::<&str>;
            mount(kind, it.0.path(), kind, flags, none).map_err(|errno| format!("a mount: {errno}"))
        };
        of(Some("tmpfs"), MsFlags::empty())?;
        of(None, MsFlags::MS_SHARED)?;
        Ok(it)
    }
}

#[test]
fn mounts_that_would_appear_on_the_host_are_noticed() {
    if !is_root() {
        skip!("needs root to mount");
    }
    let host = started!(SharedMount::new());
    let bound = |root: &str, propagation: &str| {
        runc::run(|it| {
            it["linux"]["rootfsPropagation"] = json!(root);
            let mounts = it["mounts"].as_array_mut().unwrap();
            mounts.push(json!({
                "destination": "/tmp", "type": "bind", "source": host.0.path(),
                "options": ["rbind", propagation],
            }));
        })
    };
    let claim = "propagation: [{path: /, is: not-to-host}]";
    // Made shared once it is a slave, it is in a group of its own, to which nobody of the host belongs.
    for (root, propagation) in [
        ("shared", "rslave"),
        ("shared", "rprivate"),
        ("rslave", "rshared"),
    ] {
        let it = started!(bound(root, propagation));
        verify(&it, claim).all_hold();
    }
    let it = started!(bound("shared", "rshared"));
    verify(&it, claim).only_fail(&["mounts below / do not reach the host"]);
    // What it says, tried: what is mounted inside is there outside.
    let mut inside = Command::new("nsenter");
    inside.args(["-t", &it.pid.to_string(), "-m", "/bin/sh", "-ec"]);
    inside.arg("/bin/busybox mkdir /tmp/in && /bin/mount -t tmpfs in /tmp/in");
    output_of(&mut inside).unwrap();
    let appeared = mounts_below(&host.0.join("in"));
    assert_eq!(appeared, [host.0.join("in")]);
    verify(&it, "propagation: [{path: /proc, is: not-to-host}]").all_hold();
}
