//! JSON in which every character is seen: what a terminal would obey or a reader would not see is
//! escaped, and still the same string for whoever parses it.

use std::io::{self, Write};

use serde::Serialize;

use super::unseen::is_unseen;

/// Writes a document over many lines, for people too.
pub fn write_pretty(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(Escaping(out), document)?)
}

/// A document in one line.
pub fn line(document: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    serde_json::to_writer(Escaping(&mut line), document)?;
    line.push(b'\n');
    Ok(line)
}

/// Escapes in what serde_json writes. All but strings is ASCII there, it has escaped the ASCII control
/// characters but DEL in these, and it never writes a part of a character.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.write_all(piece).map(|()| piece.len())
    }

    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        if piece.iter().all(|byte| *byte < 0x7f) {
            return self.0.write_all(piece);
        }
        let text = str::from_utf8(piece).map_err(io::Error::other)?;
        let mut written = 0;
        for (at, character) in text.char_indices() {
            if character < '\u{7f}' || !is_unseen(character) {
                continue;
            }
            self.0.write_all(&piece[written..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
            written = at + character.len_utf8();
        }
        self.0.write_all(&piece[written..])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pretty(document: &impl Serialize) -> String {
        let mut text = Vec::new();
        write_pretty(&mut text, document).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn what_is_not_seen_is_escaped() {
        assert_eq!(
            pretty(&["a\u{7f}\u{9b}2J", "ü\u{202e}\u{e0101}\n", "日本"]),
            "[\n  \"a\\u007f\\u009b2J\",\n  \"ü\\u202e\\udb40\\udd01\\n\",\n  \"日本\"\n]"
        );
        assert_eq!(line(&"\u{a0}").unwrap(), b"\"\\u00a0\"\n");
    }

    proptest! {
        #[test]
        fn every_string_comes_back_and_all_of_it_was_seen(text: String) {
            let json = pretty(&text);
            prop_assert!(!json.contains(is_unseen), "{json}");
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
