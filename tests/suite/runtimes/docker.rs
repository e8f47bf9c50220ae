//! Docker: one daemon for all tests that overlap, with everything it owns in a folder of its own.

use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use crate::support::command::output_of;
use crate::support::run::{Answer, run_alone};

use super::engine::{Daemon, shared};
use super::workdir::Workdir;
use super::{Container, PROGRAM, Start, network_default, parse_pid, rootfs};

const IMAGE: &str = "busybox:test";

static ENGINE: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

/// `docker run ARGS`. Names have to differ between tests, as they share the daemon.
pub fn run(args: &[&str]) -> Start {
    Container::start_as_root(&["dockerd", "docker", "busybox", "tar"], || begin(args))
}

/// `docker exec` of these words: under all that the engine puts on a container, seccomp too.
pub fn exec(container: &Container, words: &[&str]) -> Answer {
    command(container, &[&["exec", &*container.id], words].concat())
}

/// `docker WORDS`, of the engine of this container.
pub fn command(container: &Container, words: &[&str]) -> Answer {
    let folder = container.folder.display();
    let mut docker = Command::new("docker");
    docker
        .arg(format!("--config={folder}/client"))
        .arg(format!("--host=unix://{folder}/socket"))
        .args(words);
    run_alone(&mut docker).0
}

fn begin(args: &[&str]) -> Start {
    let engine = shared(&ENGINE, Engine::start)?;
    let mut create = engine.docker();
    create.arg("create").args(network_default(args)).args(args);
    let id = output_of(create.arg(IMAGE).args(PROGRAM))?;
    let guard = Guard { id, engine };
    output_of(guard.engine.docker().args(["start", &guard.id]))?;
    Ok(Container {
        pid: parse_pid(&guard.inspect("{{.State.Pid}}")?)?,
        runtime: "docker",
        id: guard.id.clone(),
        name: Some(
            guard
                .inspect("{{.Name}}")?
                .trim_start_matches('/')
                .to_owned(),
        ),
        folder: guard.engine.files.path().to_owned(),
        guard: Some(Box::new(guard)),
    })
}

/// Fields drop in order: the daemon is down before its folder goes.
struct Engine {
    _daemon: Daemon,
    files: Workdir,
}

impl Engine {
    fn start() -> Result<Self, String> {
        let files = Workdir::new()?;
        let mut dockerd = dockerd(&files)?;
        let daemon = Daemon::start(&mut dockerd, &files, || {
            let mut probe = docker(&files);
            probe.arg("version");
            probe
        })?;
        let engine = Engine {
            _daemon: daemon,
            files,
        };
        let image = rootfs::pack(&engine.files)?;
        output_of(engine.docker().arg("import").arg(image).arg(IMAGE))?;
        Ok(engine)
    }

    fn docker(&self) -> Command {
        docker(&self.files)
    }
}

/// The daemon, told to leave the host's network, packet filter and configuration files alone.
fn dockerd(files: &Workdir) -> Result<Command, String> {
    let mut dockerd = Command::new("dockerd");
    dockerd
        .arg("--config-file")
        .arg(files.write("daemon.json", "{}")?);
    dockerd.arg("--data-root").arg(files.join("data"));
    dockerd.arg("--exec-root").arg(files.join("exec"));
    dockerd.arg("--pidfile").arg(files.join("pid"));
    dockerd.args(["--host", &socket(files)]);
    dockerd.args(["--bridge=none", "--iptables=false", "--ip-forward=false"]);
    Ok(dockerd)
}

/// The client, whatever daemon the user's own configuration points to.
fn docker(files: &Workdir) -> Command {
    let mut docker = Command::new("docker");
    docker.env_remove("DOCKER_CONTEXT");
    docker.arg("--config").arg(files.join("client"));
    docker.args(["--host", &socket(files)]);
    docker
}

fn socket(files: &Workdir) -> String {
    format!("unix://{}", files.join("socket").display())
}

struct Guard {
    id: String,
    engine: Arc<Engine>,
}

impl Guard {
    fn inspect(&self, what: &str) -> Result<String, String> {
        output_of(
            self.engine
                .docker()
                .args(["inspect", "--format", what, &self.id]),
        )
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = output_of(self.engine.docker().args(["rm", "--force", &self.id])) {
            eprintln!("{error}");
        }
    }
}
