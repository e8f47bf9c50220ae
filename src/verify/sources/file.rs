//! The claims file, version 1: YAML, read strictly. What is wrong is said with line and column.
//!
//! What can be claimed is not here, but a file each below `claims`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::verify::claims::Yaml as Claims;
use crate::verify::values::{Name, Version};

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
