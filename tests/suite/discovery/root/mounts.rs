//! Bind mounts of namespaces, also where no process can see them.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use serde_json::{Value, json};

use super::{
    everything, in_passing_thread, inode, is_governed_and_empty, is_held, needs_root,
    new_namespace, record,
};
use crate::support::facts;
use crate::support::forked::{fork_off, wait_for_ever};
use crate::support::nsinspect::Run;
use crate::support::run::nsinspect;
use crate::support::telling::{Telling, telling};

const NET: CloneFlags = CloneFlags::CLONE_NEWNET;

/// Files to mount on, in a folder that the tests of this machine share with nobody.
struct Places {
    folder: tempfile::TempDir,
}

impl Places {
    fn new(names: &[&str]) -> Places {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            File::create(folder.path().join(name)).expect("a file");
        }
        Places { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name)
            .to_str()
            .expect("a path in UTF-8")
            .to_owned()
    }
}

/// A mount namespace of our own, so that nothing is left mounted when its last process ends.
pub fn private_mounts() {
    unshare(CloneFlags::CLONE_NEWNS).expect("root may unshare");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("private mounts");
}

/// A mount namespace is bound only in one with a smaller number (mnt_ns_loop in fs/namespace.c), and
/// Linux 6.18 has each processor number them on its own.
fn stay_on_one_processor() {
    let ourselves = nix::unistd::Pid::from_raw(0);
    let allowed = sched_getaffinity(ourselves).expect("our own processors");
    let mut numbers = 0..CpuSet::count();
    let first = numbers.find(|number| allowed.is_set(*number) == Ok(true));
    let mut only = CpuSet::new();
    only.set(first.expect("one of them")).expect("its number");
    sched_setaffinity(ourselves, &only).expect("one of our own");
}

pub fn bind(namespace: &File, path: &Path) {
    let link = format!("/proc/thread-self/fd/{}", namespace.as_raw_fd());
    let flags = MsFlags::MS_BIND;
    mount(Some(link.as_str()), path, None::<&str>, flags, None::<&str>).expect("a bind mount");
}

/// Binds a new namespace on these files, in a mount namespace that the child stays in.
fn bound(flag: CloneFlags, name: &str, paths: &[PathBuf]) -> Telling {
    telling(|| {
        private_mounts();
        let made = in_passing_thread(|| new_namespace(flag, name));
        for path in paths {
            bind(&made, path);
        }
        vec![inode(&made)]
    })
}

#[test]
fn a_bind_mount_holds_a_namespace_and_two_mounts_are_two_holders() {
    needs_root!();
    let places = Places::new(&["one", "two"]);
    let child = bound(NET, "net", &[places.path("one"), places.path("two")]);
    let mnt_ns = facts::inode(child.pid(), "mnt");
    let found = record(&everything(), "net", child.told[0]);
    is_governed_and_empty(&found);
    for name in ["one", "two"] {
        let path = places.text(name);
        is_held(
            &found,
            &json!({"by": "mount", "path": path, "mnt_ns": mnt_ns}),
        );
    }
}

/// The path then leads to the upper one: what it is must not be told of the lower one.
#[test]
fn a_namespace_under_another_mount_is_not_mistaken_for_that() {
    needs_root!();
    let places = Places::new(&["place"]);
    let path = places.path("place");
    let child = telling(|| {
        private_mounts();
        let lower = in_passing_thread(|| new_namespace(CloneFlags::CLONE_NEWUTS, "uts"));
        let upper = in_passing_thread(|| new_namespace(NET, "net"));
        bind(&lower, &path);
        bind(&upper, &path);
        vec![inode(&lower), inode(&upper)]
    });
    let document = everything();
    let mount = json!({"by": "mount", "path": places.text("place")});
    let lower = record(&document, "uts", child.told[0]);
    let upper = record(&document, "net", child.told[1]);
    is_held(&lower, &mount);
    is_held(&upper, &mount);
    is_governed_and_empty(&upper);
    // Nothing leads to the lower one, and so nothing but its existence is known.
    assert_eq!(lower["owner"], Value::Null);
    assert!(lower["unknown"]["owner"].is_string(), "{lower:#}");
    assert_eq!(lower["ns_id"], Value::Null);
}

#[test]
fn a_mount_is_found_although_every_process_of_its_mount_namespace_runs_in_a_chroot() {
    needs_root!();
    let places = Places::new(&["place"]);
    let path = places.path("place");
    let jail = tempfile::tempdir().unwrap();
    let child = telling(|| {
        private_mounts();
        let net = in_passing_thread(|| new_namespace(NET, "net"));
        bind(&net, &path);
        let told = vec![inode(&net)];
        drop(net);
        nix::unistd::chroot(jail.path()).expect("root may chroot");
        told
    });
    let mnt_ns = facts::inode(child.pid(), "mnt");
    let found = record(&everything(), "net", child.told[0]);
    is_governed_and_empty(&found);
    let path = places.text("place");
    is_held(
        &found,
        &json!({"by": "mount", "path": path, "mnt_ns": mnt_ns}),
    );
}

#[test]
fn what_is_mounted_in_a_mount_namespace_without_a_process_is_found_too() {
    needs_root!();
    let places = Places::new(&["place"]);
    let path = places.path("place");
    // The child keeps a descriptor of a mount namespace that only a thread of it was ever in.
    let child = telling(|| {
        in_passing_thread(|| {
            let net = in_passing_thread(|| new_namespace(NET, "net"));
            private_mounts();
            bind(&net, &path);
            let mnt = File::open("/proc/thread-self/ns/mnt").expect("our own namespace");
            let told = vec![
                inode(&net),
                inode(&mnt),
                mnt.as_raw_fd().unsigned_abs().into(),
            ];
            std::mem::forget(mnt);
            told
        })
    });
    let [net, mnt, fd] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    let document = everything();
    let mnt_ns = record(&document, "mnt", mnt);
    is_governed_and_empty(&mnt_ns);
    is_held(&mnt_ns, &json!({"by": "fd", "pid": child.pid(), "fd": fd}));
    let found = record(&document, "net", net);
    is_governed_and_empty(&found);
    let path = places.text("place");
    is_held(&found, &json!({"by": "mount", "path": path, "mnt_ns": mnt}));
}

/// The promise of `path`: whoever opens it has the namespace.
#[test]
fn a_namespace_that_is_only_mounted_can_be_opened_by_its_path() {
    needs_root!();
    let places = Places::new(&["place"]);
    let path = places.text("place");
    let around = ["unshare", "-m", "--propagation", "private"];
    let script = "unshare --net=\"$1\" true || exit 9
        stat -Lc %i \"$1\"
        \"$0\" list -P -t net -n -r -o ns,path,nsfs";
    let answer = Run::script(&around, script, [path.as_str()]).run();
    let mut lines = answer.text().lines();
    let inode = lines.next().expect("the inode of the mount");
    let row = lines.find(|line| line.starts_with(inode));
    assert_eq!(row, Some(format!("{inode} {path} {path}").as_str()));
}

/// A descriptor of a mount namespace in which another is mounted, in which a network namespace is.
#[test]
fn what_is_mounted_in_a_mount_namespace_that_is_mounted_in_another_is_found_too() {
    needs_root!();
    let places = Places::new(&["mnt", "net"]);
    let paths = [places.path("mnt"), places.path("net")];
    let child = telling(|| {
        stay_on_one_processor();
        in_passing_thread(|| {
            let [mnt, net] = paths;
            let outer = in_passing_thread(|| {
                private_mounts();
                let inner = in_passing_thread(|| {
                    private_mounts();
                    bind(&in_passing_thread(|| new_namespace(NET, "net")), &net);
                    File::open("/proc/thread-self/ns/mnt").expect("our own namespace")
                });
                bind(&inner, &mnt);
                File::open("/proc/thread-self/ns/mnt").expect("our own namespace")
            });
            let told = vec![inode(&outer), outer.as_raw_fd().unsigned_abs().into()];
            std::mem::forget(outer);
            told
        })
    });
    let document = everything();
    let outer = record(&document, "mnt", child.told[0]);
    is_governed_and_empty(&outer);
    is_held(
        &outer,
        &json!({"by": "fd", "pid": child.pid(), "fd": child.told[1]}),
    );
    let inner = mounted_at(&document, "mnt", &places.text("mnt"));
    is_governed_and_empty(&inner);
    is_held(&inner, &json!({"by": "mount", "mnt_ns": child.told[0]}));
    let net = mounted_at(&document, "net", &places.text("net"));
    is_governed_and_empty(&net);
    is_held(&net, &json!({"by": "mount", "mnt_ns": inner["ns"]}));
}

/// The one namespace of a kind that is mounted at this path.
fn mounted_at(document: &Value, kind: &str, path: &str) -> Value {
    let is_there = |holder: &Value| holder["by"] == "mount" && holder["path"] == path;
    let all = document["namespaces"].as_array().expect("an array").iter();
    let mut found = all.filter(|it| {
        it["type"] == kind
            && it["holders"]
                .as_array()
                .expect("an array")
                .iter()
                .any(is_there)
    });
    let first = found.next().unwrap_or_else(|| panic!("{kind} at {path}"));
    assert!(found.next().is_none(), "one only");
    first.clone()
}

/// Its owner has no process either: all are gone but a descriptor of the mount namespace.
#[test]
fn what_is_mounted_in_a_mount_namespace_of_another_user_namespace_is_found_with_both() {
    needs_root!();
    let places = Places::new(&["place"]);
    let path = places.path("place");
    let child = telling(|| {
        let (mut told, ready) = std::io::pipe().expect("a pipe");
        // Only a process of one thread may make a user namespace.
        let member = fork_off(|| {
            unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).expect("root may unshare");
            let home = File::open("/proc/self/ns/net").expect("our own namespace");
            let net = new_namespace(NET, "net");
            bind(&net, &path);
            setns(&home, CloneFlags::empty()).ok();
            let user = File::open("/proc/self/ns/user").expect("our own namespace");
            for number in [inode(&net), inode(&user)] {
                let _ = (&ready).write_all(&number.to_ne_bytes());
            }
            wait_for_ever();
        });
        let mut number = || {
            let mut bytes = [0; 8];
            told.read_exact(&mut bytes).expect("the member tells");
            u64::from_ne_bytes(bytes)
        };
        let (net, user) = (number(), number());
        let mnt = File::open(format!("/proc/{member}/ns/mnt")).expect("its namespace");
        let _ = kill(member, Signal::SIGKILL);
        let _ = waitpid(member, None);
        let told = vec![net, user, inode(&mnt)];
        std::mem::forget(mnt);
        told
    });
    let [net, user, mnt] = child.told[..] else {
        panic!("{:?}", child.told)
    };
    let document = everything();
    let [net, mnt_ns, user_ns] =
        [("net", net), ("mnt", mnt), ("user", user)].map(|(kind, ns)| record(&document, kind, ns));
    for namespace in [&net, &mnt_ns, &user_ns] {
        assert_eq!(namespace["nprocs"], 0, "{namespace:#}");
    }
    assert_eq!(
        (&net["owner"], &mnt_ns["owner"]),
        (&json!(user), &json!(user))
    );
    let path = places.text("place");
    is_held(&net, &json!({"by": "mount", "path": path, "mnt_ns": mnt}));
    is_held(&mnt_ns, &json!({"by": "fd", "pid": child.pid()}));
    is_held(
        &user_ns,
        &json!({"by": "child", "type": "net", "ns": net["ns"]}),
    );
    assert_eq!(user_ns["owner_uid"], 0);
    assert_eq!(user_ns["parent"], facts::inode(facts::own_pid(), "user"));
    // Its creator has left nobody in it, and it is in the tree of all the same.
    let tree = nsinspect(&["tree", "--by", "user", "--depth", "full", "-J"]);
    let tree = tree.expect(0).stdout;
    assert!(tree.contains(&user.to_string()));
}

/// Every way to ask for it by its number answers, although there is no process to name.
#[test]
fn a_namespace_without_a_process_is_listed_shown_and_told_to_have_no_member() {
    needs_root!();
    let places = Places::new(&["place"]);
    let child = bound(NET, "net", &[places.path("place")]);
    let number = child.told[0].to_string();
    let place = places.text("place");
    let persistent = nsinspect(&["list", "--persistent"]).expect(0).stdout;
    let row = persistent.lines().find(|line| line.starts_with(&number));
    let row = row.unwrap_or_else(|| panic!("{number} in {persistent}"));
    assert!(row.contains("net") && row.contains("mount"), "{row}");
    let wide = [
        "list",
        "--raw",
        "--noheadings",
        "--type",
        "net",
        "-o",
        "NS,HOLDERS",
    ];
    let wide = nsinspect(&wide).expect(0).stdout;
    let row = wide.lines().find(|line| line.starts_with(&number));
    assert!(row.is_some_and(|row| row.contains(&place)), "{wide}");
    let shown = nsinspect(&["show", &format!("ns:{number}")])
        .expect(0)
        .stdout;
    assert!(
        shown.contains("held by") && shown.contains(&place),
        "{shown}"
    );
    let document = nsinspect(&["list", &number, "-J"]).expect(0).json();
    assert_eq!(document["processes"], json!([]));
    is_held(
        &document["namespace"],
        &json!({"by": "mount", "path": place}),
    );
    nsinspect(&["list", &number]).expect(0);
    nsinspect(&["list", &format!("net:[{number}]"), "-J"]).expect(0);
}
