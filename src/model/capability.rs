//! Sets of capabilities, by the kernel's names (capabilities(7)).

/// Names in the order of their numbers (include/uapi/linux/capability.h).
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// One set of capabilities, as the bits of a `Cap…:` line in `/proc/PID/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    pub const CHOWN: u32 = 0;
    pub const DAC_OVERRIDE: u32 = 1;
    pub const DAC_READ_SEARCH: u32 = 2;
    pub const FOWNER: u32 = 3;
    pub const KILL: u32 = 5;
    pub const SETGID: u32 = 6;
    pub const SETUID: u32 = 7;
    pub const NET_ADMIN: u32 = 12;
    pub const NET_RAW: u32 = 13;
    pub const LINUX_IMMUTABLE: u32 = 9;
    pub const IPC_OWNER: u32 = 15;
    pub const SYS_MODULE: u32 = 16;
    pub const SYS_RAWIO: u32 = 17;
    pub const SYS_CHROOT: u32 = 18;
    pub const SYS_PTRACE: u32 = 19;
    pub const SYS_ADMIN: u32 = 21;
    pub const SYS_BOOT: u32 = 22;
    pub const SYS_RESOURCE: u32 = 24;
    pub const SYS_TIME: u32 = 25;
    pub const MKNOD: u32 = 27;
    pub const AUDIT_CONTROL: u32 = 30;
    pub const MAC_OVERRIDE: u32 = 32;
    pub const MAC_ADMIN: u32 = 33;
    pub const SYSLOG: u32 = 34;
    pub const AUDIT_READ: u32 = 37;
    pub const PERFMON: u32 = 38;
    pub const BPF: u32 = 39;
    pub const CHECKPOINT_RESTORE: u32 = 40;

    /// The kernel's name of one capability, `CAP_CHOWN`.
    pub fn name_of(number: u32) -> String {
        match NAMES.get(number as usize) {
            Some(name) => format!("CAP_{}", name.to_uppercase()),
            None => format!("CAP_{number}"),
        }
    }

    /// The number of a capability by its name, in any spelling that people use: `CAP_SYS_ADMIN`,
    /// `sys_admin`, or its number.
    pub fn number_of(name: &str) -> Result<u32, String> {
        let name = name.to_uppercase();
        let set = CapabilitySet::from_names([name.as_str()])?;
        Ok(set.0.trailing_zeros())
    }

    pub fn contains(self, number: u32) -> bool {
        self.0 >> number & 1 == 1
    }

    /// All that have a name.
    pub const ALL: CapabilitySet = CapabilitySet((1 << NAMES.len()) - 1);

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kernel's names with their prefix, `CAP_CHOWN`; `CAP_63` for one that has no name yet.
    pub fn names(self) -> Vec<String> {
        self.short_names()
            .map(|name| format!("CAP_{}", name.to_uppercase()))
            .collect()
    }

    /// The names without prefix and in small letters, as people write them.
    pub fn short_names(self) -> impl Iterator<Item = String> {
        (0..64)
            .filter(move |number| self.contains(*number))
            .map(|number| match NAMES.get(number as usize) {
                Some(name) => (*name).to_owned(),
                None => number.to_string(),
            })
    }

    /// How many they are, and which.
    pub fn in_words(self) -> String {
        match self.len() {
            0 => "none".to_owned(),
            count if self == CapabilitySet::ALL => format!("all {count}"),
            count => format!("{count}: {}", self.names_in_words()),
        }
    }

    /// Their names, or of those that are not in the set, if that is shorter.
    pub fn names_in_words(self) -> String {
        let missing = CapabilitySet(CapabilitySet::ALL.0 & !self.0);
        let names = |set: CapabilitySet| set.short_names().collect::<Vec<_>>().join(" ");
        match missing.len() {
            0 => "all of them".to_owned(),
            few if few < self.len() => format!("all but {}", names(missing)),
            _ => names(self),
        }
    }

    /// The set with these names ([`CapabilitySet::names`]); names that are unknown are an error.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        names.into_iter().try_fold(CapabilitySet(0), |set, name| {
            let short = name.strip_prefix("CAP_").unwrap_or(name).to_lowercase();
            let number = NAMES
                .iter()
                .position(|known| *known == short)
                .or_else(|| short.parse().ok().filter(|number| *number < 64))
                .ok_or_else(|| format!("{name:?} is not a capability"))?;
            Ok(CapabilitySet(set.0 | 1 << number))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dockers_default_set_has_its_fourteen_names() {
        let names: Vec<_> = CapabilitySet(0xa804_25fb).short_names().collect();
        assert_eq!(
            names.join(" "),
            "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw \
             sys_chroot mknod audit_write setfcap"
        );
    }

    proptest! {
        #[test]
        fn names_lead_back_to_the_set(bits: u64) {
            let names = CapabilitySet(bits).names();
            let back = CapabilitySet::from_names(names.iter().map(String::as_str));
            prop_assert_eq!(back, Ok(CapabilitySet(bits)));
        }
    }
}
