//! Settings and secrets of the kernel, procfs instances, hidden mounts and cgroups.

use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::json;

use crate::runtimes::started;
use crate::support::process::Spawned;
use crate::support::users::strangers;

use super::{Spec, container, container_with, finding, is, judged, succeeded};

/// Opening a setting for writing changes nothing.
const OPEN_CORE_PATTERN: &str = "exec 3<>/proc/sys/kernel/core_pattern";

#[test]
fn settings_of_the_kernel_are_writable_for_the_hosts_root_without_any_capability() {
    type Edit = fn(&mut Spec<'_>);
    let cases: [(&str, Edit, &str, bool); 6] = [
        (
            "no read-only paths, no capability",
            |spec| {
                spec.linux("readonlyPaths", json!([])).capabilities(&[]);
            },
            "exploitable",
            true,
        ),
        ("the defaults", |_| (), "mitigated", false),
        (
            "another uid",
            |spec| {
                spec.linux("readonlyPaths", json!([])).user(1000);
            },
            "mitigated",
            false,
        ),
        (
            "a user namespace",
            |spec| {
                spec.linux("readonlyPaths", json!([]))
                    .user_namespace(100_000);
            },
            "mitigated",
            false,
        ),
        (
            "a user namespace whose root is the host's",
            |spec| {
                spec.linux("readonlyPaths", json!([])).user_namespace(0);
            },
            "exploitable",
            true,
        ),
        (
            "read-only, and the right to unmount",
            |spec| {
                spec.docker_and(&["CAP_SYS_ADMIN"]);
            },
            "exploitable",
            true,
        ),
    ];
    for (what, edit, verdict, opens) in cases {
        let it = started!(container(|spec| {
            // Whoever may not unmount cannot; that is no failure of the script.
            spec.tries(&format!("umount /proc/sys; {OPEN_CORE_PATTERN}"));
            edit(spec);
        }));
        let found = judged(it.pid, "NSA-205");
        // Unmounted by the script: then nothing is in the way any more.
        assert_eq!(found, is("critical", verdict), "{what}");
        assert_eq!(succeeded(&it), opens, "{what}");
    }
}

#[test]
fn what_makes_settings_read_only_is_no_barrier_for_those_who_may_unmount_it() {
    let it = started!(container(|spec| {
        spec.docker_and(&["CAP_SYS_ADMIN"]);
    }));
    let found = finding(it.pid, "NSA-205").unwrap();
    assert_eq!(found["verdict"], "exploitable");
    let why = found["why"].as_str().unwrap();
    assert!(
        why.contains("it may unmount what makes that read-only"),
        "{why}"
    );
}

#[test]
fn files_that_runtimes_mask_are_missed_where_they_are_not_masked() {
    let it = started!(container(|spec| {
        spec.linux("maskedPaths", json!([]))
            .tries("cat /proc/timer_list");
    }));
    assert_eq!(judged(it.pid, "NSA-206"), is("medium", "exploitable"));
    assert!(succeeded(&it));
    let twin = started!(container(|spec| {
        spec.tries("cat /proc/timer_list | grep .");
    }));
    assert_eq!(judged(twin.pid, "NSA-206"), None);
    assert!(!succeeded(&twin));
}

#[test]
fn a_setting_that_is_mounted_elsewhere_for_writing_is_a_subverted_mask() {
    let it = started!(container(|spec| {
        spec.bind("/proc/sys/kernel/core_pattern", "/tmp/x", &[])
            .tries("exec 3<>/tmp/x");
        spec.0["root"]["readonly"] = json!(false);
    }));
    assert_eq!(judged(it.pid, "NSA-206"), is("high", "exploitable"));
    assert_eq!(judged(it.pid, "NSA-205"), is("critical", "exploitable"));
    assert!(succeeded(&it));
}

/// A process of the host with this uid and no capability.
fn victim(uid: u32) -> Spawned {
    Spawned::start(Command::new("sleep").arg("300").uid(uid).gid(uid)).unwrap()
}

#[test]
fn a_procfs_of_the_host_undoes_a_pid_namespace_of_ones_own() {
    let [of_victim, of_nobody] = strangers();
    let victim = victim(of_victim);
    let script = format!("ls /tmp/{}/root/etc/passwd", victim.pid());
    let edit = |uid: u32| {
        let script = script.clone();
        move |spec: &mut Spec<'_>| {
            spec.bind("/proc", "/tmp", &[])
                .capabilities(&[])
                .user(uid)
                .tries(&script);
        }
    };
    let it = started!(container(edit(of_victim)));
    assert_eq!(judged(it.pid, "NSA-012"), is("high", "exploitable"));
    assert!(succeeded(&it));
    // As nobody else on this machine all that it sees are names.
    let other = started!(container(edit(of_nobody)));
    assert_eq!(judged(other.pid, "NSA-012"), is("medium", "exploitable"));
    assert!(!succeeded(&other));
    let twin = started!(container(|_| ()));
    assert_eq!(judged(twin.pid, "NSA-012"), None);
}

#[test]
fn mounts_that_a_root_directory_only_hides_are_counted() {
    let hidden = |capabilities: &'static [&'static str]| {
        container_with("", &["--no-pivot"], move |spec| {
            spec.capabilities(capabilities);
        })
    };
    let it = started!(hidden(&["CAP_SYS_ADMIN"]));
    assert_eq!(judged(it.pid, "NSA-041"), is("high", "exploitable"));
    let none = started!(hidden(&[]));
    assert_eq!(judged(none.pid, "NSA-041"), is("medium", "shared-only"));
    let chroot = started!(hidden(&["CAP_SYS_CHROOT"]));
    assert_eq!(judged(chroot.pid, "NSA-041"), is("medium", "conditional"));
    let twin = started!(container(|spec| {
        spec.docker_and(&["CAP_SYS_ADMIN"]);
    }));
    assert_eq!(judged(twin.pid, "NSA-041"), None);
}

#[test]
fn a_release_agent_takes_the_hosts_sys_admin_and_cgroup_namespace() {
    if !std::path::Path::new("/sys/fs/cgroup/pids/release_agent").exists() {
        skip!("no cgroups of version 1 are mounted here");
    }
    // A hierarchy with a name of its own, which is gone with the mount.
    let mounts = "mount -t cgroup -o none,name=nsi-exposed none /tmp && umount /tmp";
    let with = |edit: fn(&mut Spec<'_>)| {
        container(move |spec| {
            spec.tries(mounts);
            edit(spec);
        })
    };
    let it = started!(with(|spec| {
        spec.docker_and(&["CAP_SYS_ADMIN"]);
    }));
    assert_eq!(judged(it.pid, "NSA-207"), is("critical", "exploitable"));
    assert!(succeeded(&it));
    for (what, twin) in [
        ("docker's capabilities", with(|_| ())),
        (
            "a cgroup namespace of its own",
            with(|spec| {
                spec.docker_and(&["CAP_SYS_ADMIN"]);
                let all = spec.0["linux"]["namespaces"].as_array_mut().unwrap();
                all.push(json!({"type": "cgroup"}));
            }),
        ),
        (
            "a user namespace",
            with(|spec| {
                spec.docker_and(&["CAP_SYS_ADMIN"]).user_namespace(0);
            }),
        ),
    ] {
        let twin = started!(twin);
        assert_eq!(judged(twin.pid, "NSA-207"), None, "{what}");
        assert!(!succeeded(&twin), "{what}");
    }
}

#[test]
fn that_a_release_agent_can_be_opened_proves_nothing() {
    let pids = "/sys/fs/cgroup/pids";
    if !std::path::Path::new(pids).join("release_agent").exists() {
        skip!("no cgroups of version 1 are mounted here");
    }
    let it = started!(container(|spec| {
        spec.bind(pids, "/tmp", &[])
            .tries("exec 3<>/tmp/release_agent");
    }));
    assert!(succeeded(&it));
    assert_eq!(judged(it.pid, "NSA-207"), is("critical", "shared-only"));
}

#[test]
fn cgroups_of_others_can_be_changed_where_the_top_is_mounted_for_writing() {
    let pids = "/sys/fs/cgroup/pids";
    if !std::path::Path::new(pids).join("cgroup.procs").exists() {
        skip!("no cgroups of version 1 are mounted here");
    }
    let it = started!(container(|spec| {
        spec.bind(pids, "/tmp", &[]).tries("[ -w /tmp ]");
    }));
    assert_eq!(judged(it.pid, "NSA-208"), is("medium", "exploitable"));
    assert!(succeeded(&it));
    let other = started!(container(|spec| {
        spec.bind(pids, "/tmp", &[]).user(1000).tries("[ -w /tmp ]");
    }));
    assert_eq!(judged(other.pid, "NSA-208"), is("medium", "mitigated"));
    assert!(!succeeded(&other));
    let twin = started!(container(|_| ()));
    assert_eq!(judged(twin.pid, "NSA-208"), None);
}
