//! One line of a mountinfo file (proc_pid_mountinfo(5)).

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mount, as one process sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Mount {
    pub id: i32,
    pub parent: i32,
    /// `major:minor` of the file system's device: equal for two mounts of one file system.
    pub device: String,
    /// The directory of that file system which is mounted; `net:[…]` for an nsfs mount.
    pub root: String,
    /// Where it is mounted, below the process's root directory.
    pub mount_point: String,
    pub fstype: String,
    /// Device, path or label, as the file system calls its source.
    pub source: String,
    pub read_only: bool,
    /// Options of this mount, as `rw,nosuid,nodev`.
    #[serde(default)]
    pub options: String,
    /// Options of the file system behind it, as `rw,lowerdir=…,upperdir=…`.
    #[serde(default)]
    pub super_options: String,
    /// Peer group in which mount events travel both ways (mount_namespaces(7)).
    pub shared: Option<u32>,
    /// Peer group from which mount events are received.
    pub master: Option<u32>,
    pub unbindable: bool,
}

impl Mount {
    /// Whether this mount has an option without a value, such as `nosuid`.
    pub fn has_option(&self, name: &str) -> bool {
        self.options.split(',').any(|option| option == name)
    }
}

/// The rest of a path below a directory, without leading slash; empty for the directory itself.
pub fn below<'a>(directory: &str, path: &'a str) -> Option<&'a str> {
    match path.strip_prefix(directory.trim_end_matches('/'))? {
        "" | "/" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

/// A path below a directory.
pub fn join(directory: &str, rest: &str) -> String {
    match (directory.trim_end_matches('/'), rest) {
        ("", "") => "/".to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, rest) => format!("{directory}/{rest}"),
    }
}

/// Where a hierarchy of cgroups is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// As in `/proc/PID/cgroup`, in any order: controllers, or `name=…`; empty for cgroup v2.
    pub controllers: Vec<String>,
    /// The cgroup that is the root of the mount.
    pub root: String,
    pub mount_point: String,
}

impl Hierarchy {
    /// Whether an entry of `/proc/PID/cgroup` is of this hierarchy.
    pub fn is_of(&self, entry: &super::process::CgroupEntry) -> bool {
        let names = entry.controllers.split(',').filter(|it| !it.is_empty());
        let names: Vec<&str> = names.collect();
        self.controllers.len() == names.len()
            && names
                .iter()
                .all(|name| self.controllers.iter().any(|it| it == name))
    }

    /// The path of a cgroup below that which the mount shows as its root.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below = path.strip_prefix(self.root.trim_end_matches('/'))?;
        (below.is_empty() || below.starts_with('/')).then_some(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgroup_lies_below_a_mount_by_whole_names() {
        let below = |path: &'static str, root: &str| {
            let hierarchy = Hierarchy {
                controllers: Vec::new(),
                root: root.to_owned(),
                mount_point: "/sys/fs/cgroup".to_owned(),
            };
            hierarchy.below(path)
        };
        assert_eq!(below("/a/b", "/"), Some("/a/b"));
        assert_eq!(below("/a/b", "/a"), Some("/b"));
        assert_eq!(below("/a", "/a"), Some(""));
        assert_eq!(below("/ab/c", "/a"), None);
    }

    #[test]
    fn a_path_is_below_a_directory_only_at_a_whole_name() {
        assert_eq!(below("/", "/sys/kernel"), Some("sys/kernel"));
        assert_eq!(below("/sys", "/sys/kernel"), Some("kernel"));
        assert_eq!(below("/sys", "/sys"), Some(""));
        assert_eq!(below("/", "/"), Some(""));
        assert_eq!(below("/sy", "/sys"), None);
        assert_eq!(below("/sys/kernel", "/sys"), None);
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join("/", ""), "/");
        assert_eq!(join("/x", "a/b"), "/x/a/b");
    }
}
