//! What JSON says, in YAML that says the same to readers of YAML 1.1 and 1.2. serde_yaml writes
//! `yes`, `1:30` and `2026-01-01` plain, which those of 1.1 take for something else than text, and
//! leaves its caller no say in it: hence an emitter of our own, which quotes whatever is no plain word.

use std::fmt::Write;
use std::io;

use serde::Serialize;
use serde_yaml::Value;

use super::unseen::is_unseen;

/// A document as YAML. It is read from its JSON: each document need be known to one writer only, which
/// keeps the program small.
pub fn text(document: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string(document)?;
    let value: Value = serde_json::from_str(&json)?;
    let mut text = String::with_capacity(json.len());
    put(&mut text, &value, 0, Place::Top);
    text.push('\n');
    Ok(text)
}

/// What stands before a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// `- `
    Dash,
    /// `key:`
    Colon,
}

/// Lists begin where the key of theirs does, mappings two columns further.
const STEP: usize = 2;

fn put(text: &mut String, value: &Value, indent: usize, place: Place) {
    match value {
        Value::Sequence(values) if !values.is_empty() => {
            for (at, value) in values.iter().enumerate() {
                begin_line(text, indent, place, at == 0);
                text.push('-');
                put(text, value, indent + STEP, Place::Dash);
            }
        }
        Value::Mapping(fields) if !fields.is_empty() => {
            for (at, (key, value)) in fields.iter().enumerate() {
                begin_line(text, indent, place, at == 0);
                put_key(text, key, indent);
                let is_list = matches!(value, Value::Sequence(_));
                let indent = if is_list { indent } else { indent + STEP };
                put(text, value, indent, Place::Colon);
            }
        }
        scalar => {
            if place != Place::Top {
                text.push(' ');
            }
            put_scalar(text, scalar);
        }
    }
}

fn begin_line(text: &mut String, indent: usize, place: Place, is_first: bool) {
    match (place, is_first) {
        (Place::Top, true) => {}
        (Place::Dash, true) => text.push(' '),
        _ => {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
        }
    }
}

/// Readers look no further than 1024 characters for the colon behind a key (YAML 1.1 and 1.2, "Simple
/// Keys" and "Implicit Keys").
const LONGEST_KEY: usize = 1000;

fn put_key(text: &mut String, key: &Value, indent: usize) {
    let mut word = String::new();
    put_scalar(&mut word, key);
    if word.len() > LONGEST_KEY {
        *text += "? ";
        *text += &word;
        begin_line(text, indent, Place::Colon, false);
    } else {
        *text += &word;
    }
    text.push(':');
}

fn put_scalar(text: &mut String, scalar: &Value) {
    match scalar {
        Value::String(word) => put_string(text, word),
        Value::Number(number) => *text += &number.to_string(),
        Value::Bool(is) => *text += if *is { "true" } else { "false" },
        Value::Sequence(_) => *text += "[]",
        Value::Mapping(_) => *text += "{}",
        // JSON has no tags.
        Value::Null | Value::Tagged(_) => *text += "null",
    }
}

fn put_string(text: &mut String, word: &str) {
    if is_plain(word) {
        *text += word;
        return;
    }
    text.push('"');
    for character in word.chars() {
        // Writing to a String cannot fail.
        let _ = match (character, u32::from(character)) {
            ('"' | '\\', _) => write!(text, "\\{character}"),
            ('\n', _) => write!(text, "\\n"),
            ('\t', _) => write!(text, "\\t"),
            (it, number @ ..=0xff) if is_unseen(it) => write!(text, "\\x{number:02x}"),
            (it, number @ ..=0xffff) if is_unseen(it) => write!(text, "\\u{number:04x}"),
            (it, number) if is_unseen(it) => write!(text, "\\U{number:08x}"),
            (it, _) => write!(text, "{it}"),
        };
    }
    text.push('"');
}

/// Whether every reader takes it for this text when it stands there without quotes. What begins with a
/// letter is a number or a date to none; these few words are true, false or nothing to some
/// (<https://yaml.org/type/bool.html>, <https://yaml.org/type/null.html>).
fn is_plain(word: &str) -> bool {
    const OTHERS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let can_begin = |it: char| it.is_ascii_alphabetic() || matches!(it, '/' | '_');
    let can_follow = |it: char| it.is_ascii_alphanumeric() || " /_.,:;+-=@()[]%~\\".contains(it);
    word.starts_with(can_begin)
        && word.chars().all(can_follow)
        && !word.ends_with([' ', ':'])
        && !word.contains(": ")
        && !OTHERS.iter().any(|other| word.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn lists_and_mappings_are_blocks_and_what_is_empty_is_not() {
        let document = json!({
            "empty": {"list": [], "mapping": {}},
            "list": ["a b", 1, null, true, [["deep"], []], {"x": 1, "y": [{"z": 2}]}],
            "net:[4026531840]": "/proc/1/ns/net",
        });
        assert_eq!(
            text(&document).unwrap(),
            r#"empty:
  list: []
  mapping: {}
list:
- a b
- 1
- null
- true
- - - deep
  - []
- x: 1
  "y":
  - z: 2
net:[4026531840]: /proc/1/ns/net
"#
        );
        assert_eq!(text(&json!([])).unwrap(), "[]\n");
        assert_eq!(text(&json!("no")).unwrap(), "\"no\"\n");
    }

    #[test]
    fn what_is_not_seen_is_escaped() {
        let odd = "a\u{7f}\u{9b}\"\\\u{202e}\u{e0101}ü\n\u{ffff}";
        assert_eq!(
            text(&json!([odd])).unwrap(),
            "- \"a\\x7f\\x9b\\\"\\\\\\u202e\\U000e0101ü\\n\\uffff\"\n"
        );
    }

    #[test]
    fn a_key_longer_than_readers_look_for_is_marked_as_one() {
        let key = "k".repeat(5_000);
        let document = json!({"a": {key: {"b": [1]}}});
        let text = text(&document).unwrap();
        assert!(text.contains("\n  ? kkk") && text.contains("kkk\n  :\n    b:\n    - 1\n"));
        assert_eq!(
            serde_yaml::from_str::<serde_json::Value>(&text).unwrap(),
            document
        );
    }

    proptest! {
        #[test]
        fn every_string_comes_back_as_value_and_as_key(word: String, inner in "[ -~]{0,12}") {
            for word in [word, inner] {
                let mut document = json!({"list": [word, [word]], "deep": {"x": word}});
                document[&word] = json!(word);
                let text = text(&document).unwrap();
                prop_assert!(!text.replace('\n', "").contains(is_unseen), "{text}");
                let back: serde_json::Value = serde_yaml::from_str(&text).unwrap();
                prop_assert_eq!(back, document);
            }
        }
    }
}
