//! The findings that there are: stable ids, titles, what to do, and who else speaks of them.
//!
//! Ids are never reused and never change their meaning.

/// Descriptors, and what else a process holds.
mod handles;
/// Mounts, devices, control files, and what they lead to.
mod mounts;

pub use handles::*;
pub use mounts::*;

/// One kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `NSA-` and three digits.
    pub id: &'static str,
    pub title: &'static str,
    /// What to do about it with any runtime.
    pub remedy: &'static str,
    /// What to do with one runtime, by the start of its name.
    pub remedies: &'static [(&'static str, &'static str)],
    /// Identifiers of MITRE ATT&CK, CWE and CVE, and names in other catalogues.
    pub references: &'static [&'static str],
}

impl Rule {
    /// What to do about it where this runtime, or none that is known, has made the container.
    pub fn remedy_for(&self, runtime: Option<&str>) -> &'static str {
        let own = runtime.and_then(|runtime| {
            let of_runtime = self.remedies.iter().find(|(name, _)| *name == runtime);
            of_runtime.map(|(_, remedy)| *remedy)
        });
        own.unwrap_or(self.remedy)
    }
}

/// All that follow from being able to leave the container are this technique.
pub(super) const ESCAPE: &str = "ATT&CK T1611";

pub static USERNS_INITIAL: Rule = Rule {
    id: "NSA-001",
    title: "no user namespace of its own",
    remedy: "give it a user namespace whose root is an ordinary user outside",
    remedies: &[
        ("docker", "\"userns-remap\": \"default\" in daemon.json"),
        ("podman", "--userns=auto"),
        ("kubernetes", "hostUsers: false in the pod"),
        ("containerd", "hostUsers: false in the pod"),
        ("cri-o", "hostUsers: false in the pod"),
        ("systemd-nspawn", "-U"),
        ("lxc", "lxc.idmap, as for an unprivileged container"),
        ("systemd", "PrivateUsers=yes"),
    ],
    references: &[ESCAPE, "CIS Docker 2.9"],
};

/// Every rule, in the order of their ids.
pub static ALL: [&Rule; 19] = [
    &USERNS_INITIAL,
    &PROCFS_OF_FOREIGN_PIDNS,
    &ABSTRACT_SOCKET,
    &HIDDEN_MOUNTS,
    &CONTROL_SOCKET,
    &HOST_BIND_WRITABLE,
    &HOST_ROOT_VISIBLE,
    &PROPAGATION,
    &HOST_DEVICE,
    &KERNEL_CONTROL,
    &MASKS,
    &RELEASE_AGENT,
    &CGROUPFS,
    &FUSE,
    &SETUID_ON_HOST,
    &FOREIGN_HANDLE,
    &NAMESPACE_HELD,
    &FOREIGN_EXE,
    &DEVICE_OR_SOCKET_HELD,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_no_two_are_the_same() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
