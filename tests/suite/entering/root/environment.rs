//! What a program gets of our environment, and what nobody in there can read of it.

use std::collections::BTreeSet;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::launch::running::{Running, wait_for_state};
use crate::runtimes::started;
use crate::support::hung_fuse::{Root, has_fuse, mount_fuse};
use crate::support::nsinspect::nsinspect;
use crate::support::process::{children, wait_until};
use crate::support::run::program_for_everyone;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::{find_program, has_program};
use crate::support::telling::{Telling, telling};

use super::sandbox;

/// The PATH of a program for which nothing names one.
const USUAL_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// In namespaces of its own, with this environment.
fn with_environment(entries: &[&str]) -> Result<Sandbox, String> {
    let unshare = find_program("unshare").ok_or("no unshare")?;
    let mut command = Command::new("env");
    command.arg("-i").args(entries).arg(unshare);
    command.args(["-muipf", "--mount-proc", "--kill-child", "sh", "-c"]);
    Sandbox::run(command.arg(then_sleep("")))
}

const THEIRS: [&str; 3] = ["PATH=/usr/bin:/bin", "HOME=/their/home", "MARK=theirs"];

/// What a program gets that says nothing but its environment; that of the test's own is known.
fn environment<'a>(words: &[&'a str], program: &[&'a str]) -> BTreeSet<String> {
    let words = words.iter().chain(&["--"]).chain(program).copied();
    let answer = nsinspect(words)
        .env("TOKEN", "secret")
        .env("LD_LIBRARY_PATH", "/our/libraries")
        .env("TERM", "vt100")
        .env("LC_TIME", "C")
        .env("HOME", "/our/home")
        .run();
    assert_eq!((answer.code, &*answer.stderr), (Some(0), ""));
    // A shell, which the target runs in, adds the directory.
    let lines = answer
        .stdout
        .lines()
        .filter(|line| !line.starts_with("PWD="));
    lines.map(str::to_owned).collect()
}

fn entered(target: &str, options: &[&str]) -> BTreeSet<String> {
    environment(&[&["enter", target], options].concat(), &["/usr/bin/env"])
}

fn set(groups: &[&[&str]]) -> BTreeSet<String> {
    groups.concat().into_iter().map(str::to_owned).collect()
}

const USUAL: [&str; 3] = ["TERM=vt100", "LANG=C.UTF-8", "LC_TIME=C"];

const OURS: [&str; 7] = [
    "TERM=vt100",
    "LANG=C.UTF-8",
    "LC_TIME=C",
    "TOKEN=secret",
    "LD_LIBRARY_PATH=/our/libraries",
    "HOME=/our/home",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
];

#[test]
fn a_program_of_other_mounts_gets_terminal_and_locale_of_ours_and_path_and_home_of_the_target() {
    needs_root!();
    let it = started!(with_environment(&THEIRS));
    let pid = it.pid.to_string();
    let expected = set(&[&USUAL, &THEIRS[..2]]);
    for options in [
        &[] as &[&str],
        &["-a"],
        &["-m"],
        &["-m", "-p"],
        &["-a", "-F"],
        &["-m", "-r", "-w"],
        &["--as-target"],
        &["-a", "-c"],
        &["-a", "-S", "1234", "-G", "1234"],
    ] {
        assert_eq!(entered(&pid, options), expected, "{options:?}");
    }
}

#[test]
fn a_program_of_our_own_file_system_gets_all_of_ours() {
    needs_root!();
    let it = started!(with_environment(&THEIRS));
    let pid = it.pid.to_string();
    for options in [
        &["-u"] as &[&str],
        &["-i", "-p"],
        &["-u", "-c"],
        &["-u", "--root=/"],
        &["-u", "--preserve-env=TOKEN"],
    ] {
        assert_eq!(entered(&pid, options), set(&[&OURS]), "{options:?}");
    }
    assert_eq!(entered("self", &["--as-target"]), set(&[&OURS]));
    assert_eq!(
        environment(&["run", "-mu"], &["/usr/bin/env"]),
        set(&[&OURS])
    );
}

#[test]
fn more_is_handed_over_where_it_is_asked_for_and_the_targets_own_is_the_targets() {
    needs_root!();
    let it = started!(with_environment(&THEIRS));
    let pid = it.pid.to_string();
    let named = entered(&pid, &["--preserve-env=TOKEN,HOME,NOT_SET"]);
    let expected = set(&[&USUAL, &THEIRS[..1], &["TOKEN=secret", "HOME=/our/home"]]);
    assert_eq!(named, expected);
    assert_eq!(entered(&pid, &["--preserve-env"]), set(&[&OURS]));
    assert_eq!(entered(&pid, &["-e"]), set(&[&THEIRS]));
    assert_eq!(entered(&pid, &["-u", "-e"]), set(&[&THEIRS]));
    let both = entered(&pid, &["-e", "--preserve-env=TOKEN"]);
    assert_eq!(both, set(&[&USUAL, &THEIRS, &["TOKEN=secret"]]));
    let refused = nsinspect(["enter", &pid, "--preserve-env=A=1", "true"]).run();
    assert_eq!(
        super::super::all_of(&refused),
        (
            Some(125),
            "",
            "nsinspect: --preserve-env takes names of variables, and A=1 gives a value: env A=1 \
             nsinspect …\n"
        )
    );
}

#[test]
fn where_nothing_names_path_and_home_they_are_the_usual_ones() {
    needs_root!();
    let bare = started!(with_environment(&["LD_PRELOAD="]));
    let without = entered(&bare.pid.to_string(), &[]);
    assert_eq!(without, set(&[&USUAL, &[USUAL_PATH]]));
    let file = format!("/proc/{}/ns/mnt", bare.pid);
    let by_file = entered(&file, &[]);
    assert_eq!(by_file, set(&[&USUAL, &[USUAL_PATH, "HOME=/"]]));
}

#[test]
fn a_program_below_another_root_gets_no_variable_of_ours() {
    needs_root!();
    if !has_program("busybox") {
        skip!("busybox is not installed");
    }
    let jail = tempfile::tempdir().unwrap();
    let busybox = jail.path().join("busybox");
    std::fs::copy(find_program("busybox").unwrap(), busybox).unwrap();
    std::fs::create_dir(jail.path().join("proc")).unwrap();
    let dir = jail.path().to_str().unwrap();
    let env = ["/busybox", "env"];
    let expected = set(&[&USUAL, &[USUAL_PATH, "HOME=/"]]);
    for words in [&["run", "-R", dir] as &[&str], &["run", "--rootfs", dir]] {
        assert_eq!(environment(words, &env), expected, "{words:?}");
        let more = [words, &["--preserve-env=TOKEN"]].concat();
        let more = environment(&more, &env);
        assert_eq!(more, &expected | &set(&[&["TOKEN=secret"]]));
        let none = environment(&[words, &["--clear-env"]].concat(), &env);
        assert_eq!(none, BTreeSet::new());
    }
    let root = format!("--root={dir}");
    // The target is we, and so its PATH and HOME are ours.
    let expected = set(&[&USUAL, &OURS[5..]]);
    assert_eq!(environment(&["enter", "self", &root], &env), expected);
}

/// A process in a mount namespace of its own, in whose /mnt a file server hangs.
fn hung() -> Telling {
    telling(|| {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
        mount_fuse("/mnt".as_ref(), Root::Folder).hang();
        Vec::new()
    })
}

#[test]
fn no_process_of_ours_that_is_in_there_shows_our_environment() {
    needs_root!();
    if !has_fuse() {
        skip!("no /dev/fuse");
    }
    let (it, other) = (hung(), started!(sandbox()));
    let pid = it.pid().to_string();
    let pid_namespace = format!("-p=/proc/{}/ns/pid", other.pid);
    let claims = tempfile::NamedTempFile::new().unwrap();
    let text = "version: 1\nclaims:\n  paths:\n    absent: [/mnt/x/y]\n";
    std::fs::write(claims.path(), text).unwrap();
    let claims = claims.path().to_str().unwrap();
    // Both wait for the file server in there: whoever is to give birth to the program, and a probe.
    for words in [
        &[
            "enter",
            &pid,
            "-m",
            &pid_namespace,
            "-W",
            "/mnt/x/y",
            "--",
            "true",
        ] as &[&str],
        &["verify", &pid, "--claims", claims],
    ] {
        let mut command = Command::new(program_for_everyone());
        let running = Running::of(command.env("TOKEN", "secret-of-ours").args(words));
        let mut inside = None;
        wait_until(crate::launch::running::SOON, "who waits in there", || {
            let all = children(running.pid()).into_iter();
            let mnt = |pid| crate::support::facts::try_inode(pid, "mnt");
            inside = all.into_iter().find(|child| mnt(*child) == mnt(it.pid()));
            inside.is_some()
        })
        .unwrap();
        let inside = inside.unwrap();
        wait_for_state(inside, &['S', 'D']);
        let shown = std::fs::read(format!("/proc/{inside}/environ")).unwrap();
        assert!(shown.iter().all(|byte| *byte == 0), "{words:?}: {shown:?}");
        let ours = std::fs::read(format!("/proc/{}/environ", running.pid())).unwrap();
        assert!(String::from_utf8_lossy(&ours).contains("secret-of-ours"));
        running.send(nix::sys::signal::Signal::SIGTERM);
        running.end();
    }
}
