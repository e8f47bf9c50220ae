//! Snapshots, and the two formats of one document.

use super::*;

#[test]
fn a_broken_or_foreign_snapshot_is_exit_2_with_words() {
    let list = document(&FakeProc::with([]), &["list"]).to_string();
    for (text, expected) in [
        ("", "EOF"),
        ("hello", "expected value"),
        ("{}", "missing field `schema`"),
        ("[]", "expected struct"),
        (r#"{"schema": "other/1"}"#, r#"it is a "other/1" document"#),
        (
            r#"{"schema": "nsinspect.snapshot/2"}"#,
            r#"it is a "nsinspect.snapshot/2" document"#,
        ),
        (r#"{"schema": "nsinspect.snapshot/1"}"#, "missing field"),
        (&list, r#"it is a "nsinspect.namespaces/1" document"#),
        (&"[".repeat(100_000), "invalid type: sequence"),
        (
            &format!(
                r#"{{"schema": "nsinspect.snapshot/1", "x": {}{}}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "missing field",
        ),
    ] {
        let answer = nsinspect(["list", "--from", "-"]).stdin(text).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(2));
        assert!(
            message.contains("standard input") && message.contains(expected),
            "{message}"
        );
    }
    let answer = nsinspect(["list", "--from", "/no/such/file"]).run();
    let (code, message) = answer.refusal();
    assert_eq!(code, Some(2));
    assert!(message.contains("/no/such/file: No such file"), "{message}");
}

#[test]
fn a_snapshot_that_contradicts_itself_is_refused_with_words() {
    let whole = document(&FakeProc::with([isolated()]), &["snapshot"]);
    for (path, value) in [
        ("/namespaces/0/type", json!("colour")),
        ("/namespaces/0/ns", json!(-1)),
        ("/processes/0/pid", json!("one")),
        ("/processes/0/capabilities/effective", json!(["fly"])),
        ("/processes/0/seccomp", json!("maybe")),
        ("/namespaces/0/holders/0/by", json!("magic")),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(path).unwrap() = value;
        let answer = nsinspect(["list", "--from", "-"])
            .stdin(broken.to_string())
            .run();
        assert_eq!(answer.refusal().0, Some(2), "{path}");
    }
}

#[test]
fn a_snapshot_with_two_processes_of_one_number_is_refused_and_a_thread_has_its_own() {
    let whole = document(&FakeProc::with([isolated()]), &["snapshot"]);
    let mut twice = whole.clone();
    let processes = twice["processes"].as_array_mut().unwrap();
    processes.push(processes[0].clone());
    let pid = processes[0]["pid"].clone();
    let answer = nsinspect(["list", "--from", "-"])
        .stdin(twice.to_string())
        .run();
    let (code, message) = answer.refusal();
    assert_eq!(code, Some(2));
    let words = format!("there are two processes {pid}");
    assert!(message.contains(&words), "{message}");

    let mut thread = whole;
    thread["processes"][0]["tid"] = json!(4_000_000);
    let uts = &thread["processes"][0]["namespaces"]["uts"];
    for command in ["list", "show"] {
        let target = format!("uts:[{uts}]");
        let members = nsinspect([command, &target, "--from", "-"])
            .stdin(thread.to_string())
            .run();
        assert_eq!(members.code, Some(0), "{members:?}");
    }
}

#[test]
fn a_snapshot_answers_as_the_machine_did() {
    let proc = with_container();
    proc.add(isolated().comm(b"a\xff\x1b[1m").uid_map("0 1000 1\n"));
    proc.relink(31, "ns/time", None);
    proc.relink(32, "ns/net", Some("nonsense"));
    let saved = tempfile::NamedTempFile::new().unwrap();
    fs::write(saved.path(), on(&proc, &["snapshot"]).run().text()).unwrap();
    let from = saved.path().to_str().unwrap();
    for args in LOOKS.into_iter().chain([
        &["list", "-o", "ns,type,ns_id,initial,nprocs,nthreads,pid,ppid,uid,user,command,path,owner,owner_uid,parent,container"][..],
        &["list", "-p", "30"],
        &["list", "-P"],
        &["show", "30"],
        &["diff", "30"],
        &["diff", "32", "30"],
        &["diff", "docker:4f4"],
        &["pid", "7", "--in", "30"],
    ]) {
        let live = on(&proc, args).run();
        let again = nsinspect(args.iter().copied()).arg("--from").arg(from).run();
        assert_eq!((again.code, &again.stdout), (live.code, &live.stdout), "{args:?}");
        let live = on(&proc, args).arg("--json").run().document_at_any_rate();
        let again = nsinspect(args.iter().copied()).arg("--from").arg(from).arg("--json").run();
        let again = again.document_at_any_rate();
        assert_eq!(comparable(again), comparable(live), "{args:?}");
    }
}

fn remove_inside(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("inside");
            fields.values_mut().for_each(remove_inside);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_inside),
        _ => {}
    }
}

/// A document without what says when and how closely was looked: a question about one process
/// reads one, a snapshot has read them all and looked into every namespace.
fn comparable(mut document: Value) -> Value {
    let fields = document.as_object_mut().unwrap();
    fields.remove("taken_at");
    fields.remove("coverage");
    // Who else is in its namespaces.
    if !fields.get("process").is_none_or(Value::is_null) {
        fields.remove("namespaces");
    }
    remove_inside(&mut document);
    document
}

#[test]
fn a_snapshot_of_a_snapshot_is_the_same_snapshot() {
    let proc = with_container();
    let first = on(&proc, &["snapshot"]).run();
    let second = nsinspect(["snapshot", "--from", "-"])
        .stdin(first.text())
        .run();
    assert_eq!(second.text(), first.text());
}

#[test]
fn yaml_says_what_json_says() {
    let proc = named(b"a\x1b\xff: \"x\" #\n- y");
    for args in LOOKS {
        let mut json = document(&proc, args);
        let yaml = on(&proc, args).arg("--format").arg("yaml").run();
        let mut yaml: Value = serde_yaml::from_str(yaml.text()).unwrap();
        json["taken_at"] = Value::Null;
        yaml["taken_at"] = Value::Null;
        assert_eq!(yaml, json, "{args:?}");
    }
}

// What an audit says of it.
