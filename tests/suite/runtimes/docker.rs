//! Docker: one daemon for all tests that overlap, with everything it owns in a folder of its own.

use std::process::Command;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};

use crate::support::command::output_of;
use crate::support::process::wait_until;
use crate::support::run::{Answer, run_alone};
use crate::support::sandbox::Sandbox;
use crate::support::skip::{has_program, is_root};

use super::containerd::{self, Places};
use super::engine::{Daemon, in_a_network_of_its_own, shared};
use super::workdir::Workdir;
use super::{
    Container, PROGRAM, Start, has_programs, host, network_default, parse_pid, rootfs, started,
};

const IMAGE: &str = "busybox:test";

const PROGRAMS: [&str; 7] = [
    "dockerd",
    "docker",
    "containerd",
    "ctr",
    "unshare",
    "busybox",
    "tar",
];

static ENGINE: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

/// `docker run ARGS`. Names have to differ between tests, as they share the daemon.
pub fn run(args: &[&str]) -> Start {
    run_after(args, |_| ())
}

/// The same, with something done once its id is known and before it starts.
pub fn run_after(args: &[&str], between: impl FnOnce(&str)) -> Start {
    Container::start_as_root(&PROGRAMS, || begin(args, between))
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

fn begin(args: &[&str], between: impl FnOnce(&str)) -> Start {
    let engine = shared(&ENGINE, Engine::start)?;
    let mut create = engine.docker();
    create.arg("create").args(network_default(args)).args(args);
    let id = output_of(create.arg(IMAGE).args(PROGRAM))?;
    let guard = Guard { id, engine };
    between(&guard.id);
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

/// Fields drop in order: the daemons are down before their folder goes.
struct Engine {
    _dockerd: Daemon,
    _containerd: Daemon,
    files: Workdir,
}

impl Engine {
    fn start() -> Result<Self, String> {
        let files = Workdir::new()?;
        let containerd = containerd::daemon(&files, &places(&files))?;
        let mut dockerd = dockerd(&files)?;
        let dockerd = Daemon::start("dockerd", &mut dockerd, &files, || {
            let mut probe = docker(&files);
            probe.arg("version");
            probe
        })?;
        let engine = Engine {
            _dockerd: dockerd,
            _containerd: containerd,
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

/// The places that a dockerd gives the containerd that it starts itself. It starts none where the
/// machine has one in the usual place, but uses that, with the containers of others in it.
fn places(files: &Workdir) -> Places {
    Places {
        root: files.join("data/containerd/daemon"),
        state: files.join("exec/containerd/daemon"),
        socket: files.join("exec/containerd/containerd.sock"),
    }
}

/// The daemon, told to leave packet filters and the host's configuration files alone.
fn dockerd(files: &Workdir) -> Result<Command, String> {
    let mut dockerd = in_a_network_of_its_own("dockerd");
    dockerd
        .arg("--config-file")
        .arg(files.write("daemon.json", "{}")?);
    dockerd.arg("--containerd").arg(places(files).socket);
    dockerd.arg("--data-root").arg(files.join("data"));
    dockerd.arg("--exec-root").arg(files.join("exec"));
    dockerd.arg("--pidfile").arg(files.join("pid"));
    dockerd.args(["--host", &socket(files)]);
    dockerd.args(["--iptables=false", "--ip-masq=false", "--ip-forward=false"]);
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

/// What others have of a network: all of it that commands tell.
fn network() -> Vec<String> {
    let tell = |words: &[&str]| {
        let output = Command::new(words[0]).args(&words[1..]).output();
        let output = output.map(|it| it.stdout).unwrap_or_default();
        let text = String::from_utf8(output).expect("UTF-8");
        // iptables-save tells the time, and counts packets.
        let lines = text.lines().filter(|line| !line.starts_with(['#', ':']));
        lines.collect::<Vec<_>>().join("\n")
    };
    [
        &["ip", "-o", "link"][..],
        &["ip", "-o", "-4", "addr"],
        &["ip", "-4", "route", "show", "table", "all"],
        &["iptables-save"],
    ]
    .map(tell)
    .to_vec()
}

/// A docker0 to which a container of others is attached, and a rule of a packet filter, as a machine
/// has them that runs docker.
const OF_OTHERS: &str = "ip link add docker0 type bridge
    ip addr add 172.17.0.1/16 dev docker0
    ip link set docker0 up
    ip link add veth-theirs type veth peer name eth0 netns $1
    ip link set veth-theirs master docker0 up
    nsenter -t $1 -n ip link set eth0 up
    iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -j ACCEPT";

#[test]
fn the_daemon_of_the_tests_leaves_docker0_and_the_packet_filter_of_the_machine_alone() {
    if !is_root() || !has_program("iptables") {
        skip!("needs root and iptables");
    }
    started!(has_programs(&PROGRAMS));
    let theirs = started!(Sandbox::start(&["--net"], ""));
    // A network for this thread alone stands for the machine's: nothing is tried on that itself.
    let tried = thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).expect("root may unshare");
        let pid = theirs.pid.to_string();
        output_of(Command::new("sh").args(["-ec", OF_OTHERS, "sh", &pid]))?;
        let is_up = || network()[0].contains("docker0: <BROADCAST,MULTICAST,UP,LOWER_UP>");
        wait_until(Duration::from_secs(10), "docker0 to be up", is_up)?;
        let before = network();
        let _turn = host::turn();
        let engine = Engine::start()?;
        assert_eq!(network(), before, "while it runs");
        // In its own there is a bridge all the same.
        let mut run = engine.docker();
        run.args(["run", "--rm", "--network=bridge", IMAGE]);
        let inside = output_of(run.args(["/bin/ip", "-o", "-4", "addr"]))?;
        assert!(inside.contains("172.17.0.2/16"), "{inside}");
        assert_eq!(network(), before, "with a container on its bridge");
        drop(engine);
        host::sweep();
        assert_eq!(network(), before, "after it");
        assert!(before[0].contains("docker0") && before[0].contains("veth-theirs"));
        assert!(before[3].contains("172.17.0.0/16"), "{before:?}");
        Ok::<_, String>(())
    });
    started!(tried.join().expect("no panic"));
}
