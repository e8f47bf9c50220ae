//! What was done in there does not show outside. It is claimed only of what is launched: nobody else is
//! in its namespaces yet, and the launch does it.

use std::fmt;

use crate::model::{NsKind, Process};
use crate::verify::claim::Claim;
use crate::verify::reading::{Context, Reading};

pub const ABOUT: &str = "What is done in what `run --verify` launches does not show outside";

/// What is done in namespaces that nobody else is in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Setting the host name.
    Hostname,
    /// Mounting a file system.
    Mount,
    /// Killing the init of a pid namespace like it.
    Init,
}

impl fmt::Display for Stays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stays::Hostname => "its host name stays inside",
            Stays::Mount => "its mounts stay inside",
            Stays::Init => "all ends with its PID 1",
        })
    }
}

impl Claim for Stays {
    fn kind(&self) -> Option<NsKind> {
        Some(match self {
            Stays::Hostname => NsKind::Uts,
            Stays::Mount => NsKind::Mnt,
            Stays::Init => NsKind::Pid,
        })
    }

    fn explain(&self) -> String {
        "does it, and looks outside".to_owned()
    }

    fn read(&self, _: &Context<'_>, _: &Process) -> Reading {
        Reading::untold("what shows outside")
    }
}
