//! The root file system of every container: a statically linked busybox and the folders to mount on.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::command::output_of;
use crate::support::skip::find_program;

use super::workdir::Workdir;

/// systemd-nspawn takes a tree without `usr` for no operating system at all.
const FOLDERS: [&str; 7] = ["bin", "proc", "sys", "dev", "tmp", "etc", "usr"];

const APPLETS: [&str; 9] = [
    "cat", "id", "ip", "ls", "mount", "nsenter", "sh", "sleep", "unshare",
];

/// Builds the root file system in `name` below the folder.
pub fn build(workdir: &Workdir, name: &str) -> Result<PathBuf, String> {
    let busybox = find_program("busybox").ok_or("busybox is not installed")?;
    let root = workdir.join(name);
    fill(&root, &busybox).map_err(|error| format!("{}: {error}", root.display()))?;
    Ok(root)
}

/// The root file system as a tar file, which is what engines import as an image.
pub fn pack(workdir: &Workdir) -> Result<PathBuf, String> {
    let root = build(workdir, "rootfs")?;
    let archive = workdir.join("rootfs.tar");
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(root).arg("-cf").arg(&archive).arg(".");
    output_of(&mut tar)?;
    Ok(archive)
}

fn fill(root: &Path, busybox: &Path) -> io::Result<()> {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy(busybox, root.join("bin/busybox"))?;
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n")
}
