//! What the machine wrote, made harmless for a terminal. JSON and YAML need none of this.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with everything escaped that a terminal would obey or a reader would not see: control
/// characters, marks that turn the direction of writing, and characters of no width.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            // Writing to a String cannot fail.
            c if is_dangerous(c) && c.is_ascii() => {
                let _ = write!(safe, "\\x{:02x}", u32::from(c));
            }
            c if is_dangerous(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn is_dangerous(character: char) -> bool {
    matches!(character,
        // C0, DEL, C1: escape sequences begin with one of these.
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // Zero-width characters and direction marks; line and paragraph separator;
        // embeddings, overrides, invisible operators, isolates.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Zero-width no-break space, interlinear annotation, tags.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(for_terminal("a\x1b[31mb\u{9b}2J"), "a\\x1b[31mb\\u{9b}2J");
    }

    #[test]
    fn text_that_turns_or_hides_is_shown_as_what_it_is() {
        assert_eq!(
            for_terminal("a\u{202e}b\u{200b}\n"),
            "a\\u{202e}b\\u{200b}\\n"
        );
    }

    #[test]
    fn ordinary_text_of_any_language_is_left_alone() {
        for text in ["sleep 300", "küche", "日本", "a\\b"] {
            assert!(matches!(for_terminal(text), Cow::Borrowed(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_dangerous_is_ever_left(text: String) {
            prop_assert!(!for_terminal(&text).contains(is_dangerous));
        }
    }
}
