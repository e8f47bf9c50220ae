//! How the pure parts grow with the machine: parsing what `/proc` says, grouping processes into
//! sets and trees, comparing two processes. Ten times the processes should take ten times as long.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use nsinspect::analyse::reference::Reference;
use nsinspect::analyse::{changes, diff, hierarchy, process_tree, sets};
use nsinspect::audit::audit;
use nsinspect::audit::subjects::{Scope, choose};
use nsinspect::collect::parse;
use nsinspect::model::namespace::Namespace;
use nsinspect::model::process::{
    Capabilities, CgroupEntry, Details, IdRange, Ids, Links, More, Seccomp, Stat, Status,
};
use nsinspect::model::snapshot::{Host, Reader};
use nsinspect::model::{
    CapabilitySet, Coverage, LinkName, NsKey, NsKind, Pid, Process, Processes, Seen, Settings,
    Snapshot, Why,
};

const SIZES: [Pid; 4] = [100, 1_000, 10_000, 100_000];

/// A container for so many processes.
const PROCESSES_PER_CONTAINER: Pid = 20;

fn parsers(criterion: &mut Criterion) {
    const STAT: &[u8] =
        b"42 (some name) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1000 \
        100 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    const CGROUP: &[u8] = b"3:cpu,cpuacct:/docker/4f4dddfccada\n0::/system.slice/docker.service\n";
    let net = LinkName::Own(NsKind::Net);
    let mut group = criterion.benchmark_group("parse");
    group.bench_function("ns_link", |bencher| {
        bencher.iter(|| parse::ns_link(net, black_box(b"net:[4026531833]")));
    });
    group.bench_function("stat", |bencher| {
        bencher.iter(|| parse::stat(black_box(STAT)));
    });
    group.bench_function("cmdline", |bencher| {
        bencher.iter(|| parse::cmdline(black_box(b"/usr/bin/program\0--option\0value\0")));
    });
    group.bench_function("cgroups", |bencher| {
        bencher.iter(|| parse::cgroups(black_box(CGROUP)));
    });
    group.finish();
}

fn analyses(criterion: &mut Criterion) {
    let snapshots = SIZES.map(snapshot);
    grows(criterion, "set_tree", &snapshots, |snapshot| {
        sets::tree(snapshot).len()
    });
    grows(criterion, "process_tree", &snapshots, |snapshot| {
        process_tree::tree(snapshot).len()
    });
    grows(criterion, "user_tree", &snapshots, |snapshot| {
        hierarchy::by_user(snapshot).len()
    });
    grows(criterion, "pid_tree", &snapshots, |snapshot| {
        hierarchy::by_pid(snapshot).len()
    });
    // What a watch does at every look, and for which nothing has happened.
    grows(criterion, "changes", &snapshots, |snapshot| {
        changes::of_namespaces(snapshot, snapshot, &BTreeMap::new()).len()
            + changes::of_sets(snapshot, snapshot).len()
    });
    // Every container, and every tenth of them in the host's pid namespace.
    grows(criterion, "audit", &snapshots, |snapshot| {
        let subjects = choose(snapshot, Scope::Isolated);
        audit(snapshot, &subjects).audited.len()
    });
    // Two processes are compared, however many there are.
    grows(criterion, "diff", &snapshots, |snapshot| {
        let last = snapshot.processes.iter().last();
        last.map_or(0, |last| {
            diff::diff(snapshot, last, Reference::choose(snapshot))
                .kinds
                .len()
        })
    });
}

fn grows(
    criterion: &mut Criterion,
    name: &str,
    snapshots: &[Snapshot],
    analyse: impl Fn(&Snapshot) -> usize,
) {
    let mut group = criterion.benchmark_group(name);
    // Enough to see how it grows: the largest takes seconds.
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500));
    for snapshot in snapshots {
        let processes = snapshot.processes.len();
        group.throughput(Throughput::Elements(processes as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(processes),
            snapshot,
            |bencher, it| {
                bencher.iter(|| analyse(black_box(it)));
            },
        );
    }
    group.finish();
}

/// A machine with so many processes, all of them in containers but for PID 1.
fn snapshot(processes: Pid) -> Snapshot {
    let processes: Processes = (1..=processes).map(process).collect();
    let namespaces = processes
        .iter()
        .flat_map(|process| process.links.own_keys())
        .fold(BTreeMap::new(), count);
    Snapshot {
        host: Host {
            hostname: Seen::Known("host".to_owned()),
            kernel: Seen::Known("6.18.0".to_owned()),
            boot_id: Seen::Known("0".to_owned()),
        },
        taken_at: "2026-01-01T00:00:00Z".to_owned(),
        reader: Reader {
            pid: Seen::Known(1),
            uid: 0,
            capabilities: Seen::Unknown(Why::Skipped),
            links: links(0),
        },
        nsfs_dev: Seen::Known(4),
        initial_net: Seen::Known(NsKind::Net.initial_inode()),
        initial_mnt: Seen::Known(NsKind::Mnt.initial_inode()),
        processes,
        threads: BTreeMap::new(),
        namespaces,
        features: BTreeMap::new(),
        traces: BTreeMap::new(),
        cgroup_authors: BTreeMap::new(),
        rivals: BTreeMap::new(),
        exposures: BTreeMap::new(),
        host_mounts: Seen::Unknown(Why::Skipped),
        listeners: BTreeMap::new(),
        settings: Settings::unknown(&Why::Skipped),
        users: BTreeMap::new(),
        coverage: Coverage::default(),
    }
}

fn count(mut namespaces: BTreeMap<NsKey, Namespace>, key: NsKey) -> BTreeMap<NsKey, Namespace> {
    let namespace = namespaces.entry(key).or_insert_with(|| Namespace::new(key));
    namespace.nprocs += 1;
    namespace.owner = Seen::Known(Some(NsKind::User.initial_inode()));
    namespace.parent = Seen::Known(
        (key.kind == NsKind::Pid && key.inode != NsKind::Pid.initial_inode())
            .then_some(NsKind::Pid.initial_inode()),
    );
    namespaces
}

/// The first of each container is a child of PID 1, the others are children of the first.
fn process(pid: Pid) -> Process {
    let place = pid - 2;
    let (container, first) = match pid {
        1 => (0, 0),
        _ => {
            let container = place / PROCESSES_PER_CONTAINER;
            (container + 1, container * PROCESSES_PER_CONTAINER + 2)
        }
    };
    let ppid = match pid {
        1 => 0,
        _ if pid == first => 1,
        _ => first,
    };
    let more = More {
        tid: None,
        stat: Seen::Known(Stat {
            comm: "sleep".to_owned(),
            state: 'S',
            ppid,
            kernel_thread: false,
            start_time: u64::try_from(pid).unwrap_or_default(),
        }),
        cmdline: Seen::Known(vec!["sleep".to_owned(), "300".to_owned()]),
        cgroups: Seen::Known(vec![CgroupEntry {
            hierarchy: 0,
            controllers: String::new(),
            path: match container {
                0 => "/init.scope".to_owned(),
                _ => format!("/docker/{container:064x}"),
            },
        }]),
        details: Some(Box::new(details(pid, container))),
    };
    Process {
        pid,
        links: links(container),
        nthreads: 1,
        uid: Seen::Known(0),
        more: Some(Box::new(more)),
    }
}

/// As Docker starts them, but for PID 1, which has everything.
fn details(pid: Pid, container: Pid) -> Details {
    const fn skipped<T>() -> Seen<T> {
        Seen::Unknown(Why::Skipped)
    }
    let all = CapabilitySet(match container {
        0 => 0x1ff_ffff_ffff,
        _ => 0xa804_25fb,
    });
    let root = Ids {
        real: 0,
        effective: 0,
        saved: 0,
        fs: 0,
    };
    let map = || {
        Seen::Known(vec![IdRange {
            inside: 0,
            outside: 0,
            count: u32::MAX,
        }])
    };
    Details {
        status: Seen::Known(Status {
            tgid: pid,
            uids: root,
            gids: root,
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
            seccomp: Some(Seccomp::Filter),
        }),
        uid_map: map(),
        gid_map: map(),
        files_owner: Seen::Known(0),
        setgroups: skipped(),
        lsm: Seen::Known(None),
        root: skipped(),
        exe: skipped(),
        mounts: Seen::Known(Vec::new()),
        timens_offsets: skipped(),
        cgroups_inside: skipped(),
        threads: Seen::Known(Vec::new()),
    }
}

/// The initial namespaces for 0; for a container its own, but for user, cgroup and time, as Docker
/// makes them.
fn links(container: Pid) -> Links {
    Links::read(|link| {
        let kind = link.kind();
        let shared = matches!(kind, NsKind::User | NsKind::Cgroup | NsKind::Time)
            || kind == NsKind::Pid && container % 10 == 1;
        let own = 4_026_532_000 + u64::try_from(container).unwrap_or_default() * 10 + kind as u64;
        Seen::Known(match shared || container == 0 {
            true => kind.initial_inode(),
            false => own,
        })
    })
}

criterion_group!(benches, parsers, analyses);
criterion_main!(benches);
