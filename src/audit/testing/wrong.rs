//! Machines on which every rule finds something, as plain data: what is wrong in each cannot be set up
//! on one real machine at once.

use super::*;
use crate::model::exposure::{
    Anchor, DeviceNode, DeviceRules, Exposure, File, FileKind, Handle, HiddenMount, KernelFile,
    Listener, MountPoint, Part, ProcInstance, SocketFile,
};
use crate::model::facts::{Listening, SysvCounts};
use crate::model::process::Thread;
use crate::model::settings::Account;

/// Mounts of the host have ids from here on.
const OF_HOST: i32 = 100;

pub fn wrong_machines() -> Vec<Snapshot> {
    vec![
        all_but_pid_namespace(),
        with_the_hosts_processes(),
        without_sys_admin(),
        in_user_namespaces(),
        in_a_chroot(),
        side_by_side(),
        with_signs_of_an_escape(),
        with_a_kernel_helper(),
    ]
}

fn file(kind: FileKind, mode: u32, device: Option<(u32, u32)>) -> File {
    File {
        kind,
        inode: 7,
        uid: 0,
        gid: 0,
        mode,
        device,
    }
}

fn mount(id: i32, point: &str, fstype: &str, device: &str, root: &str) -> Mount {
    Mount {
        id,
        parent: 1,
        device: device.to_owned(),
        root: root.to_owned(),
        mount_point: point.to_owned(),
        fstype: fstype.to_owned(),
        ..root_mount("/")
    }
}

fn part<T>(found: Vec<T>) -> Part<T> {
    Part { found, gap: None }
}

fn listener(name: &str) -> Listener {
    Listener {
        name: name.to_owned(),
        socket: 9,
        pid: Some(1),
        program: Some("/usr/bin/dockerd".to_owned()),
    }
}

fn handle(name: &str, file: Option<File>, what: Option<Anchor>) -> Handle {
    Handle {
        tid: 10,
        name: name.to_owned(),
        target: "/somewhere".to_owned(),
        mount: file.map(|_| OF_HOST),
        file,
        flags: Some(2),
        what,
    }
}

/// What a container sees that was given too much.
fn exposure() -> Exposure {
    let directory = file(FileKind::Directory, 0o755, None);
    let regular = |mode| Some(file(FileKind::Regular, mode, None));
    let kernel_file = |name: &str, mode| KernelFile {
        path: format!("/proc{name}"),
        name: name.to_owned(),
        mount: 4,
        file: regular(mode),
    };
    let disk = file(FileKind::Block, 0o660, Some((254, 0)));
    Exposure {
        mount_points: part(
            (1..=7)
                .map(|mount| MountPoint {
                    mount,
                    file: directory,
                })
                .collect(),
        ),
        procfs: part(vec![ProcInstance {
            mount: 4,
            mount_point: "/host/proc".to_owned(),
            pid_ns: Some(NsKind::Pid.initial_inode()),
            own: None,
        }]),
        kernel_files: part(vec![
            kernel_file("/sys/kernel/core_pattern", 0o644),
            kernel_file("/kcore", 0o400),
        ]),
        devices: part(vec![DeviceNode {
            path: "/dev/vda".to_owned(),
            mount: Some(1),
            file: disk,
            driver: None,
        }]),
        device_rules: Seen::Known(DeviceRules {
            list: Some(vec!["a *:* rwm".to_owned()]),
            source: Some("/sys/fs/cgroup/devices/devices.list".to_owned()),
            programs: Some(0),
        }),
        sockets: part(vec![SocketFile {
            path: "/run/docker.sock".to_owned(),
            mount: 1,
            file: file(FileKind::Socket, 0o660, None),
            above: Vec::new(),
            listener: listener("/run/docker.sock"),
        }]),
        hidden_mounts: Seen::Known(vec![HiddenMount {
            id: 77,
            device: "254:0".to_owned(),
            root: Some("/".to_owned()),
        }]),
        handles: part(vec![
            handle("cwd", Some(directory), None),
            handle("exe", regular(0o755), None),
            handle(
                "fd/7",
                None,
                Some(Anchor::Namespace {
                    kind: "net".to_owned(),
                    inode: NsKind::Net.initial_inode(),
                }),
            ),
            handle("fd/8", Some(disk), None),
        ]),
    }
}

fn mounts_of_host(snapshot: &mut Snapshot) {
    let of_host = |id, point: &str, fstype: &str, device: &str| {
        mount(OF_HOST + id, point, fstype, device, "/")
    };
    let mut root = of_host(0, "/", "ext4", "254:0");
    root.shared = Some(1);
    let fuse = of_host(1, "/var/lib/lxcfs", "fuse.sshfs", "0:99");
    snapshot.host_mounts = Seen::Known(vec![root, fuse]);
}

/// Privileged, and with much of the host in its mounts.
fn given_everything(pid: Pid) -> Process {
    let shared = [NsKind::Net, NsKind::Ipc, NsKind::Uts, NsKind::Cgroup];
    let mut it = container(pid, ID, &shared);
    set_capabilities(&mut it, ALL);
    status(&mut it).seccomp = Some(Seccomp::Disabled);
    status(&mut it).capabilities.inheritable = CapabilitySet(1);
    set_label(&mut it, "unconfined");
    let mut shared = mount(2, "/host/etc", "ext4", "254:0", "/etc");
    shared.shared = Some(1);
    let mut cgroup = mount(5, "/sys/fs/cgroup/pids", "cgroup", "0:30", "/");
    cgroup.super_options = "rw,pids".to_owned();
    details(&mut it).mounts = Seen::Known(vec![
        root_mount(&format!("/srv/{ID}/rootfs")),
        shared,
        mount(4, "/proc", "proc", "0:40", "/"),
        cgroup,
        mount(6, "/srv/fuse", "fuse.sshfs", "0:99", "/"),
    ]);
    details(&mut it).threads = Seen::Known(vec![Thread {
        tid: 99,
        comm: "worker".to_owned(),
        differs: vec![(LinkName::Own(NsKind::Net), 4_026_590_000)],
    }]);
    it.cgroups = Seen::Known(vec![
        CgroupEntry {
            hierarchy: 5,
            controllers: "pids".to_owned(),
            path: format!("/docker/{ID}"),
        },
        CgroupEntry {
            hierarchy: 0,
            controllers: String::new(),
            path: format!("/docker/{ID}"),
        },
    ]);
    it
}

fn all_but_pid_namespace() -> Snapshot {
    let mut snapshot = machine([given_everything(10)]);
    mounts_of_host(&mut snapshot);
    snapshot.exposures.insert(10, exposure());
    let net = NsKind::Net.initial_inode();
    let abstract_socket = part(vec![listener("@/containerd-shim/1.sock")]);
    snapshot.listeners.insert(net, abstract_socket);
    set(&mut snapshot, "kernel/dmesg_restrict", "0");
    set(&mut snapshot, "kernel/modules_disabled", "0");
    snapshot.settings.lockdown = Seen::Known("integrity".to_owned());
    for (key, namespace) in &mut snapshot.namespaces {
        if key.kind == NsKind::Net && key.inode == net {
            namespace.facts.listening = Seen::Known(vec![Listening {
                protocol: "tcp".to_owned(),
                address: "127.0.0.1:10250".to_owned(),
            }]);
        }
        if key.kind == NsKind::Ipc && key.inode == NsKind::Ipc.initial_inode() {
            namespace.facts.sysv = Seen::Known(SysvCounts {
                shared_memory: 1,
                semaphores: 0,
                queues: 0,
            });
        }
    }
    snapshot
}

fn with_the_hosts_processes() -> Snapshot {
    let mut it = container(10, ID, &[NsKind::Pid]);
    set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_PTRACE);
    set_label(&mut it, "docker-default (enforce)");
    machine([it])
}

/// Less than everything, so that what the rest is worth can be told; and reads and leaves what it may.
fn without_sys_admin() -> Snapshot {
    let mut it = container(10, ID, &[]);
    set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::BPF);
    status(&mut it).capabilities.permitted = CapabilitySet(0);
    status(&mut it).capabilities.effective = CapabilitySet(0);
    let mut secrets = mount(2, "/host/etc", "ext4", "254:0", "/etc");
    secrets.read_only = true;
    details(&mut it).mounts = Seen::Known(vec![
        root_mount(&format!("/srv/{ID}/rootfs")),
        secrets,
        mount(3, "/data", "ext4", "254:0", "/data"),
    ]);
    let mut snapshot = machine([it]);
    mounts_of_host(&mut snapshot);
    snapshot.exposures.insert(10, exposure());
    snapshot
}

fn in_user_namespaces() -> Snapshot {
    let (mut one, mut other) = (container(10, ID, &[]), container(11, OTHER_ID, &[]));
    within_user_namespace(&mut one, 4_026_550_000, 100_000);
    within_user_namespace(&mut other, 4_026_550_001, 100_000);
    let mut root = container(12, &"7".repeat(64), &[]);
    within_user_namespace(&mut root, 4_026_550_002, 0);
    set_label(&mut root, "docker-default (enforce)");
    let proc = mount(4, "/proc", "proc", "0:40", "/");
    details(&mut root).mounts = Seen::Known(vec![root_mount("/srv"), proc]);
    // Its procfs is younger than the user namespace that owns its pid namespace.
    let mut mounting = container(13, &"8".repeat(64), &[]);
    within_user_namespace(&mut mounting, 4_026_550_003, 0);
    set_capabilities(&mut mounting, ALL);
    let pid_ns = mounting.links.own(NsKind::Pid).get().unwrap();
    let mnt_ns = mounting.links.own(NsKind::Mnt).get().unwrap();
    let mut snapshot = machine([one, other, root, mounting]);
    for (key, namespace) in &mut snapshot.namespaces {
        if [pid_ns, mnt_ns].contains(&key.inode) {
            namespace.owner = Seen::Known(Some(4_026_550_003));
        }
    }
    let own = ProcInstance {
        mount: 4,
        mount_point: "/proc".to_owned(),
        pid_ns: Some(pid_ns),
        own: None,
    };
    let seen = Exposure {
        procfs: part(vec![own]),
        ..Exposure::unknown(&Why::Skipped)
    };
    snapshot.exposures.insert(13, seen);
    snapshot.settings.accounts = Seen::Known(vec![Account {
        name: "ann".to_owned(),
        uid: 100_005,
    }]);
    snapshot
}

fn in_a_chroot() -> Snapshot {
    let mut it = process(10);
    details(&mut it).root = Seen::Known(RootDir {
        path: "/srv/jail".to_owned(),
        device: 1,
        inode: 3,
    });
    let mut snapshot = machine([it]);
    mounts_of_host(&mut snapshot);
    snapshot.exposures.insert(10, exposure());
    snapshot
}

/// Two containers with one network.
fn side_by_side() -> Snapshot {
    let one = container(10, ID, &[]);
    let mut other = container(20, OTHER_ID, &[]);
    let (own, theirs) = (other.links.clone(), one.links.clone());
    other.links = Links::read(|link| match link.kind() {
        NsKind::Net => theirs.get(link).clone(),
        _ => own.get(link).clone(),
    });
    machine([one, other])
}

fn with_signs_of_an_escape() -> Snapshot {
    let mut init = container(10, ID, &[]);
    set_label(&mut init, "docker-default (enforce)");
    let escaped = on_host(11, &format!("/docker/{ID}"));
    let mut visitor = process(12);
    visitor.links = init.links.clone();
    let mut sibling = container(10, ID, &[]);
    sibling.pid = 13;
    status(&mut sibling).tgid = 13;
    set_capabilities(&mut sibling, ALL);
    set_label(&mut sibling, "unconfined");
    machine([init, escaped, visitor, sibling])
}

fn with_a_kernel_helper() -> Snapshot {
    let mut helper = process(30);
    helper.stat = Seen::Known(Stat {
        ppid: 2,
        ..helper.stat.known().unwrap().clone()
    });
    details(&mut helper).exe = Seen::Known(format!("/srv/{ID}/rootfs/bin/sh"));
    let mut snapshot = machine([helper, container(10, ID, &[])]);
    let program = format!("|/srv/{ID}/rootfs/x");
    set(&mut snapshot, "kernel/core_pattern", &program);
    snapshot
}
