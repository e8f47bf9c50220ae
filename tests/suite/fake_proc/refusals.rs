//! What could not be seen or answered, with its exit code.

use super::*;

#[test]
fn a_process_that_refuses_its_namespaces_is_named_and_not_left_out() {
    let proc = FakeProc::with([isolated(), Task::new(8)]);
    proc.forbid(7, "ns");
    let look = |args: &[&str]| {
        let run = on(&proc, args);
        if is_root() {
            run.as_user(NOBODY).run()
        } else {
            run.run()
        }
    };
    let document = look(&["list", "--json"]).document();
    assert_eq!(
        fields(
            &document["coverage"],
            &["processes", "unreadable", "complete"]
        ),
        json!([
            {"seen": 3, "denied": 1, "gone": 0},
            [{"pid": 7, "reason": "denied"}],
            false,
        ])
    );
    let text = look(&["list"]);
    assert_eq!(text.code, Some(0));
    assert!(
        text.stderr.contains("PID 7: permission denied"),
        "{}",
        text.stderr
    );
    let strict = look(&["list", "--strict", "--json"]);
    assert_eq!(strict.code, Some(2));
    assert_eq!(
        strict.document_at_any_rate()["namespaces"],
        document["namespaces"]
    );

    // Unknown is neither shared nor isolated.
    let answer = look(&["diff", "7", "--json"]);
    assert_eq!(answer.code, Some(2), "not one kind could be told");
    let summary = &answer.document_at_any_rate()["summary"];
    assert_eq!(
        *summary,
        json!({
            "shared": [],
            "isolated": [],
            "unknown": ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time"],
        })
    );
    let tree = look(&["tree", "--json", "--by", "process"]).document();
    let refused = &tree["roots"][0]["children"][0];
    assert_eq!(fields(refused, &["pid", "own"]), json!([7, []]));
    assert_eq!(refused["unknown"]["namespaces.net"], "denied");
}

#[test]
fn a_complete_answer_passes_strict() {
    let proc = FakeProc::with([isolated()]);
    let answer = on(&proc, &["list", "--strict"]).run();
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_unknown_process_is_exit_2_with_words_and_a_hint() {
    let proc = FakeProc::with([]);
    for args in [
        &["show", "4711"][..],
        &["diff", "4711"],
        &["diff", "1", "4711"],
        &["pid", "4711"],
        &["list", "-p", "4711"],
    ] {
        let answer = on(&proc, args).run();
        let expected = (Some(2), "there is no process or thread 4711 here");
        assert_eq!(answer.refusal(), expected, "{args:?}");
    }
}

#[test]
fn an_unknown_namespace_is_exit_1() {
    let proc = FakeProc::with([]);
    for args in [
        ["list", "4711"],
        ["show", "net:[4711]"],
        ["diff", "ns:4711"],
    ] {
        let answer = on(&proc, &args).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(1), "{args:?}");
        assert!(message.contains("4711"), "{message}");
    }
}

#[test]
fn a_bad_target_or_option_is_exit_2() {
    let proc = FakeProc::with([]);
    for args in [
        &["show", "ns:x"][..],
        &["show", "0"],
        &["show", "99999999999"],
        &["show", "/etc/passwd"],
        &["show", "/no/such/path"],
        &["diff", "1", ":"],
        &["list", "-t", "nets"],
        &["list", "-o", "colour"],
        &["list", "-p", "-1"],
        &["pid", "0"],
        &["tree", "--by", "colour"],
        &["frobnicate"],
    ] {
        let answer = on(&proc, args).run();
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (Some(2), ""),
            "{args:?}"
        );
        assert!(!answer.stderr.is_empty());
    }
}

#[test]
fn a_fifo_as_a_target_is_looked_at_and_not_opened() {
    let proc = FakeProc::with([]);
    let fifo = proc.path().join("fifo");
    proc.make_fifo(&fifo);
    let args = ["show", fifo.to_str().unwrap()];
    let answer = on(&proc, &args).within(Duration::from_secs(10)).run();
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.stderr.contains("is not a namespace"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_folder_that_is_no_procfs_is_told_and_not_an_empty_machine() {
    let answer = nsinspect(["list"]).proc(Path::new("/no/such/folder")).run();
    let (code, message) = answer.refusal();
    assert_eq!(code, Some(2));
    assert!(message.contains("cannot open /no/such/folder"), "{message}");

    let empty = tempfile::tempdir().unwrap();
    let answer = nsinspect(["list"]).proc(empty.path()).run();
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

// Saved snapshots.
