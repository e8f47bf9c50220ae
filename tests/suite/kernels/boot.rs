//! Booting the kernels, side by side and once per test run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::process::Spawned;
use crate::support::skip::has_program;

use super::report::Report;
use super::{Guest, KERNELS, Kernel, image};

/// A boot takes some 10 s where it has a processor to itself, all of it emulation.
const DEADLINE: Duration = Duration::from_secs(240);

/// Lines of the console in the error of a guest that reported nothing.
const LAST_WORDS: usize = 20;

static GUESTS: LazyLock<Result<Vec<Guest>, String>> = LazyLock::new(boot_all);

/// Every kernel, booted by the test that comes first, or why they cannot be.
pub fn guests() -> Result<&'static [Guest], &'static str> {
    match &*GUESTS {
        Ok(guests) => Ok(guests),
        Err(reason) => Err(reason),
    }
}

fn boot_all() -> Result<Vec<Guest>, String> {
    for program in ["qemu-system-x86_64", "cpio", "busybox"] {
        if !has_program(program) {
            return Err(format!("{program} is not installed"));
        }
    }
    for kernel in KERNELS {
        image::kernel(kernel)?;
    }
    let folder = TempDir::new().map_err(|error| format!("a temporary folder: {error}"))?;
    let initramfs = image::initramfs(folder.path())?;
    thread::scope(|scope| {
        let boots = KERNELS.map(|kernel| {
            let initramfs = &initramfs;
            scope.spawn(move || boot(kernel, initramfs))
        });
        let boots = boots.into_iter().map(thread::ScopedJoinHandle::join);
        boots
            .map(|boot| boot.map_err(|_| "a boot panicked".to_owned())?)
            .collect()
    })
}

fn boot(kernel: Kernel, initramfs: &Path) -> Result<Guest, String> {
    let failed = |reason: String| format!("Linux {}: {reason}", kernel.version);
    let folder = TempDir::new().map_err(|error| failed(error.to_string()))?;
    let console = folder.path().join("console");
    let report = folder.path().join("report");
    let mut qemu = qemu(&image::kernel(kernel)?, initramfs, &console, &report);
    let mut guest = Spawned::start(&mut qemu)?;
    let ended = guest.wait_ended(DEADLINE);
    let text = fs::read_to_string(&report).map_err(|error| failed(error.to_string()))?;
    ended
        .and_then(|()| Report::parse(&text))
        .map(|report| Guest { kernel, report })
        .map_err(|reason| failed(format!("{reason}; console: {}", last_words(&console))))
}

/// Emulation and not KVM, which is not everywhere and, nested, not always whole. The guest has
/// nothing of this machine: no network, no disk. A kernel that panics ends qemu.
fn qemu(kernel: &Path, initramfs: &Path, console: &Path, report: &Path) -> Command {
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-nodefaults", "-no-user-config", "-display", "none"])
        .args(["-accel", "tcg", "-cpu", "max", "-m", "384", "-no-reboot"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .arg("-serial")
        .arg(format!("file:{}", report.display()))
        .stdin(Stdio::null());
    qemu
}

fn last_words(console: &Path) -> String {
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().rev().take(LAST_WORDS).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
