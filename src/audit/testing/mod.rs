//! What cannot be set up on every machine: labels of security modules, settings of the host, facts
//! that could not be read.

/// Machines on which every rule finds something.
mod wrong;

pub use wrong::wrong_machines;

pub use super::finding::{Severity, Verdict};
pub use super::subjects::{Scope, Subject, choose};
pub use super::{Audited, audit};
pub use crate::model::Author;
pub use crate::model::mount::Mount;
pub use crate::model::namespace::{Namespace, NsKey};
pub use crate::model::process::{
    Capabilities, CgroupEntry, Details, IdRange, Ids, RootDir, Seccomp, Stat, Status,
    sleeping_for_tests,
};
pub use crate::model::snapshot::empty_for_tests;
pub use crate::model::{
    CapabilitySet, LinkName, Links, NsKind, Pid, Process, Seen, Settings, Snapshot, Why,
};

pub const DOCKERS: u64 = 0xa804_25fb;
pub const ALL: u64 = 0x1ff_ffff_ffff;
pub const ID: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";
pub const OTHER_ID: &str = "9c6f3acb46be0123456789abcdef0123456789abcdef0123456789abcdef0123";

pub const fn skipped<T>() -> Seen<T> {
    Seen::Unknown(Why::Skipped)
}

pub fn ids(id: u32) -> Ids {
    Ids {
        real: id,
        effective: id,
        saved: id,
        fs: id,
    }
}

/// Root of the host, in its namespaces.
pub fn process(pid: Pid) -> Process {
    let all = CapabilitySet(ALL);
    let status = Status {
        tgid: pid,
        uids: ids(0),
        gids: ids(0),
        groups: Vec::new(),
        nspid: None,
        capabilities: Capabilities {
            effective: all,
            permitted: all,
            inheritable: CapabilitySet(0),
            bounding: all,
            ambient: CapabilitySet(0),
        },
        no_new_privs: Some(false),
        seccomp: Some(Seccomp::Disabled),
    };
    let whole = IdRange {
        inside: 0,
        outside: 0,
        count: u32::MAX,
    };
    let mut it = sleeping_for_tests(pid, pid.unsigned_abs().into());
    if let Seen::Known(stat) = &mut it.stat {
        stat.kernel_thread = pid == Process::KTHREADD;
    }
    it.cgroups = in_cgroup("/system.slice/sshd.service");
    it.details = Some(Box::new(Details {
        status: Seen::Known(status),
        uid_map: Seen::Known(vec![whole]),
        gid_map: Seen::Known(vec![whole]),
        files_owner: Seen::Known(0),
        setgroups: skipped(),
        lsm: Seen::Known(None),
        root: Seen::Known(RootDir {
            path: "/".to_owned(),
            device: 1,
            inode: 2,
        }),
        exe: Seen::Known("/usr/bin/sleep".to_owned()),
        mounts: Seen::Known(vec![root_mount("/")]),
        timens_offsets: skipped(),
        cgroups_inside: skipped(),
        threads: Seen::Known(Vec::new()),
    }));
    it
}

/// A root file system that is a directory of the host's disk.
pub fn root_mount(directory: &str) -> Mount {
    Mount {
        id: 1,
        parent: 0,
        device: "254:0".to_owned(),
        root: directory.to_owned(),
        mount_point: "/".to_owned(),
        fstype: "ext4".to_owned(),
        source: "/dev/vda".to_owned(),
        read_only: false,
        options: "rw".to_owned(),
        super_options: "rw".to_owned(),
        shared: None,
        master: None,
        unbindable: false,
    }
}

pub fn in_cgroup(path: &str) -> Seen<Vec<CgroupEntry>> {
    Seen::Known(vec![CgroupEntry {
        hierarchy: 0,
        controllers: String::new(),
        path: path.to_owned(),
    }])
}

/// As Docker starts it: with namespaces of its own, but for these kinds.
pub fn container(pid: Pid, id: &str, shared: &[NsKind]) -> Process {
    let mut it = process(pid);
    let base = 4_026_540_000 + u64::from(pid.unsigned_abs()) * 10;
    let is_own =
        |kind: NsKind| !matches!(kind, NsKind::User | NsKind::Time) && !shared.contains(&kind);
    it.links = Links::read(|link| {
        let kind = link.kind();
        Seen::Known(match is_own(kind) {
            true => base + kind as u64,
            false => kind.initial_inode(),
        })
    });
    it.cgroups = in_cgroup(&format!("/docker/{id}"));
    set_capabilities(&mut it, DOCKERS);
    status(&mut it).seccomp = Some(Seccomp::Filter);
    details(&mut it).mounts = Seen::Known(vec![root_mount(&format!("/srv/{id}/rootfs"))]);
    it
}

pub fn details(process: &mut Process) -> &mut Details {
    process.details.as_mut().unwrap()
}

pub fn status(process: &mut Process) -> &mut Status {
    match &mut details(process).status {
        Seen::Known(status) => status,
        Seen::Unknown(_) => unreachable!(),
    }
}

pub fn set_capabilities(process: &mut Process, bits: u64) {
    let sets = &mut status(process).capabilities;
    let all = CapabilitySet(bits);
    (sets.effective, sets.permitted, sets.bounding) = (all, all, all);
}

pub fn set_label(process: &mut Process, label: &str) {
    details(process).lsm = Seen::Known(Some(label.to_owned()));
}

/// A machine with PID 1, kthreadd and these.
pub fn machine(more: impl IntoIterator<Item = Process>) -> Snapshot {
    let mut snapshot = empty_for_tests();
    snapshot.settings = Settings::unknown(&Why::Unsupported);
    snapshot.host_mounts = Seen::Known(vec![root_mount("/")]);
    set(&mut snapshot, "user/max_user_namespaces", "1000");
    for process in [process(1), process(2)].into_iter().chain(more) {
        for key in process.links.own_keys() {
            let mut namespace = Namespace::new(key);
            namespace.owner = Seen::Known(Some(NsKind::User.initial_inode()));
            namespace.parent = match key.kind {
                NsKind::Pid | NsKind::User if key.inode != key.kind.initial_inode() => {
                    Seen::Known(Some(key.kind.initial_inode()))
                }
                _ => Seen::Known(None),
            };
            snapshot.namespaces.insert(key, namespace);
        }
        for entry in process.cgroups.known().into_iter().flatten() {
            let authors = &mut snapshot.cgroup_authors;
            authors.insert(entry.path.clone(), Author::Root);
        }
        snapshot.processes.add(vec![vec![process]]);
    }
    snapshot
}

pub fn set(snapshot: &mut Snapshot, sysctl: &'static str, value: &str) {
    let sysctls = &mut snapshot.settings.sysctls;
    sysctls.insert(sysctl, Seen::Known(value.to_owned()));
}

pub fn look_at(snapshot: &Snapshot, pid: Pid) -> Audited<'_> {
    let mut found = audit(snapshot, &[Subject::asked_for(pid)]).audited;
    found.pop().unwrap()
}

/// Severity and verdict of a finding about one process.
pub fn judged(snapshot: &Snapshot, pid: Pid, id: &str) -> Option<(Severity, Verdict)> {
    let found = look_at(snapshot, pid);
    let finding = found.findings.iter().find(|it| it.rule.id == id)?;
    Some((finding.severity, finding.verdict))
}

pub const EXPLOITABLE: Verdict = Verdict::Exploitable;

/// In a user namespace of its own that maps a range of ids.
pub fn within_user_namespace(process: &mut Process, inode: u64, outside: u32) {
    let links = process.links.clone();
    process.links = Links::read(|link| match link {
        LinkName::Own(NsKind::User) => Seen::Known(inode),
        other => links.get(other).clone(),
    });
    let map = Seen::Known(vec![IdRange {
        inside: 0,
        outside,
        count: 65536,
    }]);
    details(process).uid_map = map.clone();
    details(process).gid_map = map;
}

/// A process of the host with this cgroup.
pub fn on_host(pid: Pid, cgroup: &str) -> Process {
    let mut it = process(pid);
    it.cgroups = in_cgroup(cgroup);
    it
}
