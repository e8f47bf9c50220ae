//! `nsinspect.snapshot/1`: all that was collected, there and back.

use std::collections::{BTreeMap, HashSet};

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::TracesRecord;
use super::exposure::{ExposureRecord, ListenersRecord};
use super::namespace::NamespaceRecord;
use super::process::ProcessRecord;
use super::settings::SettingsRecord;
use super::{CoverageRecord, DocumentName, HostRecord, Unknown};
use crate::model::mount::Mount;
use crate::model::snapshot::{FEATURES, Host, Reader};
use crate::model::{
    Author, CapabilitySet, LinkName, Links, Pid, Process, Seen, Settings, Snapshot, Why,
};

/// All that was collected.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Everything {
    pub reader: ReaderRecord,
    /// Device number of nsfs
    pub nsfs_dev: Option<u64>,
    /// Inode of the initial network namespace
    pub initial_net: Option<u64>,
    /// Inode of the initial mount namespace
    pub initial_mnt: Option<u64>,
    pub processes: Vec<ProcessRecord>,
    pub namespaces: Vec<NamespaceRecord>,
    /// What was read to tell containers
    #[serde(default)]
    pub traces: Vec<TracesRecord>,
    /// Who could have called a cgroup after a container, by its path
    #[serde(default)]
    pub cgroup_authors: BTreeMap<String, Author>,
    /// What is within reach of processes
    #[serde(default)]
    pub exposures: Vec<ExposureRecord>,
    /// The mount table of the host's mount namespace
    #[serde(default)]
    pub host_mounts: Option<Vec<Mount>>,
    /// Who listens on abstract sockets, by network namespace
    #[serde(default)]
    pub listeners: Vec<ListenersRecord>,
    /// What holds for the whole machine
    #[serde(default)]
    pub settings: Option<SettingsRecord>,
    /// What the kernel lets the reader do: `ok`, or the reason why not
    #[serde(default)]
    pub features: BTreeMap<String, String>,
    /// Login names by uid
    pub users: BTreeMap<u32, String>,
    pub unknown: Unknown,
}

/// Who looked.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ReaderRecord {
    pub pid: Option<Pid>,
    pub uid: u32,
    /// Effective capabilities
    pub capabilities: Option<Vec<String>>,
    /// Inode by the name of the link below /proc/self/ns
    pub namespaces: BTreeMap<String, Option<u64>>,
    pub unknown: Unknown,
}

impl Everything {
    pub fn new(snapshot: &Snapshot) -> Everything {
        let mut unknown = Unknown::default();
        Everything {
            reader: ReaderRecord::from(&snapshot.reader),
            nsfs_dev: unknown.note("nsfs_dev", snapshot.nsfs_dev.clone()),
            initial_net: unknown.note("initial_net", snapshot.initial_net.clone()),
            initial_mnt: unknown.note("initial_mnt", snapshot.initial_mnt.clone()),
            processes: snapshot
                .processes
                .iter()
                .map(|process| ProcessRecord::new(snapshot, process))
                .collect(),
            namespaces: snapshot
                .namespaces
                .values()
                .map(|it| NamespaceRecord::new(snapshot, it).with_inside(it))
                .collect(),
            traces: snapshot
                .traces
                .iter()
                .map(|(place, traces)| TracesRecord::new(*place, traces))
                .collect(),
            cgroup_authors: snapshot.cgroup_authors.clone(),
            exposures: snapshot
                .exposures
                .iter()
                .map(|(task, exposure)| ExposureRecord::new(*task, exposure))
                .collect(),
            host_mounts: unknown.note("host_mounts", snapshot.host_mounts.clone()),
            listeners: snapshot
                .listeners
                .iter()
                .map(|(net, listeners)| ListenersRecord::new(*net, listeners))
                .collect(),
            settings: Some(SettingsRecord::from(&snapshot.settings)),
            features: snapshot
                .features
                .iter()
                .map(|(name, seen)| {
                    let state = seen
                        .why()
                        .map_or_else(|| OK.to_owned(), ToString::to_string);
                    ((*name).to_owned(), state)
                })
                .collect(),
            users: snapshot.users.clone(),
            unknown,
        }
    }
}

/// Reads a saved snapshot back.
///
/// # Errors
/// In words: not JSON, another document, another version, or a record that contradicts itself.
pub fn read(text: &[u8]) -> Result<Snapshot, String> {
    // Each part is read from the text by itself: a flattened one would be held in memory twice.
    let name: Name = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let expected = format!("nsinspect.{}/1", DocumentName::Snapshot.name());
    if name.schema != expected {
        let found = name.schema;
        return Err(format!(
            "it is a {found:?} document, and {expected:?} is wanted"
        ));
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let body: Everything = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    into_model(head, body)
}

/// Which document it is.
#[derive(Deserialize)]
struct Name {
    schema: String,
}

/// What every document has.
#[derive(Deserialize)]
struct Head {
    host: HostRecord,
    taken_at: String,
    coverage: CoverageRecord,
}

fn into_model(head: Head, body: Everything) -> Result<Snapshot, String> {
    let host = head.host;
    let processes = body.processes.into_iter().map(ProcessRecord::into_model);
    let processes = processes.collect::<Result<Vec<Process>, String>>()?;
    let mut tasks = HashSet::new();
    if let Some(twice) = processes
        .iter()
        .map(Process::task)
        .find(|it| !tasks.insert(*it))
    {
        return Err(format!("there are two processes {twice}"));
    }
    let namespaces = body.namespaces.into_iter().map(|record| {
        let namespace = record.into_model()?;
        Ok((namespace.key, namespace))
    });
    Ok(Snapshot {
        host: Host {
            hostname: host.unknown.seen("hostname", host.hostname),
            kernel: host.unknown.seen("kernel", host.kernel),
            boot_id: host.unknown.seen("boot_id", host.boot_id),
        },
        taken_at: head.taken_at,
        reader: body.reader.into_model()?,
        nsfs_dev: body.unknown.seen("nsfs_dev", body.nsfs_dev),
        initial_net: body.unknown.seen("initial_net", body.initial_net),
        initial_mnt: body.unknown.seen("initial_mnt", body.initial_mnt),
        processes: processes.into_iter().collect(),
        threads: BTreeMap::new(),
        namespaces: namespaces.collect::<Result<_, String>>()?,
        traces: body
            .traces
            .into_iter()
            .map(TracesRecord::into_model)
            .collect(),
        cgroup_authors: body.cgroup_authors,
        rivals: BTreeMap::new(),
        exposures: body
            .exposures
            .into_iter()
            .map(ExposureRecord::into_model)
            .collect(),
        host_mounts: body.unknown.seen("host_mounts", body.host_mounts),
        listeners: body
            .listeners
            .into_iter()
            .map(ListenersRecord::into_model)
            .collect(),
        settings: body.settings.map_or_else(
            || Settings::unknown(&Why::Skipped),
            SettingsRecord::into_model,
        ),
        features: FEATURES
            .into_iter()
            .filter_map(|name| Some((name, feature(body.features.get(name)?))))
            .collect(),
        users: body.users,
        coverage: head.coverage.into_model(),
    })
}

/// How a feature that works is written.
const OK: &str = "ok";

fn feature(state: &str) -> Seen<()> {
    let Ok(why) = state.parse();
    if state == OK {
        Seen::Known(())
    } else {
        Seen::Unknown(why)
    }
}

impl From<&Reader> for ReaderRecord {
    fn from(reader: &Reader) -> ReaderRecord {
        let mut unknown = Unknown::default();
        let namespaces = reader.links.iter().map(|(link, seen)| {
            let name = link.name().to_owned();
            let inode = unknown.note(&name, seen.clone());
            (name, inode)
        });
        ReaderRecord {
            namespaces: namespaces.collect(),
            pid: unknown.note("pid", reader.pid.clone()),
            uid: reader.uid,
            capabilities: unknown.note("capabilities", reader.capabilities.part(|set| set.names())),
            unknown,
        }
    }
}

impl ReaderRecord {
    fn into_model(self) -> Result<Reader, String> {
        let capabilities = self
            .capabilities
            .as_ref()
            .map(|names| CapabilitySet::from_names(names.iter().map(String::as_str)));
        let read = |link: LinkName| {
            let inode = self.namespaces.get(link.name()).copied().flatten();
            self.unknown.seen(link.name(), inode)
        };
        Ok(Reader {
            pid: self.unknown.seen("pid", self.pid),
            uid: self.uid,
            capabilities: self.unknown.seen("capabilities", capabilities.transpose()?),
            links: Links::read(read),
        })
    }
}
