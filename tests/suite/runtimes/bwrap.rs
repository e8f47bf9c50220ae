//! bubblewrap, the sandbox of Flatpak: no root, no daemon, no cgroup, no id.

use std::process::{ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::support::process::Spawned;
use crate::support::run::as_nobody;

use super::supervised::Supervised;
use super::workdir::Workdir;
use super::{Container, PROGRAM, Start, rootfs};

/// `bwrap --unshare-all … ARGS`. Its init is bwrap itself, which holds on to the program.
pub fn run(args: &[&str]) -> Start {
    Container::start(&["bwrap", "busybox"], || begin(args, |bwrap| bwrap))
}

/// The same as an ordinary user, which root becomes for it.
pub fn run_as_nobody(args: &[&str]) -> Start {
    Container::start(&["bwrap", "busybox"], || begin(args, as_nobody))
}

fn begin(args: &[&str], as_whom: fn(&mut Command) -> &mut Command) -> Start {
    let files = Workdir::new()?;
    let root = rootfs::build(&files, "rootfs")?;
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--info-fd", "1", "--bind"]);
    bwrap
        .arg(root)
        .args(["/", "--proc", "/proc", "--dev", "/dev"]);
    bwrap.args(args).args(PROGRAM);
    bwrap
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut runtime = Spawned::start(as_whom(&mut bwrap))?;
    let stdout = runtime.child().stdout.take().expect("a piped stdout");
    let init = init_pid(stdout).ok_or_else(|| failure(&mut runtime))?;
    Ok(Container {
        pid: init,
        runtime: "bwrap",
        id: files.unique_name(),
        name: None,
        folder: files.path().to_owned(),
        guard: Some(Box::new(Supervised {
            runtime,
            init,
            _files: files,
        })),
    })
}

/// Reads the one JSON value that bwrap tells of itself, and no further: the pipe stays open.
fn init_pid(stdout: ChildStdout) -> Option<i32> {
    let mut values = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
    let pid = values.next()?.ok()?["child-pid"].as_i64()?;
    i32::try_from(pid).ok()
}

/// Why bwrap gave no pid. It has closed its stdout, so it has ended or is about to.
fn failure(runtime: &mut Spawned) -> String {
    let stderr = runtime.child().stderr.take().expect("a piped stderr");
    let reason = std::io::read_to_string(stderr).unwrap_or_default();
    format!("bwrap: {}", reason.trim())
}
