//! Files and directories of the host.

use std::path::Path;

use serde_json::json;

use crate::runtimes::started;
use crate::runtimes::workdir::Workdir;
use crate::support::command::output_of;

use super::{Spec, container, is, judged, succeeded};

type Judged = Option<(String, String)>;

#[test]
fn a_directory_of_the_host_is_writable_or_readable_by_its_mount_and_its_bits() {
    type Edit = fn(&mut Spec<'_>);
    // Both only open: what is in there stays as it is.
    let (writes, reads) = ("exec 3<>/tmp/passwd", "exec 3</tmp/shadow");
    let cases: [(&str, Edit, [Judged; 2], [bool; 2]); 4] = [
        (
            "for writing",
            |spec| {
                spec.bind("/etc", "/tmp", &[]);
            },
            [is("critical", "exploitable"), None],
            [true, true],
        ),
        (
            "read-only",
            |spec| {
                spec.bind("/etc", "/tmp", &["ro"]);
            },
            [is("critical", "mitigated"), is("high", "exploitable")],
            [false, true],
        ),
        (
            "for a user namespace",
            |spec| {
                spec.bind("/etc", "/tmp", &[]).user_namespace(100_000);
            },
            [is("critical", "mitigated"), is("high", "mitigated")],
            [false, false],
        ),
        (
            "for another uid",
            |spec| {
                spec.bind("/etc", "/tmp", &[]).capabilities(&[]).user(1000);
            },
            [is("critical", "mitigated"), is("high", "mitigated")],
            [false, false],
        ),
    ];
    for (what, edit, expected, opens) in cases {
        for (script, opens) in [(writes, opens[0]), (reads, opens[1])] {
            let it = started!(container(|spec| {
                spec.tries(script);
                edit(spec);
            }));
            let found = [judged(it.pid, "NSA-201"), judged(it.pid, "NSA-202")];
            assert_eq!(found, expected, "{what}");
            assert_eq!(succeeded(&it), opens, "{what}: {script}");
        }
    }
}

#[test]
fn a_read_only_mount_is_no_barrier_for_those_who_may_mount_it_anew() {
    let it = started!(container(|spec| {
        spec.bind("/etc", "/tmp", &["ro"])
            .docker_and(&["CAP_SYS_ADMIN"])
            .tries("mount -o remount,bind,rw /tmp && exec 3<>/tmp/passwd");
    }));
    assert_eq!(judged(it.pid, "NSA-201"), is("critical", "exploitable"));
    assert!(succeeded(&it));
}

#[test]
fn what_a_container_is_made_of_is_no_file_of_the_host() {
    let it = started!(container(|spec| {
        spec.0["root"]["readonly"] = json!(false);
    }));
    for id in ["NSA-201", "NSA-202", "NSA-203", "NSA-210"] {
        assert_eq!(judged(it.pid, id), None, "{id}");
    }
}

#[test]
fn set_user_id_programs_can_be_left_where_root_writes_and_the_host_minds_them() {
    let files = Workdir::new().unwrap();
    let source = files.path().to_str().unwrap();
    let script = "cp /bin/busybox /tmp/x && chmod 4755 /tmp/x && [ -u /tmp/x ]";
    let script = script.replace("cp ", "/bin/busybox cp ");
    let script = script.replace("chmod ", "/bin/busybox chmod ");
    let it = started!(container(|spec| {
        spec.bind(source, "/tmp", &[]).tries(&script);
    }));
    assert_eq!(judged(it.pid, "NSA-210"), is("high", "conditional"));
    assert_eq!(judged(it.pid, "NSA-201"), is("medium", "exploitable"));
    assert!(succeeded(&it));
    let twin = started!(container(|spec| {
        spec.bind(source, "/tmp", &[]).capabilities(&[]).user(1000);
    }));
    assert_eq!(judged(twin.pid, "NSA-210"), None);
}

#[test]
fn mounts_appear_on_the_host_where_a_mount_is_its_peer() {
    let files = Workdir::new().unwrap();
    let shared = files.path();
    let mount =
        |args: &[&str]| output_of(std::process::Command::new("mount").args(args).arg(shared));
    mount(&["-t", "tmpfs", "none"]).unwrap();
    mount(&["--make-shared"]).unwrap();
    std::fs::create_dir(shared.join("inner")).unwrap();
    let source = shared.to_str().unwrap();
    let with = |options: &'static [&'static str], more: &'static [&'static str]| {
        container(move |spec| {
            spec.bind(source, "/tmp", options)
                .linux("rootfsPropagation", json!("shared"))
                .docker_and(more)
                .tries("mount -t tmpfs none /tmp/inner");
        })
    };
    let admin = &["CAP_SYS_ADMIN"];
    let it = started!(with(&["rshared"], admin));
    assert_eq!(judged(it.pid, "NSA-203"), is("high", "exploitable"));
    assert!(succeeded(&it));
    assert!(is_mounted(&shared.join("inner")));
    nix::mount::umount(&shared.join("inner")).unwrap();
    let twin = started!(with(&["rprivate"], admin));
    assert_eq!(judged(twin.pid, "NSA-203"), None);
    assert!(succeeded(&twin));
    assert!(!is_mounted(&shared.join("inner")));
    let inert = started!(with(&["rshared"], &[]));
    assert_eq!(judged(inert.pid, "NSA-203"), is("medium", "shared-only"));
    assert!(!succeeded(&inert));
}

fn is_mounted(path: &Path) -> bool {
    crate::runtimes::workdir::mounts_below(path)
        .iter()
        .any(|it| it == path)
}
