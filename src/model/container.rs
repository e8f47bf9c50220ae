//! Which container a process belongs to, as its cgroup path says.

/// A container, as far as a cgroup path names it. The path can be written by whoever owns the
/// cgroup: this is what the process is *called*, never a proof of where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Container {
    /// `docker`, `podman`, `containerd`, `cri-o`, `lxc`, `systemd-nspawn` …
    pub runtime: &'static str,
    /// The runtime's id, or the name where the runtime knows no ids.
    pub id: String,
    /// The name that a person gave it.
    pub name: Option<String>,
}

impl Container {
    /// The id as engines print it: the first 12 of 64 hexadecimal digits, anything else whole.
    pub fn short_id(&self) -> &str {
        let is_hash = self.id.len() == 64 && self.id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { &self.id[..12] } else { &self.id }
    }
}
