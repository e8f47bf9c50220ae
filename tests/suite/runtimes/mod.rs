//! Containers of real runtimes, one runtime per file, each started by hand and gone with its test.

use std::any::Any;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::process::{comm_of, descendant, wait_until};
use crate::support::skip::{has_program, is_root};

mod audit;
pub mod bwrap;
pub mod containerd;
pub mod docker;
mod engine;
mod entering;
mod exposed;
mod forged;
mod host;
mod inside;
mod inspect;
pub mod lxc;
mod names;
pub mod nspawn;
pub mod podman;
mod probing;
mod rootfs;
pub mod runc;
mod selfcheck;
mod supervised;
mod verify;
mod workdir;

/// What every container runs, by its full path as containerd gives it no PATH. It outlives any test.
const PROGRAM: [&str; 2] = ["/bin/sleep", "300"];

/// The program's name once the runtime's own set-up code has become it.
const PROGRAM_COMM: &str = "sleep";

const PROGRAM_UP: Duration = Duration::from_secs(20);

/// A running container. Dropping it stops and removes it and all it left on the machine.
pub struct Container {
    /// Its init, as seen from the host.
    pub pid: i32,
    pub runtime: &'static str,
    pub id: String,
    pub name: Option<String>,
    /// What the runtime has of it, perhaps together with other containers.
    folder: PathBuf,
    guard: Option<Box<dyn Any + Send>>,
}

/// A container, or the reason why this machine cannot start one.
pub type Start = Result<Container, String>;

impl Container {
    /// Starts a container, alone: while it starts no other fixture starts or cleans up.
    fn start(programs: &[&str], begin: impl FnOnce() -> Start) -> Start {
        has_programs(programs)?;
        let container = {
            let _turn = host::turn();
            begin().inspect_err(|_| host::sweep())?
        };
        wait_for_program(container.pid)?;
        Ok(container)
    }

    /// The same for the many runtimes which only root may use.
    fn start_as_root(programs: &[&str], begin: impl FnOnce() -> Start) -> Start {
        if !is_root() {
            return Err("needs root".to_owned());
        }
        Container::start(programs, begin)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _turn = host::turn();
        self.guard.take();
        host::sweep();
    }
}

/// The container, or the end of the test: skipped, or failed where runtimes are required.
macro_rules! started {
    ($start:expr) => {
        match $start {
            Ok(container) => container,
            Err(reason) => {
                $crate::runtimes::fail_if_required(&reason);
                skip!("{reason}");
            }
        }
    };
}
pub(crate) use started;

/// Where `tests/run` has installed the runtimes, one that does not start is a broken fixture.
pub fn fail_if_required(reason: &str) {
    let required = env::var_os("NSINSPECT_REQUIRE_RUNTIMES").is_some_and(|value| value == "1");
    assert!(!required, "a required runtime did not start: {reason}");
}

fn has_programs(programs: &[&str]) -> Result<(), String> {
    match programs.iter().find(|program| !has_program(program)) {
        Some(missing) => Err(format!("{missing} is not installed")),
        None => Ok(()),
    }
}

/// `--network none`, unless the test asks for a network itself. The host's is podman's alone to give:
/// daemons are in a network of their own.
fn network_default(args: &[&str]) -> &'static [&'static str] {
    if args.iter().any(|arg| arg.starts_with("--net")) {
        &[]
    } else {
        &["--network", "none"]
    }
}

fn read_pid(file: &Path) -> Result<i32, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    parse_pid(&text)
}

fn parse_pid(text: &str) -> Result<i32, String> {
    let pid = text.trim().parse().ok().filter(|pid| *pid > 0);
    pid.ok_or_else(|| format!("the runtime gave no pid but {text:?}"))
}

/// Waits until the container runs its program, as pid 1 or below it.
fn wait_for_program(init: i32) -> Result<(), String> {
    let what = format!("process {init} to run {PROGRAM_COMM}");
    wait_until(PROGRAM_UP, &what, || {
        comm_of(init).as_deref() == Some(PROGRAM_COMM) || descendant(init, PROGRAM_COMM).is_some()
    })
}
