//! Mount namespaces and root directories: what is taken along from outside, and what travels.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::live::diffed::Diffed;
use crate::runtimes::started;
use crate::support::run::nsinspect;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::find_program;

#[test]
fn a_bind_mount_of_the_host_is_named_and_a_mount_of_its_own_is_not() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let path = folder.display();
    let script = format!(
        "mkdir {path}/of-host {path}/own
         mount -t tmpfs none {path}/own
         mkdir {path}/own/bound
         mount --bind {path}/of-host {path}/own/bound
         mount -o remount,bind,ro {path}/own/bound"
    );
    let it = started!(Sandbox::start(&["-m"], &script));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["mnt"]);
    let (mounts, _) = diff.inside("mnt", "mounts_from_reference");
    let at = |point: String| {
        let all = mounts.as_array().unwrap().clone();
        all.into_iter().find(|mount| mount["mount_point"] == point)
    };
    let bound = at(format!("{path}/own/bound")).expect("the bind mount");
    assert_eq!(bound["read_only"], true);
    let directory = bound["directory"].as_str().unwrap();
    // Below the root of its file system, wherever that is mounted.
    assert!(
        format!("{path}/of-host").ends_with(directory),
        "{directory}"
    );
    assert_eq!(at(format!("{path}/own")), None);
    // The root itself has a line of its own.
    assert_eq!(at("/".to_owned()), None);
    let (inside, outside) = diff.inside("mnt", "root_filesystem");
    assert_eq!(inside, outside);
}

#[test]
fn mounts_travel_both_ways_one_way_or_not_as_propagation_says() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let reference = started!(Sandbox::start(
        &["-m", "--propagation", "private"],
        &format!("mount -t tmpfs none {path}; mount --make-shared {path}")
    ));
    for (propagation, expected) in [
        ("unchanged", "shared"),
        ("slave", "slave"),
        ("private", "private"),
    ] {
        let mut inside = Command::new("nsenter");
        inside.args(["--target", &reference.pid.to_string(), "--mount"]);
        inside.args(["unshare", "-m", "--propagation", propagation]);
        inside.args(["sh", "-c", &then_sleep("")]);
        let it = started!(Sandbox::run(&mut inside));
        let diff = Diffed::of(&[&it.pid.to_string(), &reference.pid.to_string()]);
        diff.assert_isolated(it.pid, &["mnt"]);
        assert_eq!(
            diff.inside("mnt", "propagation").0,
            expected,
            "{propagation}"
        );
        assert_eq!(diff.0["reference"]["source"], "pid");
        assert_eq!(diff.0["reference"]["host_init"], Value::Null);
    }
}

#[test]
fn a_chroot_is_another_root_directory_and_no_namespace() {
    needs_root!();
    let Some(busybox) = find_program("busybox") else {
        skip!("busybox is not installed");
    };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    build_root(&root, &busybox);
    let mut chroot = Command::new("chroot");
    chroot.arg(&root).args(["sh", "-c", &then_sleep("")]);
    let it = started!(Sandbox::run(&mut chroot));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &[]);
    let row = diff.beyond("root");
    assert_eq!(row["subject"], root.to_str().unwrap());
    assert_eq!(row["reference"], "/");
    assert_eq!(row["same"], false);

    let text = nsinspect(&["diff", &it.pid.to_string()]).expect(0).stdout;
    assert!(text.contains("chroot"), "{text}");
    assert!(
        text.contains("no namespace") || text.contains("not a namespace"),
        "{text}"
    );
}

fn build_root(root: &Path, busybox: &Path) {
    fs::create_dir(root.join("bin")).unwrap();
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for applet in ["sh", "sleep"] {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
}
