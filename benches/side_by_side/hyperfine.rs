//! The times of whole programs, by hyperfine: a tool that anybody can get, and check us with.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::tool::{Tool, dies_with_us};

/// Runs of a program that follow each other, after one that does not count.
pub const RUNS: u32 = 2;

/// How a program ran a few times: what we read of `--export-json`, in seconds.
#[derive(Deserialize)]
pub struct Timing {
    /// From start to end, of each run.
    pub times: Vec<f64>,
    /// CPU time in the program, on all cores together, on average.
    user: f64,
    /// The same, in the kernel.
    system: f64,
}

impl Timing {
    pub fn cpu(&self) -> f64 {
        self.user + self.system
    }
}

#[derive(Deserialize)]
struct Export {
    results: Vec<Timing>,
}

/// The version that is installed, as it calls itself.
pub fn version() -> Result<String, Error> {
    let output = Command::new("hyperfine").arg("--version").output();
    let output = output.map_err(how_to_get_it)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program once to warm up and then `RUNS` times. What it prints goes to a file; if it fails
/// once, this fails.
pub fn time(tool: &Tool) -> Result<Timing, Error> {
    // Files without a name, which leave with us however we end.
    let (output, mut export) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut command = Command::new("hyperfine");
    command
        .args(["--shell=none", "--style=none", "--warmup=1"])
        .arg(format!("--runs={RUNS}"))
        .args(["--output", &path(&output)])
        .args(["--export-json", &path(&export)])
        .arg(tool.quoted())
        .stdin(Stdio::null());
    dies_with_us(&mut command);
    let status = command.status().map_err(how_to_get_it)?;
    if !status.success() {
        let name = tool.name();
        return Err(Error::other(format!("hyperfine {name}: {status}")));
    }
    let mut json = String::new();
    export.read_to_string(&mut json)?;
    let export: Export = serde_json::from_str(&json)?;
    let timing = export.results.into_iter().next();
    timing.ok_or_else(|| Error::other("hyperfine has no result"))
}

/// A path by which another process opens a file of ours (proc_pid_fd(5)).
fn path(file: &File) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())
}

fn how_to_get_it(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::other(
            "hyperfine, which times the programs, is not installed: \
             `apt install hyperfine`, or `cargo install hyperfine`",
        ),
        _ => error,
    }
}
