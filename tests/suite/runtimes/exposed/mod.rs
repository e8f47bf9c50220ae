//! What containers are given beside their namespaces, and whether `audit` says of it what the kernel
//! then does: each finding with the container that has it and its twin that has not. What is
//! harmless is tried inside, and the outcome stands in the arguments of the container's program.

mod control;
mod devices;
mod files;
mod handles;
mod sockets;

use serde_json::{Value, json};

use crate::support::facts::proc_file;
use crate::support::run::{Answer, nsinspect, run};

use super::{Container, Start, runc};

/// The capabilities that docker gives unless told otherwise.
const DOCKER: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SYS_CHROOT",
    "CAP_MKNOD",
    "CAP_AUDIT_WRITE",
    "CAP_SETFCAP",
];

/// The specification of a container, as tests change it.
struct Spec<'a>(&'a mut Value);

impl Spec<'_> {
    fn capabilities(&mut self, all: &[&str]) -> &mut Self {
        for set in ["bounding", "effective", "permitted"] {
            self.0["process"]["capabilities"][set] = json!(all);
        }
        for set in ["inheritable", "ambient"] {
            self.0["process"]["capabilities"][set] = json!([]);
        }
        self
    }

    /// Docker's, and more.
    fn docker_and(&mut self, more: &[&str]) -> &mut Self {
        let all: Vec<&str> = DOCKER.iter().chain(more).copied().collect();
        self.capabilities(&all)
    }

    fn user(&mut self, id: u32) -> &mut Self {
        self.0["process"]["user"] = json!({"uid": id, "gid": id});
        self
    }

    fn bind(&mut self, source: &str, destination: &str, options: &[&str]) -> &mut Self {
        let options: Vec<&str> = ["rbind"].iter().chain(options).copied().collect();
        let mount = json!({
            "type": "bind", "source": source, "destination": destination, "options": options,
        });
        self.list("mounts").push(mount);
        self
    }

    fn without_namespace(&mut self, kind: &str) -> &mut Self {
        let all = self.0["linux"]["namespaces"].as_array_mut().unwrap();
        all.retain(|it| it["type"] != kind);
        self
    }

    /// Ids of a user namespace start there; its network namespace is its own, so that it may mount
    /// sysfs, but not cgroups.
    fn user_namespace(&mut self, first: u32) -> &mut Self {
        let all = self.0["linux"]["namespaces"].as_array_mut().unwrap();
        all.push(json!({"type": "user"}));
        let map = json!([{"containerID": 0, "hostID": first, "size": 65536}]);
        self.0["linux"]["uidMappings"] = map.clone();
        self.0["linux"]["gidMappings"] = map;
        self.list("mounts")
            .retain(|it| it["destination"] != "/sys/fs/cgroup");
        self
    }

    /// Runs a script before the program, which tells by its arguments how that went.
    fn tries(&mut self, script: &str) -> &mut Self {
        let script = format!(
            "if ({script}) >/dev/null 2>&1; then exec /bin/sleep 301; fi; exec /bin/sleep 302"
        );
        self.0["process"]["args"] = json!(["/bin/sh", "-c", script]);
        self
    }

    fn linux(&mut self, field: &str, value: Value) -> &mut Self {
        self.0["linux"][field] = value;
        self
    }

    fn list(&mut self, field: &str) -> &mut Vec<Value> {
        self.0[field].as_array_mut().unwrap()
    }
}

/// A container like docker's defaults, but for what the test changes.
fn container(edit: impl FnOnce(&mut Spec<'_>)) -> Start {
    container_with("", &[], edit)
}

fn container_with(redirect: &str, options: &[&str], edit: impl FnOnce(&mut Spec<'_>)) -> Start {
    runc::run_with(redirect, options, |config| {
        let mut spec = Spec(config);
        spec.capabilities(&DOCKER);
        edit(&mut spec);
    })
}

/// What its script came to.
fn succeeded(container: &Container) -> bool {
    let arguments = proc_file(container.pid, "cmdline");
    match arguments.as_str() {
        "/bin/sleep\x00301\0" => true,
        "/bin/sleep\x00302\0" => false,
        other => panic!("no script ended in {other:?}"),
    }
}

fn audit(pid: i32) -> Answer {
    nsinspect(&["audit", "--json", &pid.to_string()]).expect(0)
}

/// The finding with this id about a process.
fn finding(pid: i32, id: &str) -> Option<Value> {
    finding_in(&audit(pid).json(), pid, id)
}

fn finding_in(document: &Value, pid: i32, id: &str) -> Option<Value> {
    let subjects = document["subjects"].as_array().unwrap();
    let subject = subjects.iter().find(|it| it["pid"] == pid);
    let findings = subject.unwrap_or_else(|| panic!("no {pid} in {document:#}"));
    let mut fitting = findings["findings"].as_array().unwrap().iter();
    let found = fitting.find(|it| it["id"] == id).cloned();
    assert!(fitting.all(|it| it["id"] != id), "{id} twice: {findings:#}");
    found
}

/// Severity and verdict of it; none where there is no such finding.
fn judged(pid: i32, id: &str) -> Option<(String, String)> {
    let found = finding(pid, id)?;
    let text = |field: &str| found[field].as_str().unwrap().to_owned();
    assert_ne!(found["evidence"], json!([]), "{found:#}");
    Some((text("severity"), text("verdict")))
}

fn is(severity: &str, verdict: &str) -> Option<(String, String)> {
    Some((severity.to_owned(), verdict.to_owned()))
}

/// The whole way there and back: a snapshot answers as the machine did.
#[test]
fn a_saved_snapshot_gives_the_same_findings() {
    let it = super::started!(container(|spec| {
        spec.bind("/etc", "/tmp", &[])
            .linux("readonlyPaths", json!([]));
    }));
    let live = audit(it.pid).json();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot");
    std::fs::write(&file, nsinspect(&["snapshot"]).expect(0).stdout).unwrap();
    let mut saved = std::process::Command::new(env!("CARGO_BIN_EXE_nsinspect"));
    saved.args(["audit", "--json", &it.pid.to_string(), "--from"]);
    let saved = run(saved.arg(&file)).expect(0).json();
    assert_eq!(live["subjects"], saved["subjects"]);
}
