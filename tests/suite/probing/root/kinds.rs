//! Each kind of namespace, isolated and shared.

use nsinspect::model::NsKind;
use nsinspect::model::process::{Offset, TimeOffsets};
use nsinspect::verify::claim::Claim;
use nsinspect::verify::claims::cgroup::path::CgroupPath;
use nsinspect::verify::claims::cgroup::writable_above::CgroupNotWritable;
use nsinspect::verify::claims::hostname::Hostname;
use nsinspect::verify::claims::interfaces::Interfaces;
use nsinspect::verify::claims::processes::at_most::AtMostProcesses;
use nsinspect::verify::claims::processes::of_others::OnlyOwnProcesses;
use nsinspect::verify::claims::sockets::{Reach, Socket};
use nsinspect::verify::claims::time::Offsets;
use nsinspect::verify::claims::user::root_on_host::RootNotHostRoot;
use nsinspect::verify::verdict::Verdict;

use super::whole;
use crate::probing::{isolated, isolated_from, plain, told, tried};
use crate::support::process::wait_until;
use crate::support::sandbox::Sandbox;

#[test]
fn what_is_isolated_is_found_to_be_kind_by_kind() {
    needs_root!();
    let sandbox = whole();
    let all = NsKind::ALL.map(|kind| (kind, told(&isolated(sandbox.pid, kind))));
    for (kind, (verdict, did)) in &all {
        assert_eq!(*verdict, Verdict::Holds, "{kind}: {did}");
    }
    let did = |kind| &all.iter().find(|(it, _)| *it == kind).unwrap().1.1;
    assert_eq!(
        did(NsKind::Pid),
        "started process # outside: nobody inside can see it by number or through /proc"
    );
    assert_eq!(
        did(NsKind::User),
        "became root inside: outside that is uid #, and host rights are refused"
    );
    assert_eq!(
        did(NsKind::Time),
        "read both clocks on both sides: they differ"
    );
    assert_eq!(
        did(NsKind::Net),
        "abstract socket @* and port #.#.#.#:# opened outside, refused inside, and the other way \
         round"
    );
    assert_eq!(
        did(NsKind::Mnt),
        &format!(
            "mounted a tmpfs on {} in a namespace of our own: not seen inside; no mount is shared \
             with the outside",
            plain(std::env::temp_dir().to_str().unwrap())
        )
    );
}

#[test]
fn what_is_shared_is_found_to_be_kind_by_kind() {
    needs_root!();
    let network_alone = Sandbox::start(&["-n"], "true").unwrap();
    let all_but_network = Sandbox::start(&["-m"], "true").unwrap();
    let of = |kind| match kind {
        NsKind::Mnt => network_alone.pid,
        _ => all_but_network.pid,
    };
    let all = NsKind::ALL.map(|kind| (kind, isolated(of(kind), kind)));
    for (kind, tried) in &all {
        assert_eq!(tried.verdict, Verdict::Fails, "{kind}: {tried:?}");
    }
    let did = |kind| told(&all.iter().find(|(it, _)| *it == kind).unwrap().1).1;
    assert_eq!(
        did(NsKind::Pid),
        "named outside process # from inside, by kill(#) with signal #"
    );
    assert_eq!(did(NsKind::Net), "reached @*, opened outside, from inside");
    assert!(did(NsKind::Ipc).starts_with("found inside what was made outside: shared memory"));
}

#[test]
fn two_sandboxes_are_compared_with_each_other() {
    needs_root!();
    let one = whole();
    let other = whole();
    for kind in NsKind::ALL {
        let apart = tried(one.pid, &isolated_from(kind, other.pid));
        let expected = match kind {
            // The same ids outside: whoever is root in one has the files of root in the other.
            NsKind::User => Verdict::Fails,
            _ => Verdict::Holds,
        };
        assert_eq!(apart.verdict, expected, "{kind}: {apart:?}");
        let alike = tried(one.pid, &isolated_from(kind, one.pid));
        assert_eq!(alike.verdict, Verdict::Fails, "{kind}: {alike:?}");
    }
}

#[test]
fn an_offset_is_measured_by_both_clocks() {
    needs_root!();
    let sandbox = whole();
    let offsets = |monotonic, boottime| {
        let of = |seconds| Offset {
            seconds,
            nanoseconds: 0,
        };
        Offsets(TimeOffsets {
            monotonic: of(monotonic),
            boottime: of(boottime),
        })
    };
    let right = tried(sandbox.pid, &offsets(0, 86_400));
    assert_eq!(right.verdict, Verdict::Holds, "{right:?}");
    for (monotonic, boottime) in [(0, 86_399), (0, 0), (1, 86_400)] {
        let wrong = tried(sandbox.pid, &offsets(monotonic, boottime));
        assert_eq!(wrong.verdict, Verdict::Fails, "{wrong:?}");
    }
}

#[test]
fn names_interfaces_and_cgroups_are_read_from_inside() {
    needs_root!();
    let sandbox = Sandbox::start(&["-unC"], "hostname inside").unwrap();
    let ask = |claim: &dyn Claim| tried(sandbox.pid, claim).verdict;
    let (holds, fails) = (Verdict::Holds, Verdict::Fails);
    assert_eq!(ask(&Hostname("inside".to_owned())), holds);
    assert_eq!(ask(&Hostname("outside".to_owned())), fails);
    let interfaces =
        |names: &[&str]| Interfaces(names.iter().copied().map(str::to_owned).collect());
    assert_eq!(ask(&interfaces(&["lo"])), holds);
    assert_eq!(ask(&interfaces(&["eth0", "lo"])), fails);
    assert_eq!(ask(&interfaces(&[])), fails);
    assert_eq!(ask(&CgroupPath("/".to_owned())), holds);
    assert_eq!(ask(&CgroupPath("/other".to_owned())), fails);
}

#[test]
fn what_listens_outside_is_reached_or_not() {
    needs_root!();
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let name = format!("nsinspect-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = UnixListener::bind_addr(&address).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _path = UnixListener::bind(&path).unwrap();
    let sockets = [
        Socket::Abstract(name),
        Socket::Tcp(port.local_addr().unwrap().port()),
        Socket::Path(path.to_str().unwrap().to_owned()),
    ];
    let own_network = Sandbox::start(&["-n"], "true").unwrap();
    let hidden = format!("mount -t tmpfs none {}", folder.path().display());
    let own_mounts = Sandbox::start(&["-m"], &hidden).unwrap();
    let reached = |pid| {
        sockets.clone().map(|socket| {
            let reachable = false;
            tried(pid, &Reach { socket, reachable }).verdict
        })
    };
    let (holds, fails) = (Verdict::Holds, Verdict::Fails);
    assert_eq!(reached(own_network.pid), [holds, holds, fails]);
    assert_eq!(reached(own_mounts.pid), [fails, fails, holds]);
}

#[test]
fn what_takes_the_rights_of_the_host_is_granted_to_its_root_alone() {
    needs_root!();
    let root = Sandbox::start(&["-m"], "true").unwrap();
    let granted = tried(root.pid, &RootNotHostRoot);
    assert_eq!(granted.verdict, Verdict::Fails, "{granted:?}");
    let sandbox = whole();
    let refused = tried(sandbox.pid, &RootNotHostRoot);
    assert_eq!(refused.verdict, Verdict::Holds, "{refused:?}");
    let same_root = Sandbox::start(&["-Ur"], "true").unwrap();
    let owner = tried(same_root.pid, &RootNotHostRoot);
    assert_eq!(
        told(&owner),
        (
            Verdict::Fails,
            "granted to the target's rights: reading a file of the host's root that is for nobody else"
                .to_owned()
        )
    );
}

#[test]
fn the_processes_that_are_seen_are_counted() {
    needs_root!();
    let sandbox = whole();
    let ask = |claim: &dyn Claim| tried(sandbox.pid, claim);
    assert_eq!(ask(&OnlyOwnProcesses).verdict, Verdict::Holds);
    assert_eq!(
        told(&ask(&AtMostProcesses(1))),
        (Verdict::Holds, "saw # process through /proc".to_owned())
    );
    assert_eq!(ask(&AtMostProcesses(0)).verdict, Verdict::Fails);
}

#[test]
fn cgroups_above_its_own_are_writable_to_the_hosts_root_alone() {
    needs_root!();
    let cgroup = match Cgroup::below_our_own() {
        Ok(cgroup) => cgroup,
        Err(reason) => skip!("{reason}"),
    };
    let root = Sandbox::start(&["-m"], &cgroup.join()).unwrap();
    let above = tried(root.pid, &CgroupNotWritable);
    assert_eq!(above.verdict, Verdict::Fails, "{above:?}");
    let read_only = format!(
        "{}\nfor at in $(cut -d \" \" -f 2,3 /proc/mounts | grep \" cgroup\" | cut -d \" \" -f 1); do \
         mount -o remount,bind,ro $at; done",
        cgroup.join()
    );
    let read_only = Sandbox::start(&["-m"], &read_only).unwrap();
    let refused = tried(read_only.pid, &CgroupNotWritable);
    assert_eq!(refused.verdict, Verdict::Holds, "{refused:?}");
}

/// A cgroup of the test's own, removed with this.
struct Cgroup(std::path::PathBuf);

impl Cgroup {
    fn below_our_own() -> Result<Cgroup, String> {
        let ours = std::fs::read_to_string("/proc/self/cgroup").unwrap();
        let of_pids = |line: &str| line.split_once(":pids:").map(|(_, path)| path.to_owned());
        let path = ours.lines().find_map(of_pids);
        let path = path.ok_or("no cgroup v1 hierarchy of pids here")?;
        let name = format!("nsinspect-test-{}", std::process::id());
        let dir = std::path::Path::new("/sys/fs/cgroup/pids");
        let dir = dir.join(path.trim_start_matches('/')).join(name);
        std::fs::create_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        Ok(Cgroup(dir))
    }

    /// The line by which a shell comes into it.
    fn join(&self) -> String {
        format!("echo $$ >{}/cgroup.procs", self.0.display())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Those in it have been killed, and go at their own pace.
        let gone = || std::fs::remove_dir(&self.0).is_ok();
        let _ = wait_until(std::time::Duration::from_secs(5), "the cgroup to go", gone);
    }
}
