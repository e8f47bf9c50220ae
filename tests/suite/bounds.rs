//! Files that a user names: what is read of them, how much at most, and what comes back out of what is
//! written.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::fake_proc::{FakeProc, Task};
use crate::support::nsinspect::{Run, nsinspect};
use crate::support::skip::has_program;

/// Of a debug build on a busy machine; what grew with the square of the size took minutes.
const SOON: Duration = Duration::from_secs(20);

fn file_of(contents: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(contents).unwrap();
    file
}

#[test]
fn a_device_or_directory_is_no_file_to_read_from() {
    for (path, what) in [
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        ("/dev", "a directory"),
    ] {
        for args in [
            &["list", "--from", path][..],
            &["verify", "self", "--claims", path],
            &["verify", "self", "--oci", path],
        ] {
            let answer = nsinspect(args.iter().copied()).run();
            let (code, message) = answer.refusal();
            assert_eq!(code, Some(2));
            let expected = format!("it is {what}, and a file or a pipe is wanted");
            assert!(
                message.contains(path) && message.ends_with(&expected),
                "{message}"
            );
        }
    }
    let answer = Run::script(&[], r#""$0" "$@" </dev/zero"#, ["list", "--from", "-"]).run();
    assert!(
        answer
            .refusal()
            .1
            .ends_with("it is a device, and a file or a pipe is wanted")
    );
}

#[test]
fn what_is_too_large_is_refused_with_its_bound() {
    let claims = file_of(&vec![b'#'; (1 << 20) + 1]);
    let oci = file_of(&vec![b' '; (4 << 20) + 1]);
    // Without a byte of it on a disk.
    let snapshot = tempfile::NamedTempFile::new().unwrap();
    snapshot.as_file().set_len((1 << 30) + 1).unwrap();
    for (args, file, bound) in [
        (["verify", "self", "--claims"], claims, "1 MiB"),
        (["verify", "self", "--oci"], oci, "4 MiB"),
        (["list", "--verbose", "--from"], snapshot, "1024 MiB"),
    ] {
        let path = file.path().to_str().unwrap().to_owned();
        let answer = nsinspect(args).arg(&path).within(SOON).run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(2));
        let expected = format!("it is larger than {bound}, and no more is read");
        assert!(message.ends_with(&expected), "{message}");
    }
}

#[test]
fn a_pipe_and_standard_input_are_read() {
    let proc = FakeProc::with([Task::new(30)]);
    let saved = nsinspect(["snapshot"]).proc(proc.path()).run();
    let live = nsinspect(["list"]).proc(proc.path()).run();
    let again = nsinspect(["list", "--from", "-"]).stdin(saved.text()).run();
    assert_eq!(again.text(), live.text());
    if !has_program("bash") {
        skip!("takes bash");
    }
    let mut command = Command::new("bash");
    let script = r#""$1" list --from <(cat "$2") && exec "$1" verify 30 --proc "$3" --static-only \
                    --claims <(printf 'version: 1\nclaims: {process: {uid: 0}}\n')"#;
    let file = file_of(saved.text().as_bytes());
    command.args(["-c", script, "bash", env!("CARGO_BIN_EXE_nsinspect")]);
    command.arg(file.path()).arg(proc.path());
    let answer = Run::of(command).run();
    assert!(answer.text().starts_with(live.text()), "{answer:?}");
    assert!(answer.text().contains("holds"), "{answer:?}");
}

#[test]
fn a_claims_file_is_bounded_in_depth_and_in_what_its_aliases_stand_for() {
    let list = |of: &str| format!("version: 1\nclaims:\n  interfaces: &a [{of}]\n");
    let aliases = "x,".repeat(100_000) + &"*b,".repeat(100);
    for (text, expected) in [
        (
            "[".repeat(1 << 20),
            "it nests deeper than 64 lists and mappings",
        ),
        (
            "{a: ".repeat(25_000),
            "it nests deeper than 64 lists and mappings",
        ),
        (
            "- ".repeat(500_000),
            "it nests deeper than 64 lists and mappings",
        ),
        (
            list(&"x,".repeat(3_000))
                + "targets:\n"
                + &"- {target: a, claims: {interfaces: *a}}\n".repeat(20_000),
            "it is more than 200000 values",
        ),
        (list(&aliases), "unknown anchor"),
        (format!("version: {}", "x".repeat(1 << 19)), "…"),
    ] {
        let file = file_of(text.as_bytes());
        let path = file.path().to_str().unwrap();
        let begin = Instant::now();
        let answer = nsinspect(["verify", "self", "--claims", path])
            .within(SOON)
            .run();
        let (code, message) = answer.refusal();
        assert_eq!(code, Some(2));
        assert!(message.contains(expected), "{message:.300}");
        assert!(message.len() < 2_100);
        eprintln!("{} bytes: {:?}", text.len(), begin.elapsed());
    }
}

#[test]
fn deep_json_is_refused_at_once_wherever_a_file_is_read() {
    let deep = |open: &str| {
        format!(
            r#"{{"schema": "nsinspect.snapshot/1", "linux": {}"#,
            open.repeat(500_000)
        )
    };
    for open in ["[", "{\"a\":"] {
        let file = file_of(deep(open).as_bytes());
        let path = file.path().to_str().unwrap();
        for args in [
            &["list", "--from", path][..],
            &["verify", "self", "--oci", path],
        ] {
            let answer = nsinspect(args.iter().copied()).within(SOON).run();
            assert_eq!(answer.refusal().0, Some(2));
        }
    }
}

/// What a process can call itself, and a reader of YAML 1.1 or 1.2 take for something else; and what
/// nobody sees.
const ODD: &[&str] = &[
    "",
    " ",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "N",
    "Yes",
    "NO",
    "True",
    "false",
    "~",
    "null",
    "Null",
    "NULL",
    "2026-01-01",
    "2026-01-01T10:00:00Z",
    "1:30",
    "1:30:00",
    "0o7",
    "010",
    "0x1f",
    "0b1",
    "1_000",
    "1e3",
    "1.5",
    "-7",
    "+7",
    ".inf",
    "-.INF",
    ".nan",
    "=",
    "<<",
    "- x",
    "-",
    "?",
    "? x",
    ":",
    "a: b",
    "a:",
    "#x",
    "a #x",
    "'x'",
    "\"x\"",
    "[a]",
    "{a}",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a`",
    " a",
    "a ",
    "a\nb",
    "a\tb\r",
    "---",
    "...",
    "\u{feff}a",
    "\u{7f}\u{85}\u{9b}",
    "\u{202e}\u{2028}\u{34f}\u{3164}\u{115f}\u{2800}\u{fe0f}\u{e0101}\u{a0}\u{2003}😀ü",
];

fn odd() -> FakeProc {
    FakeProc::with([Task::new(30).args(ODD)])
}

#[test]
fn a_document_shows_every_character_and_is_the_same_to_every_reader() {
    let proc = odd();
    let shown = nsinspect(["show", "30", "--json"]).proc(proc.path()).run();
    let document = shown.document();
    assert_eq!(document["process"]["cmdline"], json!(ODD));
    let yaml = nsinspect(["show", "30", "--format", "yaml"])
        .proc(proc.path())
        .run();
    let of_yaml: Value = serde_yaml::from_str(yaml.text()).unwrap();
    assert_eq!(of_yaml["process"], document["process"]);
    let table = nsinspect(["show", "30"]).proc(proc.path()).run();
    for text in [&shown.stdout, yaml.text(), table.text()] {
        for character in ODD[ODD.len() - 2..]
            .concat()
            .chars()
            .filter(|it| !"😀ü".contains(*it))
        {
            assert!(!text.contains(character), "{character:?} in {text}");
        }
    }
}

#[test]
fn a_reader_of_yaml_1_1_gets_every_string_back() {
    let load = "import sys, json, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
    let has_yaml = Command::new("python3").args(["-c", "import yaml"]).output();
    if !has_yaml.is_ok_and(|output| output.status.success()) {
        skip!("no PyYAML (python3-yaml)");
    }
    let proc = odd();
    for args in [&["show", "30"][..], &["snapshot"], &["list"]] {
        let yaml = nsinspect(args.iter().copied())
            .arg("--format=yaml")
            .proc(proc.path())
            .run();
        let mut python = Command::new("python3");
        python.args(["-c", load]);
        let read = Run::of(python).stdin(yaml.text()).run().document();
        let again: Value = serde_yaml::from_str(yaml.text()).unwrap();
        assert_eq!(read, again, "{args:?}");
    }
}
