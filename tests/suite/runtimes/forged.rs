//! Nobody without privilege stands under the name of a container of root's: neither by files that
//! look like an engine's, nor by programs that look like its monitors, nor by mounts over what engines
//! bind. Each of these once made root inspect, judge and enter the forger's process.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::facts::inode;
use crate::support::run::{as_nobody, nsinspect, nsinspect_as_nobody, run};
use crate::support::sandbox::{Sandbox, then_sleep};

use super::entering::hostile::{compile, shared_folder};
use super::workdir::Workdir;
use super::{Container, docker, podman, started};

/// A process that pretends to be a container of docker's.
struct Forger {
    sandbox: Sandbox,
    folder: Workdir,
}

impl Forger {
    /// As an ordinary user: a record that names the process itself, and a mount that leads to it.
    fn start(id: &str, name: &str) -> Forger {
        let folder = shared_folder();
        let own = folder.path().join("containers").join(id);
        let own = own.display();
        let script = format!(
            "mkdir -p {own} && touch {own}/hostname && \
             printf '{{\"ID\":\"{id}\",\"Name\":\"/{name}\",\"State\":{{\"Pid\":%s}}}}' $$ \
             >{own}/config.v2.json && mount --bind {own}/hostname /etc/hostname"
        );
        let sandbox = Sandbox::start_as_nobody(&["-Urm"], &script).unwrap();
        Forger { sandbox, folder }
    }

    fn record(&self, id: &str) -> std::path::PathBuf {
        self.folder
            .path()
            .join("containers")
            .join(id)
            .join("config.v2.json")
    }
}

/// What a process is told to be in.
fn container_of(pid: i32) -> Value {
    let answer = nsinspect(&["show", "--json", &pid.to_string()]).expect(0);
    answer.json()["process"]["container"].clone()
}

/// Every command that takes a name answers about root's container, and none says anything of it
/// that the forger did.
fn assert_is_not_fooled(it: &Container, forger: i32) {
    let name = it.name.clone().unwrap();
    let word = format!("docker:{name}");
    assert_eq!(container_of(forger), Value::Null);
    let show = nsinspect(&["show", "--json", &word]).expect(0).json();
    assert_eq!(show["process"]["pid"], it.pid);
    assert_eq!(show["process"]["container"]["owner"], "root");
    assert_eq!(show["process"]["container"]["confidence"], "high");
    assert_eq!(show["process"]["container"]["doubt"], Value::Null);
    let diff = nsinspect(&["diff", "--json", "--require", "user", &word]).expect(1);
    assert_eq!(diff.json()["subject"]["pid"], it.pid);
    let verify = nsinspect(&["verify", "--json", &word, "--require", "user,mnt"]).expect(1);
    assert!(
        !verify.stdout.contains(&forger.to_string()),
        "{}",
        verify.stdout
    );
    let entered = nsinspect(&[
        "enter",
        &word,
        "--",
        "/bin/busybox",
        "readlink",
        "/proc/self/ns/mnt",
    ]);
    assert_eq!(
        entered.stdout.trim(),
        format!("mnt:[{}]", inode(it.pid, "mnt"))
    );
    for command in [&["list", "-n", "-o", "pid,container"][..], &["tree"]] {
        let text = nsinspect(command).expect(0).stdout;
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(&name)).collect();
        assert!(!lines.is_empty(), "{text}");
        let claimed = lines
            .iter()
            .filter(|line| line.contains(&forger.to_string()));
        assert_eq!(claimed.count(), 0, "{text}");
        assert!(!text.contains("(?)"), "{text}");
    }
    let audit = nsinspect(&["audit", "--json", &word]).expect(0).json();
    assert_eq!(audit["subjects"][0]["pid"], it.pid);
    let all = nsinspect(&["audit", "--json"]).expect(0).json();
    let subjects = all["subjects"].as_array().unwrap();
    let accused: Vec<&Value> = subjects
        .iter()
        .filter(|subject| subject["pid"] == it.pid || subject["pid"] == forger)
        .flat_map(|subject| subject["findings"].as_array().unwrap())
        .filter(|finding| finding["id"].as_str().unwrap().starts_with("NSA-5"))
        .collect();
    assert!(accused.is_empty(), "{accused:#?}");
}

#[test]
fn a_users_files_do_not_make_her_process_a_container_of_roots_older_or_younger() {
    let mut older = None;
    let it = started!(docker::run_after(&["--name", "nsi-forged"], |id| {
        older = Some(Forger::start(id, "nsi-forged"));
    }));
    let older = older.unwrap();
    assert_is_not_fooled(&it, older.sandbox.pid);
    drop(older);
    let younger = Forger::start(&it.id, "nsi-forged");
    assert_is_not_fooled(&it, younger.sandbox.pid);
    // Nor is the forger believed by her own eyes.
    let pid = younger.sandbox.pid.to_string();
    let own = nsinspect_as_nobody(&["show", "--json", &pid])
        .expect(0)
        .json();
    assert_eq!(own["process"]["container"], Value::Null);
    // With root's container gone there is nobody of that name.
    let id = it.id.clone();
    drop(it);
    for target in ["docker:nsi-forged", &id[..12]] {
        nsinspect(&["show", target]).expect(2);
    }
}

#[test]
fn what_a_forged_record_points_to_is_never_opened() {
    let id = "4f".repeat(32);
    let forger = Forger::start(&id, "nsi-bait");
    let record = forger.record(&id);
    for bait in ["/proc/kmsg", "/sys/kernel/tracing/trace_pipe", "/dev/zero"] {
        fs::remove_file(&record).unwrap();
        symlink(bait, &record).unwrap();
        let trace = forger.folder.path().join("trace");
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-e", "trace=open,openat,openat2", "-o"])
            .arg(&trace)
            .args([env!("CARGO_BIN_EXE_nsinspect"), "tree"]);
        run(&mut strace).expect(0);
        let opened = fs::read_to_string(&trace).unwrap();
        assert!(opened.contains("mountinfo"), "{opened}");
        // Its folder is not even entered; records of real engines on the machine are read.
        for name in [&*id, "kmsg", "trace_pipe", "\"/dev/zero\""] {
            assert!(!opened.contains(name), "{name} in {opened}");
        }
    }
}

/// Does what a monitor does: starts a container, here a sandbox, and stays above it. With `set-uid` it
/// gives up its rights in the child alone.
const MONITOR: &str = r#"
#include <sys/wait.h>
#include <unistd.h>
#include <stdlib.h>
int main(void) {
    if (fork() == 0) {
        setgid(getgid());
        setuid(getuid());
        execlp("unshare", "unshare", "-Urm", "sh", "-c", getenv("SCRIPT"), (char *)0);
        _exit(127);
    }
    wait(0);
    return 0;
}
"#;

/// A user's program that calls itself conmon, as the monitor of that container.
fn monitored(folder: &Path, program: &Path, id: &str) -> Sandbox {
    let conmon = folder.join("conmon");
    let _ = fs::remove_file(&conmon);
    symlink(program, &conmon).unwrap();
    let mut command = Command::new(&conmon);
    command
        .args(["-c", id, "-n", "nsi-db", "-b", "/nowhere"])
        .env("SCRIPT", then_sleep(":"));
    Sandbox::run(as_nobody(&mut command)).unwrap()
}

#[test]
fn a_users_program_that_calls_itself_a_monitor_adds_no_container_of_roots() {
    let it = started!(podman::run(&["--name", "nsi-db"]));
    let folder = shared_folder();
    let program = folder.path().join("conmon-of-mine");
    if let Err(reason) = compile(MONITOR, &program, &["-static"]) {
        crate::runtimes::fail_if_required(&reason);
        skip!("{reason}");
    }
    // Its own program, and one of root's that keeps root's uid whoever starts it, under a name of hers.
    for mode in [0o755, 0o4755] {
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        let forger = monitored(folder.path(), &program, &it.id);
        let told = container_of(forger.pid);
        assert_ne!(told["owner"], "root", "{told:#}");
        let show = nsinspect(&["show", "--json", "podman:nsi-db"])
            .expect(0)
            .json();
        assert_eq!(show["process"]["pid"], it.pid);
        assert_eq!(show["process"]["container"]["doubt"], Value::Null);
        // What she says of herself is shown as her word, and doubted.
        let called = [&told["runtime"], &told["owner"], &told["confidence"]];
        assert_eq!(json!(called), json!(["podman", "user:65534", "medium"]));
        let tree = nsinspect(&["tree"]).expect(0).stdout;
        let hers: Vec<&str> = tree.lines().filter(|it| it.contains("(nobody?)")).collect();
        assert_eq!(hers.len(), 1, "{tree}");
    }
}

#[test]
fn root_of_a_container_cannot_pretend_to_be_in_another() {
    let web = started!(docker::run(&["--name", "nsi-victim"]));
    let it = started!(podman::run(&[
        "--name",
        "nsi-liar",
        "--security-opt",
        "seccomp=unconfined",
        "--cap-add",
        "SYS_ADMIN",
    ]));
    let own = format!("/containers/{}", web.id);
    let script = format!(
        "mkdir -p {own} && touch {own}/hostname && \
         echo '{{\"ID\":\"{}\",\"Name\":\"/nsi-victim\",\"State\":{{\"Pid\":1}}}}' >{own}/config.v2.json && \
         mount -o bind {own}/hostname /etc/hostname && echo ready && exec sleep 300",
        web.id
    );
    let pid = it.pid.to_string();
    let mut enter = Command::new(env!("CARGO_BIN_EXE_nsinspect"));
    enter.args([
        "enter",
        &pid,
        "-m",
        "-c",
        "--",
        "/bin/busybox",
        "unshare",
        "-m",
        "sh",
        "-c",
        &script,
    ]);
    let liar = Sandbox::run(&mut enter).unwrap();
    let told = container_of(liar.pid);
    assert_eq!(told["id"], it.id, "{told:#}");
    assert_eq!(told["runtime"], "podman");
    let show = nsinspect(&["show", "--json", "docker:nsi-victim"])
        .expect(0)
        .json();
    assert_eq!(show["process"]["pid"], web.pid);
}

#[test]
fn names_that_look_like_something_else_are_what_they_look_like() {
    let first = started!(docker::run(&["--name", "self"]));
    let second = started!(docker::run(&["--name", "host"]));
    let short = &first.id[..12];
    let third = started!(docker::run(&["--name", short]));
    let number = third.pid.to_string();
    let fourth = started!(docker::run(&["--name", &number]));
    let pid_of = |target: &str| {
        let show = nsinspect(&["show", "--json", target]).expect(0).json();
        show["process"]["pid"].as_i64().unwrap()
    };
    assert_ne!(pid_of("self"), i64::from(first.pid));
    assert_eq!(pid_of("docker:self"), i64::from(first.pid));
    assert_ne!(pid_of("host"), i64::from(second.pid));
    assert_eq!(pid_of("docker:host"), i64::from(second.pid));
    assert_eq!(pid_of(&number), i64::from(third.pid));
    assert_eq!(pid_of(&format!("docker:{number}")), i64::from(fourth.pid));
    // One container's name and the id of another as engines print it: neither is meant before the
    // other, and both are shown.
    for target in [short.to_owned(), format!("docker:{short}")] {
        for command in ["show", "diff", "audit", "reach"] {
            let answer = nsinspect(&[command, &target]).expect(2);
            for it in [&first, &third] {
                let process = format!("(process {})", it.pid);
                assert!(answer.stderr.contains(&process), "{answer:?}");
            }
        }
    }
    assert_eq!(pid_of(&first.id), i64::from(first.pid));
}
