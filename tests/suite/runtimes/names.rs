//! Containers are called by the names that people gave them, whatever runtime started them, and a
//! cgroup alone makes nobody a member of a container.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::live::diffed::Diffed;
use crate::support::facts::{find, inode, own_pid};
use crate::support::process::{Spawned, wait_until};
use crate::support::run::{as_nobody, nsinspect, program_for_everyone, run};

use super::{Container, bwrap, containerd, docker, lxc, nspawn, podman, runc, started};

/// The container that `show` puts a process in.
fn container_of(pid: i32) -> Value {
    let answer = nsinspect(&["show", "--json", &pid.to_string()]).expect(0);
    answer.json()["process"]["container"].clone()
}

/// What it is called, and how sure that is.
fn called(container: &Value) -> Value {
    let fields = ["runtime", "id", "name", "confidence", "doubt"];
    fields
        .iter()
        .map(|field| container[*field].clone())
        .collect()
}

fn expected(it: &Container, runtime: &str, name: Option<&str>, confidence: &str) -> Value {
    json!([runtime, it.id, name, confidence, null])
}

#[test]
fn docker_and_podman_containers_are_called_as_people_named_them_by_every_command() {
    let web = started!(docker::run(&["--name", "nsi-web"]));
    let db = started!(podman::run(&["--name", "nsi-db", "--userns=auto"]));
    for (it, runtime, name, image) in [
        (&web, "docker", "nsi-web", "busybox:test"),
        (&db, "podman", "nsi-db", "localhost/busybox:test"),
    ] {
        let container = container_of(it.pid);
        assert_eq!(
            called(&container),
            expected(it, runtime, Some(name), "high")
        );
        assert_eq!(container["image"], image);
        let short = &it.id[..12];
        let label = format!("{runtime} {name} {short}");
        for target in [
            name.to_owned(),
            format!("{runtime}:{name}"),
            short.to_owned(),
        ] {
            let diff = Diffed::of(&[&target]);
            assert_eq!(diff.0["subject"]["pid"], it.pid, "{target}");
            assert_eq!(called(&diff.0["subject"]["container"]), called(&container));
        }
        let tree = nsinspect(&["tree"]).expect(0).stdout;
        assert!(tree.contains(&label), "{label} in {tree}");
        let by_process = nsinspect(&["tree", "--by=process"]).expect(0).stdout;
        assert!(by_process.contains(&label), "{label} in {by_process}");
        let columns = ["list", "-n", "-o", "pid,container", "-t", "mnt"];
        let list = nsinspect(&columns).expect(0).stdout;
        let row = list.lines().find(|line| line.contains(&it.pid.to_string()));
        assert!(row.is_some_and(|row| row.ends_with(&label)), "{list}");
        let show = nsinspect(&["show", &format!("{runtime}:{name}")])
            .expect(0)
            .stdout;
        assert!(
            show.contains(&format!("{label}, high confidence")),
            "{show}"
        );
    }
    nsinspect(&["diff", "podman:nsi-web"]).expect(2);
}

#[test]
fn what_docker_calls_a_container_is_told_with_the_file_that_says_so() {
    let it = started!(docker::run(&["--name", "nsi-evidence"]));
    let container = container_of(it.pid);
    let record = it
        .folder
        .join("data/containers")
        .join(&it.id)
        .join("config.v2.json");
    let name = find(&container["evidence"], "field", "name");
    assert_eq!(name["source"], record.to_str().unwrap());
    assert_eq!(name["value"], "nsi-evidence");
    let sources: Vec<&str> = container["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|evidence| evidence["field"] == "id")
        .map(|evidence| evidence["source"].as_str().unwrap())
        .collect();
    let ends = ["config.v2.json", "cmdline", "mountinfo", "cgroup"];
    for end in ends {
        assert!(
            sources.iter().any(|source| source.ends_with(end)),
            "{end} {sources:?}"
        );
    }
}

#[test]
fn a_container_of_kubernetes_is_called_with_its_pod() {
    let annotation = |name: &str, value: &str| format!("io.kubernetes.cri.{name}={value}");
    let annotations = [
        annotation("container-name", "app"),
        annotation("sandbox-name", "web-0"),
        annotation("sandbox-namespace", "prod"),
        annotation("image-name", "docker.io/library/nginx:1"),
    ];
    let args: Vec<&str> = annotations
        .iter()
        .flat_map(|it| ["--annotation", it.as_str()])
        .collect();
    let it = started!(containerd::run(&args));
    let container = container_of(it.pid);
    assert_eq!(
        called(&container),
        expected(&it, "containerd", Some("app"), "high")
    );
    assert_eq!(container["pod"], "web-0");
    assert_eq!(container["pod_namespace"], "prod");
    assert_eq!(container["image"], "docker.io/library/nginx:1");
    let tree = nsinspect(&["tree"]).expect(0).stdout;
    let label = format!("containerd web-0/app {}", &it.id[..12]);
    assert!(tree.contains(&label), "{label} in {tree}");
}

#[test]
fn lxc_nspawn_and_bubblewrap_are_told_by_who_watches_over_them() {
    let lxc = started!(lxc::run(&[]));
    assert_eq!(
        called(&container_of(lxc.pid)),
        expected(&lxc, "lxc", Some(&lxc.id), "high")
    );

    let machine = started!(nspawn::run(&[]));
    let name = Some(machine.id.as_str());
    let container = container_of(machine.pid);
    assert_eq!(
        called(&container),
        expected(&machine, "systemd-nspawn", name, "medium")
    );
    assert_eq!(Diffed::of(&[&machine.id]).0["subject"]["pid"], machine.pid);

    let sandbox = started!(bwrap::run(&[]));
    let container = container_of(sandbox.pid);
    assert_eq!(container["runtime"], "bwrap");
    assert_eq!(container["confidence"], "medium");
    let monitor: i32 = container["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        crate::support::facts::stat(sandbox.pid, 4),
        monitor.to_string()
    );
}

#[test]
fn a_container_of_runc_alone_is_told_by_the_state_that_runc_keeps() {
    let it = started!(runc::run_in_the_usual_place(|_| ()));
    let container = container_of(it.pid);
    assert_eq!(called(&container), expected(&it, "runc", None, "medium"));
    let id = find(&container["evidence"], "field", "id");
    assert_eq!(id["source"], format!("/run/runc/{}/state.json", it.id));
    assert_eq!(Diffed::of(&[&it.id]).0["subject"]["pid"], it.pid);
    // Elsewhere nobody can know where its state lies: no container is better than a wrong one.
    let hidden = started!(runc::run(|_| ()));
    assert_eq!(container_of(hidden.pid), Value::Null);
}

#[test]
fn a_visitor_from_the_host_is_in_the_container_and_its_cgroup_is_said_not_to_be() {
    let it = started!(docker::run(&["--name", "nsi-visited"]));
    let pid = it.pid.to_string();
    let mut nsenter = Command::new("nsenter");
    nsenter.args(["-t", &pid, "-m", "-p", "/bin/sleep", "200"]);
    let entered = Spawned::start(&mut nsenter).unwrap();
    let mut visitor = None;
    wait_until(std::time::Duration::from_secs(10), "the visitor", || {
        visitor = crate::support::process::descendant(entered.pid(), "sleep");
        visitor.is_some()
    })
    .unwrap();
    let visitor = visitor.unwrap();
    assert_eq!(inode(visitor, "mnt"), inode(it.pid, "mnt"));
    // In a look at the whole machine it is known whose namespaces these are.
    let snapshot = nsinspect(&["snapshot"]).expect(0).json();
    let mut processes = snapshot["processes"].as_array().unwrap().iter();
    let container = &processes.find(|it| it["pid"] == visitor).unwrap()["container"];
    assert_eq!(container["runtime"], "docker");
    assert_eq!(container["id"], it.id);
    assert_eq!(container["name"], "nsi-visited");
    assert_eq!(container["confidence"], "medium");
    assert_eq!(container["cgroup"], Value::Null);
    let doubt = container["doubt"].as_str().unwrap();
    assert!(
        doubt.starts_with("its cgroup is not the container's: /"),
        "{doubt}"
    );
    // Alone it is told by the mounts that it sees, which are the container's.
    let alone = container_of(visitor);
    assert_eq!(
        called(&alone),
        expected(&it, "docker", Some("nsi-visited"), "high")
    );
}

#[test]
fn a_process_of_the_host_does_not_become_a_container_by_its_cgroup() {
    let it = started!(docker::run(&["--name", "nsi-claimed"]));
    let cgroup = crate::support::facts::proc_file(own_pid(), "mountinfo")
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|point| format!("{point}/docker/{}/cgroup.procs", it.id))
        .find(|procs| fs::metadata(procs).is_ok());
    let cgroup = cgroup.expect("the cgroup of the container");
    let host = Spawned::start(Command::new("sleep").arg("200")).unwrap();
    fs::write(&cgroup, host.pid().to_string()).unwrap();
    let container = container_of(host.pid());
    let doubt = "it is in the mount namespace of the host";
    assert_eq!(
        called(&container),
        json!(["docker", it.id, null, "low", doubt])
    );
    // The name leads to the container and not to who claims it.
    for target in ["nsi-claimed", &it.id[..12]] {
        assert_eq!(Diffed::of(&[target]).0["subject"]["pid"], it.pid);
    }
}

#[test]
fn an_ordinary_user_who_may_ask_docker_is_told_the_name() {
    let it = started!(docker::run(&["--name", "nsi-asked"]));
    let socket = it.folder.join("socket");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    let ask = |host: &str| {
        let mut command = Command::new("env");
        command.arg(format!("DOCKER_HOST={host}"));
        command.arg(program_for_everyone());
        command.args(["show", "--json", &it.pid.to_string()]);
        let answer = run(as_nobody(&mut command)).expect(0);
        answer.json()["process"]["container"].clone()
    };
    let told = ask(&format!("unix://{}", socket.display()));
    assert_eq!(told["name"], "nsi-asked", "{told:#}");
    let name = find(&told["evidence"], "field", "name");
    assert_eq!(name["source"], socket.to_str().unwrap());
    let nobody_there = ask("unix:///nonexistent");
    assert_eq!(nobody_there["name"], Value::Null);
    assert_eq!(nobody_there["id"], it.id);
}
