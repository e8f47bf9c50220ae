//! What is within the reach of a process beside its namespaces: mounts and what they show, device
//! nodes, sockets, open descriptors.
//!
//! The types that derive `Serialize` appear in documents as they are.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NsKind;
use super::namespace::NsKey;
use super::process::Pid;
use super::seen::{Seen, Why};

/// Things that were looked for. Some may have been found and others not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    pub found: Vec<T>,
    /// Why this is not all; `None`: it is.
    pub gap: Option<Why>,
}

impl<T> Part<T> {
    pub fn unknown(why: Why) -> Part<T> {
        Part {
            found: Vec::new(),
            gap: Some(why),
        }
    }
}

impl<T> Default for Part<T> {
    fn default() -> Part<T> {
        Part {
            found: Vec::new(),
            gap: None,
        }
    }
}

/// All that was looked at of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// What stands at each of its mount points.
    pub mount_points: Part<MountPoint>,
    /// The procfs instances that are mounted for it.
    pub procfs: Part<ProcInstance>,
    /// Files of procfs and sysfs by which the whole machine is controlled, or that tell its secrets,
    /// wherever a mount leads to them.
    pub kernel_files: Part<KernelFile>,
    /// Device nodes below its `/dev`, and those that are mounted by themselves.
    pub devices: Part<DeviceNode>,
    /// Which devices its cgroup lets it open.
    pub device_rules: Seen<DeviceRules>,
    /// Files of unix sockets on which somebody listens, and to which a mount leads.
    pub sockets: Part<SocketFile>,
    /// Mounts of its mount namespace that no path of it leads to.
    pub hidden_mounts: Seen<Vec<HiddenMount>>,
    /// What its threads hold open that is not found by a path of it, or is no file at all.
    pub handles: Part<Handle>,
}

impl Exposure {
    /// Nothing could be looked at, for one reason.
    pub fn unknown(why: &Why) -> Exposure {
        Exposure {
            mount_points: Part::unknown(why.clone()),
            procfs: Part::unknown(why.clone()),
            kernel_files: Part::unknown(why.clone()),
            devices: Part::unknown(why.clone()),
            device_rules: Seen::Unknown(why.clone()),
            sockets: Part::unknown(why.clone()),
            hidden_mounts: Seen::Unknown(why.clone()),
            handles: Part::unknown(why.clone()),
        }
    }
}

/// What kind of file an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    Directory,
    Regular,
    Block,
    Char,
    Socket,
    Fifo,
    Link,
    /// Anything that the kernel makes without a type: epoll, a timer …
    Anonymous,
}

/// An inode, as a mount shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct File {
    pub kind: FileKind,
    pub inode: u64,
    /// As the mount shows them: after the translation of an idmapped mount.
    pub uid: u32,
    pub gid: u32,
    /// The twelve permission bits.
    pub mode: u32,
    /// Which device a device node stands for, major and minor number.
    pub device: Option<(u32, u32)>,
}

/// What stands at a mount point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct MountPoint {
    /// The mount, as in its mount table.
    pub mount: i32,
    pub file: File,
}

/// A procfs, by the pid namespace that it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ProcInstance {
    pub mount: i32,
    pub mount_point: String,
    /// Inode of the pid namespace that its number 1 is in.
    pub pid_ns: Option<u64>,
    /// Target of `self` in it: the reader's own number, where it shows the reader at all.
    pub own: Option<String>,
}

/// A file of procfs or sysfs through one mount that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct KernelFile {
    /// As the process names it.
    pub path: String,
    /// Within its file system, as in [`KERNEL_FILES`].
    pub name: String,
    pub mount: i32,
    /// What is there; `null`: another mount lies on top of it.
    pub file: Option<File>,
}

impl KernelFile {
    /// Why it matters; `None` where this version does not know it.
    pub fn role(&self) -> Option<Role> {
        let control = KERNEL_FILES.iter().find(|it| it.path == self.name)?;
        Some(control.role)
    }
}

/// Which device node, and what is known of the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct DeviceNode {
    pub path: String,
    pub mount: Option<i32>,
    pub file: File,
    /// The driver that has the major number (/proc/devices).
    pub driver: Option<String>,
}

/// What the device cgroup allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct DeviceRules {
    /// `devices.list` of its cgroup (v1), and where it was read; `null`: there is no such
    /// hierarchy.
    pub list: Option<Vec<String>>,
    pub source: Option<String>,
    /// Number of BPF programs that decide (v2); `null`: it could not be asked.
    pub programs: Option<u32>,
}

/// The socket file of somebody who listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct SocketFile {
    /// As the process names it.
    pub path: String,
    pub mount: i32,
    pub file: File,
    /// The directories between the mount point and the file.
    pub above: Vec<File>,
    pub listener: Listener,
}

/// Somebody who listens on a unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Listener {
    /// The name that it was bound to: a path, or `@` and an abstract name.
    pub name: String,
    /// Inode of the socket itself.
    pub socket: u64,
    /// A process that has it open.
    pub pid: Option<Pid>,
    /// The program of that.
    pub program: Option<String>,
}

/// A mount that the kernel lists and that no path leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct HiddenMount {
    pub id: i32,
    /// `major:minor`, as in a mount table.
    pub device: String,
    pub root: Option<String>,
}

/// Something that a thread holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Handle {
    pub tid: Pid,
    /// `cwd`, `root`, `exe` or `fd/N`.
    pub name: String,
    /// What the link says; of a directory outside it may say the same as of one inside.
    pub target: String,
    pub mount: Option<i32>,
    pub file: Option<File>,
    /// Flags of open(2), where it is a descriptor.
    pub flags: Option<u32>,
    /// What it is, where it is no file.
    pub what: Option<Anchor>,
}

/// What a descriptor can be open on beside files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    Namespace {
        kind: String,
        inode: u64,
    },
    /// `pid`: as the reader numbers it.
    Process {
        pid: Pid,
    },
    /// Connected to the socket of a listener.
    Peer {
        listener: Listener,
    },
}

impl Anchor {
    /// The namespace that it is, if it is one.
    pub fn namespace(&self) -> Option<NsKey> {
        match self {
            Anchor::Namespace { kind, inode } => {
                let kind: NsKind = kind.parse().ok()?;
                let inode = *inode;
                Some(NsKey { kind, inode })
            }
            _ => None,
        }
    }
}

/// A file by which the kernel is controlled, or that tells what nobody else should know.
pub struct Control {
    /// `proc` or `sysfs`.
    pub fstype: &'static str,
    pub path: &'static str,
    pub role: Role,
}

/// Why a file of the kernel matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The kernel runs what is written there, as root in the initial namespaces.
    Runs,
    /// It stops the machine.
    Stops,
    /// Container runtimes hide it (defaultMaskedPaths of the OCI runtimes).
    Masked,
}

/// The files of [`Role`], in the order of their paths.
pub const KERNEL_FILES: [Control; 17] = [
    control("proc", "/acpi", Role::Masked),
    control("proc", "/asound", Role::Masked),
    control("proc", "/kcore", Role::Masked),
    control("proc", "/keys", Role::Masked),
    control("proc", "/latency_stats", Role::Masked),
    control("proc", "/sched_debug", Role::Masked),
    control("proc", "/scsi", Role::Masked),
    control("proc", "/sys/kernel/core_pattern", Role::Runs),
    control("proc", "/sys/kernel/hotplug", Role::Runs),
    control("proc", "/sys/kernel/modprobe", Role::Runs),
    control("proc", "/sys/kernel/poweroff_cmd", Role::Runs),
    control("proc", "/sysrq-trigger", Role::Stops),
    control("proc", "/timer_list", Role::Masked),
    control("proc", "/timer_stats", Role::Masked),
    control("sysfs", "/devices/virtual/powercap", Role::Masked),
    control("sysfs", "/firmware", Role::Masked),
    control("sysfs", "/kernel/uevent_helper", Role::Runs),
];

const fn control(fstype: &'static str, path: &'static str, role: Role) -> Control {
    Control { fstype, path, role }
}
