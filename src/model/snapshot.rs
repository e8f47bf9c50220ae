//! Everything that was read from one machine for one question.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::author::Author;
use super::capability::CapabilitySet;
use super::container::{Place, Traces};
use super::coverage::{Coverage, LayerState};
use super::exposure::{Exposure, Listener, Part};
use super::kind::NsKind;
use super::mount::Mount;
use super::namespace::{Namespace, NsKey};
use super::process::{Links, Pid, ThreadLinks};
use super::processes::Processes;
use super::seen::Seen;
use super::settings::Settings;

/// The machine that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub hostname: Seen<String>,
    /// Release of the running kernel, as `uname -r`.
    pub kernel: Seen<String>,
    /// Changes at every boot: a snapshot of another boot speaks of other processes.
    pub boot_id: Seen<String>,
}

/// Who looked: ids, paths and PIDs are relative to the namespaces of the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    pub pid: Seen<Pid>,
    pub uid: u32,
    /// Effective capabilities.
    pub capabilities: Seen<CapabilitySet>,
    pub links: Links,
}

/// Abilities of kernel and reader that can be tried without touching anything.
pub const FEATURES: [&str; 5] = [
    "owners",
    "namespace_ids",
    "pid_translation",
    "pid_namespace_listing",
    "message_queue_listing",
];

/// What was read, in order of PID and of kind and inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub host: Host,
    /// When, in RFC 3339.
    pub taken_at: String,
    pub reader: Reader,
    /// Device number of nsfs, with which the inode numbers of namespaces are unique.
    pub nsfs_dev: Seen<u64>,
    /// Inodes of the initial network and mount namespace, which only newer kernels fix.
    pub initial_net: Seen<u64>,
    pub initial_mnt: Seen<u64>,
    pub processes: Processes,
    /// The threads of processes that have several, all but the first, by TID ascending; a watch
    /// alone reads them. A document says of them what they hold.
    pub threads: BTreeMap<Pid, Arc<[ThreadLinks]>>,
    pub namespaces: BTreeMap<NsKey, Namespace>,
    /// What holds for the whole machine, where it was looked at.
    pub settings: Settings,
    /// What the kernel lets the reader do, by the names of [`FEATURES`], where it was tried.
    pub features: BTreeMap<&'static str, Seen<()>>,
    /// What tells which container is in a place, where it was looked at.
    pub traces: BTreeMap<Place, Traces>,
    /// Who could have called a cgroup after the outermost container that its path names.
    pub cgroup_authors: BTreeMap<String, Author>,
    /// What else goes by the name of the container in a place, in words.
    pub rivals: BTreeMap<Place, String>,
    /// What is within reach of a process, where it was looked at.
    pub exposures: BTreeMap<Pid, Exposure>,
    /// The mount table of the host: of the reader, where that is in the host's mount namespace.
    pub host_mounts: Seen<Vec<Mount>>,
    /// Who listens on abstract unix sockets, by network namespace, where it was looked at.
    pub listeners: BTreeMap<u64, Part<Listener>>,
    /// Login names of the uids that occur.
    pub users: BTreeMap<u32, String>,
    pub coverage: Coverage,
}

impl Snapshot {
    /// Inode of the initial namespace of a kind, where it is known.
    pub fn initial_inode(&self, kind: NsKind) -> &Seen<u64> {
        const fn fixed(kind: NsKind) -> Seen<u64> {
            Seen::Known(kind.initial_inode())
        }
        match kind {
            NsKind::Net => &self.initial_net,
            NsKind::Mnt => &self.initial_mnt,
            NsKind::Cgroup => const { &fixed(NsKind::Cgroup) },
            NsKind::Ipc => const { &fixed(NsKind::Ipc) },
            NsKind::Pid => const { &fixed(NsKind::Pid) },
            NsKind::Time => const { &fixed(NsKind::Time) },
            NsKind::User => const { &fixed(NsKind::User) },
            NsKind::Uts => const { &fixed(NsKind::Uts) },
        }
    }

    /// Whether a namespace is the one of its kind that the kernel booted with.
    pub fn is_initial(&self, key: NsKey) -> Seen<bool> {
        if key.inode == key.kind.initial_inode() {
            return Seen::Known(true);
        }
        self.initial_inode(key.kind)
            .part(|initial| *initial == key.inode)
    }

    /// Whether all processes were looked at, so that members can be counted.
    pub fn has_all_processes(&self) -> bool {
        self.coverage.layers.get("processes") != Some(&LayerState::Skipped)
    }

    /// The login name of a uid, or the number as text.
    pub fn user(&self, uid: u32) -> String {
        self.users
            .get(&uid)
            .cloned()
            .unwrap_or_else(|| uid.to_string())
    }
}

/// A snapshot of nothing, by a reader in the initial namespaces, for tests to fill.
#[cfg(test)]
pub fn empty_for_tests() -> Snapshot {
    use super::seen::Why;
    const SKIPPED: Why = Why::Skipped;
    Snapshot {
        host: Host {
            hostname: Seen::Unknown(SKIPPED),
            kernel: Seen::Unknown(SKIPPED),
            boot_id: Seen::Unknown(SKIPPED),
        },
        taken_at: String::new(),
        reader: Reader {
            pid: Seen::Unknown(SKIPPED),
            uid: 0,
            capabilities: Seen::Unknown(SKIPPED),
            links: Links::read(|link| Seen::Known(link.kind().initial_inode())),
        },
        nsfs_dev: Seen::Unknown(SKIPPED),
        initial_net: Seen::Known(NsKind::Net.initial_inode()),
        initial_mnt: Seen::Known(NsKind::Mnt.initial_inode()),
        processes: Processes::default(),
        threads: BTreeMap::new(),
        namespaces: BTreeMap::new(),
        settings: Settings::unknown(&SKIPPED),
        features: BTreeMap::new(),
        traces: BTreeMap::new(),
        cgroup_authors: BTreeMap::new(),
        rivals: BTreeMap::new(),
        exposures: BTreeMap::new(),
        host_mounts: Seen::Unknown(SKIPPED),
        listeners: BTreeMap::new(),
        users: BTreeMap::new(),
        coverage: Coverage::default(),
    }
}
