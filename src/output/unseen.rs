//! Which characters a reader would not see as what they are.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether a terminal would obey the character, or would show nothing, a blank or anything it likes:
/// control and format characters, separators other than the blank, what is private or not assigned,
/// what is to be ignored, and what looks like a blank. Marks that stand on a letter are none of it.
pub fn is_unseen(character: char) -> bool {
    use GeneralCategory as G;
    match character {
        ' '..='~' => false,
        '\0'..='\u{9f}' => true,
        _ => {
            let category = character.general_category();
            matches!(
                category,
                G::Control
                    | G::Format
                    | G::LineSeparator
                    | G::ParagraphSeparator
                    | G::PrivateUse
                    | G::SpaceSeparator
                    | G::Surrogate
                    | G::Unassigned
            ) || is_ignorable(character)
                || is_blank(character)
        }
    }
}

/// What has the property Default_Ignorable_Code_Point and another category than those above
/// (DerivedCoreProperties.txt of the Unicode Character Database).
const fn is_ignorable(character: char) -> bool {
    matches!(character,
        // Grapheme joiner; Hangul fillers; Khmer inherent vowels; Mongolian variation selectors.
        '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{3164}' | '\u{ffa0}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Variation selectors.
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What its chart shows as empty although no property says so: the blank pattern of Braille, the place
/// of an object, blank hieroglyphs, a filler, a note without a head.
const fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{2800}' | '\u{fffc}' | '\u{13441}'..='\u{13442}' | '\u{16fe4}' | '\u{1d159}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_turns_or_looks_like_a_blank_is_unseen() {
        let samples = "\0\u{1b}\n\u{7f}\u{85}\u{9b}\u{a0}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{1680}\
                       \u{17b4}\u{180b}\u{180e}\u{2003}\u{200b}\u{200d}\u{200e}\u{2028}\u{202e}\u{2060}\
                       \u{2065}\u{2069}\u{2800}\u{3000}\u{3164}\u{e000}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\
                       \u{fffc}\u{ffff}\u{1d159}\u{1d173}\u{e0001}\u{e0041}\u{e0101}\u{e0fff}\u{10fffd}";
        for character in samples.chars() {
            assert!(is_unseen(character), "{character:?}");
        }
    }

    #[test]
    fn letters_digits_signs_and_marks_are_seen() {
        for character in " az~äßÉΩжקعक्한日本。…─└×√€😀\u{301}\u{5bc}\u{fffd}".chars()
        {
            assert!(!is_unseen(character), "{character:?}");
        }
    }

    /// By the tables of another crate, of another version of Unicode.
    #[test]
    fn all_that_unicode_calls_ignorable_blank_or_no_character_is_unseen() {
        let unseen = r"[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\p{Cf}\p{Co}\p{Zs}\p{Zl}\p{Zp}&&[^ ]]";
        let unseen = regex::Regex::new(unseen).unwrap();
        let mut text = [0; 4];
        for character in '\0'..=char::MAX {
            if unseen.is_match(character.encode_utf8(&mut text)) {
                assert!(is_unseen(character), "{character:?}");
            }
        }
    }
}
