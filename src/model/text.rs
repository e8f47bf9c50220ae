//! Bytes that the machine gave us, as text that loses nothing.
//!
//! Names, command lines, paths and labels are written by whoever runs the process and need not be
//! UTF-8. Inside nsinspect they are `String`s in which every byte that is not part of valid UTF-8
//! stands as `\xNN`. So that the way back is unambiguous, a backslash that happens to be followed
//! by `xNN` in the original is itself written as `\x5c`; all other text is left as it is.

/// The bytes as text; see the module for the escaping.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push_valid(&mut text, chunk.valid());
        for byte in chunk.invalid() {
            push_escape(&mut text, *byte);
        }
    }
    text
}

fn push_valid(text: &mut String, valid: &str) {
    let mut rest = valid;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        if escaped_byte(&rest.as_bytes()[at..]).is_some() {
            push_escape(text, b'\\');
        } else {
            text.push('\\');
        }
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
}

fn push_escape(text: &mut String, byte: u8) {
    use std::fmt::Write;
    // Writing to a String cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// The bytes that [`from_bytes`] was given.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        match escaped_byte(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    bytes
}

/// The byte behind a leading `\xNN`.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_is_utf8_is_left_as_it_is() {
        assert_eq!(from_bytes("küche \\ \n".as_bytes()), "küche \\ \n");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped() {
        assert_eq!(from_bytes(b"a\xffb"), "a\\xffb");
    }

    #[test]
    fn text_that_looks_like_an_escape_is_told_apart_from_one() {
        assert_eq!(from_bytes(b"a\\xffb"), "a\\x5cxffb");
    }

    proptest! {
        #[test]
        fn every_byte_string_survives_the_way_there_and_back(bytes: Vec<u8>) {
            prop_assert_eq!(to_bytes(&from_bytes(&bytes)), bytes);
        }

        #[test]
        fn strings_full_of_escapes_survive_too(text in "[\\\\xf0-9a]{0,40}") {
            prop_assert_eq!(to_bytes(&from_bytes(text.as_bytes())), text.as_bytes());
        }
    }
}
