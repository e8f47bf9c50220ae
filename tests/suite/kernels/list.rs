//! What `list`, `tree`, `doctor` and `snapshot` answer on each kernel.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::command::output_of;

use super::{Guest, booted};

#[test]
fn every_command_answers_on_every_kernel() {
    for guest in booted!() {
        for (name, answer) in guest.report.answers() {
            // The only answer that is a no.
            let exit = i32::from(name == "verify-shared");
            assert_eq!(answer.exit, exit, "{guest}: {name}: {}", answer.stderr);
            assert_ne!(answer.stdout, "", "{guest}: {name}");
        }
    }
}

#[test]
fn each_guest_runs_the_kernel_that_it_is_meant_to() {
    for guest in booted!() {
        let release = guest.document("list")["host"]["kernel"].clone();
        let release = release.as_str().unwrap_or_default();
        let prefix = format!("{}.", guest.kernel.version);
        assert!(release.starts_with(&prefix), "{guest}: {release}");
    }
}

#[test]
fn all_eight_kinds_have_one_initial_namespace_with_pid_1_in_it() {
    for guest in booted!() {
        let list = guest.document("list");
        let initial = records(&list, |record| record["initial"] == true);
        let kinds: Vec<_> = initial
            .iter()
            .filter_map(|record| record["type"].as_str())
            .collect();
        let all = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
        assert_eq!(kinds, all, "{guest}");
        for record in initial {
            assert_eq!(record["pid"], 1, "{guest}: {record}");
        }
        let undecided = records(&list, |record| record["initial"].is_null());
        assert!(undecided.is_empty(), "{guest}: {undecided:?}");
    }
}

#[test]
fn namespaces_that_processes_have_made_are_not_initial() {
    for guest in booted!() {
        let list = guest.document("list");
        for (kind, process) in [
            ("uts", "uts_child"),
            ("pid", "pid_child"),
            ("user", "sandbox_parent"),
            ("net", "sandbox_parent"),
            ("mnt", "sandbox_parent"),
            ("ipc", "sandbox_parent"),
        ] {
            let first = guest.fact(process);
            let own = records(&list, |record| {
                record["type"] == kind && record["pid"] == first
            });
            assert_eq!(own.len(), 1, "{guest}: {kind} of {process}");
            assert_eq!(own[0]["initial"], false, "{guest}: {}", own[0]);
        }
    }
}

#[test]
fn root_of_the_guest_sees_everything_there() {
    for guest in booted!() {
        let coverage = &guest.document("list")["coverage"];
        assert_eq!(coverage["processes"]["denied"], 0, "{guest}: {coverage}");
        assert_eq!(coverage["unreadable"], json!([]), "{guest}");
        for layer in ["processes", "for_children", "relations"] {
            assert_eq!(coverage["layers"][layer], "done", "{guest}: {layer}");
        }
    }
}

/// Owners and parents need ioctls of Linux 4.9, which all of these kernels have.
#[test]
fn every_namespace_has_its_owner_and_its_parent() {
    for guest in booted!() {
        let list = guest.document("list");
        for record in records(&list, |_| true) {
            for field in ["owner", "owner_uid", "parent"] {
                assert!(record["unknown"][field].is_null(), "{guest}: {record}");
            }
            let top = record["type"] == "user" && record["initial"] == true;
            assert_eq!(record["owner"].is_null(), top, "{guest}: {record}");
        }
    }
}

#[test]
fn an_id_is_known_where_the_kernel_has_ids_and_unsupported_where_not() {
    for guest in booted!() {
        let list = guest.document("list");
        for record in records(&list, |_| true) {
            let mount = record["type"] == "mnt" && guest.kernel.has_mount_ids;
            if guest.kernel.has_ids || mount {
                assert!(record["ns_id"].is_u64(), "{guest}: {record}");
                assert!(record["unknown"]["ns_id"].is_null(), "{guest}: {record}");
            } else {
                assert!(record["ns_id"].is_null(), "{guest}: {record}");
                assert_eq!(record["unknown"]["ns_id"], "unsupported", "{guest}");
            }
        }
        assert_ids_differ(guest, &list);
    }
}

fn assert_ids_differ(guest: &Guest, list: &Value) {
    let ids: Vec<_> = records(list, |record| record["ns_id"].is_u64())
        .iter()
        .filter_map(|record| record["ns_id"].as_u64())
        .collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{guest}: {ids:?}");
}

/// Before Linux 6.17 only kthreadd, which a user may not read, tells which of them are initial.
#[test]
fn a_user_is_told_who_was_refused_and_nothing_is_invented() {
    for guest in booted!() {
        let list = guest.document("list-as-nobody");
        assert_eq!(list["coverage"]["complete"], false, "{guest}");
        let refused = list["coverage"]["unreadable"].as_array().unwrap();
        let init = json!({"pid": 1, "reason": "denied"});
        assert!(refused.contains(&init), "{guest}: {refused:?}");
        for record in records(&list, |record| record["nprocs"] != 0) {
            let old_inode = !["mnt", "net"].contains(&record["type"].as_str().unwrap());
            let initial = match guest.kernel.has_ids || old_inode {
                true => json!(true),
                false => Value::Null,
            };
            assert_eq!(record["initial"], initial, "{guest}: {record}");
        }
    }
}

#[test]
fn doctor_finds_what_the_kernel_has_and_what_it_has_not() {
    for guest in booted!() {
        let kernel = guest.kernel;
        let doctor = guest.document("doctor");
        for (what, has) in [
            ("owners and parents", true),
            ("namespace ids", kernel.has_ids),
            ("PID translation", kernel.translates_pids),
            ("pid namespace listing", kernel.lists_pid_namespaces),
            ("POSIX queue listing", true),
        ] {
            let (verdict, found) = match has {
                true => ("ok", "works"),
                false => ("limited", "not in this kernel"),
            };
            let check = check(&doctor, what);
            assert_eq!(check["verdict"], verdict, "{guest}: {check}");
            assert_eq!(check["found"], found, "{guest}: {check}");
        }
        assert_eq!(check(&doctor, "reference")["found"], "PID 1", "{guest}");
    }
}

fn check<'a>(doctor: &'a Value, what: &str) -> &'a Value {
    let mut checks = doctor["checks"].as_array().unwrap().iter();
    checks
        .find(|check| check["what"] == what)
        .unwrap_or_else(|| panic!("doctor says nothing of {what}"))
}

#[test]
fn the_tree_puts_each_process_below_the_set_that_it_left() {
    for guest in booted!() {
        let tree = guest.answer("tree");
        for line in [
            format!("├─ sleep ({})", guest.fact("uts_child")),
            format!("├─ sh ({})", guest.fact("pid_child")),
            format!("└─ unshare ({})", guest.fact("sandbox_parent")),
            format!("   └─ sleep ({})", guest.fact("sandbox")),
        ] {
            let found = tree.lines().filter(|it| it.starts_with(&line)).count();
            assert_eq!(found, 1, "{guest}: {line}\n{tree}");
        }
    }
}

/// A snapshot is for another machine: here it is this one, whose kernel is another.
#[test]
fn a_snapshot_gives_the_same_tree_on_this_machine() {
    for guest in booted!() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshot");
        fs::write(&file, guest.answer("snapshot")).unwrap();
        let mut tree = Command::new(env!("CARGO_BIN_EXE_nsinspect"));
        tree.env_clear().args(["tree", "--from"]).arg(file);
        let tree = output_of(&mut tree).unwrap();
        assert_eq!(isolated(&tree), isolated(guest.answer("tree")), "{guest}");
    }
}

/// The rows below the host's, whose processes come and go.
fn isolated(tree: &str) -> Vec<&str> {
    tree.lines()
        .filter(|line| line.contains("─ "))
        .map(str::trim_end)
        .collect()
}

fn records(list: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<&Value> {
    let records = list["namespaces"].as_array().unwrap().iter();
    records.filter(|record| wanted(record)).collect()
}
