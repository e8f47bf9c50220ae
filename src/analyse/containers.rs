//! Which container a process belongs to, by the path of its cgroup.

use crate::model::process::CgroupEntry;
use crate::model::{Container, Process};

/// The container that a process's cgroup path names. Whoever owns a cgroup can choose its name, so
/// this says what the process is called, not where it is.
pub fn container_of(process: &Process) -> Option<Container> {
    of_entries(process.cgroups.known()?)
}

fn of_entries(entries: &[CgroupEntry]) -> Option<Container> {
    let mut entries: Vec<_> = entries.iter().collect();
    // The unified hierarchy is what runtimes prefer, then systemd's, then any controller's.
    entries.sort_by_key(|entry| match entry.controllers.as_str() {
        "" => 0,
        "name=systemd" => 1,
        _ => 2,
    });
    entries.iter().find_map(|entry| of_path(&entry.path))
}

/// The innermost container that a path names; none for the cgroup of a container's monitor.
fn of_path(path: &str) -> Option<Container> {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    (0..segments.len()).rev().find_map(|index| {
        let parent = index.checked_sub(1).map(|above| segments[above]);
        of_segment(segments[index], parent, &segments[..index])
    })
}

fn of_segment(segment: &str, parent: Option<&str>, above: &[&str]) -> Option<Container> {
    let name = segment.strip_suffix(".scope").unwrap_or(segment);
    let in_kubernetes = above.iter().any(|segment| segment.starts_with("kubepods"));
    for (prefix, runtime) in [
        ("docker-", "docker"),
        ("cri-containerd-", "containerd"),
        ("nerdctl-", "containerd"),
        ("crio-", "cri-o"),
        ("libpod-", "podman"),
    ] {
        if let Some(id) = name.strip_prefix(prefix).filter(|id| is_id(id)) {
            return Some(by_id(runtime, id));
        }
    }
    if let Some(id) = name.rsplit_once(":cri-containerd:").map(|(_, id)| id)
        && is_id(id)
    {
        return Some(by_id("containerd", id));
    }
    if let Some(name) = segment.strip_prefix("lxc.payload.") {
        return Some(by_name("lxc", name));
    }
    if let Some(name) = nspawn_machine(segment) {
        return Some(by_name("systemd-nspawn", &name));
    }
    match parent {
        Some("docker") if is_id(name) => Some(by_id("docker", name)),
        Some("lxc" | "lxc.payload") => Some(by_name("lxc", segment)),
        // containerd's own client, whose ids are free text, in the namespace of Kubernetes.
        Some("k8s.io") => Some(by_id("containerd", segment)),
        // The kubelet's cgroupfs driver does not say which runtime serves it.
        Some(_) if in_kubernetes && is_id(name) => Some(by_id("kubernetes", name)),
        // docker --cgroup-parent, and whoever else names its cgroups by such ids.
        Some(_) if is_id(name) => Some(by_id("oci", name)),
        _ => None,
    }
}

/// `machine-NAME.scope` below machine.slice, or the unit of systemd-nspawn@.service.
fn nspawn_machine(segment: &str) -> Option<String> {
    let scope = segment
        .strip_prefix("machine-")
        .and_then(|rest| rest.strip_suffix(".scope"));
    let service = segment
        .strip_prefix("systemd-nspawn@")
        .and_then(|rest| rest.strip_suffix(".service"));
    Some(scope.or(service)?.replace("\\x2d", "-"))
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn by_id(runtime: &'static str, id: &str) -> Container {
    Container {
        runtime,
        id: id.to_owned(),
        name: None,
    }
}

fn by_name(runtime: &'static str, name: &str) -> Container {
    Container {
        runtime,
        id: name.to_owned(),
        name: Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";

    fn named(path: &str) -> Option<(&'static str, String)> {
        let path = path.replace("ID", ID);
        of_path(&path).map(|container| (container.runtime, container.short_id().to_owned()))
    }

    #[test]
    fn the_paths_of_all_known_runtimes_are_understood() {
        let by_hash = |runtime| Some((runtime, "4f4dddfccada".to_owned()));
        for (path, expected) in [
            ("/docker/ID", by_hash("docker")),
            ("/system.slice/docker-ID.scope", by_hash("docker")),
            ("/kubepods/besteffort/pod7c/ID", by_hash("kubernetes")),
            ("/kubepods/burstable/pod7c/crio-ID", by_hash("cri-o")),
            (
                "/kubepods.slice/kubepods-pod7c.slice/cri-containerd-ID.scope",
                by_hash("containerd"),
            ),
            ("/system.slice:cri-containerd:ID", by_hash("containerd")),
            ("/kubepods/x:cri-containerd:ID", by_hash("containerd")),
            ("/libpod_parent/libpod-ID", by_hash("podman")),
            (
                "/machine.slice/libpod-ID.scope/container",
                by_hash("podman"),
            ),
            ("/machine.slice/libpod-conmon-ID.scope", None),
            ("/k8s.io/ctest", Some(("containerd", "ctest".to_owned()))),
            ("/lxc.payload.web", Some(("lxc", "web".to_owned()))),
            ("/lxc.monitor.web", None),
            (
                "/machine.slice/machine-a\\x2db.scope/payload",
                Some(("systemd-nspawn", "a-b".to_owned())),
            ),
            ("/mine/ID", by_hash("oci")),
            ("/user.slice/user-0.slice/session-1.scope", None),
            ("/", None),
        ] {
            assert_eq!(named(path), expected, "{path}");
        }
    }

    #[test]
    fn of_nested_containers_the_innermost_counts() {
        let inner = format!("/docker/{ID}/docker/{}", ID.replace('4', "5"));
        assert_eq!(named(&inner), Some(("docker", "5f5dddfccada".to_owned())));
    }

    #[test]
    fn the_unified_hierarchy_is_believed_before_the_others() {
        let entry = |hierarchy, controllers: &str, path: &str| CgroupEntry {
            hierarchy,
            controllers: controllers.to_owned(),
            path: path.to_owned(),
        };
        let entries = [
            entry(4, "pids", "/lxc.payload.three"),
            entry(1, "name=systemd", "/lxc.payload.two"),
            entry(0, "", "/lxc.payload.one"),
        ];
        assert_eq!(of_entries(&entries).unwrap().id, "one");
    }
}
