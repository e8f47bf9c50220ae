//! LXC: `lxc-start` in the foreground, as our child, from a configuration in the test's own folder.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::command::output_of;
use crate::support::process::{Spawned, wait_until};

use super::workdir::Workdir;
use super::{Container, PROGRAM, Start, parse_pid, rootfs};

const UP: Duration = Duration::from_secs(20);
const DOWN: Duration = Duration::from_secs(20);

/// `lxc-start ARGS`; configuration goes as `--define KEY=VALUE`.
pub fn run(args: &[&str]) -> Start {
    let programs = ["lxc-start", "lxc-info", "lxc-stop", "busybox"];
    Container::start_as_root(&programs, || begin(args))
}

fn begin(args: &[&str]) -> Start {
    let files = Workdir::new()?;
    let name = files.unique_name();
    let root = rootfs::build(&files, "rootfs")?;
    let config = files.write("config", &configuration(&root))?;
    let mut start = lxc("lxc-start", &files);
    start.args(["--foreground", "--logpriority", "ERROR", "--logfile"]);
    start
        .arg(files.join("log"))
        .arg("--rcfile")
        .arg(config)
        .args(args);
    start
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let runtime = Spawned::start(&mut start)?;
    let mut guard = Guard { runtime, files };
    Ok(Container {
        pid: guard.init()?,
        runtime: "lxc",
        id: name.clone(),
        name: Some(name),
        folder: guard.files.path().to_owned(),
        guard: Some(Box::new(guard)),
    })
}

fn configuration(root: &Path) -> String {
    format!(
        "lxc.rootfs.path = dir:{}\n\
         lxc.net.0.type = empty\n\
         lxc.init.cmd = {}\n",
        root.display(),
        PROGRAM.join(" ")
    )
}

/// A command of LXC about the container in this folder.
fn lxc(program: &str, files: &Workdir) -> Command {
    let mut command = Command::new(program);
    command.arg("--lxcpath").arg(files.path());
    command.args(["--name", &files.unique_name()]);
    command
}

struct Guard {
    runtime: Spawned,
    files: Workdir,
}

impl Guard {
    /// Waits until the container says RUNNING: until then its init is still being set up.
    fn init(&mut self) -> Result<i32, String> {
        let mut state = String::new();
        wait_until(UP, "lxc-start to say RUNNING", || {
            state = self.info("--state").unwrap_or_default();
            state == "RUNNING" || self.runtime.ended().is_some()
        })?;
        if state == "RUNNING" {
            parse_pid(&self.info("--pid")?)
        } else {
            let log = std::fs::read_to_string(self.files.join("log")).unwrap_or_default();
            Err(format!("lxc-start: {log}"))
        }
    }

    fn info(&self, what: &str) -> Result<String, String> {
        output_of(lxc("lxc-info", &self.files).args(["--no-humanize", what]))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.runtime.ended().is_none() {
            let _ = output_of(lxc("lxc-stop", &self.files).arg("--kill"));
        }
        if let Err(late) = self.runtime.wait_ended(DOWN) {
            eprintln!("killed, as it did not end: {late}");
        }
    }
}
