//! Claims of a file, each on a container of which it holds and on one of which it fails.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::Verified;
use crate::runtimes::{Container, bwrap, docker, runc, started};
use crate::support::facts::try_inode;
use crate::support::forked::fork_off;
use crate::support::process::{comm_of, wait_until};
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;
use crate::support::telling::telling;

/// The claims as a file; its name lives as long as it.
fn file(claims: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let indented = claims.replace('\n', "\n  ");
    write!(file, "version: 1\nclaims:\n  {indented}\n").unwrap();
    file
}

pub fn verify(container: &Container, claims: &str) -> Verified {
    let file = file(claims);
    let path = file.path().to_str().expect("a path");
    Verified::of(&container.pid.to_string(), &["--claims", path])
}

/// Every claim holds of the first container and fails of the second.
#[track_caller]
pub fn holds_and_fails(first: &Container, second: &Container, claims: &[&str]) {
    for claim in claims {
        verify(first, claim).all_hold();
        let verified = verify(second, claim);
        let count = verified.claims().len();
        assert_eq!(
            verified.with("fails").len(),
            count,
            "{claim}: {:#}",
            verified.document
        );
    }
}

#[test]
fn rights_are_what_is_claimed_or_not() {
    let weak = started!(runc::run(|it| {
        it["process"]["user"] = json!({"uid": 1000, "gid": 1000});
        it["process"]["capabilities"] = json!({});
    }));
    let strong = started!(runc::run(|it| {
        it["process"]["noNewPrivileges"] = false.into();
        it["process"]["capabilities"]["ambient"] = json!([]);
    }));
    holds_and_fails(
        &weak,
        &strong,
        &[
            "process: {uid: 1000}",
            "process: {root: false}",
            "capabilities: {effective: {exactly: []}}",
            "capabilities: {bounding: {at_most: [chown]}}",
            "no_new_privs: true",
        ],
    );
    holds_and_fails(
        &strong,
        &weak,
        &[
            "capabilities: {effective: {at_least: [kill, CAP_AUDIT_WRITE]}}",
            "no_new_privs: false",
        ],
    );
    verify(&weak, "seccomp: disabled").all_hold();
    verify(&weak, "seccomp: filter").only_fail(&["seccomp filter"]);
    verify(&weak, "lsm: '*'").only_fail(&["confined by a security module"]);
}

#[test]
fn ids_are_mapped_as_is_claimed_or_not() {
    let own = started!(runc::run(|it| runc::map_to(it, 100_000)));
    let identity = started!(runc::run(|it| runc::map_to(it, 0)));
    holds_and_fails(
        &own,
        &identity,
        &[
            "user: {root_on_host: false}",
            "user: {uid_map: [{inside: 0, outside: 100000, count: 65536}]}",
            "user: {gid_map: [{inside: 0, outside: 100000, count: 65536}]}",
        ],
    );
    verify(&own, "user: {setgroups: allow}").all_hold();
    verify(&own, "user: {setgroups: deny}").only_fail(&["setgroups denied"]);
    // Isolated by its number, and yet its root is the host's.
    assert!(
        verify(&identity, "isolated: [user]")
            .with("undecided")
            .is_empty()
    );
}

#[test]
fn kinds_are_shared_or_isolated_from_each_other_as_is_claimed_or_not() {
    let one = started!(docker::run(&[]));
    let joined = format!("--network=container:{}", one.id);
    let two = started!(docker::run(&[&joined]));
    let others =
        |claim: &str, kinds: &str| format!("{claim}: [{{target: {}, kinds: [{kinds}]}}]", one.pid);
    verify(&two, &others("shared_with", "net")).all_hold();
    verify(&two, &others("isolated_from", "pid, mnt, ipc, uts")).all_hold();
    let name = format!("net isolated from {}", one.pid);
    verify(&two, &others("isolated_from", "net")).only_fail(&[&name]);
    let name = format!("ipc shared with {}", one.pid);
    verify(&two, &others("shared_with", "ipc")).only_fail(&[&name]);
    verify(&two, "shared: [user, time]").all_hold();
    verify(&two, "shared: [pid]").only_fail(&["pid shared"]);
}

#[test]
fn paths_and_mounts_are_what_is_claimed_or_not() {
    let masked = started!(runc::run(|_| ()));
    let bare = started!(runc::run(|it| {
        it["linux"]["maskedPaths"] = json!([]);
        it["linux"]["readonlyPaths"] = json!([]);
        it["root"]["readonly"] = false.into();
        let mounts = it["mounts"].as_array_mut().unwrap();
        mounts
            .push(json!({"destination": "/added", "type": "tmpfs", "source": "x", "options": []}));
    }));
    holds_and_fails(
        &masked,
        &bare,
        &[
            "paths: {masked: [/proc/keys, /proc/timer_list]}",
            "paths: {read_only: [/proc/sys, /]}",
            "paths: {absent: [/added]}",
            "paths: {not_mounted: [/added]}",
            "paths: {mounted: [/proc/sys]}",
        ],
    );
    verify(&bare, "paths: {nosuid: [/dev]}").all_hold();
    verify(&bare, "paths: {nosuid: [/added]}").only_fail(&["/added nosuid"]);
    verify(&bare, "propagation: [{path: /added, is: private}]").all_hold();
    verify(&bare, "propagation: [{path: /added, is: shared}]")
        .only_fail(&["propagation of /added shared"]);
}

#[test]
fn what_it_sees_of_others_is_what_is_claimed_or_not() {
    let own = started!(runc::run(|_| ()));
    let shown = started!(runc::run(|it| {
        let mounts = it["mounts"].as_array_mut().unwrap();
        mounts.push(json!({
            "destination": "/host", "type": "bind", "source": "/proc", "options": ["rbind", "ro"],
        }));
    }));
    holds_and_fails(&own, &shown, &["processes: {of_others: false}"]);
    verify(&own, "processes: {at_most: 1}").all_hold();
    verify(&own, "processes: {at_most: 0}").only_fail(&["sees at most 0 processes"]);
    verify(&own, "hostname: runc").all_hold();
    verify(&own, "hostname: other").only_fail(&["hostname other"]);
    verify(&own, "interfaces: [lo]").all_hold();
    verify(&own, "interfaces: []").only_fail(&["no interfaces"]);
    verify(
        &own,
        "sockets: {unreachable: ['tcp:1', '@nobody-listens', /run/nosuch]}",
    )
    .all_hold();
    verify(
        &own,
        "devices: [{path: /dev/mem, access: read, allowed: false}]",
    )
    .all_hold();
    verify(
        &own,
        "devices: [{path: /dev/mem, access: read, allowed: true}]",
    )
    .only_fail(&["/dev/mem opens to read"]);
}

#[test]
fn an_audit_finds_nothing_above_what_is_claimed_or_does() {
    let usual = started!(docker::run(&[
        "--cap-drop=ALL",
        "--user=1000",
        "--security-opt=no-new-privileges",
    ]));
    let privileged = started!(docker::run(&["--pid=host", "--cap-add=SYS_PTRACE"]));
    holds_and_fails(&usual, &privileged, &["no_finding_above: high"]);
}

#[test]
fn every_container_that_a_selector_fits_is_looked_at() {
    let one = started!(docker::run(&["--name", "selected-one"]));
    let two = started!(docker::run(&["--name", "selected-two", "--pid=host"]));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = "version: 1\ntargets:\n- select: {runtime: docker, name: 'selected-*'}\n  \
                claims: {isolated: [pid]}\n";
    write!(file, "{text}").unwrap();
    let path = file.path().to_str().unwrap();
    let answer = crate::support::run::nsinspect(&["verify", "--json", "--claims", path]).expect(1);
    let document = answer.json();
    let claims = document["claims"].as_array().unwrap();
    let rows: Vec<_> = claims
        .iter()
        .map(|it| (it["pid"].as_i64().unwrap(), it["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [(two.pid.into(), "fails"), (one.pid.into(), "holds")]);
}

#[test]
fn without_the_right_to_look_nothing_is_said_to_hold() {
    let it = started!(docker::run(&[]));
    let file =
        file("isolated: [pid, net]\nhostname: x\npaths: {absent: [/nosuch], read_only: [/]}");
    let pid = it.pid.to_string();
    let args = [
        "verify",
        &pid,
        "--json",
        "--claims",
        file.path().to_str().unwrap(),
    ];
    // The file is read by whoever asks.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(file.path(), mode).unwrap();
    let answer = crate::support::run::nsinspect_as_nobody(&args).expect(2);
    let document = answer.json();
    for claim in document["claims"].as_array().unwrap() {
        assert_eq!(claim["verdict"], "undecided", "{claim:#}");
        assert!(claim["reason"].is_string(), "{claim:#}");
    }
}

#[test]
fn a_container_is_told_apart_from_a_process_of_it() {
    let it = started!(runc::run(|it| {
        it["linux"]["cgroupsPath"] = json!(format!("/docker/{:064x}", std::process::id()));
    }));
    runc::exec(&it, &["--cap", "CAP_SYS_ADMIN"]).unwrap();
    let file = file("capabilities: {bounding: {at_most: [kill, audit_write, net_bind_service]}}");
    let path = file.path().to_str().unwrap();
    // The init itself has no more than was claimed.
    Verified::of(&it.pid.to_string(), &["--claims", path]).all_hold();
    let name = format!("{:064x}", std::process::id());
    let whole = Verified::of(&name, &["--claims", path]);
    whole.only_fail(&["bounding capabilities at most kill net_bind_service audit_write"]);
    assert_eq!(whole.document["targets"][0]["nprocs"], 2);
}

/// The init of a pid namespace is not gone before all in there are waited for, one of them by somebody
/// outside: until then it sleeps, without a namespace.
#[test]
fn a_process_that_cannot_come_to_its_end_leaves_nothing_undecided_of_others() {
    if !is_root() {
        skip!("needs root to join a pid namespace");
    }
    let init = started!(Sandbox::start(&["--pid", "--fork"], ""));
    let namespace = File::open(format!("/proc/{}/ns/pid", init.pid)).unwrap();
    let _never_waits = telling(|| {
        setns(&namespace, CloneFlags::CLONE_NEWPID).unwrap();
        vec![fork_off(|| ()).as_raw().unsigned_abs().into()]
    });
    kill(Pid::from_raw(init.pid), Signal::SIGKILL).unwrap();
    let without = || try_inode(init.pid, "mnt").is_none() && comm_of(init.pid).is_some();
    wait_until(Duration::from_secs(10), "it to be ending", without).unwrap();
    let it = started!(bwrap::run(&[]));
    verify(&it, "isolated: [pid, mnt]").all_hold();
    assert!(without(), "it is still there");
}
