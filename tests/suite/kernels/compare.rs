//! What `diff` answers on each kernel.

use serde_json::{Value, json};

use super::{Guest, booted};

#[test]
fn diff_says_exactly_what_a_process_has_unshared() {
    for guest in booted!() {
        for (subject, isolated) in [
            ("uts_child", vec!["uts"]),
            ("pid_child", vec!["pid"]),
            ("sandbox", vec!["user", "pid", "mnt", "net", "ipc", "uts"]),
            ("nobody", vec![]),
        ] {
            let diff = guest.document(&format!("diff-{subject}"));
            let summary = &diff["summary"];
            assert_eq!(summary["isolated"], json!(isolated), "{guest}: {subject}");
            assert_eq!(summary["unknown"], json!([]), "{guest}: {subject}");
            let shared = summary["shared"].as_array().map(Vec::len);
            assert_eq!(shared, Some(8 - isolated.len()), "{guest}: {subject}");
        }
    }
}

#[test]
fn the_reference_is_pid_1_which_is_the_init_of_the_host() {
    for guest in booted!() {
        let reference = guest.document("diff-uts_child")["reference"].clone();
        let expected = json!({"pid": 1, "source": "pid1", "host_init": true});
        assert_eq!(reference, expected, "{guest}");
    }
}

#[test]
fn a_renamed_uts_namespace_shows_both_names() {
    for guest in booted!() {
        let hostname = difference(guest, "uts_child", "uts", "hostname");
        assert_eq!(hostname["subject"], "renamed", "{guest}");
        assert_eq!(hostname["reference"], "guest", "{guest}");
    }
}

/// By a procfs of the namespace where the kernel can mount one from outside, else by looking at
/// every process: the number must be the same, and includes the namespace below.
#[test]
fn the_processes_of_a_pid_namespace_are_counted_on_every_kernel() {
    for guest in booted!() {
        for (subject, expected) in [("pid_child", 4), ("sandbox", 1)] {
            let processes = difference(guest, subject, "pid", "processes");
            assert_eq!(processes["subject"], expected, "{guest}: {subject}");
        }
    }
}

#[test]
fn the_init_of_a_pid_namespace_is_known_where_the_kernel_translates_pids() {
    for guest in booted!() {
        for subject in ["pid_child", "sandbox"] {
            let init = difference(guest, subject, "pid", "init");
            if guest.kernel.translates_pids {
                assert_eq!(init["subject"], guest.fact(subject), "{guest}: {subject}");
            } else {
                assert!(init["subject"].is_null(), "{guest}: {init}");
                assert_eq!(init["unknown"]["subject"], "unsupported", "{guest}");
            }
        }
    }
}

fn difference(guest: &Guest, subject: &str, kind: &str, what: &str) -> Value {
    let diff = guest.document(&format!("diff-{subject}"));
    let kinds = diff["namespaces"].as_array().unwrap();
    let kind = kinds.iter().find(|it| it["type"] == kind).unwrap();
    let differences = kind["differences"].as_array().unwrap();
    let found = differences.iter().find(|it| it["what"] == what);
    found
        .cloned()
        .unwrap_or_else(|| panic!("{guest}: {subject}: no {what} in {kind}"))
}
