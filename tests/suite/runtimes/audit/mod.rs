//! `audit` on real containers: for each finding one that has it and its twin that has not, by id,
//! severity and verdict. Most are runc's, whose file says exactly what a container is.

use serde_json::{Value, json};

use crate::runtimes::runc::map_to;
use crate::support::run::nsinspect;

mod barriers;
mod capabilities;
mod ids;
mod mistakes;
mod sharing;
mod subjects;
mod traces;
mod whole;

/// Docker's default capabilities.
const DOCKERS: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// A change of what `runc spec` writes.
type Edit = fn(&mut Value);

/// Docker's default set, as runc's file takes it, with some more.
fn give(config: &mut Value, more: &[&str]) {
    let all: Vec<&str> = DOCKERS.iter().chain(more).copied().collect();
    config["process"]["capabilities"] = json!({
        "bounding": all, "effective": all, "permitted": all, "inheritable": [], "ambient": [],
    });
}

/// No capability at all.
fn take_all(config: &mut Value) {
    config["process"]["capabilities"] = json!({
        "bounding": [], "effective": [], "permitted": [], "inheritable": [], "ambient": [],
    });
}

fn run_as(config: &mut Value, uid: u32) {
    config["process"]["user"] = json!({"uid": uid, "gid": uid});
}

/// Leaves it in the host's namespace of a kind, with the mounts that such a container cannot have.
fn share(config: &mut Value, kind: &str) {
    let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
    namespaces.retain(|it| it["type"] != kind);
    let needs = match kind {
        "ipc" => "/dev/mqueue",
        // A new sysfs takes a network namespace of one's own.
        "network" => "/sys",
        _ => return,
    };
    let mounts = config["mounts"].as_array_mut().unwrap();
    mounts.retain(|it| {
        let point = it["destination"].as_str().unwrap();
        point != needs && !point.starts_with(&format!("{needs}/"))
    });
}

/// A cgroup by whose name it is known for a container, as an engine would make it.
fn name_cgroup(config: &mut Value, id: &str) {
    config["linux"]["cgroupsPath"] = json!(format!("/nsinspect-test/{id}"));
}

/// An id as engines make them, of which no two tests have the same.
fn hash(test: u32) -> String {
    format!("{test:08x}{:056x}", std::process::id())
}

/// What was found about one process.
struct Audited(Value);

impl Audited {
    fn of(pid: i32) -> Audited {
        let answer = nsinspect(&["audit", "--json", &pid.to_string()]).expect(0);
        Audited(answer.json()["subjects"][0].clone())
    }

    /// The findings, in the order in which they are told.
    fn findings(&self) -> &Vec<Value> {
        self.0["findings"].as_array().expect("findings")
    }

    fn finding(&self, id: &str) -> Option<&Value> {
        self.findings().iter().find(|it| it["id"] == id)
    }

    /// Severity and verdict of one finding.
    fn judged(&self, id: &str) -> Option<(&str, &str)> {
        let finding = self.finding(id)?;
        Some((
            finding["severity"].as_str().unwrap(),
            finding["verdict"].as_str().unwrap(),
        ))
    }

    /// All that evidence of one finding says.
    fn evidence(&self, id: &str) -> String {
        let finding = self.finding(id).unwrap_or_else(|| panic!("no {id}"));
        let facts = finding["evidence"].as_array().unwrap();
        let facts = facts
            .iter()
            .map(|it| format!("{} {}", it["source"], it["value"]).replace('"', ""));
        facts.collect::<Vec<_>>().join("\n")
    }

    /// `ID severity verdict` of every finding.
    fn lines(&self) -> Vec<String> {
        let line = |it: &Value| {
            let word = |field: &str| it[field].as_str().unwrap().to_owned();
            [word("id"), word("severity"), word("verdict")].join(" ")
        };
        self.findings().iter().map(line).collect()
    }
}

/// A finding and the containers of runc that have it, or have it not.
struct Case {
    id: &'static str,
    what: &'static str,
    edit: Edit,
    judged: Option<(&'static str, &'static str)>,
}

/// Starts a container for each case in turn, and compares.
macro_rules! judge {
    ($cases:expr) => {
        for case in $cases {
            let it = $crate::runtimes::started!($crate::runtimes::runc::run(case.edit));
            let audited = $crate::runtimes::audit::Audited::of(it.pid);
            let judged = audited.judged(case.id);
            assert_eq!(
                judged, case.judged,
                "{} {}: {:#}",
                case.id, case.what, audited.0
            );
        }
    };
}
use judge;

const fn case(
    id: &'static str,
    what: &'static str,
    edit: Edit,
    judged: Option<(&'static str, &'static str)>,
) -> Case {
    Case {
        id,
        what,
        edit,
        judged,
    }
}
