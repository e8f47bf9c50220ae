//! Namespaces that are the host's, and the processes that are in reach by that.

use std::process::Command;

use serde_json::{Value, json};

use super::{Audited, case, give, judge, map_to, run_as, share, take_all};
use crate::runtimes::{rootfs, runc, started, workdir::Workdir};
use crate::support::facts::{inode, own_pid, status};
use crate::support::process::Spawned;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::{has_program, is_root};
use crate::support::users::strangers;

/// A process of the host whose uid nobody else has, and nothing else.
pub fn victim() -> Result<Spawned, String> {
    let uid = strangers()[0].to_string();
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
    let victim = Spawned::start(setpriv.args(["sleep", "300"]))?;
    let what = "the victim to have its uid";
    crate::support::process::wait_until(std::time::Duration::from_secs(10), what, || {
        crate::support::process::comm_of(victim.pid()).as_deref() == Some("sleep")
    })?;
    Ok(victim)
}

/// So many processes are named as evidence.
const NAMED: usize = 5;

/// The processes outside that are named, as PIDs.
fn witnesses(audited: &Audited) -> Vec<i32> {
    let evidence = audited.evidence("NSA-011");
    let named = evidence.lines().filter(|line| line.contains(" with uid "));
    let pid = |line: &str| line.split('/').nth(2)?.parse().ok();
    named.filter_map(pid).collect()
}

/// How bad it is to reach into the processes of the host that this machine has beside ours. The
/// first that is named has most: where it is root, or has a capability, that is worth all files of
/// the host.
pub fn severity_of_witnesses(audited: &Audited) -> &'static str {
    let first = witnesses(audited)[0];
    let has_capability = status(first, "CapPrm") != ["0000000000000000"];
    let is_in_hosts = inode(first, "user") == inode(own_pid(), "user");
    match status(first, "Uid")[1] == "0" || has_capability && is_in_hosts {
        true => "critical",
        false => "high",
    }
}

/// A new procfs of the host's pid namespace takes rights over the host; a bind of it does not.
fn bind_hosts_proc(config: &mut Value) {
    let mounts = config["mounts"].as_array_mut().unwrap();
    let proc = mounts.iter_mut().find(|it| it["destination"] == "/proc");
    *proc.unwrap() =
        json!({"destination": "/proc", "type": "bind", "source": "/proc", "options": ["rbind"]});
}

#[test]
fn nsa_010_the_hosts_pid_namespace() {
    judge!([
        case(
            "NSA-010",
            "shared",
            |it| share(it, "pid"),
            Some(("medium", "exploitable"))
        ),
        case("NSA-010", "its own", |_| (), None),
    ]);
}

#[test]
fn nsa_011_a_process_outside_is_reached_by_cap_sys_ptrace_unless_a_user_namespace_is_between() {
    judge!([
        case(
            "NSA-011",
            "CAP_SYS_PTRACE",
            |it| {
                share(it, "pid");
                give(it, &["CAP_SYS_PTRACE"]);
            },
            Some(("critical", "exploitable")),
        ),
        case(
            "NSA-011",
            "CAP_SYS_PTRACE in a user namespace",
            |it| {
                share(it, "pid");
                bind_hosts_proc(it);
                map_to(it, 6_000_000);
                give(it, &["CAP_SYS_PTRACE"]);
            },
            None,
        ),
        case(
            "NSA-011",
            "CAP_SYS_PTRACE, and a pid namespace",
            |it| give(it, &["CAP_SYS_PTRACE"]),
            None,
        ),
    ]);
}

#[test]
fn nsa_011_a_process_outside_is_reached_by_becoming_its_uid_with_dockers_default_capabilities() {
    let victim = started!(victim());
    let it = started!(runc::run(|it| {
        share(it, "pid");
        give(it, &[]);
    }));
    let audited = Audited::of(it.pid);
    let severity = severity_of_witnesses(&audited);
    assert_eq!(audited.judged("NSA-011"), Some((severity, "exploitable")));
    let evidence = audited.evidence("NSA-011");
    let [uid, _] = strangers();
    let line = format!("/proc/{}/status sleep with uid {uid}", victim.pid());
    // Others of this machine may come before it.
    let is_full = witnesses(&audited).len() == NAMED;
    assert!(evidence.contains(&line) || is_full, "{evidence}");
    let twin = started!(runc::run(|it| give(it, &[])));
    assert_eq!(Audited::of(twin.pid).judged("NSA-011"), None);
}

#[test]
fn nsa_011_a_process_outside_of_the_same_uid_is_reached_without_any_capability() {
    let victim = started!(victim());
    let it = started!(runc::run(|it| {
        share(it, "pid");
        take_all(it);
        run_as(it, strangers()[0]);
    }));
    let audited = Audited::of(it.pid);
    assert_eq!(audited.judged("NSA-011"), Some(("high", "exploitable")));
    let evidence = audited.evidence("NSA-011");
    assert!(
        evidence.contains(&format!("/proc/{}/", victim.pid())),
        "{evidence}"
    );
    let twin = started!(runc::run(|it| {
        share(it, "pid");
        take_all(it);
        run_as(it, strangers()[1]);
    }));
    assert_eq!(Audited::of(twin.pid).judged("NSA-011"), None);
}

#[test]
fn nsa_020_and_107_the_hosts_network_and_what_capabilities_are_worth_there() {
    judge!([
        case(
            "NSA-020",
            "shared",
            |it| share(it, "network"),
            Some(("medium", "exploitable"))
        ),
        case("NSA-020", "its own", |_| (), None),
        case(
            "NSA-107",
            "shared, with CAP_NET_RAW over it",
            |it| {
                share(it, "network");
                give(it, &[]);
            },
            Some(("medium", "exploitable")),
        ),
        case(
            "NSA-107",
            "shared, with CAP_NET_RAW in a user namespace",
            |it| {
                share(it, "network");
                map_to(it, 6_000_000);
                give(it, &[]);
            },
            Some(("medium", "shared-only")),
        ),
        case("NSA-107", "its own", |it| give(it, &[]), None),
    ]);
}

#[test]
fn nsa_022_two_containers_with_one_network() {
    let one = started!(runc::run(|it| super::name_cgroup(it, &super::hash(22))));
    assert_eq!(Audited::of(one.pid).judged("NSA-022"), None);
    let path = format!("/proc/{}/ns/net", one.pid);
    let other = started!(runc::run(|it| {
        super::name_cgroup(it, &super::hash(23));
        let namespaces = it["linux"]["namespaces"].as_array_mut().unwrap();
        let net = namespaces.iter_mut().find(|it| it["type"] == "network");
        net.unwrap()["path"] = json!(path);
    }));
    for pid in [one.pid, other.pid] {
        let judged = Audited::of(pid);
        assert_eq!(judged.judged("NSA-022"), Some(("medium", "exploitable")));
    }
}

#[test]
fn nsa_030_the_hosts_ipc_namespace() {
    if !is_root() || !has_program("ipcmk") {
        skip!("needs root and ipcmk");
    }
    let segment = Segment::make();
    judge!([
        case(
            "NSA-030",
            "shared, as the host's root",
            |it| share(it, "ipc"),
            Some(("medium", "exploitable")),
        ),
        case(
            "NSA-030",
            "shared, as nobody of the host's",
            |it| {
                share(it, "ipc");
                map_to(it, 6_000_000);
            },
            Some(("medium", "conditional")),
        ),
        case("NSA-030", "its own", |_| (), None),
    ]);
    drop(segment);
}

/// A segment of shared memory in our ipc namespace, removed with the test.
struct Segment(String);

impl Segment {
    fn make() -> Segment {
        let output = Command::new("ipcmk").args(["-M", "64"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        Segment(text.trim().rsplit(' ').next().unwrap().to_owned())
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let _ = Command::new("ipcrm").args(["-m", &self.0]).status();
    }
}

#[test]
fn nsa_031_the_hosts_name_is_only_seen_where_cap_sys_admin_does_not_count_over_it() {
    judge!([
        case(
            "NSA-031",
            "CAP_SYS_ADMIN in a user namespace",
            |it| {
                share(it, "uts");
                map_to(it, 6_000_000);
                give(it, &["CAP_SYS_ADMIN"]);
                it["hostname"].take();
            },
            Some(("low", "shared-only")),
        ),
        case(
            "NSA-031",
            "CAP_SYS_ADMIN over the host",
            |it| {
                share(it, "uts");
                give(it, &["CAP_SYS_ADMIN"]);
                it["hostname"].take();
            },
            Some(("low", "exploitable")),
        ),
        case("NSA-031", "its own", |_| (), None),
    ]);
}

#[test]
fn nsa_032_and_033_the_hosts_cgroup_and_time_namespaces() {
    judge!([
        case(
            "NSA-032",
            "shared",
            |it| share(it, "cgroup"),
            Some(("low", "exploitable")),
        ),
        case(
            "NSA-032",
            "its own",
            |it| {
                share(it, "cgroup");
                let namespaces = it["linux"]["namespaces"].as_array_mut().unwrap();
                namespaces.push(json!({"type": "cgroup"}));
            },
            None,
        ),
        case("NSA-033", "shared", |_| (), Some(("info", "shared-only"))),
    ]);
    if is_root() {
        let it = started!(Sandbox::start(&["--time", "--fork"], ""));
        assert_eq!(Audited::of(it.pid).judged("NSA-033"), None);
    }
}

#[test]
fn nsa_040_a_chroot_does_not_hold_root_and_its_empty_mount_table_says_nothing() {
    if !is_root() || !has_program("busybox") {
        skip!("needs root and busybox");
    }
    let files = started!(Workdir::new());
    let root = started!(rootfs::build(&files, "rootfs"));
    let chroot = |arguments: &[&str]| {
        let mut command = Command::new("chroot");
        command.args(arguments).arg(&root);
        Sandbox::run(command.args(["/bin/sh", "-c", &then_sleep("")]))
    };
    let it = started!(chroot(&[]));
    let audited = Audited::of(it.pid);
    assert_eq!(audited.judged("NSA-040"), Some(("critical", "exploitable")));
    assert!(
        audited
            .evidence("NSA-040")
            .contains(&root.display().to_string())
    );
    let all = super::subjects::of(&["audit"]);
    assert!(
        all.contains(&it.pid),
        "a chroot that does not hold is a subject: {all:?}"
    );

    let held = started!(chroot(&["--userspec=65534:65534"]));
    // A set-user-ID program could give it back, and there is none that we know of.
    let audited = Audited::of(held.pid);
    assert_eq!(audited.judged("NSA-040"), Some(("high", "conditional")));
    assert!(!super::subjects::of(&["audit"]).contains(&held.pid));
    assert!(super::subjects::of(&["audit", "--all"]).contains(&held.pid));

    let pivoted = started!(runc::run(|it| give(it, &[])));
    assert_eq!(Audited::of(pivoted.pid).judged("NSA-040"), None);
}
