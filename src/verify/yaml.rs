//! YAML that somebody else wrote, read within bounds: libyaml takes the square of the depth for its
//! time, and a few aliases of aliases stand for more than any memory holds.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use crate::sys::yaml_scan::{self, Excess};

/// No document of ours nests a quarter as deep.
const DEEPEST: usize = 64;

/// Nobody writes one who does not mean harm.
const MOST_TAG_DIRECTIVES: usize = 16;

/// Words, lists and mappings, those that aliases stand for among them each time.
const MOST_NODES: usize = 200_000;

/// Reads the one document of a text.
///
/// # Errors
/// What is wrong, with line and column where the text has them, or which bound it goes beyond.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    match yaml_scan::excess(text, DEEPEST, MOST_TAG_DIRECTIVES) {
        Some(Excess::Depth) => {
            return Err(format!("it nests deeper than {DEEPEST} lists and mappings"));
        }
        Some(Excess::TagDirectives) => {
            return Err(format!("it has more than {MOST_TAG_DIRECTIVES} %TAG lines"));
        }
        None => {}
    }
    let mut left = MOST_NODES;
    let counted = Count(&mut left).deserialize(serde_yaml::Deserializer::from_str(text));
    // Any other error is told by whoever knows what is expected.
    if counted.is_err() && left == 0 {
        return Err(format!(
            "it is more than {MOST_NODES} values, those among them that aliases (*NAME) stand for"
        ));
    }
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}

/// Takes one off for each node, and keeps nothing.
struct Count<'a>(&'a mut usize);

impl Count<'_> {
    fn more(&mut self) -> Count<'_> {
        Count(self.0)
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.0 = self
            .0
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom("too many"))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E>(self, _: i128) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self.more())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_key_seed(self.more())?.is_some() {
            fields.next_value_seed(self.more())?;
        }
        Ok(())
    }

    /// A value with a tag.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let (serde::de::IgnoredAny, value) = tagged.variant()?;
        value.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const LARGEST: usize = super::super::read::LARGEST;

    fn error_of(text: &str) -> String {
        let begin = Instant::now();
        let error = read::<Vec<String>>(text).unwrap_err();
        // A debug build on a busy machine takes a second or two for the worst.
        assert!(begin.elapsed() < Duration::from_secs(30), "{text:.60}");
        error
    }

    #[test]
    fn a_deep_text_is_refused_at_once() {
        for open in ["[", "{", "{a: ", "[{a: ", "- ", "? ", "- ? "] {
            let error = error_of(&open.repeat(LARGEST / open.len()));
            assert_eq!(
                error, "it nests deeper than 64 lists and mappings",
                "{open}"
            );
        }
        let closed = "[".repeat(LARGEST / 2) + &"]".repeat(LARGEST / 2);
        assert_eq!(
            error_of(&closed),
            "it nests deeper than 64 lists and mappings"
        );
        let tags: String = (0..50_000).map(|it| format!("%TAG !{it}! x\n")).collect();
        assert_eq!(
            error_of(&(tags + "---\na")),
            "it has more than 16 %TAG lines"
        );
    }

    #[test]
    fn aliases_do_not_multiply_without_bound() {
        let too_many =
            "it is more than 200000 values, those among them that aliases (*NAME) stand for";
        let list = format!("- &a [{}]\n", "x,".repeat(1_000));
        assert_eq!(
            error_of(&(list.clone() + &"- *a\n".repeat(1_000))),
            too_many
        );
        let mut laughs = "- &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for at in 1..20 {
            let inner = format!("*a{}, ", at - 1).repeat(9);
            laughs += &format!("- &a{at} [{inner}]\n");
        }
        let error = read::<serde_yaml::Value>(&laughs).unwrap_err();
        assert_eq!(error, "repetition limit exceeded");
        let few = "- &a x\n".to_owned() + &"- *a\n".repeat(100);
        assert_eq!(read::<Vec<String>>(&few).unwrap().len(), 101);
    }

    #[test]
    fn what_is_within_bounds_is_read_and_its_errors_are_serde_yamls() {
        assert_eq!(read::<Vec<String>>("[a, \"[[[\"]").unwrap(), ["a", "[[["]);
        assert_eq!(
            read::<Vec<bool>>("- true\n- !x false").unwrap(),
            [true, false]
        );
        let error = read::<Vec<bool>>("- true\n- 7").unwrap_err();
        assert_eq!(
            error,
            ".[1]: invalid type: integer `7`, expected a boolean at line 2 column 3"
        );
        assert!(read::<Vec<bool>>("[a").is_err());
        // Longer than any text, of short lines.
        let long = "- x\n".repeat(LARGEST / 8);
        assert_eq!(read::<Vec<String>>(&long).unwrap().len(), LARGEST / 8);
    }
}
