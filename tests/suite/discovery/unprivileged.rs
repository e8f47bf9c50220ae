//! What an ordinary user, or root in a user namespace, is not allowed to look at is named, and
//! nothing is invented in its place.

use serde_json::Value;

use crate::support::run::{as_nobody, nsinspect, nsinspect_as_nobody, program_for_everyone, run};

/// Layers that look at what belongs to every process.
const BY_PROCESS: [&str; 5] = ["processes", "for_children", "fds", "sockets", "mounts"];

#[test]
fn an_ordinary_user_is_told_of_each_layer_that_was_refused() {
    let document = nsinspect_as_nobody(&["list", "--depth", "full", "-J"])
        .expect(0)
        .json();
    let coverage = &document["coverage"];
    assert_eq!(coverage["complete"], false);
    for layer in BY_PROCESS {
        assert_eq!(coverage["layers"][layer], "denied", "{layer}");
    }
    nothing_is_invented(&document);
}

#[test]
fn an_ordinary_user_who_wants_no_gap_gets_no_answer() {
    nsinspect_as_nobody(&["list", "--depth", "full", "--strict"]).expect(2);
}

/// Whoever asks for no gap is not content with what a glance shows.
#[test]
fn a_strict_question_passes_nothing_over_and_another_says_what_it_has() {
    const PASSED_OVER: &str = "not searched for: what only a thread, descriptor or socket holds";
    let layers = |args: &[&str]| nsinspect(args).json()["coverage"]["layers"].clone();
    let strict = layers(&["list", "--strict", "-J"]);
    assert!(
        strict
            .as_object()
            .unwrap()
            .values()
            .all(|it| it != "skipped"),
        "{strict}"
    );
    assert_eq!(
        layers(&["list", "--strict", "--depth", "fast", "-J"])["fds"],
        "skipped"
    );
    let usual = nsinspect(&["list", "-J"]).expect(0);
    let layers = &usual.json()["coverage"]["layers"];
    let hides = layers["fds"] == "skipped" && layers["kernel_list"] != "done";
    assert_eq!(
        usual.stderr.contains(PASSED_OVER),
        hides,
        "{}",
        usual.stderr
    );
    for chosen in ["fast", "full"] {
        let said = nsinspect(&["list", "--depth", chosen]).expect(0).stderr;
        assert!(!said.contains(PASSED_OVER), "{said}");
    }
}

#[test]
fn a_layer_that_nobody_asked_for_is_skipped_and_not_done() {
    let document = nsinspect_as_nobody(&["list", "--depth", "fast", "-J"])
        .expect(0)
        .json();
    for layer in [
        "threads",
        "fds",
        "thread_fds",
        "sockets",
        "mount_namespaces",
    ] {
        assert_eq!(document["coverage"]["layers"][layer], "skipped", "{layer}");
    }
}

#[test]
fn root_in_a_user_namespace_does_not_take_what_lies_above_for_nothing() {
    let mut unshare = std::process::Command::new("unshare");
    let program = program_for_everyone();
    unshare.args(["--user", "--map-root-user", &program]);
    let answer = run(as_nobody(unshare.args(["list", "--depth", "full", "-J"])));
    if answer.stderr.starts_with("unshare:") {
        skip!("{}", answer.stderr);
    }
    let document = answer.expect(0).json();
    nothing_is_invented(&document);
    let own = std::process::id();
    let of_kind = |kind| {
        let all = document["namespaces"].as_array().unwrap().iter();
        all.filter(move |it| it["type"] == kind && it["initial"] == false)
    };
    // Its own user namespace is there; the one above it is refused, and that is said.
    let inside = of_kind("user").find(|it| it["nprocs"] == 1);
    let inside = inside.unwrap_or_else(|| panic!("process {own} sees its user namespace"));
    assert_eq!(inside["parent"], Value::Null);
    assert_eq!(inside["unknown"]["parent"], "denied");
    assert_eq!(document["coverage"]["layers"]["relations"], "denied");
}

/// Every owner is a number, or is said not to be known; only the initial user namespace has none.
fn nothing_is_invented(document: &Value) {
    for namespace in document["namespaces"].as_array().unwrap() {
        let is_top = namespace["type"] == "user" && namespace["initial"] == true;
        let is_known = namespace["owner"].is_u64();
        let is_said = namespace["unknown"]["owner"].is_string();
        assert!(is_top || is_known != is_said, "{namespace:#}");
        if namespace["type"] == "user" {
            let is_known = namespace["owner_uid"].is_u64();
            let is_said = namespace["unknown"]["owner_uid"].is_string();
            assert!(is_known != is_said, "{namespace:#}");
        }
    }
}
