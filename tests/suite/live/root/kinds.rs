//! One kind of namespace at a time: what differs inside it.

use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use serde_json::{Value, json};

use crate::live::diffed::Diffed;
use crate::runtimes::started;
use crate::support::command::output_of;
use crate::support::facts::{find, inode, kinds, own_pid, proc_file, try_inode};
use crate::support::process::{children, wait_until};
use crate::support::run::{NOBODY, nsinspect};
use crate::support::sandbox::{Offspring, Sandbox, then_sleep};

#[test]
fn of_unshare_fp_mount_proc_exactly_pid_and_mnt_are_isolated() {
    needs_root!();
    let it = started!(Sandbox::start(&["-fp", "--kill-child", "--mount-proc"], ""));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["mnt", "pid"]);
    assert_eq!(diff.inside("pid", "pid").0, 1);
    assert_eq!(diff.inside("pid", "processes").0, 1);
    let (init, _) = diff.inside("pid", "init");
    assert!(init == it.pid || init.is_null(), "{init}");
    assert_eq!(diff.beyond("uid")["subject"], json!([0, 0, 0, 0]));
    let mounts = proc_file(it.pid, "mountinfo").lines().count();
    assert_eq!(diff.inside("mnt", "mounts").0, mounts);

    let text = nsinspect(&["diff", &it.pid.to_string()]).expect(0).stdout;
    assert!(text.contains("it is PID 1 in there"), "{text}");
    assert!(text.contains("1 process"), "{text}");
}

#[test]
fn all_processes_of_a_pid_namespace_are_counted_and_its_init_may_be_another() {
    needs_root!();
    let it = started!(Sandbox::start(
        &["-fp", "--kill-child"],
        "sleep 1000 & sleep 1000 &"
    ));
    Diffed::of_pid(it.pid).assert_isolated(it.pid, &["pid"]);
    let other = children(it.pid)[1];
    let diff = Diffed::of_pid(other);
    assert_eq!(diff.inside("pid", "processes").0, 3);
    let (init, _) = diff.inside("pid", "init");
    assert!(init == it.pid || init.is_null(), "{init}");
}

#[test]
fn both_host_and_domain_names_are_told_and_the_machine_keeps_its_own() {
    needs_root!();
    let names = || ["hostname", "domainname"].map(kernel_name);
    let before = names();
    let it = started!(Sandbox::start(
        &["-u"],
        "echo a-name-inside > /proc/sys/kernel/hostname
         echo a.domain.inside > /proc/sys/kernel/domainname"
    ));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["uts"]);
    assert_eq!(
        diff.inside("uts", "hostname"),
        (json!("a-name-inside"), json!(before[0]))
    );
    assert_eq!(
        diff.inside("uts", "domainname"),
        (json!("a.domain.inside"), json!(before[1]))
    );
    assert_eq!(diff.0["host"]["hostname"], before[0]);

    let text = nsinspect(&["diff", &it.pid.to_string()]).expect(0).stdout;
    for name in ["a-name-inside", "a.domain.inside", &before[0]] {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert_eq!(names(), before);
}

fn kernel_name(file: &str) -> String {
    let text = fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap();
    text.trim_end().to_owned()
}

#[test]
fn the_root_of_a_user_namespace_is_the_ordinary_user_who_made_it() {
    needs_root!();
    let it = started!(Sandbox::start_as_nobody(&["-U", "--map-root-user"], ""));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["user"]);
    assert_eq!(diff.inside("user", "root_uid").0, NOBODY);
    let map = json!([{"inside": 0, "outside": NOBODY, "count": 1}]);
    assert_eq!(diff.inside("user", "uid_map").0, map);
    assert_eq!(diff.inside("user", "gid_map").0, map);
    assert_eq!(diff.inside("user", "setgroups").0, "deny");
    let uid = diff.beyond("uid");
    assert_eq!(uid["subject"], json!([NOBODY, NOBODY, NOBODY, NOBODY]));
    assert_eq!(uid["same"], false);

    let text = nsinspect(&["diff", &it.pid.to_string()]).expect(0).stdout;
    assert!(text.contains("its root is uid 65534"), "{text}");
}

#[test]
fn a_map_of_a_whole_range_is_told_as_it_is_and_root_may_be_nobody_in_it() {
    needs_root!();
    let it = started!(Sandbox::start(&["-U"], ""));
    let map = json!([
        {"inside": 1000, "outside": 200_000, "count": 65_536},
        {"inside": 70_000, "outside": 0, "count": 1},
    ]);
    fs::write(
        format!("/proc/{}/uid_map", it.pid),
        "1000 200000 65536\n70000 0 1\n",
    )
    .unwrap();
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["user"]);
    assert_eq!(diff.inside("user", "uid_map").0, map);
    assert_eq!(diff.inside("user", "gid_map").0, json!([]));
    assert_eq!(diff.inside("user", "root_uid").0, Value::Null);
    assert_eq!(diff.inside("user", "setgroups").0, "allow");
}

#[test]
fn a_fresh_network_namespace_has_its_loopback_down_and_nobody_listens() {
    needs_root!();
    let it = started!(Sandbox::start(&["-n"], ""));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["net"]);
    let (inside, outside) = diff.inside("net", "interfaces");
    let lo = json!({"name": "lo", "up": false, "addresses": []});
    assert_eq!(find(&inside, "name", "lo"), &lo);
    assert_eq!(diff.inside("net", "listening").0, json!([]));
    let outside = outside.as_array().unwrap();
    let names: Vec<_> = outside
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(sorted(names), interfaces_here());
}

/// Every line of /proc/net/dev below its two heads.
fn interfaces_here() -> Vec<String> {
    let table = proc_file(own_pid(), "net/dev");
    let lines = table.lines().skip(2);
    sorted(
        lines
            .map(|line| line.split(':').next().unwrap().trim().to_owned())
            .collect(),
    )
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

#[test]
fn what_listens_in_a_network_namespace_is_told_with_its_address() {
    needs_root!();
    needs_program!("ip");
    let listening = thread::spawn(listen_in_a_namespace).join().unwrap();
    let (it, tcp, _sockets) = started!(listening);
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["net"]);
    let expected = json!([
        {"protocol": "tcp", "address": tcp},
        {"protocol": "unix", "address": "@nsinspect-suite"},
    ]);
    assert_eq!(diff.inside("net", "listening").0, expected);
    let (inside, _) = diff.inside("net", "interfaces");
    let lo = find(&inside, "name", "lo");
    assert_eq!(lo["up"], true);
    let addresses = lo["addresses"].as_array().unwrap();
    assert!(addresses.contains(&json!("127.0.0.1")), "{lo}");
    // What listens here is not what listens there.
    let (_, outside) = diff.inside("net", "listening");
    assert!(!outside.to_string().contains("@nsinspect-suite"));
}

type Listening = (Sandbox, String, (TcpListener, UnixListener));

/// Namespaces are a thread's own, and what it starts is in them too.
fn listen_in_a_namespace() -> Result<Listening, String> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| format!("unshare: {errno}"))?;
    output_of(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let tcp = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let name = SocketAddr::from_abstract_name("nsinspect-suite").unwrap();
    let unix = UnixListener::bind_addr(&name).map_err(|error| error.to_string())?;
    let address = tcp.local_addr().unwrap().to_string();
    let it = Sandbox::start(&[], "")?;
    Ok((it, address, (tcp, unix)))
}

#[test]
fn the_objects_in_an_ipc_namespace_are_counted() {
    needs_root!();
    needs_program!("ipcmk");
    let folder = tempfile::tempdir().unwrap();
    let queues = folder.path().display();
    let script = format!(
        "ipcmk -M 64; ipcmk -M 64; ipcmk -S 3; ipcmk -Q
         mount -t mqueue none {queues}
         : > {queues}/one; : > {queues}/two; : > {queues}/three"
    );
    let it = started!(Sandbox::start(&["-i", "-m"], &script));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["ipc", "mnt"]);
    for (what, count, table) in [
        ("shared_memory", 2, "shm"),
        ("semaphores", 1, "sem"),
        ("message_queues", 1, "msg"),
    ] {
        let here = fs::read_to_string(format!("/proc/sysvipc/{table}")).unwrap();
        let here = here.lines().count() - 1;
        assert_eq!(
            diff.inside("ipc", what),
            (json!(count), json!(here)),
            "{what}"
        );
    }
    assert_eq!(diff.inside("ipc", "posix_queues").0, 3);
}

#[test]
fn a_cgroup_namespace_is_told_by_its_path_inside_and_outside() {
    needs_root!();
    let cgroup = started!(Cgroup::new());
    let script = format!(
        "echo $$ > {}/cgroup.procs
         exec unshare --cgroup sh -c '{}'",
        cgroup.0.display(),
        then_sleep("")
    );
    let it = started!(Sandbox::run(Command::new("sh").args(["-c", &script])));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["cgroup"]);
    let name = cgroup.0.file_name().unwrap().to_str().unwrap();
    let (inside, _) = diff.inside("cgroup", "path_inside");
    let (outside, theirs) = diff.inside("cgroup", "path_outside");
    let outside = outside.as_str().unwrap();
    assert!(outside.ends_with(&format!("/{name}")), "{outside}");
    let lines = proc_file(it.pid, "cgroup");
    assert!(lines.lines().any(|line| line.ends_with(outside)), "{lines}");
    assert_eq!(inside, "/");
    assert_ne!(theirs, outside);
    drop(it);
}

/// A cgroup of a test's own, in the unified hierarchy or else in systemd's.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new() -> Result<Self, String> {
        let hierarchies = [
            "/sys/fs/cgroup/unified",
            "/sys/fs/cgroup",
            "/sys/fs/cgroup/systemd",
        ];
        let hierarchy = hierarchies
            .into_iter()
            .map(Path::new)
            .find(|folder| folder.join("cgroup.procs").exists())
            .ok_or("no hierarchy of cgroups is mounted")?;
        let folder = hierarchy.join(format!("nsinspect-suite-{}", own_pid()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Cgroup(folder))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Busy until the kernel is done with its last process, which has been waited for.
        let gone = wait_until(Duration::from_secs(5), "the cgroup to go", || {
            fs::remove_dir(&self.0).is_ok()
        });
        if let Err(late) = gone {
            eprintln!("{late}: {}", self.0.display());
        }
    }
}

#[test]
fn a_time_namespace_is_told_by_both_of_its_offsets() {
    needs_root!();
    if !kinds().contains(&"time") {
        skip!("this kernel has no time namespaces");
    }
    let args = ["-T", "--monotonic", "86400", "--boottime", "172800"];
    let it = started!(Sandbox::start(
        &[&args[..], &["-f", "--kill-child"]].concat(),
        ""
    ));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &["time"]);
    let seconds = |seconds: i64| json!({"seconds": seconds, "nanoseconds": 0});
    assert_eq!(
        diff.inside("time", "monotonic"),
        (seconds(86400), seconds(0))
    );
    assert_eq!(
        diff.inside("time", "boottime"),
        (seconds(172_800), seconds(0))
    );

    // The parent is still where it was: only its children are in the new one.
    let parent = Diffed::of_pid(it.outer());
    parent.assert_isolated(it.outer(), &[]);
    assert_eq!(
        parent.beyond("children_elsewhere")["subject"],
        json!(["time"])
    );
}

#[test]
fn all_eight_kinds_at_once_are_all_isolated() {
    needs_root!();
    let mut args = vec!["-U", "-r", "-u", "-i", "-n", "-m", "-p", "--cgroup"];
    if kinds().contains(&"time") {
        args.extend(["-T", "--monotonic", "1"]);
    }
    args.extend(["-f", "--kill-child"]);
    let it = started!(Sandbox::start(&args, ""));
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &kinds());
    // Made by root: its root is root here, and that it has a user namespace does not change that.
    assert_eq!(diff.inside("user", "root_uid").0, 0);
    let text = nsinspect(&["diff", &it.pid.to_string()]).expect(0).stdout;
    assert!(
        text.contains("its root IS root on the host") || text.contains("as seen from here"),
        "{text}"
    );
}

#[test]
fn a_thread_in_namespaces_of_its_own_is_listed_and_can_be_compared() {
    needs_root!();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (say, tid) = std::sync::mpsc::channel();
    let elsewhere = thread::Builder::new().name("elsewhere".to_owned());
    let elsewhere = elsewhere.spawn(move || {
        let made = unshare(CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWNET);
        say.send(made.map(|()| nix::unistd::gettid().as_raw()))
            .unwrap();
        let _ = wait.recv();
    });
    let tid = started!(tid.recv().unwrap().map_err(|errno| errno.to_string()));
    let own = own_pid().to_string();

    let shown = nsinspect(&["show", "--json", &own]).expect(0).json();
    let threads = shown["process"]["threads"].as_array().unwrap();
    let thread = threads
        .iter()
        .find(|thread| thread["tid"] == tid)
        .expect("the thread");
    let expected = json!({
        "tid": tid,
        "comm": "elsewhere",
        "namespaces": {"net": inode(tid, "net"), "uts": inode(tid, "uts")},
    });
    assert_eq!(thread, &expected);
    assert_ne!(inode(tid, "net"), inode(own_pid(), "net"));

    let diff = Diffed::of(&[&tid.to_string(), &own]);
    diff.assert_isolated(tid, &["net", "uts"]);
    assert_eq!(diff.0["subject"]["pid"], own_pid());
    assert_eq!(diff.0["subject"]["tid"], tid);
    drop(done);
    elsewhere.unwrap().join().unwrap();
}

#[test]
fn the_next_child_of_unshare_p_without_fork_is_said_to_be_elsewhere() {
    needs_root!();
    let it = started!(Sandbox::start(&["-p"], ""));
    // Until that child is there, the kernel names no namespace (pidns_for_children_get).
    assert_eq!(try_inode(it.pid, "pid_for_children"), None);
    let diff = Diffed::of_pid(it.pid);
    diff.assert_isolated(it.pid, &[]);
    assert_eq!(diff.beyond("children_elsewhere")["subject"], json!(["pid"]));

    let it = started!(Sandbox::start(&["-p"], "sleep 1000 &"));
    let child = Offspring(children(it.pid)[0]);
    let shown = nsinspect(&["show", "--json", &it.pid.to_string()]);
    let next = &shown.expect(0).json()["process"]["pid_for_children"];
    assert_eq!(*next, inode(child.0, "pid"));
    assert_ne!(*next, inode(it.pid, "pid"));
    let diff = Diffed::of_pid(it.pid);
    assert_eq!(diff.beyond("children_elsewhere")["subject"], json!(["pid"]));
}
