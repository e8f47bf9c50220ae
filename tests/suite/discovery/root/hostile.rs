//! Holders that somebody arranges to mislead or to hang whoever looks.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};

use super::mounts::{bind, private_mounts};
use super::{
    everything, in_passing_thread, inode, is_governed_and_empty, is_held, needs_root,
    new_namespace, record,
};
use crate::support::facts;
use crate::support::hung_fuse::{Root, has_fuse, mount_fuse};
use crate::support::leftovers::assert_nobody_left;
use crate::support::run::{nsinspect, program_for_everyone, run_alone};
use crate::support::telling::telling;

const NET: CloneFlags = CloneFlags::CLONE_NEWNET;

/// Far less than a hung file server would have us wait, and enough for all patience with it.
const NOT_FOR_EVER: Duration = Duration::from_secs(25);

macro_rules! needs_fuse {
    () => {
        needs_root!();
        if !has_fuse() {
            skip!("no /dev/fuse here");
        }
    };
}

fn everything_in_time() -> Value {
    let start = Instant::now();
    let document = everything();
    assert!(start.elapsed() < NOT_FOR_EVER, "{:?}", start.elapsed());
    document
}

/// What reached nobody is unknown, with a reason, and makes a gap.
fn is_told_to_be_out_of_reach(document: &Value, net: &Value) {
    assert_eq!(net["owner"], Value::Null, "{net:#}");
    assert!(net["unknown"]["owner"].is_string(), "{net:#}");
    assert_eq!(document["coverage"]["layers"]["relations"], "denied");
    assert_eq!(document["coverage"]["complete"], false);
}

#[test]
fn names_of_mount_points_are_told_as_they_are_and_lead_to_the_namespace() {
    needs_root!();
    for (name, told) in [
        (&b"a b"[..], "a b"),
        (b"a\\040b", "a\\040b"),
        (b"a\nb\tc", "a\nb\tc"),
        (b"a\xffb", "a\\xffb"),
        (b" - nsfs nsfs rw", " - nsfs nsfs rw"),
        (b"\x1b[31mred", "\x1b[31mred"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OsStr::from_bytes(name));
        File::create(&path).unwrap();
        let child = telling(|| {
            private_mounts();
            let net = in_passing_thread(|| new_namespace(NET, "net"));
            bind(&net, &path);
            vec![inode(&net)]
        });
        let found = record(&everything(), "net", child.told[0]);
        is_governed_and_empty(&found);
        let path = format!("{}/{told}", folder.path().display());
        is_held(&found, &json!({"by": "mount", "path": path}));
        let text = nsinspect(&["list", "--persistent"]).expect(0).stdout;
        let dangerous = |letter: char| letter != '\n' && letter.is_control();
        assert!(!text.contains(dangerous), "{text:?}");
        let shown = nsinspect(&["show", &format!("ns:{}", child.told[0])]).expect(0);
        assert!(!shown.stdout.contains(dangerous), "{:?}", shown.stdout);
    }
}

#[test]
fn a_mount_of_a_hung_file_server_on_top_of_a_namespace_hangs_nobody() {
    needs_fuse!();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("place");
    File::create(&path).unwrap();
    let child = telling(|| {
        private_mounts();
        let net = in_passing_thread(|| new_namespace(NET, "net"));
        bind(&net, &path);
        mount_fuse(&path, Root::File).hang();
        vec![inode(&net)]
    });
    let document = everything_in_time();
    let found = record(&document, "net", child.told[0]);
    is_held(
        &found,
        &json!({"by": "mount", "path": path.to_str().unwrap()}),
    );
    is_told_to_be_out_of_reach(&document, &found);
    assert_eq!(
        found["unknown"]["owner"],
        "failed: something else is mounted on top of it"
    );
}

#[test]
fn a_mount_point_that_a_hung_file_server_has_to_be_asked_for_hangs_nobody() {
    needs_fuse!();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    let child = telling(|| {
        private_mounts();
        let server = mount_fuse(folder.path(), Root::Folder);
        let net = in_passing_thread(|| new_namespace(NET, "net"));
        bind(&net, &place);
        server.hang();
        vec![inode(&net)]
    });
    let start = Instant::now();
    // Whoever waits for the file server cannot be killed before that answers or ends.
    let mut command = std::process::Command::new(program_for_everyone());
    let (answer, group) = run_alone(command.args(["list", "--depth", "full", "-J"]));
    assert!(start.elapsed() < NOT_FOR_EVER, "{:?}", start.elapsed());
    let document = answer.expect(0).json();
    let found = record(&document, "net", child.told[0]);
    is_held(
        &found,
        &json!({"by": "mount", "path": place.to_str().unwrap()}),
    );
    is_told_to_be_out_of_reach(&document, &found);
    drop(child);
    assert_nobody_left(group, &command);
}

#[test]
fn a_process_whose_root_and_files_are_on_a_hung_file_server_hangs_nobody() {
    needs_fuse!();
    let folder = tempfile::tempdir().unwrap();
    let child = telling(|| {
        private_mounts();
        let server = mount_fuse(folder.path(), Root::Folder);
        let file = nix::fcntl::open(
            &folder.path().join("file"),
            nix::fcntl::OFlag::O_PATH,
            nix::sys::stat::Mode::empty(),
        );
        std::mem::forget(file.expect("a file of FUSE"));
        nix::unistd::chroot(folder.path()).expect("root may chroot");
        server.hang();
        Vec::new()
    });
    let start = Instant::now();
    let document = nsinspect(&["show", &child.pid().to_string(), "-J"])
        .expect(0)
        .json();
    assert!(start.elapsed() < NOT_FOR_EVER, "{:?}", start.elapsed());
    let root = folder.path().to_str().unwrap();
    assert_eq!(document["process"]["root"], root);
    record(
        &everything_in_time(),
        "mnt",
        facts::inode(child.pid(), "mnt"),
    );
}

#[test]
fn one_descriptor_among_as_many_as_may_be_open_is_found() {
    needs_root!();
    let child = telling(|| {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
        let many = most.min(100_000);
        setrlimit(Resource::RLIMIT_NOFILE, many, most).expect("what is allowed");
        let null = File::open("/dev/null").expect("the device");
        while nix::unistd::dup(&null).map(std::mem::forget).is_ok() {}
        drop(null);
        // In the one place that became free.
        let uts = in_passing_thread(move || {
            nix::sched::unshare(CloneFlags::CLONE_NEWUTS).expect("root may unshare");
            File::open("/proc/thread-self/ns/uts").expect("a descriptor is left")
        });
        let told = vec![inode(&uts), uts.as_raw_fd().unsigned_abs().into()];
        std::mem::forget(uts);
        told
    });
    let found = record(&everything_in_time(), "uts", child.told[0]);
    is_governed_and_empty(&found);
    is_held(
        &found,
        &json!({"by": "fd", "pid": child.pid(), "fd": child.told[1]}),
    );
}

/// Nearly as many as a mount namespace may have, and megabytes of mountinfo.
#[test]
fn one_mount_among_sixty_thousand_is_found() {
    const DOUBLINGS: usize = 16;
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let child = telling(|| {
        private_mounts();
        let none = None::<&str>;
        let tmpfs = Some("tmpfs");
        mount(tmpfs, folder.path(), tmpfs, MsFlags::empty(), none).expect("a tmpfs");
        let folders: Vec<_> = (0..DOUBLINGS)
            .map(|number| folder.path().join(number.to_string()))
            .collect();
        for inner in &folders {
            std::fs::create_dir(inner).expect("a folder");
        }
        let one = folder.path().join("one");
        File::create(&one).expect("a file");
        for inner in &folders {
            let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
            mount(Some(folder.path()), inner, none, flags, none).expect("a bind mount");
        }
        let net = in_passing_thread(|| new_namespace(NET, "net"));
        bind(&net, &one);
        vec![inode(&net)]
    });
    let mounts = facts::proc_file(child.pid(), "mountinfo");
    assert!(mounts.lines().count() > 1 << DOUBLINGS);
    let found = record(&everything_in_time(), "net", child.told[0]);
    is_governed_and_empty(&found);
    let path = folder.path().join("one");
    is_held(
        &found,
        &json!({"by": "mount", "path": path.to_str().unwrap()}),
    );
}
