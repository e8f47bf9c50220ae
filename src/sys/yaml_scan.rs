//! How deep a YAML text nests, by the scanner of libyaml alone: the time that its parser takes grows
//! with the square of the depth, and with that of the number of `%TAG` lines.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use unsafe_libyaml::{
    YAML_BLOCK_END_TOKEN, YAML_BLOCK_MAPPING_START_TOKEN, YAML_BLOCK_SEQUENCE_START_TOKEN,
    YAML_FLOW_MAPPING_END_TOKEN, YAML_FLOW_MAPPING_START_TOKEN, YAML_FLOW_SEQUENCE_END_TOKEN,
    YAML_FLOW_SEQUENCE_START_TOKEN, YAML_STREAM_END_TOKEN, YAML_TAG_DIRECTIVE_TOKEN,
    yaml_parser_delete, yaml_parser_initialize, yaml_parser_scan, yaml_parser_set_input_string,
    yaml_parser_t, yaml_token_delete, yaml_token_type_t,
};

/// What is more than a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    Depth,
    TagDirectives,
}

/// Scans the text until it nests deeper than `deepest`, has more tag directives than `most_tags`, or
/// ends. What is no YAML is not told here: a parser says it better.
pub fn excess(text: &str, deepest: usize, most_tags: usize) -> Option<Excess> {
    let mut tokens = Tokens::of(text)?;
    let (mut depth, mut tags) = (0_usize, 0);
    loop {
        match tokens.next()? {
            YAML_FLOW_SEQUENCE_START_TOKEN
            | YAML_FLOW_MAPPING_START_TOKEN
            | YAML_BLOCK_SEQUENCE_START_TOKEN
            | YAML_BLOCK_MAPPING_START_TOKEN => depth += 1,
            YAML_FLOW_SEQUENCE_END_TOKEN | YAML_FLOW_MAPPING_END_TOKEN | YAML_BLOCK_END_TOKEN => {
                // One that closes nothing is an error, which the parser tells.
                depth = depth.saturating_sub(1);
            }
            YAML_TAG_DIRECTIVE_TOKEN => tags += 1,
            YAML_STREAM_END_TOKEN => return None,
            _ => {}
        }
        if depth > deepest {
            return Some(Excess::Depth);
        }
        if tags > most_tags {
            return Some(Excess::TagDirectives);
        }
    }
}

/// The scanner, at some place of a text.
struct Tokens<'a> {
    /// It holds its own address, and that of the text.
    parser: *mut yaml_parser_t,
    _text: PhantomData<&'a str>,
}

impl<'a> Tokens<'a> {
    /// `None` where there is no memory.
    fn of(text: &'a str) -> Option<Tokens<'a>> {
        let parser = Box::into_raw(Box::new(MaybeUninit::<yaml_parser_t>::uninit())).cast();
        let tokens = Tokens {
            parser,
            _text: PhantomData,
        };
        // SAFETY: the place is ours; it is filled with zeros first, which is a parser without anything.
        let initialised = unsafe { yaml_parser_initialize(parser) };
        let length = text.len().try_into().ok().filter(|_| initialised.ok)?;
        // SAFETY: it is initialised, and the text lives as long as what this returns.
        unsafe { yaml_parser_set_input_string(parser, text.as_ptr(), length) };
        Some(tokens)
    }

    /// `None` where the text is wrong.
    fn next(&mut self) -> Option<yaml_token_type_t> {
        let mut token = MaybeUninit::uninit();
        // SAFETY: the parser is initialised and has an input; the token is written to and not read.
        if unsafe { yaml_parser_scan(self.parser, token.as_mut_ptr()) }.fail {
            return None;
        }
        // SAFETY: a scan that succeeds has written it.
        let mut token = unsafe { token.assume_init() };
        let kind = token.type_;
        // SAFETY: it is the scanner's, and nothing of it is kept.
        unsafe { yaml_token_delete(&raw mut token) };
        Some(kind)
    }
}

impl Drop for Tokens<'_> {
    fn drop(&mut self) {
        // SAFETY: it is initialised, came from a box, and is not used any more.
        unsafe {
            yaml_parser_delete(self.parser);
            drop(Box::from_raw(self.parser));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_the_scanner_and_not_of_brackets_in_words() {
        let nested = |open: &str, count| open.repeat(count);
        for (text, expected) in [
            (nested("[", 4), None),
            (nested("[", 5), Some(Excess::Depth)),
            (nested("{a: ", 5), Some(Excess::Depth)),
            (nested("- ", 5) + "a", Some(Excess::Depth)),
            (nested("? ", 5) + "a", Some(Excess::Depth)),
            // What closes in a string closes nothing, and what opens there opens nothing.
            (nested("[ \"]\", ", 5), Some(Excess::Depth)),
            (nested("[ a\", \"]\", b\", ", 5), Some(Excess::Depth)),
            (format!("a: \"{}\"", nested("[", 50)), None),
            (
                format!(
                    "a: b{}\nc: |\n  {}\n# {}",
                    nested("[", 9),
                    nested("[", 9),
                    nested("[", 9)
                ),
                None,
            ),
            (nested("a: [b, [c]]\n", 1).repeat(50), None),
            (nested("]", 50), None),
            (String::new(), None),
        ] {
            assert_eq!(excess(&text, 4, 2), expected, "{text}");
        }
    }

    #[test]
    fn tag_directives_are_counted() {
        let text = |count| {
            (0..count)
                .map(|it| format!("%TAG !{it}! x\n"))
                .collect::<String>()
                + "---\na"
        };
        assert_eq!(excess(&text(2), 4, 2), None);
        assert_eq!(excess(&text(3), 4, 2), Some(Excess::TagDirectives));
    }
}
