//! What looks isolated by its namespaces, and is not.

use std::fs;
use std::process::Command;

use nsinspect::model::NsKind;
use nsinspect::verify::claims::processes::of_others::OnlyOwnProcesses;
use nsinspect::verify::verdict::Verdict;

use super::{mapped, nested};
use crate::probing::{isolated, isolated_from, plain, told, tried};
use crate::support::command::output_of;
use crate::support::facts::inode;
use crate::support::sandbox::Sandbox;

/// That its namespace of this kind is its own.
fn looks_isolated(pid: i32, kind: NsKind) {
    let own = inode(std::process::id().cast_signed(), kind.name());
    assert_ne!(inode(pid, kind.name()), own);
}

#[test]
fn a_procfs_of_the_host_in_a_private_pid_namespace_shows_the_host() {
    needs_root!();
    let sandbox = Sandbox::start(&["-mpf", "--kill-child"], "true").unwrap();
    looks_isolated(sandbox.pid, NsKind::Pid);
    assert_eq!(
        told(&isolated(sandbox.pid, NsKind::Pid)),
        (
            Verdict::Fails,
            "saw outside process # through /proc (a procfs of the host)".to_owned()
        )
    );
}

#[test]
fn a_procfs_of_the_host_is_found_wherever_it_is_bound() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let host = folder.path().join("the host");
    fs::create_dir(&host).unwrap();
    let script = format!(
        "mount --bind /proc \"{}\"; mount -t proc proc /proc",
        host.display()
    );
    let sandbox = Sandbox::start(&["-mpf", "--kill-child"], &script).unwrap();
    looks_isolated(sandbox.pid, NsKind::Pid);
    let found = isolated(sandbox.pid, NsKind::Pid);
    let through = format!(
        "saw outside process # through {} (a procfs of the host)",
        plain(host.to_str().unwrap())
    );
    assert_eq!(told(&found), (Verdict::Fails, through));
    let only_own = tried(sandbox.pid, &OnlyOwnProcesses);
    assert_eq!(only_own.verdict, Verdict::Fails, "{only_own:?}");
}

#[test]
fn the_directory_of_one_process_of_the_host_shows_that() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    let script = format!(
        "mount --bind /proc/{} {at}; mount -t proc proc /proc",
        std::process::id()
    );
    let sandbox = Sandbox::start(&["-mpf", "--kill-child"], &script).unwrap();
    looks_isolated(sandbox.pid, NsKind::Pid);
    let found = isolated(sandbox.pid, NsKind::Pid);
    assert_eq!(
        told(&found),
        (
            Verdict::Fails,
            format!(
                "saw outside process # through {} (a procfs of the host)",
                plain(at)
            )
        )
    );
}

#[test]
fn a_process_of_another_container_is_seen_by_its_procfs() {
    needs_root!();
    let other = Sandbox::start(&["-mpf", "--mount-proc", "--kill-child"], "true").unwrap();
    let folder = tempfile::tempdir().unwrap();
    // A procfs of the other's pid namespace, as whoever may enter it can mount it.
    let make = format!(
        "nsenter -t {} -p mount -t proc other {}",
        other.pid,
        folder.path().display()
    );
    let sandbox = nested(
        &["-m"],
        &make,
        &["-pf", "--mount-proc", "--kill-child"],
        "true",
    );
    let kind = NsKind::Pid;
    let seen = tried(sandbox.pid, &isolated_from(kind, other.pid));
    assert_eq!(seen.verdict, Verdict::Fails, "{seen:?}");
    assert_eq!(isolated(sandbox.pid, kind).verdict, Verdict::Holds);
    let only_own = tried(sandbox.pid, &OnlyOwnProcesses);
    assert_eq!(only_own.verdict, Verdict::Fails, "{only_own:?}");
}

#[test]
fn mounts_that_are_shared_come_up_on_the_other_side() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let script = format!("mount -t tmpfs none {path}; mount --make-shared {path}; mkdir {path}/in");
    let host = Sandbox::start(&["-m"], &script).unwrap();
    let apart = |propagation: &str| {
        let mut command = Command::new("nsenter");
        command.args(["-t", &host.pid.to_string(), "-m", "unshare", "-m"]);
        command.args(["--propagation", propagation, "sh", "-c"]);
        command.arg(crate::support::sandbox::then_sleep("true"));
        Sandbox::run(&mut command).unwrap()
    };
    let claim = isolated_from(NsKind::Mnt, host.pid);
    let shared = apart("unchanged");
    looks_isolated(shared.pid, NsKind::Mnt);
    let found = tried(shared.pid, &claim);
    assert_eq!(
        told(&found),
        (
            Verdict::Fails,
            format!(
                "compared the mount tables: what is mounted below {} on one side comes up on the \
                 other (shared)",
                plain(folder.path().to_str().unwrap())
            )
        )
    );
    for propagation in ["private", "slave"] {
        let private = apart(propagation);
        let found = tried(private.pid, &claim);
        assert_eq!(found.verdict, Verdict::Holds, "{propagation}: {found:?}");
    }
    // And so it is.
    let mounts = || fs::read_to_string(format!("/proc/{}/mountinfo", host.pid)).unwrap();
    let before = mounts().lines().count();
    let mut mount = Command::new("nsenter");
    mount.args([
        "-t",
        &shared.pid.to_string(),
        "-m",
        "mount",
        "-t",
        "tmpfs",
        "none",
    ]);
    output_of(mount.arg(folder.path().join("in"))).unwrap();
    assert_eq!(mounts().lines().count(), before + 1);
}

#[test]
fn a_user_namespace_that_maps_root_to_root_isolates_no_root() {
    needs_root!();
    let sandbox = Sandbox::start(&["-Ur"], "true").unwrap();
    looks_isolated(sandbox.pid, NsKind::User);
    assert_eq!(
        told(&isolated(sandbox.pid, NsKind::User)),
        (
            Verdict::Fails,
            "became root inside: outside that is uid #, which is root there too".to_owned()
        )
    );
    let without_root = Sandbox::start_mapped(&[], "1000 1000 1").unwrap();
    assert_eq!(
        told(&isolated(without_root.pid, NsKind::User)),
        (
            Verdict::Holds,
            "nobody can become root inside, and host rights are refused".to_owned()
        )
    );
}

#[test]
fn an_abstract_socket_is_reached_where_everything_but_the_network_is_isolated() {
    needs_root!();
    let sandbox = mapped(&["-muipC"], 100_000);
    let found = isolated(sandbox.pid, NsKind::Net);
    assert_eq!(
        told(&found),
        (
            Verdict::Fails,
            "reached @*, opened outside, from inside".to_owned()
        )
    );
}

#[test]
fn a_message_queue_is_seen_by_a_mount_of_the_hosts_queues() {
    needs_root!();
    let folder = tempfile::tempdir().unwrap();
    let script = format!("mount -t mqueue none {}", folder.path().display());
    let sandbox = nested(&["-m"], &script, &["-i"], "true");
    looks_isolated(sandbox.pid, NsKind::Ipc);
    let found = isolated(sandbox.pid, NsKind::Ipc);
    assert_eq!(found.verdict, Verdict::Fails, "{found:?}");
    assert!(found.did.contains("message queue at"), "{found:?}");
}
