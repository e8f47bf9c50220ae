//! Podman: no daemon, but one store for all tests that overlap, in a folder of its own.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::support::command::output_of;
use crate::support::process::wait_until;
use crate::support::run::{Answer, run_alone};

use super::engine::shared;
use super::workdir::Workdir;
use super::{Container, PROGRAM, Start, network_default, parse_pid, rootfs};

const IMAGE: &str = "localhost/busybox:test";

/// Podman asks for more open files and processes than root without `CAP_SYS_RESOURCE` may give.
const LIMITS: [&str; 4] = [
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1000:1000",
];

/// The ids which `--userns=auto` takes from, over whatever the machine's own files say. Only the
/// command that creates the container sees this, in a mount namespace that is gone with it.
const WITH_SUBORDINATE_IDS: &str =
    r#"mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@""#;

static ENGINE: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

/// `podman run ARGS`. Names have to differ between tests, as they share the store.
pub fn run(args: &[&str]) -> Start {
    let programs = [
        "podman", "runc", "conmon", "busybox", "tar", "unshare", "mount",
    ];
    Container::start_as_root(&programs, || begin(args))
}

/// `podman WORDS`, of the store of the containers that run now.
pub fn command(words: &[&str]) -> Result<String, String> {
    let engine = shared(&ENGINE, Engine::start)?;
    output_of(engine.podman().args(words))
}

/// `podman exec` of these words: under all that the engine puts on a container, seccomp too.
pub fn exec(container: &Container, words: &[&str]) -> Answer {
    // Whoever is run so has no variable of ours.
    let mut podman = Command::new("env");
    let configuration = container.folder.join("containers.conf");
    podman.arg(format!("CONTAINERS_CONF={}", configuration.display()));
    let mut podman = with_options(podman.arg("podman"), &container.folder);
    run_alone(podman.args(["exec", &container.id]).args(words)).0
}

fn begin(args: &[&str]) -> Start {
    let engine = shared(&ENGINE, Engine::start)?;
    let mut run = if args.contains(&"--userns=auto") {
        engine.podman_with_subordinate_ids()
    } else {
        engine.podman()
    };
    run.args(["run", "--detach"]).args(LIMITS);
    run.args(network_default(args)).args(args);
    let id = output_of(run.arg(IMAGE).args(PROGRAM))?;
    let guard = Guard { id, engine };
    Ok(Container {
        pid: parse_pid(&guard.inspect("{{.State.Pid}}")?)?,
        runtime: "podman",
        id: guard.id.clone(),
        name: Some(guard.inspect("{{.Name}}")?),
        folder: guard.engine.files.path().to_owned(),
        guard: Some(Box::new(guard)),
    })
}

struct Engine {
    files: Workdir,
}

impl Engine {
    fn start() -> Result<Self, String> {
        let files = Workdir::new()?;
        files.write("containers.conf", &configuration(files.path()))?;
        files.write("subordinate-ids", "containers:1000000:1000000\n")?;
        let engine = Engine { files };
        let image = rootfs::pack(&engine.files)?;
        output_of(engine.podman().arg("import").arg(image).arg(IMAGE))?;
        Ok(engine)
    }

    fn podman(&self) -> Command {
        self.with_options(&mut Command::new("podman"))
    }

    fn podman_with_subordinate_ids(&self) -> Command {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "--"]);
        unshare.args(["sh", "-c", WITH_SUBORDINATE_IDS]);
        unshare
            .arg(self.files.join("subordinate-ids"))
            .arg("podman");
        self.with_options(&mut unshare)
    }

    fn with_options(&self, podman: &mut Command) -> Command {
        podman.env("CONTAINERS_CONF", self.files.join("containers.conf"));
        with_options(podman, self.files.path())
    }
}

/// The options with which podman keeps to a folder.
fn with_options(podman: &mut Command, folder: &Path) -> Command {
    podman.arg("--root").arg(folder.join("root"));
    podman.arg("--runroot").arg(folder.join("runroot"));
    podman.args(["--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
    std::mem::replace(podman, Command::new("podman"))
}

/// Locks in files rather than in /dev/shm, which all of the machine's podmans share.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[engine]\n\
         lock_type = \"file\"\n\
         events_logger = \"none\"\n\
         tmp_dir = \"{folder}/tmp\"\n\
         [network]\n\
         network_config_dir = \"{folder}/networks\"\n"
    )
}

struct Guard {
    id: String,
    engine: Arc<Engine>,
}

impl Guard {
    fn inspect(&self, what: &str) -> Result<String, String> {
        output_of(
            self.engine
                .podman()
                .args(["inspect", "--format", what, &self.id]),
        )
    }

    fn remove(&self) -> Result<(), String> {
        let monitor = parse_pid(&self.inspect("{{.State.ConmonPid}}")?)?;
        output_of(
            self.engine
                .podman()
                .args(["rm", "--force", "--time=0", &self.id]),
        )?;
        wait_for_monitor(monitor)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("{error}");
        }
    }
}

/// conmon runs a podman of its own when the container ends; it must not outlive the store.
fn wait_for_monitor(conmon: i32) -> Result<(), String> {
    wait_until(Duration::from_secs(10), "conmon to end", || {
        std::fs::read_link(format!("/proc/{conmon}/exe")).is_err()
    })
}
