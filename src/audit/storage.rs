//! Whose files a path of the host leads to: the folders in which containers keep theirs.

use super::machine::{Known, Machine};
use super::mounts::on_host;
use crate::model::mount::{Mount, below};
use crate::model::{Process, Snapshot};

/// Where engines keep root file systems, if not told otherwise.
const USUAL: [&str; 7] = [
    "/run/containerd",
    "/var/lib/containerd",
    "/var/lib/containers/storage",
    "/var/lib/docker",
    "/var/lib/kubelet/pods",
    "/var/lib/lxc",
    "/var/lib/machines",
];

/// The container whose files a path of the host leads to, and the folder by which that is told.
pub fn owner(machine: &Machine<'_>, path: &str) -> Option<(String, String)> {
    let is_in = |folder: &String| folder != "/" && below(folder, path).is_some();
    let known = machine.containers.iter().find_map(|known| {
        let folder = folders(machine.snapshot, known).into_iter().find(is_in)?;
        Some((known.name(), folder))
    });
    let usual = || {
        let folder = USUAL
            .into_iter()
            .find(|folder| below(folder, path).is_some())?;
        Some((
            "a container that is not known".to_owned(),
            folder.to_owned(),
        ))
    };
    known.or_else(usual)
}

/// Folders of the host that hold the root file system of a container.
fn folders(snapshot: &Snapshot, known: &Known<'_>) -> Vec<String> {
    let details = known.init.details.as_deref();
    let table = details.and_then(|details| details.mounts.known());
    let root = table.and_then(|table| table.iter().find(|mount| mount.mount_point == "/"));
    root.map_or_else(Vec::new, |root| {
        let own = on_host(snapshot, root).map(|it| it.path);
        own.into_iter().chain(layers(root)).collect()
    })
}

/// The layers of an overlay: its writable one, beside which engines mount the whole as `merged`.
fn layers(root: &Mount) -> Vec<String> {
    let options = root.super_options.split(',');
    let upper = options.filter_map(|option| option.strip_prefix("upperdir="));
    upper
        .filter(|path| path.starts_with('/'))
        .flat_map(|path| {
            let merged = path
                .strip_suffix("/diff")
                .map(|layer| format!("{layer}/merged"));
            std::iter::once(path.to_owned()).chain(merged)
        })
        .collect()
}

/// The programs that the kernel is set to start: where that is set, as it stands there, and the
/// path of the program.
pub fn programs_of_kernel(snapshot: &Snapshot) -> Vec<(String, String, String)> {
    let settings = &snapshot.settings;
    let sysctl = |name: &str| {
        let value = settings.sysctl(name);
        let value = value.known().copied().unwrap_or_default().to_owned();
        // A pipe in core_pattern makes it a program (core(5)); arguments follow.
        let program = match name {
            "kernel/core_pattern" => value.strip_prefix('|')?,
            _ => value.as_str(),
        };
        let path = program.split_whitespace().next()?.to_owned();
        Some((format!("/proc/sys/{name}"), value, path))
    };
    let sysctls = [
        "kernel/core_pattern",
        "kernel/modprobe",
        "kernel/poweroff_cmd",
    ];
    let mut found: Vec<(String, String, String)> = sysctls.into_iter().filter_map(sysctl).collect();
    for mount in snapshot.host_mounts.known().into_iter().flatten() {
        let mut options = mount.super_options.split(',');
        let agent = options.find_map(|option| option.strip_prefix("release_agent="));
        if let Some(agent) = agent.filter(|_| mount.fstype == "cgroup") {
            let source = format!("/proc/self/mountinfo {}", mount.mount_point);
            found.push((source, format!("release_agent={agent}"), agent.to_owned()));
        }
    }
    // A hierarchy that only a container has mounted is told by that container's table.
    for process in snapshot.processes.iter() {
        found.extend(agents_of(process));
    }
    found.sort();
    found.dedup_by(|one, other| one.2 == other.2);
    found
}

fn agents_of(process: &Process) -> Vec<(String, String, String)> {
    let table = process
        .details
        .as_deref()
        .and_then(|details| details.mounts.known());
    let mounts = table
        .into_iter()
        .flatten()
        .filter(|mount| mount.fstype == "cgroup");
    mounts
        .filter_map(|mount| {
            let mut options = mount.super_options.split(',');
            let agent = options.find_map(|option| option.strip_prefix("release_agent="))?;
            let source = format!("/proc/{}/mountinfo {}", process.task(), mount.mount_point);
            Some((source, format!("release_agent={agent}"), agent.to_owned()))
        })
        .collect()
}
