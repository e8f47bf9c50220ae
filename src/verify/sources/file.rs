//! The claims file, version 1: YAML, read strictly. What is wrong is said with line and column.
//!
//! These are the types of the file and nothing more; `super::read` makes claims of them.

use std::collections::BTreeSet;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{AbsolutePath, Capability, Kind, Name, No, SocketName, Version};
use crate::analyse::audit::finding::Severity;
use crate::model::process::Seccomp;
use crate::verify::claim::{Access, Propagation};

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
    pub is: Propagation,
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
    pub access: Access,
    /// Whether it can be opened so
    pub allowed: bool,
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
