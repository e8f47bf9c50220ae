//! What cannot be set up on every machine: labels of security modules, settings of the host, facts
//! that could not be read.

use super::finding::{Severity, Verdict};
use super::subjects::{Scope, Subject, choose};
use super::{Audited, audit};
use crate::model::mount::{Mount, Propagation};
use crate::model::namespace::{Namespace, NsKey};
use crate::model::process::{
    Capabilities, CgroupEntry, Details, IdRange, Ids, RootDir, Seccomp, Stat, Status,
};
use crate::model::snapshot::empty_for_tests;
use crate::model::{
    CapabilitySet, LinkName, Links, NsKind, Pid, Process, Seen, Settings, Snapshot, Why,
};

const DOCKERS: u64 = 0xa804_25fb;
const ALL: u64 = 0x1ff_ffff_ffff;
const ID: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";
const OTHER_ID: &str = "9c6f3acb46be0123456789abcdef0123456789abcdef0123456789abcdef0123";

const fn skipped<T>() -> Seen<T> {
    Seen::Unknown(Why::Skipped)
}

fn ids(id: u32) -> Ids {
    Ids {
        real: id,
        effective: id,
        saved: id,
        fs: id,
    }
}

/// Root of the host, in its namespaces.
fn process(pid: Pid) -> Process {
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
    Process {
        pid,
        tid: None,
        links: Links::read(|link| Seen::Known(link.kind().initial_inode())),
        nthreads: 1,
        uid: Seen::Known(0),
        stat: Seen::Known(Stat {
            comm: "sleep".to_owned(),
            state: 'S',
            ppid: 1,
            kernel_thread: pid == Process::KTHREADD,
            start_time: u64::from(pid.unsigned_abs()),
        })
        .into(),
        cmdline: Seen::Known(vec!["sleep".to_owned()]).into(),
        cgroups: in_cgroup("/system.slice/sshd.service").into(),
        details: Some(Box::new(Details {
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
        })),
    }
}

/// A root file system that is a directory of the host's disk.
fn root_mount(directory: &str) -> Mount {
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
        propagation: Propagation::default(),
    }
}

fn in_cgroup(path: &str) -> Seen<Vec<CgroupEntry>> {
    Seen::Known(vec![CgroupEntry {
        hierarchy: 0,
        controllers: String::new(),
        path: path.to_owned(),
    }])
}

/// As Docker starts it: with namespaces of its own, but for these kinds.
fn container(pid: Pid, id: &str, shared: &[NsKind]) -> Process {
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
    it.cgroups = in_cgroup(&format!("/docker/{id}")).into();
    set_capabilities(&mut it, DOCKERS);
    status(&mut it).seccomp = Some(Seccomp::Filter);
    details(&mut it).mounts = Seen::Known(vec![root_mount(&format!("/srv/{id}/rootfs"))]);
    it
}

fn details(process: &mut Process) -> &mut Details {
    process.details.as_mut().unwrap()
}

fn status(process: &mut Process) -> &mut Status {
    match &mut details(process).status {
        Seen::Known(status) => status,
        Seen::Unknown(_) => unreachable!(),
    }
}

fn set_capabilities(process: &mut Process, bits: u64) {
    let sets = &mut status(process).capabilities;
    let all = CapabilitySet(bits);
    (sets.effective, sets.permitted, sets.bounding) = (all, all, all);
}

fn set_label(process: &mut Process, label: &str) {
    details(process).lsm = Seen::Known(Some(label.to_owned()));
}

/// A machine with PID 1, kthreadd and these.
fn machine(more: impl IntoIterator<Item = Process>) -> Snapshot {
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
        snapshot.processes.insert(process.pid, process);
    }
    snapshot
}

fn set(snapshot: &mut Snapshot, sysctl: &'static str, value: &str) {
    let sysctls = &mut snapshot.settings.sysctls;
    sysctls.insert(sysctl, Seen::Known(value.to_owned()));
}

fn look_at(snapshot: &Snapshot, pid: Pid) -> Audited<'_> {
    let mut found = audit(snapshot, &[Subject::asked_for(pid)]).audited;
    found.pop().unwrap()
}

/// Severity and verdict of a finding about one process.
fn judged(snapshot: &Snapshot, pid: Pid, id: &str) -> Option<(Severity, Verdict)> {
    let found = look_at(snapshot, pid);
    let finding = found.findings.iter().find(|it| it.rule.id == id)?;
    Some((finding.severity, finding.verdict))
}

const EXPLOITABLE: Verdict = Verdict::Exploitable;

#[test]
fn a_label_that_is_enforced_forbids_to_reach_out_and_others_do_not() {
    for (label, verdict) in [
        ("docker-default (enforce)", Verdict::Mitigated),
        ("cri-containerd.apparmor.d (enforce)", Verdict::Mitigated),
        ("system_u:system_r:container_t:s0:c1,c2", Verdict::Mitigated),
        ("docker-default (complain)", EXPLOITABLE),
        ("unconfined", EXPLOITABLE),
        ("system_u:system_r:spc_t:s0", EXPLOITABLE),
        ("my-profile (enforce)", EXPLOITABLE),
    ] {
        let mut it = container(10, ID, &[NsKind::Pid]);
        set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_PTRACE);
        set_label(&mut it, label);
        let snapshot = machine([it]);
        let judged = |id| judged(&snapshot, 10, id);
        assert_eq!(
            judged("NSA-011"),
            Some((Severity::Critical, verdict)),
            "{label}"
        );
        assert_eq!(
            judged("NSA-102"),
            Some((Severity::Critical, verdict)),
            "{label}"
        );
    }
}

#[test]
fn nsa_402_labels_that_confine_nothing() {
    for (label, expected) in [
        ("unconfined", Some((Severity::Medium, EXPLOITABLE))),
        (
            "docker-default (complain)",
            Some((Severity::Medium, EXPLOITABLE)),
        ),
        (
            "system_u:system_r:spc_t:s0",
            Some((Severity::Medium, EXPLOITABLE)),
        ),
        ("docker-default (enforce)", None),
        ("system_u:system_r:container_t:s0:c1,c2", None),
    ] {
        let mut it = container(10, ID, &[]);
        set_label(&mut it, label);
        assert_eq!(judged(&machine([it]), 10, "NSA-402"), expected, "{label}");
    }
    let snapshot = machine([container(10, ID, &[])]);
    let without_module = Some((Severity::Info, EXPLOITABLE));
    assert_eq!(judged(&snapshot, 10, "NSA-402"), without_module);
    let mut it = container(10, ID, &[]);
    details(&mut it).lsm = Seen::Unknown(Why::Denied);
    let unread = Some((Severity::Medium, Verdict::Unknown));
    assert_eq!(judged(&machine([it]), 10, "NSA-402"), unread);
}

#[test]
fn nsa_402_two_containers_with_one_pair_of_categories_are_not_parted() {
    let label = |pair: &str| format!("system_u:system_r:container_t:s0:{pair}");
    for (pair, expected) in [
        ("c1,c2", Some((Severity::Medium, EXPLOITABLE))),
        ("c3,c4", None),
    ] {
        let mut one = container(10, ID, &[]);
        let mut other = container(20, OTHER_ID, &[]);
        set_label(&mut one, &label("c1,c2"));
        set_label(&mut other, &label(pair));
        assert_eq!(
            judged(&machine([one, other]), 10, "NSA-402"),
            expected,
            "{pair}"
        );
    }
}

#[test]
fn nsa_402_and_502_a_process_without_the_label_of_its_containers_init() {
    let mut init = container(10, ID, &[]);
    set_label(&mut init, "docker-default (enforce)");
    let mut beside = container(10, ID, &[]);
    beside.pid = 11;
    beside.stat = Seen::Known(Stat {
        start_time: 11,
        ..beside.stat.known().unwrap().clone()
    })
    .into();
    set_label(&mut beside, "my-profile (enforce)");
    let snapshot = machine([init, beside]);
    let medium = Some((Severity::Medium, EXPLOITABLE));
    assert_eq!(judged(&snapshot, 11, "NSA-402"), medium);
    assert_eq!(
        judged(&snapshot, 11, "NSA-502"),
        Some((Severity::High, EXPLOITABLE))
    );
    assert_eq!(judged(&snapshot, 10, "NSA-502"), None);
}

#[test]
fn what_could_not_be_read_is_unknown_and_never_silence() {
    let mut it = container(10, ID, &[]);
    details(&mut it).status = Seen::Unknown(Why::Denied);
    let snapshot = machine([it]);
    for (id, severity) in [
        ("NSA-100", Severity::Critical),
        ("NSA-400", Severity::Medium),
        ("NSA-401", Severity::Low),
    ] {
        assert_eq!(
            judged(&snapshot, 10, id),
            Some((severity, Verdict::Unknown)),
            "{id}"
        );
    }
    let mut it = container(10, ID, &[]);
    it.links = Links::unknown(&Why::Denied);
    let snapshot = machine([it]);
    for (id, severity) in [
        ("NSA-001", Severity::Low),
        ("NSA-010", Severity::Medium),
        ("NSA-020", Severity::Medium),
        ("NSA-030", Severity::Medium),
        ("NSA-031", Severity::Low),
        ("NSA-032", Severity::Low),
    ] {
        assert_eq!(
            judged(&snapshot, 10, id),
            Some((severity, Verdict::Unknown)),
            "{id}"
        );
    }
    assert_eq!(
        judged(&snapshot, 10, "NSA-100"),
        Some((Severity::Critical, Verdict::Unknown))
    );
}

fn within_user_namespace(process: &mut Process, inode: u64, outside: u32) {
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

#[test]
fn nsa_002_a_reader_that_does_not_see_the_hosts_ids_cannot_tell_who_uid_0_is() {
    let mut it = container(10, ID, &[]);
    within_user_namespace(&mut it, 4_026_550_000, 0);
    let mut snapshot = machine([it]);
    let critical = |verdict| Some((Severity::High, verdict));
    assert_eq!(
        judged(&snapshot, 10, "NSA-002"),
        critical(Verdict::Conditional)
    );
    snapshot.reader.links = Links::read(|link| match link.kind() {
        NsKind::User => Seen::Known(4_026_560_000),
        kind => Seen::Known(kind.initial_inode()),
    });
    let unknown = Some((Severity::Critical, Verdict::Unknown));
    assert_eq!(judged(&snapshot, 10, "NSA-002"), unknown);
}

#[test]
fn nsa_003_whoever_makes_a_user_namespace_may_map_themselves() {
    let user_ns = |inode| NsKey {
        kind: NsKind::User,
        inode,
    };
    for (creator, expected) in [
        (1000, None),
        (0, Some((Severity::Medium, Verdict::Conditional))),
    ] {
        let mut it = container(10, ID, &[]);
        within_user_namespace(&mut it, 4_026_550_000, 1000);
        let one = Seen::Known(vec![IdRange {
            inside: 0,
            outside: 1000,
            count: 1,
        }]);
        details(&mut it).uid_map = one;
        let mut snapshot = machine([it]);
        let namespace = snapshot
            .namespaces
            .get_mut(&user_ns(4_026_550_000))
            .unwrap();
        namespace.owner_uid = Seen::Known(Some(creator));
        snapshot.settings.accounts = Seen::Known(vec![crate::model::settings::Account {
            name: "ann".to_owned(),
            uid: 1000,
        }]);
        assert_eq!(judged(&snapshot, 10, "NSA-003"), expected, "{creator}");
    }
}

#[test]
fn nsa_022_containers_of_one_pod_share_a_network_by_design() {
    const POD: &str = "7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
    const OTHER_POD: &str = "8d2f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
    for (pod, severity) in [(POD, Severity::Info), (OTHER_POD, Severity::Medium)] {
        let mut one = container(10, ID, &[]);
        let mut other = container(20, OTHER_ID, &[]);
        one.cgroups = in_cgroup(&format!("/kubepods/pod{POD}/{ID}")).into();
        other.cgroups = in_cgroup(&format!("/kubepods/pod{pod}/{OTHER_ID}")).into();
        let (own, theirs) = (other.links.clone(), one.links.clone());
        other.links = Links::read(|link| match link.kind() {
            NsKind::Net => theirs.get(link).clone(),
            _ => own.get(link).clone(),
        });
        let snapshot = machine([one, other]);
        for pid in [10, 20] {
            assert_eq!(
                judged(&snapshot, pid, "NSA-022"),
                Some((severity, EXPLOITABLE))
            );
        }
    }
}

#[test]
fn settings_of_the_host_stand_in_the_way_of_capabilities() {
    let mut it = container(10, ID, &[]);
    set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_MODULE);
    let mut snapshot = machine([it]);
    let judged = |snapshot: &Snapshot| judged(snapshot, 10, "NSA-101").unwrap();
    set(&mut snapshot, "kernel/modules_disabled", "0");
    assert_eq!(judged(&snapshot), (Severity::Critical, EXPLOITABLE));
    snapshot.settings.lockdown = Seen::Known("integrity".to_owned());
    assert_eq!(judged(&snapshot), (Severity::Critical, Verdict::Mitigated));
    snapshot.settings.lockdown = Seen::Known("none".to_owned());
    set(&mut snapshot, "kernel/modules_disabled", "1");
    assert_eq!(judged(&snapshot), (Severity::Critical, Verdict::Mitigated));
    let unread = Seen::Unknown(Why::Denied);
    snapshot
        .settings
        .sysctls
        .insert("kernel/modules_disabled", unread);
    assert_eq!(
        judged(&snapshot),
        (Severity::Critical, Verdict::Conditional)
    );
}

#[test]
fn nsa_403_a_host_that_allows_no_user_namespaces() {
    let mut it = container(10, ID, &[]);
    status(&mut it).seccomp = Some(Seccomp::Disabled);
    let mut snapshot = machine([it]);
    let judged = |snapshot: &Snapshot| judged(snapshot, 10, "NSA-403");
    assert_eq!(judged(&snapshot), Some((Severity::Medium, EXPLOITABLE)));
    set(
        &mut snapshot,
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
    );
    assert_eq!(
        judged(&snapshot),
        Some((Severity::Medium, Verdict::Conditional))
    );
    set(&mut snapshot, "user/max_user_namespaces", "0");
    assert_eq!(
        judged(&snapshot),
        Some((Severity::Medium, Verdict::Mitigated))
    );
}

#[test]
fn nsa_405_names_the_settings_that_are_lax_and_is_silent_where_none_is() {
    let mut snapshot = machine([container(10, ID, &[])]);
    set(&mut snapshot, "kernel/yama/ptrace_scope", "1");
    assert_eq!(judged(&snapshot, 10, "NSA-405"), None);
    set(&mut snapshot, "kernel/dmesg_restrict", "0");
    assert_eq!(
        judged(&snapshot, 10, "NSA-405"),
        Some((Severity::Info, EXPLOITABLE))
    );
}

#[test]
fn nsa_503_the_kernel_is_set_to_start_a_program_of_a_containers() {
    let mut snapshot = machine([container(10, ID, &[])]);
    let critical = Some((Severity::Critical, EXPLOITABLE));
    for (sysctl, value, expected) in [
        (
            "kernel/core_pattern",
            format!("|/srv/{ID}/rootfs/x %p"),
            critical,
        ),
        (
            "kernel/core_pattern",
            "|/var/lib/docker/overlay2/1/diff/x".to_owned(),
            critical,
        ),
        (
            "kernel/core_pattern",
            "|/usr/share/apport/apport %p".to_owned(),
            None,
        ),
        (
            "kernel/core_pattern",
            format!("/srv/{ID}/rootfs/core"),
            None,
        ),
        ("kernel/modprobe", format!("/srv/{ID}/rootfs/x"), critical),
        ("kernel/modprobe", "/sbin/modprobe".to_owned(), None),
    ] {
        let before = snapshot.settings.clone();
        set(&mut snapshot, sysctl, &value);
        assert_eq!(judged(&snapshot, 2, "NSA-503"), expected, "{value}");
        snapshot.settings = before;
    }
}

#[test]
fn nsa_503_helpers_that_the_kernel_starts_from_the_hosts_own_files_are_usual() {
    let helper = |exe: &str| {
        let mut it = process(30);
        it.stat = Seen::Known(Stat {
            ppid: 2,
            ..it.stat.known().unwrap().clone()
        })
        .into();
        details(&mut it).exe = Seen::Known(exe.to_owned());
        machine([it, container(10, ID, &[])])
    };
    let critical = Some((Severity::Critical, EXPLOITABLE));
    assert_eq!(judged(&helper("/sbin/modprobe"), 30, "NSA-503"), None);
    let of_container = format!("/srv/{ID}/rootfs/bin/sh");
    assert_eq!(judged(&helper(&of_container), 30, "NSA-503"), critical);
    let deleted = format!("/srv/{ID}/rootfs/bin/sh (deleted)");
    assert_eq!(judged(&helper(&deleted), 30, "NSA-503"), critical);
}

/// A process of the host with this cgroup.
fn on_host(pid: Pid, cgroup: &str) -> Process {
    let mut it = process(pid);
    it.cgroups = in_cgroup(cgroup).into();
    it
}

#[test]
fn nsa_500_who_is_on_the_host_with_the_cgroup_of_a_container_has_left_it_unless_above_it() {
    let docker = format!("/docker/{ID}");
    let snapshot = machine([container(10, ID, &[]), on_host(11, &docker)]);
    let critical = |verdict| Some((Severity::Critical, verdict));
    assert_eq!(judged(&snapshot, 11, "NSA-500"), critical(EXPLOITABLE));

    // Nobody of the container is left: a monitor of a virtual machine looks the same.
    let snapshot = machine([on_host(11, &docker)]);
    assert_eq!(
        judged(&snapshot, 11, "NSA-500"),
        critical(Verdict::Conditional)
    );

    // systemd-nspawn watches from within the machine's own unit.
    let mut inside = container(20, ID, &[]);
    inside.cgroups = in_cgroup("/machine.slice/systemd-nspawn@m.service/payload").into();
    inside.stat = Seen::Known(Stat {
        ppid: 15,
        ..inside.stat.known().unwrap().clone()
    })
    .into();
    let monitor = on_host(15, "/machine.slice/systemd-nspawn@m.service/supervisor");
    let snapshot = machine([monitor, inside]);
    assert_eq!(judged(&snapshot, 15, "NSA-500"), None);

    // Virtual machines, and helpers of applications, are on the host by design.
    for path in [
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
        "/user.slice/app-flatpak-org.example.App-42.scope",
        "/user.slice/snap.code.code.scope",
    ] {
        let snapshot = machine([on_host(11, path)]);
        assert_eq!(judged(&snapshot, 11, "NSA-500"), None, "{path}");
    }
}

#[test]
fn nsa_500_who_was_started_from_within_a_container_and_is_on_the_host_has_left_it() {
    let mut child = on_host(11, "/");
    child.stat = Seen::Known(Stat {
        ppid: 10,
        ..child.stat.known().unwrap().clone()
    })
    .into();
    let snapshot = machine([container(10, ID, &[]), child]);
    let critical = Some((Severity::Critical, EXPLOITABLE));
    assert_eq!(judged(&snapshot, 11, "NSA-500"), critical);
    let subjects = choose(&snapshot, Scope::Isolated);
    assert!(subjects.iter().any(|it| it.task == 11 && !it.held));
}

#[test]
fn nobody_of_the_host_is_a_subject_and_whoever_shows_nothing_is_not_told_of() {
    let mut private_tmp = process(40);
    let links = private_tmp.links.clone();
    private_tmp.links = Links::read(|link| match link.kind() {
        NsKind::Mnt => Seen::Known(4_026_570_000),
        _ => links.get(link).clone(),
    });
    let snapshot = machine([process(30), private_tmp]);
    assert_eq!(choose(&snapshot, Scope::Isolated), []);
    let all = choose(&snapshot, Scope::Everything);
    let found = audit(&snapshot, &all);
    assert!(found.audited.is_empty());
    // PID 1 and the two; kthreadd is a thread of the kernel.
    assert_eq!(found.unsuspicious, 3);
}

#[test]
fn an_id_that_others_have_is_looked_for_among_thousands_of_ranges_without_comparing_all() {
    let many = (0..3000).map(|number| {
        let mut it = container(100 + number, &format!("{number:064x}"), &[]);
        let inode = 4_026_600_000 + u64::from(number.unsigned_abs());
        // All with one range, as with userns-remap.
        within_user_namespace(&mut it, inode, 100_000);
        it
    });
    let snapshot = machine(many);
    let subjects = choose(&snapshot, Scope::Isolated);
    assert_eq!(subjects.len(), 3000);
    let found = audit(&snapshot, &subjects);
    let overlaps = found.audited.iter().flat_map(|it| &it.findings);
    assert_eq!(overlaps.filter(|it| it.rule.id == "NSA-003").count(), 3000);
}
