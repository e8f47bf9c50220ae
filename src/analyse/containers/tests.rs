//! Containers that need engines, clusters or malice to be seen for real.

use super::*;
use crate::model::container::{Monitor, RuntimeMount};
use crate::model::process::{CgroupEntry, Links, sleeping_for_tests};
use crate::model::{LinkName, Pid, Why};

const A: &str = "aaaaaaaaaaaa0123456789abcdef0123456789abcdef0123456789abcdef0123";
const B: &str = "bbbbbbbbbbbb0123456789abcdef0123456789abcdef0123456789abcdef0123";
const SANDBOX: &str = "cccccccccccc0123456789abcdef0123456789abcdef0123456789abcdef0123";
const PLACE: Place = Place::Namespaces {
    pid: 0xF000_0001,
    mnt: 0xF000_0002,
};

fn cgroups(path: &str) -> Seen<Vec<CgroupEntry>> {
    Seen::Known(vec![CgroupEntry {
        hierarchy: 0,
        controllers: String::new(),
        path: path.replace("A", A).replace("B", B),
    }])
}

/// A process in the place above, or in the host's, with this cgroup.
fn process(pid: Pid, on_the_host: bool, cgroup: &str) -> Process {
    let links = Links::read(|link| {
        let Place::Namespaces { pid, mnt } = PLACE else {
            return Seen::Unknown(Why::Skipped);
        };
        Seen::Known(match link {
            LinkName::Own(NsKind::Pid) if !on_the_host => pid,
            LinkName::Own(NsKind::Mnt) if !on_the_host => mnt,
            other => other.kind().initial_inode(),
        })
    });
    let mut it = sleeping_for_tests(pid, pid.unsigned_abs().into());
    it.links = links;
    it.cgroups = cgroups(cgroup);
    it
}

fn monitors(runtime: &str, namespace: Option<&str>, id: &str) -> Seen<Vec<Monitor>> {
    Seen::Known(vec![monitor(runtime, namespace, id, Author::Root)])
}

fn monitor(runtime: &str, namespace: Option<&str>, id: &str, author: Author) -> Monitor {
    Monitor {
        pid: 7,
        uid: Some(0),
        command: "monitor".into(),
        runtime: runtime.into(),
        id: Some(id.into()),
        name: None,
        namespace: namespace.map(str::to_owned),
        bundle: None,
        author,
    }
}

fn mount(runtime: &str, id: &str) -> RuntimeMount {
    RuntimeMount {
        mount_point: "/etc/hostname".into(),
        source: format!("/{id}/hostname"),
        runtime: runtime.into(),
        id: Some(id.into()),
        pod_uid: None,
        folder: None,
        author: Author::Root,
    }
}

/// What process 10, the init, leaves when it is looked at.
fn traces(cgroup: &str) -> Traces {
    Traces {
        task: 10,
        cgroups: cgroups(cgroup),
        made_by: Seen::Known(0),
        monitors: Seen::Known(Vec::new()),
        mounts: Seen::Known(Vec::new()),
        marker: Seen::Known(None),
        records: Vec::new(),
    }
}

fn judge(process: Process, traces: Option<Traces>) -> Option<Identity> {
    let mut snapshot = crate::model::snapshot::empty_for_tests();
    let paths = [
        Some(&process.cgroups),
        traces.as_ref().map(|it| &it.cgroups),
    ];
    for entry in paths
        .into_iter()
        .flatten()
        .filter_map(Seen::known)
        .flatten()
    {
        let author = match entry.path.contains("user@") {
            true => Author::User(1000),
            false => Author::Root,
        };
        snapshot.cgroup_authors.insert(entry.path.clone(), author);
    }
    snapshot.traces = traces.map(|traces| (PLACE, traces)).into_iter().collect();
    let pid = process.pid;
    snapshot.processes.add(vec![vec![process]]);
    identity(&snapshot, &snapshot.processes[pid])
}

fn told(found: &Identity) -> (&str, &str, Confidence) {
    let container = &found.container;
    (&container.runtime, &container.id, found.confidence)
}

#[test]
fn a_cgroup_alone_is_medium_and_against_the_mount_namespace_low() {
    let found = judge(process(10, false, "/docker/A"), None).unwrap();
    assert_eq!(told(&found), ("docker", A, Confidence::Medium));
    assert_eq!(found.doubt, None);
    let found = judge(process(10, true, "/docker/A"), None).unwrap();
    assert_eq!(told(&found), ("docker", A, Confidence::Low));
    assert!(found.doubt.is_some());
}

#[test]
fn a_process_that_names_its_own_cgroup_after_another_container_stays_where_it_is() {
    // It owns its cgroup, and made one below it that is called as B is.
    let liar = process(11, false, "/docker/A/docker/B");
    let found = judge(
        liar,
        Some(Traces {
            monitors: monitors("docker", Some("moby"), A),
            ..traces("/docker/A")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("docker", A, Confidence::Medium));
    assert_eq!(found.cgroup.unwrap().id, B);
    assert!(found.doubt.unwrap().contains("docker bbbbbbbbbbbb"));
    // Also when it is the only process that was looked at: what is mounted is the runtime's doing.
    let found = judge(
        process(10, false, "/docker/A/docker/B"),
        Some(Traces {
            mounts: Seen::Known(vec![mount("docker", A)]),
            ..traces("/docker/A/docker/B")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("docker", A, Confidence::Medium));
    assert!(found.doubt.is_some());
}

#[test]
fn docker_in_docker_is_the_inner_container_by_the_word_of_the_outer() {
    let inner = monitor("docker", Some("moby"), B, Author::Container);
    let outer = monitor("docker", Some("moby"), A, Author::Root);
    let found = judge(
        process(10, false, "/docker/A/docker/B"),
        Some(Traces {
            monitors: Seen::Known(vec![inner, outer]),
            ..traces("/docker/A/docker/B")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("docker", B, Confidence::Medium));
    assert_eq!(found.owner, Author::Container);
    assert_eq!(found.around[0].id, A);
    assert_eq!(found.doubt, None);
    // Without anybody outside who says that there is a container, it is a claim.
    let alone = monitor("docker", Some("moby"), B, Author::Container);
    let found = judge(
        process(10, false, "/"),
        Some(Traces {
            monitors: Seen::Known(vec![alone]),
            ..traces("/")
        }),
    );
    assert_eq!(told(&found.unwrap()), ("docker", B, Confidence::Low));
}

/// Traces of a place that a user has made, with a record, a monitor and a mount of her own.
fn forged(uid: u32, author: Author) -> Traces {
    Traces {
        made_by: Seen::Known(uid),
        monitors: Seen::Known(vec![monitor("docker", Some("moby"), A, author)]),
        mounts: Seen::Known(vec![RuntimeMount {
            author,
            ..mount("docker", A)
        }]),
        records: vec![Record {
            source: "/home/alice/config.v2.json".into(),
            runtime: "docker".into(),
            id: A.into(),
            name: Some("web".into()),
            init: Some(10),
            init_is_here: Some(true),
            author,
            ..Record::default()
        }],
        ..traces("/user.slice")
    }
}

#[test]
fn what_anybody_could_have_written_names_nothing() {
    let it = process(10, false, "/user.slice");
    assert_eq!(judge(it, Some(forged(1000, Author::Anyone))), None);
}

#[test]
fn a_users_word_makes_a_container_of_hers_and_counts_once() {
    let it = process(10, false, "/user.slice");
    let found = judge(it, Some(forged(1000, Author::User(1000)))).unwrap();
    assert_eq!(told(&found), ("docker", A, Confidence::Medium));
    assert_eq!(found.owner, Author::User(1000));
    assert_eq!(found.owner_name.as_deref(), Some("uid 1000"));
    assert_eq!(found.container.name.as_deref(), Some("web"));
    // Not where another user has made the namespaces, nor where root has.
    for maker in [1001, 0] {
        let it = process(10, false, "/user.slice");
        assert_eq!(judge(it, Some(forged(maker, Author::User(1000)))), None);
    }
}

#[test]
fn a_users_record_adds_nothing_to_what_root_says() {
    let own = forged(0, Author::User(1000)).records;
    let found = judge(
        process(10, false, "/docker/A"),
        Some(Traces {
            records: own,
            ..traces("/docker/A")
        }),
    )
    .unwrap();
    assert_eq!(found.owner, Author::Root);
    assert_eq!(found.container.name, None);
}

#[test]
fn a_file_of_an_engines_that_a_user_has_bound_names_nothing() {
    let bound = Traces {
        made_by: Seen::Known(1000),
        mounts: Seen::Known(vec![mount("docker", A)]),
        ..traces("/")
    };
    assert_eq!(judge(process(10, false, "/"), Some(bound)), None);
    // Nor one of a container whose init is elsewhere, by the engine's own word.
    let mut elsewhere = forged(0, Author::Root).records;
    elsewhere[0].init_is_here = Some(false);
    let bound = Traces {
        mounts: Seen::Known(vec![mount("docker", A)]),
        records: elsewhere,
        ..traces("/")
    };
    assert_eq!(judge(process(10, false, "/"), Some(bound)), None);
}

#[test]
fn a_cgroup_that_is_delegated_to_a_user_is_that_users_word() {
    let path = "/user.slice/user-1000.slice/user@1000.service/docker-A.scope";
    let found = judge(process(10, true, path), None).unwrap();
    assert_eq!(found.owner, Author::User(1000));
    assert_eq!(found.confidence, Confidence::Low);
}

/// Two processes in places of their own, with these traces.
fn known(pairs: Vec<(Pid, Traces)>) -> Vec<(Identity, Pid)> {
    let mut snapshot = crate::model::snapshot::empty_for_tests();
    snapshot.cgroup_authors.insert("/".into(), Author::Root);
    let mut processes = Vec::new();
    for (pid, traces) in pairs {
        let own = u64::from(pid.unsigned_abs());
        let mut it = process(pid, false, "/");
        it.links = Links::read(|link| {
            Seen::Known(match link {
                LinkName::Own(NsKind::Pid) => 0xE000_0000 + own,
                LinkName::Own(NsKind::Mnt) => 0xD000_0000 + own,
                other => other.kind().initial_inode(),
            })
        });
        snapshot.traces.insert(
            Place::of(&it),
            Traces {
                task: pid,
                ..traces
            },
        );
        processes.push(it);
    }
    snapshot.processes.add(vec![processes]);
    note_rivals(&mut snapshot);
    all(&snapshot)
}

/// A container of root's with this id and name, that its engine says to be there.
fn of_root(pid: Pid, id: &str, name: &str) -> (Pid, Traces) {
    let record = Record {
        source: "/var/lib/docker/config.v2.json".into(),
        runtime: "docker".into(),
        id: id.into(),
        name: Some(name.into()),
        init: Some(pid),
        init_is_here: Some(true),
        author: Author::Root,
        ..Record::default()
    };
    let traces = Traces {
        records: vec![record],
        ..traces("/")
    };
    (pid, traces)
}

#[test]
fn a_lesser_authors_container_is_doubted_and_roots_is_not() {
    let found = known(vec![
        of_root(20, A, "web"),
        (10, forged(1000, Author::User(1000))),
    ]);
    let doubts: Vec<_> = found
        .iter()
        .map(|(it, init)| (*init, it.owner, it.all_doubts()))
        .collect();
    assert_eq!(
        doubts,
        [
            (
                10,
                Author::User(1000),
                Some("the container of this id is root's docker of process 20".to_owned())
            ),
            (20, Author::Root, None),
        ]
    );
}

#[test]
fn two_of_equal_authors_with_one_name_are_both_doubted() {
    let found = known(vec![of_root(20, A, "web"), of_root(30, B, "web")]);
    let doubts: Vec<_> = found
        .iter()
        .map(|(it, _)| it.all_doubts().unwrap())
        .collect();
    assert_eq!(
        doubts,
        [
            "root's docker bbbbbbbbbbbb has the same name",
            "root's docker aaaaaaaaaaaa has the same name"
        ]
    );
    // The same id in places that nothing but the word of a user holds together.
    let forged = |pid| {
        let mut traces = forged(1000, Author::User(1000));
        traces.records[0].init = Some(pid);
        traces.monitors = Seen::Known(Vec::new());
        (pid, traces)
    };
    let found = known(vec![forged(20), forged(30)]);
    let doubts: Vec<_> = found
        .iter()
        .map(|(it, _)| it.all_doubts().unwrap())
        .collect();
    assert_eq!(
        doubts,
        [
            "process 30 goes by the same id",
            "process 20 goes by the same id"
        ]
    );
}

#[test]
fn a_container_of_a_pod_is_called_after_itself_and_not_after_the_pods_sandbox() {
    let found = judge(
        process(
            10,
            false,
            "/kubepods/besteffort/pod7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6/A",
        ),
        Some(Traces {
            monitors: monitors("containerd", Some("k8s.io"), SANDBOX),
            records: vec![Record {
                source: "/run/containerd/config.json".into(),
                runtime: "containerd".into(),
                id: A.into(),
                name: Some("app".into()),
                pod: Some("web-0".into()),
                ..Record::default()
            }],
            ..traces("/kubepods/besteffort/pod7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6/A")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("containerd", A, Confidence::Medium));
    assert_eq!(found.container.name.as_deref(), Some("app"));
    let pod = found.pod.unwrap();
    assert_eq!(pod.name.as_deref(), Some("web-0"));
    assert_eq!(
        pod.uid.as_deref(),
        Some("7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6")
    );
}

#[test]
fn mounts_tell_the_container_where_the_cgroup_is_hidden() {
    let found = judge(
        process(10, false, "/.."),
        Some(Traces {
            mounts: Seen::Known(vec![mount("docker", A)]),
            ..traces("/..")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("docker", A, Confidence::Medium));
    assert_eq!(found.doubt, None);
}

#[test]
fn podmans_storage_is_crios_where_the_cgroup_says_so() {
    let found = judge(
        process(10, false, "/crio-A.scope"),
        Some(Traces {
            mounts: Seen::Known(vec![mount("podman", A)]),
            ..traces("/crio-A.scope")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("cri-o", A, Confidence::High));
}

#[test]
fn what_an_environment_says_is_a_claim_and_a_service_of_the_host_is_no_container() {
    let found = judge(
        process(10, false, "/system.slice/x.service"),
        Some(Traces {
            marker: Seen::Known(Some("lxc".into())),
            ..traces("/system.slice/x.service")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("lxc", "10", Confidence::Low));
    let service = process(10, false, "/system.slice/x.service");
    assert_eq!(
        judge(service, Some(traces("/system.slice/x.service"))),
        None
    );
}
