//! The words and numbers of a claims file that stand for values of ours. What is wrong with one is
//! said with its own place.

use std::fmt;

#[cfg(test)]
use schemars::JsonSchema;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::{CapabilitySet, NsKind};
use crate::verify::claim::Socket;

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
struct Word<T>(fn(&str) -> Result<T, String>);

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
        #[cfg_attr(test, derive(JsonSchema))]
        #[cfg_attr(test, schemars(with = "String"))]
        pub struct $name(pub $value);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                deserializer.deserialize_str(Word($read)).map($name)
            }
        }
    };
}

word!(Kind, NsKind, |text| text.parse().map_err(
    |error: crate::model::kind::UnknownKind| error.to_string()
));
word!(Capability, u32, CapabilitySet::number_of);
word!(AbsolutePath, String, |text| match text.starts_with('/') {
    true => Ok(text.to_owned()),
    false => Err(format!("{text:?} is no path from the root directory on")),
});

word!(
    /// /PATH, @ABSTRACT or tcp:PORT
    SocketName,
    Socket,
    socket
);

fn socket(text: &str) -> Result<Socket, String> {
    let port = |text: &str| text.parse().ok().filter(|port| *port > 0);
    let socket = match (text.strip_prefix('@'), text.strip_prefix("tcp:")) {
        (Some(name), _) if !name.is_empty() => Some(Socket::Abstract(name.to_owned())),
        (_, Some(number)) => port(number).map(Socket::Tcp),
        _ if text.starts_with('/') => Some(Socket::Path(text.to_owned())),
        _ => None,
    };
    socket.ok_or_else(|| format!("{text:?} is none of /PATH, @ABSTRACT and tcp:PORT"))
}
