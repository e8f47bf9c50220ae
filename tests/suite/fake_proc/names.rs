//! Names that are written by an adversary.

use super::*;

/// What a name is in JSON, and the name.
const NAMES: [(&str, &[u8]); 8] = [
    ("a) R 1 (b", b"a) R 1 (b"),
    ("a\nb", b"a\nb"),
    ("\u{1b}[31mred\u{1b}[0m", b"\x1b[31mred\x1b[0m"),
    ("\u{1b}]0;title\u{7}", b"\x1b]0;title\x07"),
    ("a\\xff\\xfeb", b"a\xff\xfeb"),
    ("a\\x5cxffb", b"a\\xffb"),
    ("a\u{202e}b\u{200b}c", "a\u{202e}b\u{200b}c".as_bytes()),
    ("\u{9b}2J\u{85}", "\u{9b}2J\u{85}".as_bytes()),
];

#[test]
fn every_name_is_told_without_loss_in_json() {
    for (text, bytes) in NAMES {
        let proc = FakeProc::with([isolated().comm(bytes).cmdline([bytes, b"\0"].concat())]);
        let process = &document(&proc, &["show", "7"])["process"];
        assert_eq!(
            fields(process, &["comm", "cmdline", "ppid", "state", "start_time"]),
            json!([text, [text], 1, "S", 1007])
        );
    }
}

#[test]
fn no_name_reaches_a_terminal_with_its_power() {
    let lines_of = |proc: &FakeProc| LOOKS.map(|args| on(proc, args).run().text().lines().count());
    let harmless = lines_of(&named(b"harmless"));
    for (_, bytes) in NAMES {
        let proc = named(bytes);
        for args in LOOKS {
            for colour in ["never", "always"] {
                let answer = on(&proc, args).arg("--color").arg(colour).run();
                assert_harmless(&answer, colour == "always");
            }
        }
        assert_eq!(lines_of(&proc), harmless, "{}", bytes.escape_ascii());
    }
}

fn assert_harmless(answer: &Answer, may_have_colour: bool) {
    for text in [&answer.stdout, &answer.stderr] {
        let mut plain = text.clone();
        if may_have_colour {
            // Only the colours that nsinspect itself gives: CSI, numbers, m.
            while let Some(at) = plain.find("\u{1b}[") {
                let rest = &plain[at + 2..];
                let length = rest
                    .find(|c: char| !c.is_ascii_digit() && c != ';')
                    .unwrap();
                assert!(rest[length..].starts_with('m'), "{text:?}");
                assert!(!rest.starts_with("31mred"), "{text:?}");
                plain.replace_range(at..at + 2 + length + 1, "");
            }
        }
        let dangerous = |c: char| {
            c != '\n' && c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        };
        assert!(!plain.contains(dangerous), "{text:?}");
    }
}

#[test]
fn raw_rows_keep_one_line_and_one_field_for_any_name() {
    for (_, bytes) in NAMES {
        let proc = FakeProc::with([isolated().cmdline(bytes)]);
        let answer = on(&proc, &["list", "-rn", "-t", "net", "-o", "ns,command,pid"]).run();
        let rows: Vec<Vec<&str>> = answer
            .text()
            .lines()
            .map(|line| line.split(' ').collect())
            .collect();
        assert_eq!(rows.len(), 2, "{answer:?}");
        assert_eq!(
            (rows[1].len(), rows[1][0], rows[1][2]),
            (3, "4026532007", "7")
        );
    }
}

#[test]
fn a_process_without_arguments_is_called_by_its_name() {
    let proc = FakeProc::with([isolated().cmdline("")]);
    let document = document(&proc, &["list", "-t", "net"]);
    assert_eq!(namespaces(&document, "net")[1]["command"], "worker");
    let process = &self::document(&proc, &["show", "7"])["process"];
    assert_eq!(process["cmdline"], json!([]));
}

// Files of any size and sort.
