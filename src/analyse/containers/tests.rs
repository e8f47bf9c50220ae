//! Containers that need engines, clusters or malice to be seen for real.

use super::*;
use crate::model::container::{Monitor, RuntimeMount};
use crate::model::process::{CgroupEntry, Links, sleeping_for_tests};
use crate::model::{LinkName, Why};

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

fn monitor(runtime: &str, namespace: Option<&str>, id: &str) -> Seen<Option<Monitor>> {
    Seen::Known(Some(Monitor {
        pid: 7,
        uid: Some(0),
        command: "monitor".into(),
        runtime: runtime.into(),
        id: Some(id.into()),
        name: None,
        namespace: namespace.map(str::to_owned),
        bundle: None,
    }))
}

fn mount(runtime: &str, id: &str) -> RuntimeMount {
    RuntimeMount {
        mount_point: "/etc/hostname".into(),
        source: format!("/{id}/hostname"),
        runtime: runtime.into(),
        id: Some(id.into()),
        pod_uid: None,
        folder: None,
    }
}

/// What process 10, the init, leaves when it is looked at.
fn traces(cgroup: &str) -> Traces {
    Traces {
        task: 10,
        cgroups: cgroups(cgroup),
        monitor: Seen::Known(None),
        mounts: Seen::Known(Vec::new()),
        marker: Seen::Known(None),
        records: Vec::new(),
    }
}

fn judge(process: Process, traces: Option<Traces>) -> Option<Identity> {
    let mut snapshot = crate::model::snapshot::empty_for_tests();
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
            monitor: monitor("docker", Some("moby"), A),
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
fn docker_in_docker_is_the_inner_container_with_the_outer_around_it() {
    let found = judge(
        process(10, false, "/docker/A/docker/B"),
        Some(Traces {
            monitor: monitor("docker", Some("moby"), B),
            mounts: Seen::Known(vec![mount("docker", B)]),
            ..traces("/docker/A/docker/B")
        }),
    )
    .unwrap();
    assert_eq!(told(&found), ("docker", B, Confidence::High));
    assert_eq!(found.around[0].id, A);
    assert_eq!(found.doubt, None);
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
            monitor: monitor("containerd", Some("k8s.io"), SANDBOX),
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
