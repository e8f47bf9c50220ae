//! The claims file, version 1: YAML, read strictly. What is wrong is said with line and column.
//!
//! These are the types of the file and nothing more; [`super::read`] makes claims of them.

use std::collections::BTreeSet;
use std::fmt;

#[cfg(test)]
use schemars::JsonSchema;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::claim::Socket;
use crate::analyse::audit::finding::Severity;
use crate::model::process::Seccomp;
use crate::model::{CapabilitySet, NsKind};

/// Claims about isolation, for `nsinspect verify --claims`
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimsFile {
    /// The version of this format: 1
    pub version: Version,
    /// For people
    #[serde(default)]
    pub description: Option<String>,
    /// What is claimed of the target on the command line
    #[serde(default)]
    pub claims: Option<Claims>,
    /// What is claimed of others
    #[serde(default)]
    pub targets: Vec<TargetEntry>,
}

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

/// One target, or all containers that a selector fits; exactly one of `target` and `select`
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TargetEntry {
    /// A PID, a container, or any other target
    #[serde(default)]
    pub target: Option<Name>,
    /// Every running container that fits; `{}` is all of them
    #[serde(default)]
    pub select: Option<Select>,
    /// A shipped profile, whose claims are made too
    #[serde(default)]
    pub profile: Option<String>,
    #[serde(default)]
    pub claims: Option<Claims>,
}

/// Which containers; what is not given fits all
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// docker, podman, containerd, cri-o, lxc, systemd-nspawn, bwrap …
    #[serde(default)]
    pub runtime: Option<String>,
    /// The container's name, in which `*` stands for anything
    #[serde(default)]
    pub name: Option<String>,
    /// Its image, in which `*` stands for anything
    #[serde(default)]
    pub image: Option<String>,
    /// Namespace of its Kubernetes pod
    #[serde(default)]
    pub pod_namespace: Option<String>,
}

/// What is claimed of one process, or of a container and all in it
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Claims {
    /// Kinds of namespace in which it is not where the host is
    pub isolated: BTreeSet<Kind>,
    /// The same against other processes or containers
    pub isolated_from: Vec<Others>,
    /// Kinds in which it is where the host is
    pub shared: BTreeSet<Kind>,
    pub shared_with: Vec<Others>,
    pub user: Option<UserClaims>,
    pub process: Option<ProcessClaims>,
    pub hostname: Option<String>,
    pub capabilities: Option<CapabilityClaims>,
    pub no_new_privs: Option<bool>,
    pub seccomp: Option<SeccompMode>,
    /// The label that its security module gives it; `*` is any that confines it
    pub lsm: Option<String>,
    pub paths: Option<PathClaims>,
    /// How mounts propagate, by path
    pub propagation: Vec<PropagationClaim>,
    pub processes: Option<ProcessesClaims>,
    /// Exactly these network interfaces
    pub interfaces: Option<BTreeSet<String>>,
    pub sockets: Option<SocketClaims>,
    pub devices: Vec<DeviceClaim>,
    pub cgroup: Option<CgroupClaims>,
    pub time: Option<TimeClaims>,
    /// The most severe finding of an audit that is tolerated
    pub no_finding_above: Option<Tolerated>,
}

/// Kinds of namespace, against one other target
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Others {
    pub target: Name,
    pub kinds: BTreeSet<Kind>,
}

/// Its user namespace
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UserClaims {
    /// `false`: root in there is not root on the host
    pub root_on_host: Option<No>,
    /// The whole map, in the order of its file
    pub uid_map: Option<Vec<Range>>,
    pub gid_map: Option<Vec<Range>>,
    pub setgroups: Option<Setgroups>,
}

/// Ids of the process
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ProcessClaims {
    /// As it numbers it itself
    pub uid: Option<u32>,
    /// `false`: it is root neither in there nor on the host
    pub root: Option<No>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub inside: u32,
    pub outside: u32,
    pub count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Setgroups {
    Allow,
    Deny,
}

/// The five sets of capabilities
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CapabilityClaims {
    pub effective: Option<Bounds>,
    pub permitted: Option<Bounds>,
    pub bounding: Option<Bounds>,
    pub inheritable: Option<Bounds>,
    pub ambient: Option<Bounds>,
}

/// What may and what must be in a set
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    pub at_most: Option<Vec<Capability>>,
    pub at_least: Option<Vec<Capability>>,
    pub exactly: Option<Vec<Capability>>,
}

/// Paths as the target names them
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PathClaims {
    /// Nothing is there
    pub absent: Vec<AbsolutePath>,
    /// The target cannot read it
    pub unreadable: Vec<AbsolutePath>,
    /// Nothing can be read through it: /dev/null or an empty directory lies on it
    pub masked: Vec<AbsolutePath>,
    /// It is on a read-only mount
    pub read_only: Vec<AbsolutePath>,
    /// The target cannot write there, by whatever barrier
    pub not_writable: Vec<AbsolutePath>,
    /// It is on a mount where set-user-ID counts for nothing
    pub nosuid: Vec<AbsolutePath>,
    pub mounted: Vec<AbsolutePath>,
    pub not_mounted: Vec<AbsolutePath>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PropagationClaim {
    pub path: AbsolutePath,
    pub is: PropagationWord,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PropagationWord {
    Private,
    Slave,
    Shared,
    Unbindable,
    /// What is mounted in there does not appear on the host
    NotToHost,
}

/// What it sees of processes
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ProcessesClaims {
    /// `false`: it sees those of its own pid namespace only, by any procfs
    pub of_others: Option<No>,
    pub at_most: Option<usize>,
}

/// Sockets as the target would name them: /PATH, @ABSTRACT or tcp:PORT
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SocketClaims {
    pub unreachable: Vec<SocketName>,
    pub reachable: Vec<SocketName>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeviceClaim {
    pub path: AbsolutePath,
    pub access: AccessWord,
    /// Whether it can be opened so
    pub allowed: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AccessWord {
    Read,
    Write,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CgroupClaims {
    /// The path that it sees itself at
    pub path: Option<AbsolutePath>,
    /// `false`: it can write nothing above its own cgroup
    pub writable_above: Option<No>,
}

/// How its clocks differ from the initial ones, in seconds
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TimeClaims {
    pub monotonic: i64,
    pub boottime: i64,
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

/// `disabled`, `strict` or `filter`
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SeccompMode {
    Disabled,
    Strict,
    Filter,
}

impl From<SeccompMode> for Seccomp {
    fn from(mode: SeccompMode) -> Seccomp {
        match mode {
            SeccompMode::Disabled => Seccomp::Disabled,
            SeccompMode::Strict => Seccomp::Strict,
            SeccompMode::Filter => Seccomp::Filter,
        }
    }
}

/// How severe a finding may be
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tolerated {
    High,
    Medium,
    Low,
    Info,
}

impl From<Tolerated> for Severity {
    fn from(tolerated: Tolerated) -> Severity {
        match tolerated {
            Tolerated::High => Severity::High,
            Tolerated::Medium => Severity::Medium,
            Tolerated::Low => Severity::Low,
            Tolerated::Info => Severity::Info,
        }
    }
}

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
