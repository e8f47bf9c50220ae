//! Leaving the machine as it was: runtimes make folders and cgroups outside any folder of ours and
//! leave them behind empty.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Folders that runtimes keep on the host whatever their options say.
const FOLDERS: [&str; 9] = [
    "/opt/containerd",
    "/run/containerd",
    "/run/docker",
    "/run/lxc",
    "/run/mount",
    "/run/runc",
    "/run/systemd/nspawn",
    "/run/systemd/nspawn-uid",
    "/var/lib/containers",
];

/// Files among them.
const FILES: [&str; 2] = [
    "/etc/docker/key.json",
    "/var/lib/containers/cache/blob-info-cache-v1.boltdb",
];

/// Cgroups which runtimes put their containers' cgroups in and do not remove with the last one.
const CGROUPS: [&str; 6] = [
    "docker",
    "k8s.io",
    "libpod_parent",
    "lxc.pivot",
    "payload",
    "supervisor",
];

static TURN: Mutex<()> = Mutex::new(());

/// What was not there before the first container: ours to remove.
static OURS: LazyLock<Ours> = LazyLock::new(Ours::before_first_use);

struct Ours {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    foreign_cgroups: Vec<PathBuf>,
}

impl Ours {
    fn before_first_use() -> Self {
        Ours {
            files: absent(&FILES),
            folders: absent(&FOLDERS),
            foreign_cgroups: runtime_cgroups(),
        }
    }
}

/// Held while a container starts or goes, so that none loses an empty folder it just made.
pub fn turn() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    LazyLock::force(&OURS);
    turn
}

/// Removes what runtimes left. Folders only when empty and cgroups only when unused, so nothing
/// that another container still needs can go.
pub fn sweep() {
    for file in &OURS.files {
        let _ = fs::remove_file(file);
    }
    for folder in &OURS.folders {
        remove_empty(folder);
    }
    for cgroup in runtime_cgroups() {
        if !OURS.foreign_cgroups.contains(&cgroup) {
            remove_empty(&cgroup);
        }
    }
}

fn absent(paths: &[&str]) -> Vec<PathBuf> {
    let paths = paths.iter().map(PathBuf::from);
    paths.filter(|path| !path.exists()).collect()
}

fn runtime_cgroups() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect_runtime_cgroups(Path::new("/sys/fs/cgroup"), &mut found);
    found
}

fn collect_runtime_cgroups(folder: &Path, found: &mut Vec<PathBuf>) {
    for inner in folders_in(folder) {
        let name = inner.file_name().unwrap_or_default();
        if CGROUPS.iter().any(|cgroup| name == *cgroup) {
            found.push(inner);
        } else {
            collect_runtime_cgroups(&inner, found);
        }
    }
}

/// rmdir from the leaves up, which refuses every folder with a file and every cgroup with a process.
fn remove_empty(folder: &Path) {
    for inner in folders_in(folder) {
        remove_empty(&inner);
    }
    let _ = fs::remove_dir(folder);
}

/// The folders in a folder, without following links.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
