//! What the path of a cgroup says of containers. Whoever owns a cgroup can choose its name: this
//! is what a process is *called*, never a proof of where it is.

use super::{Container, is_hash};
use crate::model::Author;
use crate::model::process::CgroupEntry;

/// The containers that a process's cgroup paths name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The path that they were read from, or the one that was believed to be the best.
    pub path: String,
    /// Outermost to innermost: containers nest, and so do their cgroups.
    pub containers: Vec<InPath>,
    /// The path begins above the root of the reader's cgroup namespace, so that names can be
    /// missing from it (cgroup_namespaces(7)).
    pub hidden: bool,
}

/// One container that a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPath {
    pub container: Container,
    /// So many parts of the path come before that which names it.
    depth: usize,
    /// The uid of its Kubernetes pod.
    pub pod_uid: Option<String>,
}

/// Reads the entries of a process.
pub fn named(entries: &[CgroupEntry]) -> Named {
    let mut entries: Vec<&CgroupEntry> = entries.iter().collect();
    // The unified hierarchy is what runtimes prefer, then systemd's, then any controller's.
    entries.sort_by_key(|entry| match entry.controllers.as_str() {
        "" => 0,
        "name=systemd" => 1,
        _ => 2,
    });
    let read = |entry: &&CgroupEntry| in_path(&entry.path);
    let mut all = entries.iter().map(read);
    let fallback = all.next().unwrap_or_default();
    if !fallback.containers.is_empty() {
        return fallback;
    }
    all.find(|named| !named.containers.is_empty())
        .unwrap_or(fallback)
}

/// The path as far as the part that names a container.
pub fn up_to<'a>(path: &'a str, container: &InPath) -> &'a str {
    let mut ends = path.match_indices('/').map(|(at, _)| at);
    let end = ends.nth(container.depth + 1);
    end.map_or(path, |end| &path[..end])
}

/// Who makes cgroups below such a path, where that can only be told by the path: systemd delegates
/// `user@UID.service` to the user (user@.service(5)).
pub fn delegated_to(path: &str) -> Author {
    let mut parts = path.split('/');
    let uid = parts.find_map(|part| {
        let uid = part.strip_prefix("user@")?.strip_suffix(".service")?;
        uid.parse().ok()
    });
    uid.map_or(Author::Unknown, Author::of)
}

/// Reads one path.
pub fn in_path(path: &str) -> Named {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut above = Above::default();
    let mut containers = Vec::new();
    for (depth, segment) in segments.clone().enumerate() {
        containers.extend(of_segment(&above, segment).map(|container| InPath {
            container,
            depth,
            pod_uid: above.pod_uid.clone(),
        }));
        above.add(segment);
    }
    Named {
        path: path.to_owned(),
        containers,
        hidden: segments.clone().next() == Some(".."),
    }
}

/// What is known of the segments above one, kept while going down: a container can nest thousands.
#[derive(Default)]
struct Above<'a> {
    parent: Option<&'a str>,
    in_kubernetes: bool,
    pod_uid: Option<String>,
}

impl<'a> Above<'a> {
    fn add(&mut self, segment: &'a str) {
        self.parent = Some(segment);
        self.in_kubernetes |= segment.starts_with("kubepods");
        self.pod_uid = pod_uid(segment).or(self.pod_uid.take());
    }
}

/// Prefixes of systemd scopes, which some put before their cgroups without systemd too.
const PREFIXES: [(&str, &str); 5] = [
    ("docker-", "docker"),
    ("cri-containerd-", "containerd"),
    ("nerdctl-", "containerd"),
    ("crio-", "cri-o"),
    ("libpod-", "podman"),
];

fn of_segment(above: &Above<'_>, segment: &str) -> Option<Container> {
    let name = segment.strip_suffix(".scope").unwrap_or(segment);
    for (prefix, runtime) in PREFIXES {
        // `libpod-conmon-ID` and `crio-conmon-ID` are the monitors': what follows is no id.
        if let Some(id) = name.strip_prefix(prefix).filter(|id| is_hash(id)) {
            return Some(by_id(runtime, id));
        }
    }
    // A cgroup of containerd that was told of systemd's driver while it has its own.
    if let Some((_, id)) = name.rsplit_once(":cri-containerd:")
        && is_hash(id)
    {
        return Some(by_id("containerd", id));
    }
    if let Some(name) = segment.strip_prefix("lxc.payload.") {
        return Some(by_name("lxc", name));
    }
    if let Some(machine) = machine(segment).or_else(|| application(name)) {
        return Some(machine);
    }
    match above.parent {
        Some("docker") if is_hash(name) => Some(by_id("docker", name)),
        Some("lxc" | "lxc.payload") => Some(by_name("lxc", segment)),
        // containerd's own client, whose ids are free text, in the namespace of Kubernetes.
        Some("k8s.io") => Some(by_id("containerd", segment)),
        // podman without systemd before version 2.
        Some(above) if is_hash(name) && is_old_podman(above) => Some(by_id("podman", name)),
        // The kubelet's cgroupfs driver does not say which runtime serves it.
        Some(_) if above.in_kubernetes && is_hash(name) => Some(by_id("kubernetes", name)),
        // docker --cgroup-parent, and whoever else names its cgroups by such ids.
        Some(_) if is_hash(name) => Some(by_id("oci", name)),
        _ => None,
    }
}

/// `podman-PID.scope`.
fn is_old_podman(segment: &str) -> bool {
    segment
        .strip_prefix("podman-")
        .and_then(|rest| rest.strip_suffix(".scope"))
        .is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `machine-NAME.scope` of systemd-machined, or the unit of systemd-nspawn@.service.
fn machine(segment: &str) -> Option<Container> {
    if let Some(name) = segment
        .strip_prefix("systemd-nspawn@")
        .and_then(|rest| rest.strip_suffix(".service"))
    {
        return Some(by_name("systemd-nspawn", &unescape(name)));
    }
    let scope = segment.strip_prefix("machine-")?.strip_suffix(".scope")?;
    let name = unescape(scope);
    for (prefix, runtime) in [("lxc-", "libvirt-lxc"), ("qemu-", "libvirt-qemu")] {
        // machine-lxc\x2dNUMBER\x2dNAME.scope
        let numbered = name.strip_prefix(prefix).and_then(|it| it.split_once('-'));
        if let Some((number, name)) = numbered
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Some(by_name(runtime, name));
        }
    }
    Some(by_name("systemd-nspawn", &name))
}

/// Scopes of sandboxed applications: `app-flatpak-APP-NUMBER`, `snap.PACKAGE.APP.UUID`.
fn application(scope: &str) -> Option<Container> {
    if let Some(rest) = scope.strip_prefix("app-flatpak-") {
        let (app, number) = rest.rsplit_once('-')?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        return is_number.then(|| by_name("flatpak", &unescape(app)));
    }
    let mut parts = scope.strip_prefix("snap.")?.split('.');
    let (package, app) = (parts.next()?, parts.next()?);
    Some(by_name("snap", &format!("{package}.{app}")))
}

/// `podUID` of the cgroupfs driver, `kubepods-burstable-podUID.slice` of systemd's, where the
/// dashes of the uid are written `_`.
fn pod_uid(segment: &str) -> Option<String> {
    let slice = segment.strip_suffix(".slice");
    let uid = match slice {
        Some(slice) => slice
            .strip_prefix("kubepods-")?
            .rsplit_once("pod")
            .map(|(before, uid)| (before.is_empty() || before.ends_with('-')).then_some(uid))??,
        None => segment.strip_prefix("pod")?,
    };
    let uid = uid.replace('_', "-");
    let is_uid = uid.len() >= 32 && uid.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    is_uid.then_some(uid)
}

fn unescape(name: &str) -> String {
    name.replace("\\x2d", "-")
}

fn by_id(runtime: &str, id: &str) -> Container {
    Container {
        runtime: runtime.to_owned(),
        id: id.to_owned(),
        name: None,
    }
}

fn by_name(runtime: &str, name: &str) -> Container {
    Container {
        name: Some(name.to_owned()),
        ..by_id(runtime, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f4dddfccada0123456789abcdef0123456789abcdef0123456789abcdef0123";
    const UID: &str = "7c1f0e6a-1b2c-4d3e-8f90-a1b2c3d4e5f6";

    fn innermost(path: &str) -> Option<(String, String, Option<String>)> {
        let path = path
            .replace("ID", ID)
            .replace("POD", UID)
            .replace("POX", &UID.replace('-', "_"));
        let last = in_path(&path).containers.pop()?;
        let id = last.container.short_id().to_owned();
        Some((last.container.runtime, id, last.pod_uid))
    }

    #[test]
    fn the_paths_of_all_known_runtimes_are_understood() {
        for (path, runtime, pod) in [
            ("/docker/ID", "docker", false),
            ("/system.slice/docker-ID.scope", "docker", false),
            ("/docker/ID/init.scope", "docker", false),
            ("/mine/ID", "oci", false),
            ("/kubepods/besteffort/podPOD/ID", "kubernetes", true),
            ("/kubepods/podPOD/ID", "kubernetes", true),
            ("/kubepods/burstable/podPOD/crio-ID", "cri-o", true),
            (
                "/kubepods.slice/kubepods-podPOX.slice/cri-containerd-ID.scope",
                "containerd",
                true,
            ),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podPOX.slice/crio-ID.scope",
                "cri-o",
                true,
            ),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podPOX.slice/docker-ID.scope",
                "docker",
                true,
            ),
            ("/system.slice:cri-containerd:ID", "containerd", false),
            (
                "/kubepods-burstable-podPOX.slice:cri-containerd:ID",
                "containerd",
                false,
            ),
            ("/k8s.io/ID", "containerd", false),
            ("/system.slice/nerdctl-ID.scope", "containerd", false),
            ("/libpod_parent/libpod-ID", "podman", false),
            ("/machine.slice/libpod-ID.scope/container", "podman", false),
            (
                "/user.slice/user-7.slice/user@7.service/user.slice/libpod-ID.scope",
                "podman",
                false,
            ),
            (
                "/user.slice/user-7.slice/user@7.service/user.slice/podman-31.scope/ID",
                "podman",
                false,
            ),
            ("/libpod_pod_x/libpod-ID", "podman", false),
        ] {
            let expected = (
                runtime.to_owned(),
                ID[..12].to_owned(),
                pod.then(|| UID.to_owned()),
            );
            assert_eq!(innermost(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn the_paths_of_runtimes_that_know_names_are_understood() {
        for (path, runtime, name) in [
            ("/k8s.io/ctest", "containerd", "ctest"),
            ("/lxc.payload.web", "lxc", "web"),
            ("/lxc/web", "lxc", "web"),
            ("/lxc.payload/web", "lxc", "web"),
            ("/lxc.payload.project_web", "lxc", "project_web"),
            (
                "/machine.slice/machine-a\\x2db.scope/payload",
                "systemd-nspawn",
                "a-b",
            ),
            (
                "/machine.slice/systemd-nspawn@web.service/payload",
                "systemd-nspawn",
                "web",
            ),
            (
                "/machine.slice/machine-lxc\\x2d812\\x2dweb.scope/libvirt",
                "libvirt-lxc",
                "web",
            ),
            (
                "/machine.slice/machine-qemu\\x2d3\\x2dvm.scope",
                "libvirt-qemu",
                "vm",
            ),
            (
                "/user.slice/user-7.slice/user@7.service/app.slice/app-flatpak-org.gimp.GIMP-412.scope",
                "flatpak",
                "org.gimp.GIMP",
            ),
            (
                "/user.slice/user-7.slice/user@7.service/app.slice/snap.firefox.firefox.0c1d.scope",
                "snap",
                "firefox.firefox",
            ),
        ] {
            let expected = (runtime.to_owned(), name.to_owned(), None);
            assert_eq!(innermost(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn the_cgroups_of_monitors_and_of_the_host_name_no_container() {
        for path in [
            "/machine.slice/libpod-conmon-ID.scope",
            "/system.slice/crio-conmon-ID.scope",
            "/lxc.monitor.web",
            "/libpod_pod_x",
            "/user.slice/user-0.slice/session-1.scope",
            "/system.slice/systemd-logind.service",
            "/payload",
            // Tools that look for a word in the path take these for containers.
            "/user.slice/docker-build.scope",
            "/system.slice/docker.service",
            "/system.slice/containerd.service/kubepods-tools",
            "/lxc-tools/garden",
            "/kubepods/burstable",
            "/..",
            "/",
        ] {
            assert_eq!(innermost(path), None, "{path}");
        }
    }

    #[test]
    fn nested_containers_are_told_from_the_outermost_to_the_innermost() {
        let inner = ID.replace('4', "5");
        let named = in_path(&format!("/lxc.payload.node/docker/{ID}/docker/{inner}"));
        let ids: Vec<&str> = named
            .containers
            .iter()
            .map(|it| it.container.id.as_str())
            .collect();
        assert_eq!(ids, ["node", ID, &inner]);
    }

    #[test]
    fn a_path_that_begins_above_what_the_reader_may_see_is_said_to_hide_something() {
        let named = in_path(&format!("/../{ID}"));
        assert!(named.hidden);
        assert_eq!(named.containers[0].container.runtime, "oci");
        assert!(in_path("/../../..").hidden);
        assert!(!in_path("/docker").hidden);
    }

    #[test]
    fn the_unified_hierarchy_is_believed_before_the_others() {
        let entry = |hierarchy, controllers: &str, path: &str| CgroupEntry {
            hierarchy,
            controllers: controllers.to_owned(),
            path: path.to_owned(),
        };
        let first = |entries: &[CgroupEntry]| named(entries).containers[0].container.id.clone();
        let pids = entry(4, "pids", "/lxc.payload.three");
        let systemd = entry(1, "name=systemd", "/lxc.payload.two");
        let unified = entry(0, "", "/lxc.payload.one");
        assert_eq!(first(&[pids.clone(), systemd.clone(), unified]), "one");
        // An empty unified hierarchy is what hybrid machines have.
        assert_eq!(first(&[pids, systemd, entry(0, "", "/")]), "two");
    }
}
