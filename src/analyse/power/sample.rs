//! Credentials for tests.

use super::Credentials;
use crate::model::process::{Capabilities, IdRange, Ids};
use crate::model::{CapabilitySet, Links, Pid, Process, Seen, Why};

pub const ALL: u64 = 0x1ff_ffff_ffff;

/// A task with these ids and effective capabilities, read by somebody in the initial user
/// namespace; its map is the identity.
pub fn who(user_ns: u64, uid: u32, effective: u64) -> Credentials {
    let all = |id| Ids {
        real: id,
        effective: id,
        saved: id,
        fs: id,
    };
    let set = CapabilitySet(effective);
    let identity = vec![IdRange {
        inside: 0,
        outside: 0,
        count: u32::MAX,
    }];
    let task: Pid = 42;
    Credentials {
        task,
        user_ns: Seen::Known(user_ns),
        uids: all(uid),
        gids: all(uid),
        groups: Vec::new(),
        capabilities: Capabilities {
            effective: set,
            permitted: set,
            inheritable: CapabilitySet(0),
            bounding: CapabilitySet(ALL),
            ambient: CapabilitySet(0),
        },
        no_new_privs: Some(false),
        seccomp: None,
        uid_map: Seen::Known(identity.clone()),
        gid_map: Seen::Known(identity),
        ids_are_exact: true,
    }
}

/// A process of which nothing but its number is known.
pub fn process(pid: Pid) -> Process {
    Process {
        pid,
        nthreads: 1,
        links: Links::unknown(&Why::Skipped),
        uid: Seen::Unknown(Why::Skipped),
        more: None,
    }
}
