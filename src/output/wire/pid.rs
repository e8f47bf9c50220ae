//! `nsinspect.pid/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::Unknown;
use super::process::PidRecord;
use crate::model::Pid;

/// A number in several pid namespaces.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Translation {
    /// The number that was asked about
    pub pid: Pid,
    /// Taken as a number here: what that process is called in each pid namespace, from here inwards;
    /// `null` where no process has that number here
    pub pids: Option<Vec<PidRecord>>,
    /// Inode of the pid namespace that `--in` named
    pub within: Option<u64>,
    /// Taken as a number here: its number in that namespace
    pub to_inside: Option<Pid>,
    /// Taken as a number in that namespace: its number here
    pub to_here: Option<Pid>,
    pub unknown: Unknown,
}
