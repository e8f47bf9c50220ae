//! Capabilities that count over the host, and those that only look as if they did.

use std::path::Path;

use serde_json::{Value, json};

use super::{Audited, DOCKERS, case, give, judge, map_to, run_as, share, take_all};
use crate::runtimes::{podman, runc, started};
use crate::support::facts::{own_pid, status};
use crate::support::forked::Forked;
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;

#[test]
fn nsa_100_cap_sys_admin_is_critical_only_where_it_counts() {
    judge!([
        case(
            "NSA-100",
            "over the host",
            |it| give(it, &["CAP_SYS_ADMIN"]),
            Some(("critical", "exploitable")),
        ),
        case(
            "NSA-100",
            "over the host, behind a filter of unknown content",
            |it| {
                give(it, &["CAP_SYS_ADMIN"]);
                super::barriers::filter(it);
            },
            Some(("critical", "conditional")),
        ),
        case("NSA-100", "Docker's default", |it| give(it, &[]), None),
        case(
            "NSA-100",
            "in a user namespace",
            |it| {
                map_to(it, 6_000_000);
                give(it, &["CAP_SYS_ADMIN"]);
            },
            None,
        ),
    ]);
}

#[test]
fn nsa_101_modules_need_a_kernel_that_has_them() {
    let has_modules = Path::new("/proc/sys/kernel/modules_disabled").exists();
    let it = started!(runc::run(|it| give(it, &["CAP_SYS_MODULE"])));
    let verdict = if has_modules {
        "exploitable"
    } else {
        "mitigated"
    };
    assert_eq!(
        Audited::of(it.pid).judged("NSA-101"),
        Some(("critical", verdict))
    );
    judge!([case("NSA-101", "none", |it| give(it, &[]), None)]);
}

#[test]
fn nsa_102_cap_sys_ptrace_is_critical_with_the_hosts_processes_in_sight() {
    judge!([
        case(
            "NSA-102",
            "in sight",
            |it| {
                share(it, "pid");
                give(it, &["CAP_SYS_PTRACE"]);
            },
            Some(("critical", "exploitable")),
        ),
        case(
            "NSA-102",
            "not in sight",
            |it| give(it, &["CAP_SYS_PTRACE"]),
            Some(("medium", "conditional")),
        ),
        case("NSA-102", "none", |it| give(it, &[]), None),
    ]);
}

#[test]
fn nsa_103_cap_dac_read_search_finds_files_of_a_disk_by_number() {
    let it = started!(runc::run(|it| give(it, &["CAP_DAC_READ_SEARCH"])));
    let audited = Audited::of(it.pid);
    let table = std::fs::read_to_string(format!("/proc/{}/mountinfo", it.pid)).unwrap();
    let on_disk = |line: &str| {
        line.split(' ')
            .nth(2)
            .is_some_and(|device| !device.starts_with("0:"))
    };
    let verdict = match table.lines().any(on_disk) {
        true => "exploitable",
        false => "conditional",
    };
    assert_eq!(audited.judged("NSA-103"), Some(("critical", verdict)));
    judge!([
        case("NSA-103", "none", |it| give(it, &[]), None),
        case(
            "NSA-103",
            "in a user namespace",
            |it| {
                map_to(it, 6_000_000);
                give(it, &["CAP_DAC_READ_SEARCH"]);
            },
            None,
        ),
    ]);
}

/// Whether there is a device cgroup of version 1, whose list says what is allowed: what a program of
/// version 2 decides cannot be seen.
pub fn has_device_list() -> bool {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    own.lines()
        .any(|line| line.split(':').nth(1) == Some("devices"))
}

#[test]
fn nsa_104_to_108_other_capabilities_each_with_its_worth() {
    judge!([
        case(
            "NSA-104",
            "CAP_SYS_RAWIO",
            |it| give(it, &["CAP_SYS_RAWIO"]),
            Some(("critical", "conditional")),
        ),
        case("NSA-104", "none", |it| give(it, &[]), None),
        case(
            "NSA-105",
            "CAP_BPF alone",
            |it| give(it, &["CAP_BPF"]),
            Some(("high", "exploitable")),
        ),
        case(
            "NSA-105",
            "CAP_BPF and CAP_PERFMON",
            |it| give(it, &["CAP_BPF", "CAP_PERFMON"]),
            Some(("critical", "exploitable")),
        ),
        case(
            "NSA-105",
            "in a user namespace",
            |it| {
                map_to(it, 6_000_000);
                give(it, &["CAP_BPF", "CAP_PERFMON"]);
            },
            None,
        ),
        case(
            "NSA-106",
            "Docker's default has CAP_MKNOD, and the device cgroup forbids to open",
            |it| give(it, &[]),
            Some((
                "info",
                if has_device_list() {
                    "mitigated"
                } else {
                    "conditional"
                }
            )),
        ),
        case(
            "NSA-106",
            "a device cgroup that allows everything",
            |it| {
                give(it, &[]);
                it["linux"]["resources"]["devices"] = json!([{"allow": true, "access": "rwm"}]);
            },
            has_device_list()
                .then_some(("critical", "exploitable"))
                .or(Some(("info", "conditional"))),
        ),
        case(
            "NSA-106",
            "the same in a user namespace",
            |it| {
                map_to(it, 6_000_000);
                give(it, &[]);
                it["linux"]["resources"]["devices"] = json!([{"allow": true, "access": "rwm"}]);
            },
            None,
        ),
        case("NSA-106", "none", take_all, None),
        case(
            "NSA-108",
            "CAP_SYS_TIME",
            |it| give(it, &["CAP_SYS_TIME"]),
            Some(("medium", "exploitable")),
        ),
        case(
            "NSA-108",
            "CAP_SYS_BOOT with a pid namespace ends that only",
            |it| give(it, &["CAP_SYS_BOOT"]),
            None,
        ),
        case(
            "NSA-108",
            "CAP_SYS_BOOT with the host's pid namespace",
            |it| {
                share(it, "pid");
                give(it, &["CAP_SYS_BOOT"]);
            },
            Some(("high", "exploitable")),
        ),
        case("NSA-108", "none", |it| give(it, &[]), None),
    ]);
}

/// Every capability that we have ourselves.
fn ours() -> Vec<String> {
    let bounding = status(own_pid(), "CapBnd");
    let bits = u64::from_str_radix(&bounding[0], 16).unwrap();
    nsinspect::model::CapabilitySet(bits).names()
}

fn give_ours(config: &mut Value) {
    let all = ours();
    config["process"]["capabilities"] = json!({
        "bounding": all, "effective": all, "permitted": all, "inheritable": [], "ambient": [],
    });
}

#[test]
fn nsa_110_privileged_is_all_that_the_host_has_with_nothing_before_it() {
    let it = started!(podman::run(&["--name", "privileged", "--privileged"]));
    let audited = Audited::of(it.pid);
    assert_eq!(
        audited.judged("NSA-110"),
        Some(("critical", "exploitable")),
        "{:#}",
        audited.0
    );
    judge!([
        case(
            "NSA-110",
            "every capability, but parts of /proc are hidden",
            give_ours,
            None,
        ),
        case(
            "NSA-110",
            "every capability and nothing hidden, in a user namespace",
            |it| {
                map_to(it, 6_000_000);
                give_ours(it);
                it["linux"]["readonlyPaths"] = json!([]);
                it["linux"]["maskedPaths"] = json!([]);
            },
            None,
        ),
    ]);
}

/// Nothing now, and Docker's default as what an execve may give.
fn dormant(config: &mut Value) {
    config["process"]["capabilities"] = json!({
        "bounding": DOCKERS, "effective": [], "permitted": [], "inheritable": [], "ambient": [],
    });
    config["process"]["noNewPrivileges"] = json!(false);
}

#[test]
fn nsa_111_an_execve_gives_back_what_was_taken_unless_no_new_privs_is_on() {
    // runc's own execve of the program has given it back already.
    let it = started!(runc::run(dormant));
    assert_eq!(status(it.pid, "CapEff"), ["00000000a80425fb"]);
    assert_eq!(Audited::of(it.pid).judged("NSA-111"), None);
    judge!([
        case(
            "NSA-111",
            "root with no_new_privs",
            |it| {
                dormant(it);
                it["process"]["noNewPrivileges"] = json!(true);
            },
            None,
        ),
        case(
            "NSA-111",
            "another uid",
            |it| {
                dormant(it);
                run_as(it, 1000);
            },
            Some(("low", "conditional")),
        ),
    ]);
}

/// Gives up all capabilities without an execve (capset(2)).
fn drop_all() {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header {
        // _LINUX_CAPABILITY_VERSION_3
        version: 0x2008_0522,
        pid: 0,
    };
    let nothing = [0u32; 6];
    // SAFETY: a header and the two times three words that version 3 takes.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, nothing.as_ptr()) };
    assert_eq!(result, 0);
}

#[test]
fn nsa_111_root_that_has_dropped_its_capabilities_has_them_back_after_an_execve() {
    if !is_root() {
        skip!("needs root");
    }
    let it = Forked::start(drop_all);
    assert_eq!(status(it.pid(), "CapEff"), ["0000000000000000"]);
    let audited = Audited::of(it.pid());
    assert_eq!(audited.judged("NSA-111"), Some(("high", "exploitable")));
    // What could become counts too: by CapEff alone there would be nothing.
    assert_eq!(audited.judged("NSA-100"), Some(("critical", "conditional")));
    let barred = Forked::start(|| {
        drop_all();
        nix::sys::prctl::set_no_new_privs().expect("anybody may");
    });
    let audited = Audited::of(barred.pid());
    assert_eq!(audited.judged("NSA-111"), None);
    assert_eq!(audited.judged("NSA-100"), None);
}

#[test]
fn nsa_112_capabilities_that_programs_inherit() {
    judge!([
        case(
            "NSA-112",
            "inheritable",
            |it| {
                give(it, &[]);
                it["process"]["capabilities"]["inheritable"] = json!(["CAP_KILL"]);
            },
            Some(("low", "exploitable")),
        ),
        case("NSA-112", "none", |it| give(it, &[]), None),
    ]);
}

#[test]
fn all_capabilities_of_a_user_namespace_that_an_ordinary_user_has_made_are_no_finding() {
    if !is_root() {
        skip!("needs root to become somebody else");
    }
    let args = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
        "--net",
        "--ipc",
    ];
    let it = started!(Sandbox::start_as_nobody(&args, ""));
    let audited = Audited::of(it.pid);
    assert!(
        audited
            .lines()
            .iter()
            .all(|line| !line.starts_with("NSA-1")),
        "{:#}",
        audited.0
    );
    assert_eq!(audited.judged("NSA-002"), None);
    let note = audited.0["note"]
        .as_str()
        .expect("what they are worth is said");
    assert!(note.contains("not over the host"), "{note}");
}
