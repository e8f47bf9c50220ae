//! containerd below no engine, in the k8s.io namespace: what a Kubernetes node has, cgroups included.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use crate::support::command::output_of;

use super::engine::{Daemon, in_a_network_of_its_own, shared};
use super::workdir::Workdir;
use super::{Container, PROGRAM, Start, read_pid, rootfs};

static ENGINE: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

/// `ctr run ARGS`.
pub fn run(args: &[&str]) -> Start {
    Container::start_as_root(&["containerd", "ctr", "unshare", "busybox"], || begin(args))
}

fn begin(args: &[&str]) -> Start {
    let engine = shared(&ENGINE, Engine::start)?;
    let id = fresh_id()?;
    // A folder instead of an image: importing one needs a manifest that nothing here can write.
    let root = rootfs::build(&engine.files, &id)?;
    let guard = Guard { id, engine };
    let pid_file = guard.engine.files.join(&format!("{}.pid", guard.id));
    let mut run = guard.engine.ctr();
    run.args(["run", "--detach", "--null-io", "--pid-file"])
        .arg(&pid_file);
    run.arg("--rootfs").args(args).arg(root).arg(&guard.id);
    output_of(run.args(PROGRAM))?;
    Ok(Container {
        pid: read_pid(&pid_file)?,
        runtime: "containerd",
        id: guard.id.clone(),
        name: None,
        folder: guard.engine.files.path().to_owned(),
        guard: Some(Box::new(guard)),
    })
}

/// 64 hexadecimal digits, as Kubernetes names its containers.
fn fresh_id() -> Result<String, String> {
    let uuid = || {
        fs::read_to_string("/proc/sys/kernel/random/uuid")
            .map(|uuid| uuid.trim().replace('-', ""))
            .map_err(|error| format!("/proc/sys/kernel/random/uuid: {error}"))
    };
    Ok(uuid()? + &uuid()?)
}

/// Fields drop in order: the daemon is down before its folder goes.
struct Engine {
    _daemon: Daemon,
    files: Workdir,
}

impl Engine {
    fn start() -> Result<Self, String> {
        let files = Workdir::new()?;
        let places = Places {
            root: files.join("root"),
            state: files.join("state"),
            socket: files.join("socket"),
        };
        Ok(Engine {
            _daemon: daemon(&files, &places)?,
            files,
        })
    }

    fn ctr(&self) -> Command {
        ctr(&self.files.join("socket"))
    }
}

/// Where a containerd keeps what it has.
pub struct Places {
    pub root: PathBuf,
    pub state: PathBuf,
    pub socket: PathBuf,
}

/// A containerd with everything it owns in the folder.
pub fn daemon(files: &Workdir, places: &Places) -> Result<Daemon, String> {
    let text = configuration(files.path(), places);
    let mut containerd = in_a_network_of_its_own("containerd");
    containerd
        .arg("--config")
        .arg(files.write("containerd.toml", &text)?);
    Daemon::start("containerd", &mut containerd, files, || {
        let mut probe = ctr(&places.socket);
        probe.arg("version");
        probe
    })
}

/// Without the plugin for Kubernetes itself, which would listen on a TCP port.
fn configuration(folder: &Path, places: &Places) -> String {
    let folder = folder.display();
    format!(
        "version = 2\n\
         root = \"{}\"\n\
         state = \"{}\"\n\
         disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
         [grpc]\n\
         address = \"{}\"\n\
         [plugins.\"io.containerd.internal.v1.opt\"]\n\
         path = \"{folder}/opt\"\n",
        places.root.display(),
        places.state.display(),
        places.socket.display(),
    )
}

fn ctr(socket: &Path) -> Command {
    let mut ctr = Command::new("ctr");
    ctr.arg("--address").arg(socket);
    ctr.args(["--namespace", "k8s.io"]);
    ctr
}

struct Guard {
    id: String,
    engine: Arc<Engine>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let id = self.id.as_str();
        // Fails by design: ctr passes on the exit code of the killed task.
        let _ = output_of(self.engine.ctr().args(["task", "rm", "--force", id]));
        if let Err(error) = output_of(self.engine.ctr().args(["container", "rm", id])) {
            eprintln!("{error}");
        }
    }
}
