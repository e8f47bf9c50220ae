//! Signs that something has happened: made to happen here, and gone with the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use serde_json::json;

use super::{Audited, give, hash, name_cgroup, share};
use crate::runtimes::{runc, started, workdir::Workdir};
use crate::support::facts::{inode, own_pid, try_inode};
use crate::support::forked::{Forked, ForkedInit};
use crate::support::process::{Spawned, children, comm_of, descendant, wait_until};
use crate::support::run::nsinspect;
use crate::support::sandbox::Offspring;
use crate::support::skip::is_root;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn nsa_500_a_process_of_a_container_that_has_joined_the_hosts_mounts_has_escaped() {
    let script = format!(
        "nsenter -t {} -m -- /bin/sleep 300 & exec /bin/sleep 300",
        own_pid()
    );
    let it = started!(runc::run(|it| {
        share(it, "pid");
        give(it, &["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"]);
        name_cgroup(it, &hash(500));
        it["process"]["args"] = json!(["/bin/sh", "-c", script]);
    }));
    let outside = || {
        let mut all = children(it.pid).into_iter();
        all.find(|pid| try_inode(*pid, "mnt") == try_inode(own_pid(), "mnt"))
    };
    wait_until(SOON, "the process to escape", || {
        outside().is_some_and(|pid| comm_of(pid).as_deref() == Some("sleep"))
    })
    .unwrap();
    let escaped = Offspring(outside().unwrap());
    let audited = Audited::of(escaped.0);
    assert_eq!(audited.judged("NSA-500"), Some(("critical", "exploitable")));
    let evidence = audited.evidence("NSA-500");
    for fact in [
        format!(
            "/proc/{}/ns/mnt mnt:[{}]",
            escaped.0,
            inode(own_pid(), "mnt")
        ),
        format!("/proc/{}/ns/mnt mnt:[{}]", it.pid, inode(it.pid, "mnt")),
        hash(500),
    ] {
        assert!(evidence.contains(&fact), "{fact} in {evidence}");
    }
    // The net namespace is the container's still.
    assert!(!evidence.contains("/ns/net"), "{evidence}");
    let unasked = nsinspect(&["audit", "--json"]).expect(0).json();
    let subjects = unasked["subjects"].as_array().unwrap();
    let subject = subjects.iter().find(|subject| subject["pid"] == escaped.0);
    let ids = &subject.expect("it is looked at unasked")["findings"];
    assert_eq!(ids.as_array().unwrap().len(), 1, "{ids:#}");

    assert_eq!(
        Audited::of(it.pid).judged("NSA-500"),
        None,
        "its init is where it belongs"
    );
}

#[test]
fn nsa_501_somebody_in_a_container_with_the_cgroup_of_the_host_is_a_visitor() {
    let it = started!(runc::run(|it| {
        give(it, &[]);
        name_cgroup(it, &hash(501));
    }));
    let mut nsenter = Command::new("nsenter");
    nsenter.args([
        "-t",
        &it.pid.to_string(),
        "-m",
        "-p",
        "-n",
        "/bin/sleep",
        "300",
    ]);
    let outer = started!(Spawned::start(&mut nsenter));
    let mut found = None;
    wait_until(SOON, "the visitor to come", || {
        found = descendant(outer.pid(), "sleep");
        found.is_some()
    })
    .unwrap();
    let visitor = found.unwrap();
    let audited = Audited::of(visitor);
    assert_eq!(audited.judged("NSA-501"), Some(("medium", "exploitable")));
    let unasked = super::subjects::of(&["audit"]);
    assert!(unasked.contains(&visitor), "{visitor} in {unasked:?}");
    let _ = nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(visitor),
        nix::sys::signal::Signal::SIGKILL,
    );

    for member in [it.pid, started!(runc::exec(&it, &[]))] {
        assert_eq!(Audited::of(member).judged("NSA-501"), None);
    }
}

#[test]
fn nsa_502_a_process_beside_the_init_with_more_than_that_can_have() {
    let it = started!(runc::run(|it| {
        give(it, &[]);
        name_cgroup(it, &hash(502));
    }));
    let plain = started!(runc::exec(&it, &[]));
    let mighty = started!(runc::exec(&it, &["--cap", "CAP_SYS_ADMIN"]));
    let audited = Audited::of(mighty);
    assert_eq!(audited.judged("NSA-502"), Some(("high", "exploitable")));
    let why = audited.finding("NSA-502").unwrap()["why"].as_str().unwrap();
    assert!(why.ends_with(": CAP_SYS_ADMIN"), "{why}");
    for like_init in [it.pid, plain] {
        assert_eq!(Audited::of(like_init).judged("NSA-502"), None);
    }
    let unasked = super::subjects::of(&["audit"]);
    assert!(unasked.contains(&mighty) && unasked.contains(&it.pid));
}

#[test]
fn nsa_502_a_process_beside_the_init_without_its_filter() {
    let it = started!(runc::run(|it| {
        give(it, &[]);
        name_cgroup(it, &hash(512));
        super::barriers::filter(it);
    }));
    // Namespaces and cgroup are joined, and no more: what `docker exec --privileged` leaves out.
    let script = format!(
        "for file in /sys/fs/cgroup/*/nsinspect-test/{id}/cgroup.procs \
         /sys/fs/cgroup/nsinspect-test/{id}/cgroup.procs; do \
         if [ -e $file ]; then echo $$ > $file; fi; done; \
         exec setpriv --bounding-set -all,{caps} --inh-caps -all \
         nsenter -t {pid} -m -p /bin/sleep 300",
        id = hash(512),
        pid = it.pid,
        caps = "+chown,+dac_override,+sys_admin,+sys_ptrace,+sys_chroot",
    );
    let mut sh = Command::new("sh");
    let outer = started!(Spawned::start(sh.args(["-c", &script])));
    let mut found = None;
    wait_until(SOON, "the process to come", || {
        found = descendant(outer.pid(), "sleep");
        found.is_some()
    })
    .unwrap();
    let beside = Offspring(found.unwrap());
    let audited = Audited::of(beside.0);
    assert_eq!(audited.judged("NSA-501"), None, "{:#}", audited.0);
    assert_eq!(audited.judged("NSA-502"), Some(("high", "exploitable")));
    let why = audited.finding("NSA-502").unwrap()["why"].as_str().unwrap();
    assert!(why.contains("no seccomp filter"), "{why}");
}

/// A named hierarchy of cgroups (version 1) that nobody else uses, without its agent and its
/// cgroups when the test ends.
struct Hierarchy(PathBuf);

impl Hierarchy {
    fn mount(at: PathBuf) -> Result<Hierarchy, String> {
        fs::create_dir(&at).unwrap();
        let options = format!("none,name=nsinspect-{}", own_pid());
        let mounted = mount(
            Some("cgroup"),
            &at,
            Some("cgroup"),
            MsFlags::empty(),
            Some(options.as_str()),
        );
        mounted.map_err(|errno| format!("no cgroup hierarchy of version 1: {errno}"))?;
        Ok(Hierarchy(at))
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }
}

impl Drop for Hierarchy {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("release_agent"), "");
        let _ = fs::remove_dir(self.0.join("child"));
        let _ = umount2(&self.0, MntFlags::empty());
    }
}

/// Processes that the kernel has started from a program below this path.
fn helpers(below: &Path) -> Vec<i32> {
    children(2)
        .into_iter()
        .filter(|pid| {
            let exe = fs::read_link(format!("/proc/{pid}/exe"));
            exe.is_ok_and(|exe| exe.starts_with(below))
        })
        .collect()
}

#[test]
fn nsa_503_a_program_of_a_containers_that_the_kernel_starts_as_root() {
    if !is_root() {
        skip!("needs root");
    }
    let it = started!(runc::run(|it| name_cgroup(it, &hash(503))));
    let table = crate::support::facts::proc_file(it.pid, "mountinfo");
    let root = table
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|fields| fields[4] == "/")
        .map(|fields| PathBuf::from(fields[3]))
        .expect("a root");
    if !root.join("bin/busybox").exists() {
        skip!("the root of the container is not below a mount whose root is the host's");
    }
    let files = Workdir::new().unwrap();
    let hierarchy = started!(Hierarchy::mount(files.join("cgroup")));
    let before = super::subjects::of(&["audit"]);
    assert!(!before.contains(&2), "nothing is set yet: {before:?}");

    let agent = root.join("tmp/agent");
    let busybox = root.join("bin/busybox");
    let busybox = busybox.display();
    fs::write(
        &agent,
        format!("#!{busybox} sh\nexec {busybox} sleep 300\n"),
    )
    .unwrap();
    fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    hierarchy.write("release_agent", agent.to_str().unwrap());
    let kernel = Audited::of(2);
    assert_eq!(kernel.judged("NSA-503"), Some(("critical", "exploitable")));
    assert!(kernel.evidence("NSA-503").contains("release_agent="));
    assert!(super::subjects::of(&["audit"]).contains(&2), "unasked too");

    fs::create_dir(hierarchy.0.join("child")).unwrap();
    hierarchy.write("child/notify_on_release", "1");
    let leaver = Forked::start(|| ());
    hierarchy.write("child/cgroup.procs", &leaver.pid().to_string());
    drop(leaver);
    wait_until(SOON, "the kernel to start the agent", || {
        !helpers(&root).is_empty()
    })
    .unwrap();
    let helper = Offspring(helpers(&root)[0]);
    let audited = Audited::of(helper.0);
    assert_eq!(audited.judged("NSA-503"), Some(("critical", "exploitable")));
    let evidence = audited.evidence("NSA-503");
    assert!(evidence.contains("status PPid 2"), "{evidence}");
    assert!(evidence.contains(&format!("exe {busybox}")), "{evidence}");
    assert!(super::subjects::of(&["audit"]).contains(&helper.0));
    assert_eq!(Audited::of(it.pid).judged("NSA-503"), None);
}

/// A thread in an ipc namespace of its own, which lives as long as its process.
fn diverge() -> Result<(), Errno> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let made = unshare(CloneFlags::CLONE_NEWIPC);
        tell.send(made).expect("somebody waits");
        loop {
            nix::unistd::pause();
        }
    });
    told.recv().expect("the thread tells")
}

#[test]
fn nsa_504_a_thread_that_is_elsewhere_than_its_process() {
    if !is_root() {
        skip!("needs root");
    }
    let sandbox = started!(ForkedInit::start(diverge));
    let audited = Audited::of(sandbox.pid());
    assert_eq!(audited.judged("NSA-504"), Some(("medium", "exploitable")));
    assert!(audited.evidence("NSA-504").contains("/ns/ipc ipc:["));
    // Whoever manages the namespaces of others does so by design.
    let of_host = Forked::start(|| diverge().expect("an ipc namespace"));
    let audited = Audited::of(of_host.pid());
    assert_eq!(audited.judged("NSA-504"), Some(("info", "exploitable")));
    let alone = Forked::start(|| ());
    assert_eq!(Audited::of(alone.pid()).judged("NSA-504"), None);
}
