//! What a hostile container can take hold of while we enter it: CVE-2019-5736 (our executable, by
//! way of /proc/self/exe) and CVE-2024-21626 (a leaked descriptor, a working directory outside).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::runtimes::workdir::Workdir;
use crate::runtimes::{Container, runc, started};
use crate::support::command::output_of;
use crate::support::nsinspect::{Run, nsinspect};
use crate::support::process::wait_until;
use crate::support::skip::has_program;

/// What cargo has built, which nothing inside may ever hold.
const OURS: &str = env!("CARGO_BIN_EXE_nsinspect");

const ENTRIES: usize = 200;

/// A variable of ours that the watcher looks for.
pub(in crate::runtimes) const SECRET: &str = "SECRET_OF_OURS";

/// Compiles C with static linking: nothing else runs in a container of busybox alone.
pub(in crate::runtimes) fn compile(
    source: &str,
    to: &Path,
    options: &[&str],
) -> Result<(), String> {
    if !has_program("gcc") {
        return Err("gcc is not installed".to_owned());
    }
    let file = to.with_extension("c");
    fs::write(&file, source).map_err(|error| error.to_string())?;
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-o"]).arg(to).arg(&file).args(options);
    output_of(&mut gcc).map(drop)
}

/// A folder that the container has at /shared, and that goes with the test.
pub(in crate::runtimes) fn shared_folder() -> Workdir {
    let folder = Workdir::new().unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    folder
}

pub(in crate::runtimes) fn share(config: &mut Value, folder: &Workdir) {
    let mounts = config["mounts"].as_array_mut().expect("mounts");
    mounts.push(json!({
        "destination": "/shared",
        "type": "bind",
        "source": folder.path(),
        "options": ["bind", "rw"],
    }));
}

pub(in crate::runtimes) fn add_capability(config: &mut Value, name: &str) {
    for set in ["bounding", "effective", "permitted"] {
        let set = config["process"]["capabilities"][set].as_array_mut();
        set.expect("a set of capabilities").push(json!(name));
    }
}

/// A container in which the watcher runs beside the program.
pub(in crate::runtimes) fn watched(folder: &Workdir, traces: bool) -> Result<Container, String> {
    compile(
        include_str!("watcher.c"),
        &folder.join("watcher"),
        &["-static"],
    )?;
    runc::run(|config| {
        share(config, folder);
        let how = if traces { "trace" } else { "look" };
        let script = format!("/shared/watcher /shared {how} & exec /bin/sleep 300");
        config["process"]["args"] = json!(["/bin/sh", "-c", script]);
        if traces {
            add_capability(config, "CAP_SYS_PTRACE");
        }
    })
}

/// One thing that the watcher got hold of: in which way, what it is, and its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runtimes) struct Held {
    way: String,
    what: String,
    name: String,
}

/// Ends the watcher; what it has held, and how many newcomers it has looked at.
pub(in crate::runtimes) fn report(folder: &Workdir) -> (BTreeSet<Held>, usize) {
    fs::write(folder.join("stop"), "").unwrap();
    let report = folder.join("report");
    let mut seen = None;
    let mut text = String::new();
    wait_until(Duration::from_secs(20), "the watcher's report", || {
        text = fs::read_to_string(&report).unwrap_or_default();
        let last = text
            .lines()
            .last()
            .and_then(|line| line.strip_prefix("SEEN "));
        seen = last.and_then(|number| number.parse().ok());
        seen.is_some()
    })
    .unwrap();
    let held = text.lines().filter(|line| !line.starts_with("SEEN"));
    let held = held.map(|line| {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        Held {
            way: word(),
            what: word(),
            name: word(),
        }
    });
    (held.collect(), seen.unwrap())
}

/// A file as the watcher names it.
fn identity(file: impl AsRef<Path>) -> String {
    let stat = fs::metadata(file).unwrap();
    format!("{}:{}", stat.dev(), stat.ino())
}

/// Checks what was held while we entered: nothing of ours, and nothing of the host.
pub(in crate::runtimes) fn assert_harmless(held: &BTreeSet<Held>, container: &Container) {
    let ours = identity(OURS);
    let root = identity(format!("/proc/{}/root", container.pid));
    for it in held {
        assert_ne!(it.what, ours, "our executable: {it:?}");
        assert!(!it.name.contains("nsinspect") || it.name == STUB, "{it:?}");
        match &*it.way {
            // The stub, which is sealed, or a program of the container.
            "exe" | "exe-path" | "mem" | "traced" => {
                assert!(
                    it.name == STUB || it.name.starts_with("/bin/busybox"),
                    "{it:?}"
                );
            }
            // What can be written in there is of the container, whose root is read-only.
            "exe-write" | "exe-both" | "rewritten" => panic!("written: {it:?}"),
            "cwd" | "root" => assert_eq!(it.what, root, "a directory outside: {it:?}"),
            "fd-folder" => panic!("a directory by a descriptor: {it:?}"),
            "fd" => assert!(!it.name.starts_with("/proc"), "{it:?}"),
            other => panic!("{other}: {it:?}"),
        }
    }
}

/// The name of the sealed stub, by which programs are executed in there.
const STUB: &str = "/memfd:nsinspect-exec (deleted)";

fn enter_many_times(container: &Container) {
    let pid = container.pid.to_string();
    for _ in 0..ENTRIES {
        let words = ["enter", &pid, "-a", "--", "/bin/busybox", "true"];
        let answer = nsinspect(words).env(SECRET, "x").run();
        let said = answer.stderr.lines().collect::<Vec<_>>();
        assert_eq!(answer.code, Some(0), "{said:?}");
        // The container has fewer capabilities than we, and that is all there is to say.
        assert!(
            said.len() == 1 && said[0].contains("--as-target"),
            "{said:?}"
        );
    }
}

fn digest() -> Vec<u8> {
    fs::read(OURS).unwrap()
}

#[test]
fn a_container_that_watches_for_newcomers_never_holds_anything_of_ours() {
    let before = digest();
    let folder = shared_folder();
    let container = started!(watched(&folder, false));
    enter_many_times(&container);
    let (held, seen) = report(&folder);
    assert!(
        seen >= ENTRIES / 10,
        "{seen} newcomers of {ENTRIES} entries"
    );
    assert_harmless(&held, &container);
    assert_eq!(digest(), before, "our executable is what it was");
}

#[test]
fn a_container_that_may_trace_holds_no_more_than_the_stub_and_the_program() {
    let before = digest();
    let folder = shared_folder();
    let container = started!(watched(&folder, true));
    enter_many_times(&container);
    let (held, seen) = report(&folder);
    assert!(
        seen >= ENTRIES / 10,
        "{seen} newcomers of {ENTRIES} entries"
    );
    let ways: BTreeSet<&str> = held.iter().map(|it| &*it.way).collect();
    assert!(
        ways.contains("exe") && ways.contains("fd"),
        "it does look: {held:?}"
    );
    assert_harmless(&held, &container);
    assert_eq!(digest(), before, "our executable is what it was");
}

/// That the watcher would have seen it: nsenter(1) is in there as itself before it executes.
#[test]
fn the_watcher_sees_what_enters_without_care() {
    if !has_program("nsenter") {
        skip!("nsenter is not installed");
    }
    let folder = shared_folder();
    let container = started!(watched(&folder, true));
    for _ in 0..ENTRIES {
        let mut nsenter = Command::new("nsenter");
        nsenter.args([
            "-t",
            &container.pid.to_string(),
            "-a",
            "/bin/busybox",
            "true",
        ]);
        Run::of(nsenter).env(SECRET, "x").run();
    }
    let (held, _) = report(&folder);
    assert!(held.iter().any(|it| it.way == "environ"), "{held:?}");
    let theirs = identity(crate::support::skip::find_program("nsenter").unwrap());
    assert!(held.iter().any(|it| it.what == theirs), "{held:?}");
}

/// Programs of a hostile container that make /proc/self/exe of whoever executes them run.
#[test]
fn a_program_whose_interpreter_is_our_executable_gets_the_stub_which_ends() {
    let before = digest();
    let folder = shared_folder();
    let script = folder.write("script", "#!/proc/self/exe\n").unwrap();
    fs::set_permissions(script, PermissionsExt::from_mode(0o755)).unwrap();
    let source = "int main(void) { return 0; }";
    let interpreter = ["-Wl,--dynamic-linker=/proc/self/exe"];
    let compiled = compile(source, &folder.join("linked"), &interpreter);
    if let Err(reason) = compiled {
        skip!("{reason}");
    }
    let container = started!(runc::run(|config| share(config, &folder)));
    let pid = container.pid.to_string();
    for program in ["/shared/script", "/shared/linked"] {
        for options in [&["-a"] as &[&str], &["-m"], &["-a", "-F"]] {
            let words = ["enter", &pid].into_iter().chain(options.iter().copied());
            let run = nsinspect(words.chain(["--", program, "an", "argument"]));
            let answer = run.within(Duration::from_secs(10)).run();
            assert_eq!(
                (answer.code, &*answer.stdout),
                (Some(126), ""),
                "{program} {options:?}"
            );
        }
    }
    let shell = nsinspect(["enter", &pid])
        .env("SHELL", "/shared/script")
        .run();
    assert_eq!((shell.code, &*shell.stdout), (Some(126), ""));
    assert_eq!(digest(), before, "our executable is what it was");
}

#[test]
fn no_descriptor_but_the_first_three_and_no_folder_outside_comes_along() {
    if !has_program("bash") {
        skip!("bash is not installed");
    }
    let container = started!(runc::run(|_| ()));
    let pid = container.pid.to_string();
    // As a careless parent leaves them: open across execve, folders of the host.
    let leaks: String = (3..=20).map(|fd| format!("exec {fd}</\n")).collect();
    let outside = format!("cd /usr/lib\n{leaks}exec \"$@\"");
    let inside =
        "i=0; while [ $i -le 63 ]; do (: <&$i) 2>/dev/null && echo $i; i=$((i+1)); done; pwd -P";
    let own = format!("/bin/busybox sh -c '{inside}'");
    for options in [
        &["-a"] as &[&str],
        &["-a", "-F"],
        &["-m"],
        &["-m", "-p", "-w"],
        &["-m", "-p", "-r"],
        &["--as-target"],
    ] {
        let mut bash = Command::new("bash");
        bash.args(["-c", &outside, "bash", OURS, "enter", &pid]);
        bash.args(options).args(["--", "/bin/sh", "-c", &own]);
        let answer = Run::of(bash).run();
        let expected = (Some(0), "0\n1\n2\n/\n");
        assert_eq!(
            (answer.code, &*answer.stdout),
            expected,
            "{options:?}: {}",
            answer.stderr
        );
    }
}
