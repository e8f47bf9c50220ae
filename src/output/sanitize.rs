//! What the machine wrote, made harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::unseen::is_unseen;

/// The text with everything escaped that a terminal would obey or a reader would not see, and marks
/// without a letter or too many on one.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    let mut before = Before::default();
    if text.chars().all(|character| before.lets(character)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = Before::default();
    for character in text.chars() {
        match character {
            c if before.lets(c) => safe.push(c),
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            // Writing to a String cannot fail.
            c if c.is_ascii() => {
                let _ = write!(safe, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(safe)
}

/// More marks than this on one letter are no word of any language, but a way to write over the lines
/// above and below.
const MOST_MARKS: usize = 4;

/// What stands before a character.
#[derive(Default)]
struct Before {
    letter: Option<char>,
    marks: usize,
}

impl Before {
    /// Whether the character can be shown here, which is then before the next.
    fn lets(&mut self, character: char) -> bool {
        let is_mark = character.width() == Some(0);
        let lets = !is_unseen(character) && (!is_mark || self.bears(character));
        *self = match (lets, is_mark) {
            (false, _) => Before::default(),
            (true, true) => Before {
                marks: self.marks + 1,
                ..*self
            },
            (true, false) => Before {
                letter: Some(character).filter(|it| *it != ' '),
                marks: 0,
            },
        };
        lets
    }

    /// Whether a mark may stand on what is before it. On an ASCII letter one of another script would
    /// often not be seen at all, as the signs that stack letters of India.
    fn bears(&self, mark: char) -> bool {
        let is_of_any_script = matches!(mark,
            // The blocks "Combining Diacritical Marks", its supplements, and "Combining Half Marks".
            '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}');
        let letter = self.letter;
        self.marks < MOST_MARKS && letter.is_some_and(|it| is_of_any_script || !it.is_ascii())
    }
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
        for (text, expected) in [
            ("a\u{202e}b\u{200b}\n", "a\\u{202e}b\\u{200b}\\n"),
            ("web\u{3164}", "web\\u{3164}"),
            (
                "web\u{fe0f}\u{e0101}\u{34f}",
                "web\\u{fe0f}\\u{e0101}\\u{34f}",
            ),
            (
                "web\u{a0}\u{2003}\u{2800}x",
                "web\\u{a0}\\u{2003}\\u{2800}x",
            ),
            ("web\u{115f}\u{e0041}", "web\\u{115f}\\u{e0041}"),
        ] {
            assert_eq!(for_terminal(text), expected);
        }
    }

    #[test]
    fn marks_stand_on_letters_and_do_not_pile_up() {
        for (text, expected) in [
            ("\u{301}a", "\\u{301}a"),
            ("a \u{301}", "a \\u{301}"),
            ("a\u{200b}\u{301}", "a\\u{200b}\\u{301}"),
            // A sign that stacks Khmer letters, of which nothing is seen.
            ("web\u{17d2}", "web\\u{17d2}"),
            (
                "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}b",
                "a\u{301}\u{302}\u{303}\u{304}\\u{305}\\u{306}b",
            ),
        ] {
            assert_eq!(for_terminal(text), expected);
        }
    }

    #[test]
    fn ordinary_text_of_any_language_is_left_alone() {
        for text in [
            "sleep 300",
            "küche",
            "ku\u{308}che",
            "日本",
            "a\\b",
            "Tiếng Việt",
            "हिन्दी",
            "ภาษาที่",
            "ខ្មែរ",
            "שָׁלוֹם",
            "مُحَمَّد",
            "\u{1112}\u{1161}\u{11ab}",
            "😀 ─└×…",
        ] {
            assert!(matches!(for_terminal(text), Cow::Borrowed(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_unseen_is_ever_left(text: String) {
            prop_assert!(!for_terminal(&text).contains(is_unseen));
        }
    }
}
