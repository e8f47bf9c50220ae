//! What a guest boots: a kernel that was fetched, and an initramfs with the binary under test.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::command::output_of;
use crate::support::process::Spawned;
use crate::support::skip::find_program;

use super::Kernel;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A whole build on a slow machine.
const BUILD_DEADLINE: Duration = Duration::from_secs(600);

const PASSWD: &str = "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";

/// The image of a kernel that `tests/fetch-kernels` has fetched.
pub fn kernel(kernel: Kernel) -> Result<PathBuf, String> {
    let file = target_folder()?
        .join("kernels")
        .join(kernel.version)
        .join("vmlinuz");
    match file.is_file() {
        true => Ok(file),
        false => Err(format!(
            "{}: not there, tests/run fetches it",
            file.display()
        )),
    }
}

/// Cargo's target folder, in which this test runs as `debug/deps/suite-…`.
fn target_folder() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("our own path: {error}"))?;
    match own.ancestors().nth(3) {
        Some(folder) => Ok(folder.to_owned()),
        None => Err(format!("{}: not below a target folder", own.display())),
    }
}

/// Packs the initramfs: busybox, the statically linked binaries and the guest's init.
pub fn initramfs(folder: &Path) -> Result<PathBuf, String> {
    let binaries = build()?;
    let root = folder.join("root");
    fill(&root, &binaries).map_err(|error| format!("an initramfs: {error}"))?;
    let file = folder.join("initramfs");
    let mut pack = Command::new("sh");
    pack.arg("-c")
        .arg("cd \"$0\" && find . | cpio --quiet -o -H newc -R 0:0 >\"$1\"")
        .arg(&root)
        .arg(&file);
    output_of(&mut pack)?;
    Ok(file)
}

/// Builds what runs in the guest, which has no libraries. Built here so that it is never older
/// than the sources; with its own target, cargo keeps it apart from the ordinary build. Without
/// debug information it is a tenth the size.
fn build() -> Result<PathBuf, String> {
    let folder = target_folder()?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--locked", "--target", TARGET])
        .args(["--package", "nsinspect", "--package", "nsinspect-guest"])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_STRIP", "symbols")
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .stdin(Stdio::null());
    let mut running = Spawned::start(&mut cargo)?;
    running.wait_ended(BUILD_DEADLINE)?;
    match running.ended() {
        Some(status) if status.success() => Ok(folder.join(TARGET).join("debug")),
        _ => Err("the static build failed".to_owned()),
    }
}

fn fill(root: &Path, binaries: &Path) -> io::Result<()> {
    let busybox = find_program("busybox").ok_or(io::ErrorKind::NotFound)?;
    let bin = root.join("bin");
    fs::create_dir_all(&bin)?;
    fs::create_dir(root.join("etc"))?;
    fs::copy(busybox, bin.join("busybox"))?;
    for program in ["nsinspect", "nsinspect-guest"] {
        fs::copy(binaries.join(program), bin.join(program))?;
    }
    fs::write(root.join("etc/passwd"), PASSWD)?;
    let init = root.join("init");
    fs::write(&init, include_str!("../../guest/init"))?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755))
}
