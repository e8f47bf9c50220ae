//! The words and numbers of a claims file that stand for values of ours. What is wrong with one is
//! said with its own place.

use std::collections::BTreeSet;
use std::fmt;

#[cfg(test)]
use schemars::JsonSchema;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::process::IdRange;
use crate::model::{CapabilitySet, NsKind};

/// The only version that there is.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(with = "u64"))]
pub struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        let read: fn(u64) -> Result<Version, String> = |number| match number {
            1 => Ok(Version),
            _ => Err(format!("version {number} is not known here: 1 is")),
        };
        deserializer.deserialize_u64(Plain(read))
    }
}

/// A statement of which only the denial can be proven.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(with = "bool"))]
pub struct No;

impl<'de> Deserialize<'de> for No {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<No, D::Error> {
        let read: fn(bool) -> Result<No, String> = |value| match value {
            false => Ok(No),
            true => Err("only `false` can be claimed here: leave it out instead".to_owned()),
        };
        deserializer.deserialize_bool(Plain(read))
    }
}

/// Reads a number or a truth value, as [`Word`] reads a word.
struct Plain<V, T>(fn(V) -> Result<T, String>);

impl<T> Visitor<'_> for Plain<u64, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        self.0(number).map_err(E::custom)
    }
}

impl<T> Visitor<'_> for Plain<bool, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<T, E> {
        self.0(value).map_err(E::custom)
    }
}

/// A target: a number or a word.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(extend("type" = ["string", "integer"])))]
pub struct Name(pub String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a PID or the name of a target")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Name, E> {
                Ok(Name(number.to_string()))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Name, E> {
                match text.is_empty() {
                    true => Err(E::invalid_value(Unexpected::Str(text), &self)),
                    false => Ok(Name(text.to_owned())),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a word: whatever is wrong with it is said with its own place, which serde's `try_from` does
/// not know.
pub struct Word<T>(pub fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        self.0(text).map_err(E::custom)
    }
}

/// A word of the file that stands for a value of ours.
macro_rules! word {
    ($(#[$about:meta])* $name:ident, $value:ty, $read:expr) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[cfg_attr(test, schemars(with = "String"))]
        pub struct $name(pub $value);

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                deserializer
                    .deserialize_str($crate::verify::values::Word($read))
                    .map($name)
            }
        }
    };
}

pub(crate) use word;

word!(Kind, NsKind, |text| text.parse().map_err(
    |error: crate::model::kind::UnknownKind| error.to_string()
));
word!(Capability, u32, CapabilitySet::number_of);
word!(AbsolutePath, String, |text| match text.starts_with('/') {
    true => Ok(text.to_owned()),
    false => Err(format!("{text:?} is no path from the root directory on")),
});

/// Kinds in the order of their weight.
pub fn by_weight(kinds: &BTreeSet<Kind>) -> impl Iterator<Item = NsKind> {
    let kinds: Vec<NsKind> = kinds.iter().map(|kind| kind.0).collect();
    NsKind::BY_WEIGHT
        .into_iter()
        .filter(move |kind| kinds.contains(kind))
}

/// Kinds of namespace, against one other target
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Others {
    pub target: Name,
    pub kinds: BTreeSet<Kind>,
}

/// A line of an id map
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range {
    inside: u32,
    outside: u32,
    count: u32,
}

impl Range {
    pub const fn ids(&self) -> IdRange {
        IdRange {
            inside: self.inside,
            outside: self.outside,
            count: self.count,
        }
    }
}
