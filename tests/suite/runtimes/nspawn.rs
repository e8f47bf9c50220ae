//! systemd-nspawn without systemd: nothing registered, no unit, the container as our grandchild.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::process::{Spawned, descendant, wait_until};

use super::supervised::Supervised;
use super::workdir::Workdir;
use super::{Container, PROGRAM, PROGRAM_COMM, Start, rootfs};

const UP: Duration = Duration::from_secs(20);

/// `systemd-nspawn ARGS`.
pub fn run(args: &[&str]) -> Start {
    Container::start_as_root(&["systemd-nspawn", "busybox"], || begin(args))
}

fn begin(args: &[&str]) -> Start {
    let files = Workdir::new()?;
    let name = files.unique_name();
    let root = rootfs::build(&files, "rootfs")?;
    let log = files.join("log");
    let output = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut nspawn = Command::new("systemd-nspawn");
    nspawn.args([
        "--register=no",
        "--keep-unit",
        "--quiet",
        "--private-network",
    ]);
    nspawn.args(["--machine", &name, "--directory"]).arg(root);
    nspawn.args(args).args(PROGRAM);
    nspawn
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output);
    let mut runtime = Spawned::start(&mut nspawn)?;
    let init = wait_for_init(&mut runtime)
        .map_err(|late| format!("{late}: {}", fs::read_to_string(&log).unwrap_or_default()))?;
    Ok(Container {
        pid: init,
        runtime: "nspawn",
        id: name.clone(),
        name: Some(name),
        folder: files.path().to_owned(),
        guard: Some(Box::new(Supervised {
            runtime,
            init,
            _files: files,
        })),
    })
}

/// nspawn has helpers beside the container's init, which are known apart by what they run.
fn wait_for_init(runtime: &mut Spawned) -> Result<i32, String> {
    let mut init = None;
    wait_until(UP, "systemd-nspawn to run its program", || {
        init = descendant(runtime.pid(), PROGRAM_COMM);
        init.is_some() || runtime.ended().is_some()
    })?;
    init.ok_or_else(|| "systemd-nspawn ended".to_owned())
}
