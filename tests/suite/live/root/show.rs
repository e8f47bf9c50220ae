//! `nsinspect show` of a process, field by field.

use serde_json::{Value, json};

use crate::runtimes::started;
use crate::support::facts::{find, inode, kinds, numbers, proc_file, stat, status};
use crate::support::run::nsinspect;
use crate::support::sandbox::{Sandbox, then_sleep};

/// Bits of capability sets that tests need by name (linux/capability.h).
const CAP_KILL: u64 = 5;
const CAP_NET_RAW: u64 = 13;
const CAP_SYS_ADMIN: u64 = 21;

#[test]
fn every_field_of_a_process_is_what_proc_says() {
    needs_root!();
    let mut command = std::process::Command::new("setpriv");
    command.args([
        "--reuid=1234",
        "--regid=2345",
        "--groups=7,8,9",
        "--no-new-privs",
    ]);
    command.args(["--inh-caps=-all", "--bounding-set=-net_raw"]);
    command.args(["sh", "-c", &then_sleep("")]);
    let it = started!(Sandbox::run(&mut command));
    let pid = it.pid;
    let document = nsinspect(&["show", "--json", &pid.to_string()])
        .expect(0)
        .json();
    assert_eq!(document["schema"], "nsinspect.process/1");
    assert_eq!(
        document["coverage"]["processes"],
        json!({"seen": 1, "denied": 0, "gone": 0})
    );
    let process = &document["process"];

    assert_eq!(process["pid"], pid);
    assert_eq!(process["tid"], Value::Null);
    assert_eq!(process["comm"], "sleep");
    assert_eq!(process["cmdline"], json!(["sleep", "300"]));
    assert_eq!(process["nthreads"], 1);
    assert_eq!(process["state"], "S");
    assert_eq!(process["kernel_thread"], false);
    assert_eq!(process["ppid"].to_string(), stat(pid, 4));
    assert_eq!(process["start_time"].to_string(), stat(pid, 22));
    let four = |field| {
        let ids = numbers(&status(pid, field));
        json!({"real": ids[0], "effective": ids[1], "saved": ids[2], "fs": ids[3]})
    };
    assert_eq!(process["uid"], 1234);
    assert_eq!(process["gid"], 2345);
    assert_eq!(process["uids"], four("Uid"));
    assert_eq!(process["gids"], four("Gid"));
    assert_eq!(process["groups"], json!([7, 8, 9]));
    assert_eq!(process["no_new_privs"], true);
    let modes = ["disabled", "strict", "filter"];
    let mode = usize::try_from(numbers(&status(pid, "Seccomp"))[0]).unwrap();
    assert_eq!(process["seccomp"], modes[mode]);
    for (name, field) in [
        ("effective", "CapEff"),
        ("permitted", "CapPrm"),
        ("inheritable", "CapInh"),
        ("bounding", "CapBnd"),
        ("ambient", "CapAmb"),
    ] {
        assert_capabilities(&process["capabilities"][name], &status(pid, field)[0]);
    }

    for kind in kinds() {
        assert_eq!(process["namespaces"][kind], inode(pid, kind), "{kind}");
        let row = find(&document["namespaces"], "type", kind);
        assert_eq!(row["ns"], inode(pid, kind));
    }
    assert_eq!(process["pid_for_children"], inode(pid, "pid_for_children"));
    assert_eq!(process["threads"], json!([]));
    let innermost = process["pids"].as_array().unwrap().last().unwrap();
    assert_eq!(
        innermost,
        &json!({"ns": inode(pid, "pid"), "pid": numbers(&status(pid, "NSpid")).last().unwrap()})
    );
    assert_eq!(process["uid_map"], map(&proc_file(pid, "uid_map")));
    assert_eq!(process["gid_map"], map(&proc_file(pid, "gid_map")));
    assert_eq!(process["setgroups"], proc_file(pid, "setgroups").trim());

    let root = std::fs::read_link(format!("/proc/{pid}/root")).unwrap();
    assert_eq!(process["root"], root.to_str().unwrap());
    let cgroups: Vec<String> = process["cgroups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |field: &str| it[field].as_str().unwrap().to_owned();
            format!(
                "{}:{}:{}",
                it["hierarchy"],
                text("controllers"),
                text("path")
            )
        })
        .collect();
    assert_eq!(cgroups.join("\n"), proc_file(pid, "cgroup").trim_end());
    assert_eq!(process["cgroups_inside"], process["cgroups"]);
    let points: Vec<_> = process["mounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].to_string())
        .collect();
    let table = proc_file(pid, "mountinfo");
    let ids: Vec<_> = table
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(points, ids);
    assert_eq!(process["container"], Value::Null);
}

/// The names are as many as bits are set, and those that we know are right.
fn assert_capabilities(names: &Value, mask: &str) {
    let mask = u64::from_str_radix(mask, 16).unwrap();
    let names = names.as_array().unwrap();
    assert_eq!(
        names.len(),
        mask.count_ones() as usize,
        "{names:?} {mask:x}"
    );
    for (bit, name) in [
        (CAP_KILL, "CAP_KILL"),
        (CAP_NET_RAW, "CAP_NET_RAW"),
        (CAP_SYS_ADMIN, "CAP_SYS_ADMIN"),
    ] {
        assert_eq!(names.contains(&json!(name)), mask >> bit & 1 == 1, "{name}");
    }
}

fn map(text: &str) -> Value {
    let line = |line: &str| {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let ids = numbers(&words);
        json!({"inside": ids[0], "outside": ids[1], "count": ids[2]})
    };
    text.lines().map(line).collect()
}
