//! The configuration that an OCI runtime was given (config.json of its bundle) -> claims: what it
//! was told to do is what should be. Only what isolates is claimed; a process that has less than it
//! was given breaks nothing.
//!
//! <https://github.com/opencontainers/runtime-spec/blob/main/config.md>

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value;

use crate::model::process::{IdRange, Seccomp};
use crate::model::{CapabilitySet, NsKind, Seen};
use crate::verify::claim::AnyClaim;
use crate::verify::claims::capabilities::{Bound, Capabilities, Set};
use crate::verify::claims::cgroup::writable_above::CgroupNotWritable;
use crate::verify::claims::hostname::Hostname;
use crate::verify::claims::in_namespace::InNamespace;
use crate::verify::claims::isolated::from_host;
use crate::verify::claims::lsm::Label;
use crate::verify::claims::no_new_privs::NoNewPrivs;
use crate::verify::claims::no_other_devices::NoOtherDevices;
use crate::verify::claims::no_other_mounts::{NoOtherMounts, Places};
use crate::verify::claims::paths::{Path, State};
use crate::verify::claims::process::root::NotRoot;
use crate::verify::claims::processes::of_others::OnlyOwnProcesses;
use crate::verify::claims::propagation::Propagation;
use crate::verify::claims::seccomp::InSeccomp;
use crate::verify::claims::time::Offsets;
use crate::verify::claims::user::uid_map::{IdMap, Ids};

/// A configuration beyond this (bytes) is not read.
pub const LARGEST: usize = 4 << 20;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    process: Option<ProcessPart>,
    root: Option<Root>,
    hostname: Option<String>,
    mounts: Option<Vec<MountPart>>,
    linux: Option<Linux>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ProcessPart {
    user: User,
    capabilities: Option<Sets>,
    no_new_privileges: bool,
    apparmor_profile: Option<String>,
    selinux_label: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct User {
    uid: u32,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Sets {
    effective: Option<Vec<String>>,
    permitted: Option<Vec<String>>,
    bounding: Option<Vec<String>>,
    inheritable: Option<Vec<String>>,
    ambient: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Root {
    readonly: bool,
}

#[derive(Deserialize)]
struct MountPart {
    destination: String,
    #[serde(default, rename = "type")]
    fstype: Option<String>,
    #[serde(default)]
    options: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Linux {
    namespaces: Option<Vec<NamespacePart>>,
    uid_mappings: Option<Vec<Mapping>>,
    gid_mappings: Option<Vec<Mapping>>,
    masked_paths: Option<Vec<String>>,
    readonly_paths: Option<Vec<String>>,
    rootfs_propagation: Option<String>,
    seccomp: Option<Value>,
    devices: Option<Vec<Device>>,
    time_offsets: Option<TimeOffsets>,
}

#[derive(Deserialize)]
struct NamespacePart {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mapping {
    #[serde(rename = "containerID")]
    container_id: u32,
    #[serde(rename = "hostID")]
    host_id: u32,
    size: u32,
}

#[derive(Deserialize)]
struct Device {
    path: String,
    major: Option<u32>,
    minor: Option<u32>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct TimeOffsets {
    monotonic: Clock,
    boottime: Clock,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Clock {
    secs: i64,
    nanosecs: i64,
}

impl NamespacePart {
    /// The path of the namespace that is joined; `None`: a new one is made.
    fn joins(&self) -> Option<&str> {
        self.path.as_deref().filter(|path| !path.is_empty())
    }
}

/// What else has to be known to make claims of a configuration.
pub struct Setting<'a> {
    /// The inode of the namespace that a path leads to now.
    pub namespace: &'a dyn Fn(&str) -> Seen<u64>,
    /// Whether the ids of its maps are those of the host, and not of whoever ran the runtime.
    pub ids_are_hosts: bool,
}

/// The claims of a configuration.
///
/// # Errors
/// Why the text is no such configuration.
pub fn claims(text: &[u8], setting: &Setting<'_>) -> Result<Vec<AnyClaim>, String> {
    let config: Config = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let linux = config
        .linux
        .as_ref()
        .ok_or("it has no part `linux`, so it says nothing of namespaces")?;
    let mut claims = namespaces(linux, setting)?;
    let is_new = |kind: NsKind| {
        let mut parts = linux.namespaces.iter().flatten();
        parts.any(|part| part.joins().is_none() && part.kind.parse().ok() == Some(kind))
    };
    let (own_user, own_uts, own_mnt, own_pid) = (
        is_new(NsKind::User),
        is_new(NsKind::Uts),
        is_new(NsKind::Mnt),
        is_new(NsKind::Pid),
    );
    if own_user && setting.ids_are_hosts {
        claims.extend(id_map(Ids::Uid, linux.uid_mappings.as_deref()));
        claims.extend(id_map(Ids::Gid, linux.gid_mappings.as_deref()));
    }
    if own_uts {
        let named = config.hostname.clone().filter(|name| !name.is_empty());
        claims.extend(named.map(|name| -> AnyClaim { Rc::new(Hostname(name)) }));
    }
    if own_pid && own_mnt {
        claims.push(Rc::new(OnlyOwnProcesses));
    }
    if let Some(process) = &config.process {
        claims.extend(rights(process)?);
    }
    if linux.seccomp.as_ref().is_some_and(filters) {
        claims.push(Rc::new(InSeccomp(Seccomp::Filter)));
    }
    if own_mnt {
        claims.extend(files(&config, linux));
    }
    claims.extend(linux.time_offsets.map(|offsets| -> AnyClaim {
        let offset = |clock: Clock| crate::model::process::Offset {
            seconds: clock.secs,
            nanoseconds: clock.nanosecs,
        };
        Rc::new(Offsets(crate::model::process::TimeOffsets {
            monotonic: offset(offsets.monotonic),
            boottime: offset(offsets.boottime),
        }))
    }));
    Ok(claims)
}

fn namespaces(linux: &Linux, setting: &Setting<'_>) -> Result<Vec<AnyClaim>, String> {
    let mut claims = Vec::new();
    for part in linux.namespaces.as_deref().unwrap_or_default() {
        let kind: NsKind = part
            .kind
            .parse()
            .map_err(|error: crate::model::kind::UnknownKind| error.to_string())?;
        claims.push(match part.joins() {
            None => from_host(kind),
            Some(path) => Rc::new(InNamespace {
                kind,
                path: path.to_owned(),
                inode: (setting.namespace)(path),
            }),
        });
    }
    let weight = |claim: &AnyClaim| {
        let kind = claim.kind();
        NsKind::BY_WEIGHT.iter().position(|it| Some(*it) == kind)
    };
    claims.sort_by_key(weight);
    Ok(claims)
}

fn id_map(ids: Ids, mappings: Option<&[Mapping]>) -> Option<AnyClaim> {
    let map: Vec<IdRange> = mappings?
        .iter()
        .map(|mapping| IdRange {
            inside: mapping.container_id,
            outside: mapping.host_id,
            count: mapping.size,
        })
        .collect();
    (!map.is_empty()).then(|| -> AnyClaim { Rc::new(IdMap { ids, map }) })
}

fn rights(process: &ProcessPart) -> Result<Vec<AnyClaim>, String> {
    let mut claims: Vec<AnyClaim> = Vec::new();
    if let Some(sets) = &process.capabilities {
        let sets = [
            (Set::Effective, &sets.effective),
            (Set::Permitted, &sets.permitted),
            (Set::Bounding, &sets.bounding),
            (Set::Inheritable, &sets.inheritable),
            (Set::Ambient, &sets.ambient),
        ];
        for (set, names) in sets {
            let names = names.iter().flatten().map(String::as_str);
            claims.push(Rc::new(Capabilities {
                set,
                bound: Bound::AtMost,
                capabilities: CapabilitySet::from_names(names)?,
            }));
        }
    }
    if process.no_new_privileges {
        claims.push(Rc::new(NoNewPrivs(true)));
    }
    if process.user.uid != 0 {
        claims.push(Rc::new(NotRoot));
    }
    let label = [&process.apparmor_profile, &process.selinux_label];
    let label = label.into_iter().flatten().find(|it| !it.is_empty());
    claims.extend(label.map(|label| -> AnyClaim { Rc::new(Label(Some(label.clone()))) }));
    Ok(claims)
}

/// Whether a filter refuses anything: a runtime leaves out one that does not.
fn filters(seccomp: &Value) -> bool {
    let allows = |action: &Value| action == "SCMP_ACT_ALLOW";
    let rules = seccomp["syscalls"].as_array();
    !allows(&seccomp["defaultAction"])
        || rules.is_some_and(|rules| rules.iter().any(|rule| !allows(&rule["action"])))
}

fn files(config: &Config, linux: &Linux) -> Vec<AnyClaim> {
    let mut claims = Vec::new();
    if config.root.as_ref().is_some_and(|root| root.readonly) {
        claims.push(Path::claim("/", State::ReadOnly));
    }
    let masked = linux.masked_paths.as_deref().unwrap_or_default();
    claims.extend(masked.iter().map(|it| Path::claim(it, State::Masked)));
    let read_only = linux.readonly_paths.as_deref().unwrap_or_default();
    claims.extend(read_only.iter().map(|it| Path::claim(it, State::ReadOnly)));
    let mounts = config.mounts.as_deref().unwrap_or_default();
    for mount in mounts {
        let options = mount.options.as_deref().unwrap_or_default();
        let has = |name: &str| options.iter().any(|option| option == name);
        let place = mount.destination.trim_end_matches('/');
        // With cgroup v1 a runtime mounts a writable file system for the mount points, and on these
        // each hierarchy as it was told.
        let is_cgroup = mount.fstype.as_deref() == Some("cgroup");
        if has("ro") {
            claims.push(match is_cgroup {
                true => Rc::new(CgroupNotWritable),
                false => Path::claim(place, State::ReadOnly),
            });
        }
        if has("nosuid") {
            claims.push(Path::claim(place, State::NoSuid));
        }
    }
    let reaches_host = matches!(
        linux.rootfs_propagation.as_deref(),
        Some("shared" | "rshared")
    ) || mounts.iter().any(|mount| {
        let options = mount.options.iter().flatten();
        options
            .into_iter()
            .any(|it| it == "shared" || it == "rshared")
    });
    if !reaches_host {
        claims.push(Propagation::not_to_host());
    }
    claims.push(Rc::new(NoOtherMounts(places(mounts, linux))));
    claims.push(Rc::new(NoOtherDevices(devices(linux))));
    claims
}

/// Devices that a runtime makes unasked, by path and number
/// (config-linux.md of the specification, "Default Devices"), with the console.
const DEFAULT_DEVICES: [(&str, (u32, u32)); 8] = [
    ("/dev/null", (1, 3)),
    ("/dev/zero", (1, 5)),
    ("/dev/full", (1, 7)),
    ("/dev/random", (1, 8)),
    ("/dev/urandom", (1, 9)),
    ("/dev/tty", (5, 0)),
    ("/dev/console", (5, 1)),
    ("/dev/ptmx", (5, 2)),
];

/// Where mounts may be: where they were asked for, where masks lie, and where a runtime brings in a
/// device that it may not make.
fn places(mounts: &[MountPart], linux: &Linux) -> Places {
    let whole = |path: &String| match path.trim_end_matches('/') {
        "" => "/".to_owned(),
        path => path.to_owned(),
    };
    let mut places = Places::default();
    places.at.insert("/".to_owned());
    for mount in mounts {
        let place = whole(&mount.destination);
        let options = mount.options.as_deref().unwrap_or_default();
        if mount.fstype.as_deref() == Some("cgroup") {
            places.below.insert(place.clone());
        }
        if options.iter().any(|option| option == "rbind") {
            places.with_mounts.insert(place.clone());
        }
        places.at.insert(place);
    }
    let lists = [&linux.masked_paths, &linux.readonly_paths];
    places
        .at
        .extend(lists.into_iter().flatten().flatten().map(whole));
    let devices = linux
        .devices
        .iter()
        .flatten()
        .map(|device| whole(&device.path));
    places.at.extend(devices);
    let usual = DEFAULT_DEVICES.iter().map(|(path, _)| (*path).to_owned());
    places.at.extend(usual);
    places
}

fn devices(linux: &Linux) -> BTreeSet<(u32, u32)> {
    let own = linux.devices.iter().flatten();
    let own = own.filter_map(|device| Some((device.major?, device.minor?)));
    own.chain(DEFAULT_DEVICES.iter().map(|(_, number)| *number))
        .collect()
}
