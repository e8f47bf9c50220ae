//! What an ordinary user may make and see. Root becomes one for it.

use std::process::{Child, Command};

use serde_json::json;

use crate::runtimes::started;
use crate::support::facts::{find, inode, kinds, own_pid, proc_file, try_inode};
use crate::support::run::{
    Answer, NOBODY, as_nobody, nsinspect_as_nobody, program_for_everyone, run,
};
use crate::support::sandbox::Sandbox;
use crate::support::skip::is_root;

use super::diffed::Diffed;

fn own_uid() -> u32 {
    match is_root() {
        true => NOBODY,
        false => nix::unistd::geteuid().as_raw(),
    }
}

/// A process of the ordinary user's own to compare with: PID 1 is none of theirs.
fn plain() -> Result<Sandbox, String> {
    Sandbox::start_as_nobody(&[], "")
}

#[test]
fn the_user_who_made_a_user_namespace_is_told_that_its_root_is_themselves() {
    let it = started!(Sandbox::start_as_nobody(&["-U", "--map-root-user"], ""));
    let reference = started!(plain());
    let (pid, other) = (it.pid.to_string(), reference.pid.to_string());
    let answer = nsinspect_as_nobody(&["diff", "--json", &pid, &other]).expect(0);
    let diff = Diffed(answer.json());
    assert_eq!(diff.0["summary"]["isolated"], json!(["user"]));
    assert_eq!(
        diff.0["summary"]["unknown"].as_array().unwrap().len(),
        8 - kinds().len()
    );
    assert_eq!(diff.inside("user", "root_uid").0, own_uid());
    let map = json!([{"inside": 0, "outside": own_uid(), "count": 1}]);
    assert_eq!(diff.inside("user", "uid_map").0, map);
    assert_eq!(diff.inside("user", "setgroups").0, "deny");

    let text = nsinspect_as_nobody(&["diff", &pid, &other])
        .expect(0)
        .stdout;
    assert!(
        text.contains(&format!("its root is uid {}", own_uid())),
        "{text}"
    );
    // Against the machine itself as far as an ordinary user can see it.
    nsinspect_as_nobody(&["diff", &pid, "--require", "user"]).expect(0);
}

#[test]
fn the_user_sees_all_that_they_unshared_in_one_go() {
    let args = [
        "-U",
        "-r",
        "-u",
        "-i",
        "-n",
        "-p",
        "--mount-proc",
        "--kill-child",
    ];
    let script = "hostname named-by-nobody; ipcmk -M 64";
    let it = started!(Sandbox::start_as_nobody(&args, script));
    let reference = started!(plain());
    let (pid, other) = (it.pid.to_string(), reference.pid.to_string());
    let answer = nsinspect_as_nobody(&["diff", "--json", &pid, &other]).expect(0);
    let diff = Diffed(answer.json());
    for kind in ["user", "uts", "ipc", "net", "pid", "mnt"] {
        assert_eq!(diff.state(kind), "isolated", "{kind}");
    }
    // Who made a user namespace may join it, and all that it owns.
    assert_eq!(diff.inside("uts", "hostname").0, "named-by-nobody");
    assert_eq!(diff.inside("ipc", "shared_memory").0, 1);
    assert_eq!(diff.inside("ipc", "posix_queues").0, 0);
    assert_eq!(diff.inside("net", "listening").0, json!([]));
    assert_eq!(diff.inside("net", "interfaces").0[0]["up"], false);
    assert_eq!(diff.inside("pid", "pid").0, 1);
    // Processes of others, which refuse us, might be in there too.
    let processes = find(&diff.kind("pid")["differences"], "what", "processes");
    let denied = processes["unknown"]["subject"] == "denied";
    assert!(denied || processes["subject"] == 1, "{processes:#}");
}

#[test]
fn of_a_named_reference_that_refuses_its_namespaces_all_else_is_told() {
    let it = started!(plain());
    let pid = it.pid.to_string();
    let answer = nsinspect_as_nobody(&["diff", "--json", &pid, "1"]).expect(2);
    assert!(answer.stderr.contains("of process 1: denied"), "{answer:?}");
    let diff = answer.json();
    let unknown = diff["summary"]["unknown"].as_array().unwrap();
    assert_eq!(unknown.len(), 8, "{diff:#}");
    let ids = find(&diff["beyond"], "what", "uid");
    assert_eq!(ids["reference"], json!([0, 0, 0, 0]), "{diff:#}");
}

/// `nsinspect ARGS` as root of a user namespace that an ordinary user has made.
fn inside_a_user_namespace(args: &[&str]) -> Answer {
    let mut unshare = Command::new("unshare");
    unshare.args(["-U", "--map-root-user", &program_for_everyone()]);
    run(as_nobody(unshare.args(args)))
}

#[test]
fn inside_a_user_namespace_root_is_told_who_it_is_outside() {
    // Where this fails, so does the fixture of the others.
    let _possible = started!(Sandbox::start_as_nobody(&["-U", "--map-root-user"], ""));
    let answer =
        inside_a_user_namespace(&["diff", "--json", "self", "--require", "user"]).expect(0);
    let diff = Diffed(answer.json());
    assert_eq!(diff.0["reference"]["source"], "initial-inodes");
    assert_eq!(diff.state("user"), "isolated");
    assert_eq!(diff.inside("user", "root_uid").0, own_uid());
    let map = json!([{"inside": 0, "outside": own_uid(), "count": 1}]);
    assert_eq!(diff.inside("user", "uid_map").0, map);
    assert_eq!(diff.beyond("uid")["subject"], json!([0, 0, 0, 0]));
    // Of the fixed numbers, those of namespaces that we are in ourselves are shared.
    for (kind, initial) in [
        ("uts", 0xEFFF_FFFE),
        ("ipc", 0xEFFF_FFFF),
        ("pid", 0xEFFF_FFFC_u64),
    ] {
        let expected = match inode(own_pid(), kind) == initial {
            true => "shared",
            false => "isolated",
        };
        assert_eq!(diff.state(kind), expected, "{kind}");
    }
}

#[test]
fn from_inside_a_user_namespace_the_process_of_a_user_outside_is_unknown_and_not_different() {
    let _possible = started!(Sandbox::start_as_nobody(&["-U", "--map-root-user"], ""));
    let outside = started!(plain());
    let answer = inside_a_user_namespace(&["diff", "--json", "self", &outside.pid.to_string()]);
    let document = answer.expect(2).json();
    assert_eq!(document["summary"]["isolated"], json!([]));
    assert_eq!(document["summary"]["shared"], json!([]));
    assert!(
        document["coverage"]["unreadable"]
            .to_string()
            .contains("denied")
    );
}

#[test]
fn a_process_of_another_user_is_refused_with_a_reason_and_what_to_do() {
    if !is_root() && try_inode(1, "user").is_some() {
        skip!("every process here is ours");
    }
    let foreign = Command::new("sleep").arg("300").spawn();
    let mut foreign = match is_root() {
        true => Some(foreign.unwrap()),
        false => None,
    };
    let pid = foreign.as_ref().map_or(1, Child::id).to_string();
    let answer = nsinspect_as_nobody(&["show", "--json", &pid]);
    let compared = nsinspect_as_nobody(&["diff", &pid]);
    if let Some(foreign) = &mut foreign {
        foreign.kill().unwrap();
        foreign.wait().unwrap();
    }
    let document = answer.expect(0).json();
    let process = &document["process"];
    assert_eq!(process["namespaces"]["net"], json!(null));
    assert_eq!(process["unknown"]["namespaces.net"], "denied");
    assert_eq!(process["unknown"]["root"], "denied");
    // What everybody may read is there all the same.
    assert_eq!(process["uid"], 0);
    assert_eq!(compared.code, 2, "{compared:?}");
    assert!(compared.stderr.contains("CAP_SYS_PTRACE"), "{compared:?}");
}

#[test]
fn the_own_maps_of_an_ordinary_user_are_read_without_privilege() {
    let it = started!(plain());
    let pid = it.pid.to_string();
    let document = nsinspect_as_nobody(&["show", "--json", &pid])
        .expect(0)
        .json();
    let process = &document["process"];
    assert_eq!(process["uid"], own_uid());
    for kind in kinds() {
        assert!(process["namespaces"][kind].is_u64(), "{kind}");
    }
    let words = proc_file(it.pid, "uid_map");
    let first = words.split_whitespace().next().unwrap();
    assert_eq!(process["uid_map"][0]["inside"].to_string(), first);
}
