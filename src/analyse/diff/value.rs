//! What stands on either side of a difference.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Seen;
use crate::model::facts::{Interface, Listening};
use crate::model::process::{IdRange, Offset};

/// A value in a comparison; in JSON it is just itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(untagged)]
pub enum Value {
    /// It does not apply.
    Nothing,
    Flag(bool),
    Number(i64),
    Text(String),
    Words(Vec<String>),
    Numbers(Vec<u32>),
    Map(Vec<IdRange>),
    Offset(Offset),
    Interfaces(Vec<Interface>),
    Listening(Vec<Listening>),
    Mounts(Vec<ForeignMount>),
    Filesystem(Filesystem),
}

/// What a root directory lies on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Filesystem {
    pub fstype: String,
    pub source: String,
    /// The directory of the file system that is the root.
    pub directory: String,
}

/// A mount of a file system that the reference has mounted too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ForeignMount {
    pub mount_point: String,
    pub fstype: String,
    pub source: String,
    /// The directory or file of that file system which is mounted.
    pub directory: String,
    pub read_only: bool,
}

/// Something that both sides have, and that is different or worth comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub what: &'static str,
    pub subject: Seen<Value>,
    pub reference: Seen<Value>,
}
