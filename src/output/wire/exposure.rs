//! What is within reach of processes, as snapshots keep it.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use crate::model::exposure::{
    DeviceNode, DeviceRules, Exposure, Handle, HiddenMount, KernelFile, Listener, MountPoint, Part,
    ProcInstance, SocketFile,
};
use crate::model::{Pid, Seen, Why};

/// All that was looked at of one process. A list that is named in `unknown` may hold less than
/// there is.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ExposureRecord {
    pub pid: Pid,
    /// What stands at each of its mount points
    pub mount_points: Vec<MountPoint>,
    /// The procfs instances that are mounted for it
    pub procfs: Vec<ProcInstance>,
    /// Files of procfs and sysfs that control the machine or tell its secrets
    pub kernel_files: Vec<KernelFile>,
    /// Device nodes below its /dev, and those that are mounted by themselves
    pub devices: Vec<DeviceNode>,
    /// Which devices its cgroup lets it open
    pub device_rules: Option<DeviceRules>,
    /// Socket files on which somebody listens, and to which a mount leads
    pub sockets: Vec<SocketFile>,
    /// Mounts of its mount namespace that no path of it leads to
    pub hidden_mounts: Option<Vec<HiddenMount>>,
    /// What its threads hold that no path of it leads to
    pub handles: Vec<Handle>,
    pub unknown: Unknown,
}

/// Who listens on the abstract unix sockets of a network namespace.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct ListenersRecord {
    /// Inode of the network namespace
    pub net_ns: u64,
    /// Named in `unknown`, it may hold less than there is
    pub listeners: Vec<Listener>,
    pub unknown: Unknown,
}

impl Unknown {
    fn part<T>(&mut self, field: &str, part: Part<T>) -> Vec<T> {
        if let Some(why) = part.gap {
            self.note::<()>(field, Seen::Unknown(why));
        }
        part.found
    }

    fn seen_part<T>(&self, field: &str, found: Vec<T>) -> Part<T> {
        let gap: Option<Why> = self.why(field);
        Part { found, gap }
    }
}

impl ExposureRecord {
    pub fn new(pid: Pid, exposure: &Exposure) -> ExposureRecord {
        let it = exposure.clone();
        let mut unknown = Unknown::default();
        ExposureRecord {
            pid,
            mount_points: unknown.part("mount_points", it.mount_points),
            procfs: unknown.part("procfs", it.procfs),
            kernel_files: unknown.part("kernel_files", it.kernel_files),
            devices: unknown.part("devices", it.devices),
            device_rules: unknown.note("device_rules", it.device_rules),
            sockets: unknown.part("sockets", it.sockets),
            hidden_mounts: unknown.note("hidden_mounts", it.hidden_mounts),
            handles: unknown.part("handles", it.handles),
            unknown,
        }
    }

    /// What a saved snapshot holds.
    pub fn into_model(self) -> (Pid, Exposure) {
        let unknown = self.unknown;
        let exposure = Exposure {
            mount_points: unknown.seen_part("mount_points", self.mount_points),
            procfs: unknown.seen_part("procfs", self.procfs),
            kernel_files: unknown.seen_part("kernel_files", self.kernel_files),
            devices: unknown.seen_part("devices", self.devices),
            device_rules: unknown.seen("device_rules", self.device_rules),
            sockets: unknown.seen_part("sockets", self.sockets),
            hidden_mounts: unknown.seen("hidden_mounts", self.hidden_mounts),
            handles: unknown.seen_part("handles", self.handles),
        };
        (self.pid, exposure)
    }
}

impl ListenersRecord {
    pub fn new(net_ns: u64, listeners: &Part<Listener>) -> ListenersRecord {
        let mut unknown = Unknown::default();
        ListenersRecord {
            net_ns,
            listeners: unknown.part("listeners", listeners.clone()),
            unknown,
        }
    }

    /// What a saved snapshot holds.
    pub fn into_model(self) -> (u64, Part<Listener>) {
        let listeners = self.unknown.seen_part("listeners", self.listeners);
        (self.net_ns, listeners)
    }
}
