//! What holds for the whole machine and decides what its processes may do: settings of the kernel,
//! and who owns which ids.

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::seen::{Seen, Why};

/// Files below `/proc/sys` that an audit looks at.
pub const SYSCTLS: [&str; 14] = [
    "fs/suid_dumpable",
    "kernel/apparmor_restrict_unprivileged_userns",
    "kernel/core_pattern",
    "kernel/dmesg_restrict",
    "kernel/kexec_load_disabled",
    "kernel/kptr_restrict",
    "kernel/modprobe",
    "kernel/modules_disabled",
    "kernel/perf_event_paranoid",
    "kernel/poweroff_cmd",
    "kernel/unprivileged_bpf_disabled",
    "kernel/unprivileged_userns_clone",
    "kernel/yama/ptrace_scope",
    "user/max_user_namespaces",
];

/// The state of the machine, as the reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// By the names of [`SYSCTLS`]; unsupported where this kernel has no such file.
    pub sysctls: BTreeMap<&'static str, Seen<String>>,
    /// `/sys/kernel/security/lockdown`, the word in brackets; unsupported without that module.
    pub lockdown: Seen<String>,
    /// Uids with a name in `/etc/passwd`.
    pub accounts: Seen<Vec<Account>>,
}

impl Settings {
    /// Nothing was looked at, for one reason.
    pub fn unknown(why: &Why) -> Settings {
        Settings {
            sysctls: SYSCTLS
                .map(|name| (name, Seen::Unknown(why.clone())))
                .into(),
            lockdown: Seen::Unknown(why.clone()),
            accounts: Seen::Unknown(why.clone()),
        }
    }

    /// One of [`SYSCTLS`].
    pub fn sysctl(&self, name: &str) -> Seen<&str> {
        match self.sysctls.get(name) {
            Some(Seen::Known(value)) => Seen::Known(value),
            Some(Seen::Unknown(why)) => Seen::Unknown(why.clone()),
            None => Seen::Unknown(Why::Skipped),
        }
    }
}

/// Somebody who can own files and log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Account {
    pub name: String,
    pub uid: u32,
}
