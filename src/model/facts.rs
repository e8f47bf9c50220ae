//! What is inside a namespace and can be told without being a member.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::Pid;
use super::seen::{Seen, Why};

/// What is inside one namespace; only the part for its own kind is ever looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub uts: Seen<UtsNames>,
    /// Interfaces of a network namespace, in the kernel's order.
    pub interfaces: Seen<Vec<Interface>>,
    /// Sockets of a network namespace that wait for somebody.
    pub listening: Seen<Vec<Listening>>,
    pub sysv: Seen<SysvCounts>,
    /// Number of POSIX message queues in an ipc namespace.
    pub mqueues: Seen<u64>,
    /// The init of a pid namespace, as a PID here.
    pub init: Seen<Pid>,
    /// Number of processes that a member of a pid namespace can see: its own and those of the pid
    /// namespaces below it.
    pub processes: Seen<u64>,
}

impl Default for Facts {
    fn default() -> Facts {
        Facts {
            uts: Seen::Unknown(Why::Skipped),
            interfaces: Seen::Unknown(Why::Skipped),
            listening: Seen::Unknown(Why::Skipped),
            sysv: Seen::Unknown(Why::Skipped),
            mqueues: Seen::Unknown(Why::Skipped),
            init: Seen::Unknown(Why::Skipped),
            processes: Seen::Unknown(Why::Skipped),
        }
    }
}

/// The two names of a uts namespace (uname(2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtsNames {
    pub hostname: String,
    pub domainname: String,
}

/// One network interface (netdevice(7)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Interface {
    pub name: String,
    /// IFF_UP; `None` where only the name could be read.
    pub up: Option<bool>,
    /// IPv4 and IPv6 addresses, in their usual notation.
    pub addresses: Vec<String>,
}

/// One socket that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Listening {
    /// `tcp`, `tcp6`, `udp`, `udp6`, or `unix` for a name in the abstract namespace.
    pub protocol: String,
    /// Address and port, or the abstract name with its leading `@`.
    pub address: String,
}

/// Numbers of System V objects in an ipc namespace (sysvipc(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SysvCounts {
    pub shared_memory: u64,
    pub semaphores: u64,
    pub queues: u64,
}
