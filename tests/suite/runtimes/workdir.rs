//! A folder of a fixture's own which goes with it, also when a runtime left something mounted there.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, umount2};
use tempfile::TempDir;

pub struct Workdir(TempDir);

impl Workdir {
    /// A fresh folder, open to all: root of a user namespace has to pass through it to its rootfs.
    pub fn new() -> Result<Self, String> {
        tempfile::Builder::new()
            .prefix("nsinspect-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .map(Workdir)
            .map_err(|error| format!("a temporary folder: {error}"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a small file, for a runtime's configuration.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let file = self.join(name);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(file)
    }

    /// The folder's name, which no other fixture has: a name for the container in it.
    pub fn unique_name(&self) -> String {
        let name = self.path().file_name().unwrap_or_else(|| OsStr::new(""));
        name.to_string_lossy().into_owned()
    }
}

impl Drop for Workdir {
    /// Unmounts before `TempDir` deletes, which would otherwise reach into what is mounted.
    fn drop(&mut self) {
        for mount in mounts_below(self.path()).into_iter().rev() {
            let _ = umount2(&mount, MntFlags::MNT_DETACH);
        }
        if !mounts_below(self.path()).is_empty() {
            eprintln!("left alone, still mounted: {}", self.path().display());
            self.0.disable_cleanup(true);
        }
    }
}

/// The mount points below a folder, in the order in which they were mounted.
pub fn mounts_below(folder: &Path) -> Vec<PathBuf> {
    let table = fs::read("/proc/self/mountinfo").expect("our own mount table");
    table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .map(|point| PathBuf::from(std::ffi::OsString::from_vec(point.to_vec())))
        .filter(|point| point.starts_with(folder))
        .collect()
}
