//! Paths and devices inside.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nsinspect::verify::claims::devices::{Access, Device};
use nsinspect::verify::claims::paths::{Path, State};
use nsinspect::verify::probes::Tried;
use nsinspect::verify::verdict::Verdict;

use crate::probing::tried;
use crate::support::sandbox::Sandbox;

fn path(pid: i32, path: &str, is: State) -> Tried {
    let path = path.to_owned();
    tried(pid, &Path { path, is })
}

#[test]
fn the_state_of_a_path_is_that_of_the_target() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["file", "masked", "private"] {
        fs::write(at(name), "text").unwrap();
    }
    for name in ["ro", "nosuid", "covered"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("covered/file"), "text").unwrap();
    std::os::unix::fs::symlink("file", at("link")).unwrap();
    let script = [
        format!("mount --bind /dev/null {}", at("masked")),
        format!("mount -t tmpfs -o ro none {}", at("ro")),
        format!("mount -t tmpfs -o nosuid none {}", at("nosuid")),
        format!("mount -t tmpfs none {}", at("covered")),
        format!("touch {}/file", at("nosuid")),
    ];
    let sandbox = Sandbox::start(&["-m"], &script.join("\n")).unwrap();
    let verdict = |name: &str, is| path(sandbox.pid, &at(name), is);
    let is = |name: &str, state| {
        let tried = verdict(name, state);
        assert_eq!(tried.verdict, Verdict::Holds, "{name} {state:?}: {tried:?}");
    };
    let is_not = |name: &str, state| {
        let tried = verdict(name, state);
        assert_eq!(tried.verdict, Verdict::Fails, "{name} {state:?}: {tried:?}");
    };
    is("none", State::Absent);
    is("covered/file", State::Absent);
    is_not("file", State::Absent);
    is_not("link", State::Absent);
    for name in ["masked", "covered", "none"] {
        is(name, State::Masked);
    }
    for name in ["file", "link", "nosuid"] {
        is_not(name, State::Masked);
    }
    is("ro", State::ReadOnly);
    is("ro", State::NotWritable);
    is_not("file", State::ReadOnly);
    is_not("file", State::NotWritable);
    is_not("file", State::Unreadable);
    is("nosuid", State::NoSuid);
    is_not("file", State::NoSuid);
}

#[test]
fn what_the_target_may_not_is_told_by_its_rights_and_not_by_ours() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let file = file.to_str().unwrap();
    let ours = Sandbox::start(&["-m"], "true").unwrap();
    let nobody = Sandbox::start_as_nobody(&["-Uc"], "true").unwrap();
    for is in [State::Unreadable, State::NotWritable] {
        assert_eq!(path(ours.pid, file, is).verdict, Verdict::Fails);
        let theirs = path(nobody.pid, file, is);
        assert_eq!(theirs.verdict, Verdict::Holds, "{theirs:?}");
    }
    // Whether something is there cannot be told by who cannot get there.
    let absent = path(nobody.pid, file, State::Absent);
    assert_eq!(absent.verdict, Verdict::Undecided, "{absent:?}");
}

#[test]
fn a_device_is_asked_about_and_not_opened() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    let script = format!("mount -t tmpfs none {at}; mknod {at}/null c 1 3; mknod -m 0 {at}/file p");
    let sandbox = Sandbox::start(&["-m"], &script).unwrap();
    let no_dev = format!("mount -t tmpfs -o nodev none {at}; mknod {at}/null c 1 3");
    let no_dev = Sandbox::start(&["-m"], &no_dev).unwrap();
    let device = |pid, name: &str| {
        let path = format!("{at}/{name}");
        let (access, allowed) = (Access::Write, false);
        let claim = Device {
            path,
            access,
            allowed,
        };
        tried(pid, &claim)
    };
    assert_eq!(device(sandbox.pid, "null").verdict, Verdict::Fails);
    assert_eq!(device(sandbox.pid, "none").verdict, Verdict::Holds);
    assert_eq!(device(sandbox.pid, "file").verdict, Verdict::Undecided);
    let refused = device(no_dev.pid, "null");
    assert_eq!(refused.verdict, Verdict::Holds, "{refused:?}");
}
