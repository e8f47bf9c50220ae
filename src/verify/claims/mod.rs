//! The claims: one file each, which holds what a claims file says of it, its sentence, how it is read,
//! how it is tried, and what decides between the two. A folder is a section of the claims file.
//!
//! A new claim is a file here (or in a section's folder) and its name in the list below (or in that
//! folder's `mod.rs`): the schema, the order, `verify --explain` and docs/claims.md follow.

use serde::{Deserialize, Deserializer};

use super::claim::{Against, AnyClaim};

/// What a claims file may say below one key.
pub trait Spec: Sized {
    /// What is claimed by it: for the schema, `verify --explain` and docs/claims.md.
    const ABOUT: &'static str;
    /// What may stand behind the key; of a section nothing.
    const EXAMPLE: &'static str;

    /// The claims that it makes. Other targets are found by `resolve`.
    ///
    /// # Errors
    /// That of `resolve`.
    fn claims<E>(&self, resolve: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E>;

    /// Tells of this key and all below it.
    fn entries(key: &str, all: &mut Vec<Entry>) {
        all.push(Entry {
            key: key.to_owned(),
            about: Self::ABOUT,
            example: Self::EXAMPLE,
        });
    }
}

/// Finds the process that a claim compares with by its name.
pub type Resolve<'a, E> = &'a mut dyn FnMut(&str) -> Result<Against, E>;

/// A key of the claims file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// With the section before it, as `user.setgroups`.
    pub key: String,
    pub about: &'static str,
    pub example: &'static str,
}

impl Entry {
    /// A claims file that says it.
    pub fn file(&self) -> String {
        let mut text = "version: 1\nclaims:\n".to_owned();
        let names: Vec<&str> = self.key.split('.').collect();
        for (level, name) in names.iter().enumerate() {
            text += &format!("{}{name}:", "  ".repeat(level + 1));
            text += match level + 1 == names.len() {
                true => " ",
                false => "\n",
            };
        }
        text + self.example + "\n"
    }
}

/// A key that may be left out. One that is there has a value: an empty one would claim nothing, and
/// look as if it did.
#[derive(Clone, Debug)]
pub struct Given<T>(pub Option<T>);

impl<T> Default for Given<T> {
    fn default() -> Given<T> {
        Given(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Given<T>, D::Error> {
        match Option::<T>::deserialize(deserializer)? {
            Some(value) => Ok(Given(Some(value))),
            None => Err(serde::de::Error::custom(
                "nothing is claimed by it: say what, or leave it out",
            )),
        }
    }
}

#[cfg(test)]
impl<T: Spec + schemars::JsonSchema> schemars::JsonSchema for Given<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("description".to_owned(), T::ABOUT.into());
        schema
    }
}

/// A part of the claims file from the names of what is in it, each of which is a module here.
macro_rules! section {
    ($about:literal: $($key:ident),+ $(,)?) => {
        $(pub mod $key;)+

        #[doc = $about]
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[cfg_attr(test, schemars(inline))]
        #[serde(deny_unknown_fields, default)]
        pub struct Yaml {
            $(pub $key: $crate::verify::claims::Given<$key::Yaml>,)+
        }

        impl $crate::verify::claims::Spec for Yaml {
            const ABOUT: &'static str = $about;
            const EXAMPLE: &'static str = "";

            fn claims<E>(
                &self,
                resolve: $crate::verify::claims::Resolve<'_, E>,
            ) -> Result<Vec<$crate::verify::claim::AnyClaim>, E> {
                let mut all = Vec::new();
                $(if let Some(given) = &self.$key.0 {
                    all.extend(given.claims(resolve)?);
                })+
                Ok(all)
            }

            fn entries(key: &str, all: &mut Vec<$crate::verify::claims::Entry>) {
                let prefix = match key {
                    "" => String::new(),
                    key => format!("{key}."),
                };
                $(<$key::Yaml as $crate::verify::claims::Spec>::entries(
                    &format!("{prefix}{}", stringify!($key)),
                    all,
                );)+
            }
        }
    };
}

section!("What is claimed of one process, or of a container and all in it":
    isolated,
    isolated_from,
    shared_with,
    shared,
    user,
    process,
    hostname,
    capabilities,
    no_new_privs,
    seccomp,
    lsm,
    paths,
    propagation,
    processes,
    interfaces,
    sockets,
    devices,
    cgroup,
    time,
    no_finding_above,
);

/// Claims that are made of a runtime's configuration or of what is launched, and stand in no file.
macro_rules! made {
    ($($module:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// What each of them is, and who makes it.
        pub const MADE: &[&str] = &[$($module::ABOUT),+];
    };
}

made!(in_namespace, no_other_mounts, no_other_devices, stays);

/// Every key of the claims file, in its order.
pub fn entries() -> Vec<Entry> {
    let mut all = Vec::new();
    Yaml::entries("", &mut all);
    all
}

/// What can be claimed, for people: each key, what it claims, and an example.
pub fn overview() -> String {
    let mut text = String::new();
    for entry in entries() {
        let Entry {
            key,
            about,
            example,
        } = entry;
        text += &format!("{key}\n  {about}\n  as in {key}: {example}\n");
    }
    text
}

#[cfg(test)]
mod tests;
