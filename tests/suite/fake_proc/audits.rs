//! Audits of what cannot be read or believed.

use super::*;

#[test]
fn an_audit_that_could_not_read_what_decides_is_no_answer_to_fail_on() {
    let proc = FakeProc::with([isolated()]);
    proc.write("7/status", "Name:\tworker\nsurprise\n");
    let answer = on(&proc, &["audit", "7", "--fail-on", "critical", "--json"]).run();
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    let findings = &answer.document_at_any_rate()["subjects"][0]["findings"];
    let unknown = findings.as_array().unwrap().iter();
    let unknown: Vec<&str> = unknown
        .filter(|it| it["verdict"] == "unknown")
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        unknown,
        [
            "NSA-100", "NSA-200", "NSA-204", "NSA-207", "NSA-300", "NSA-301", "NSA-303", "NSA-302",
            "NSA-400", "NSA-031", "NSA-401"
        ]
    );
    // What is not so severe cannot be told either, and nothing could be found for sure.
    let text = on(&proc, &["audit", "7"]).run().stdout;
    assert!(
        text.contains("CRITICAL  NSA-100  CAP_SYS_ADMIN over the host (unknown)"),
        "{text}"
    );
}

#[test]
fn names_that_would_write_on_a_terminal_are_harmless_in_an_audit() {
    let task = isolated()
        .comm(b"x\x1b[2J\xe2\x80\xae")
        .args(&["x\u{1b}[2J\u{202e}y"]);
    let proc = FakeProc::with([task.cgroup("/docker/\u{1b}[2J")]);
    let text = on(&proc, &["audit", "7", "-v"]).run().stdout;
    let is_harmful = |it: char| it.is_control() && it != '\n' || it == '\u{202e}';
    assert!(!text.contains(is_harmful), "{text:?}");
}
