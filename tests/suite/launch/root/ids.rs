//! Maps of ids, and the ids and capabilities with which the program runs.

use std::process::Command;

use crate::launch::beside::{both, launch, launch_as_nobody, script};
use crate::launch::running::Running;
use crate::launch::subordinate::{lacking, launch_with};
use crate::support::facts::{proc_file, status};
use crate::support::run::{NOBODY, program_for_everyone, run};

const MAPS: &str = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups";

/// The output of [`MAPS`] without the padding.
fn words_of(maps: &str) -> Vec<&str> {
    maps.split_whitespace().collect()
}

#[test]
fn ids_are_mapped_as_unshare_maps_them() {
    needs_root!();
    for words in [
        &["-r"][..],
        &["-c"],
        &["-U"],
        &["-Urm"],
        &["--map-user", "5", "--map-group", "6"],
        &["--map-user=daemon", "--map-group=daemon"],
    ] {
        both(&[words, &["sh", "-c", &format!("id; {MAPS}")]].concat()).expect(0);
    }
}

#[test]
fn root_maps_ranges_in_the_newer_way_repeatedly_and_everybody() {
    needs_root!();
    let words = [
        "--map-users",
        "0:100:10",
        "--map-users",
        "20:500:1",
        "--map-groups",
        "0:200:5",
        "--setgroups",
        "allow",
        "sh",
        "-c",
        MAPS,
    ];
    let answer = launch(&words).expect(0);
    let expected = ["0", "100", "10", "20", "500", "1", "0", "200", "5", "allow"];
    assert_eq!(words_of(&answer.stdout), expected);
    let all = launch(&[
        "--map-users",
        "all",
        "--map-groups",
        "all",
        "sh",
        "-c",
        MAPS,
    ])
    .expect(0);
    assert_eq!(
        words_of(&all.stdout)[2],
        proc_file(std::process::id() as i32, "uid_map")
            .split_whitespace()
            .nth(2)
            .unwrap()
    );
    // The order of older versions of unshare(1), which wants newuidmap for it even of root.
    let commas = [
        "-r",
        "--setgroups",
        "deny",
        "--map-users",
        "1000,5,10",
        "sh",
        "-c",
        MAPS,
    ];
    let answer = launch(&commas).expect(0);
    let expected = ["0", "0", "1", "5", "1000", "10", "0", "0", "1", "deny"];
    assert_eq!(words_of(&answer.stdout), expected);
    // One's own id makes room for itself.
    let ours = launch(&[
        "-r",
        "--map-users",
        "0:1000:10",
        "--map-groups",
        "all",
        "sh",
        "-c",
        MAPS,
    ])
    .expect(0);
    assert_eq!(
        words_of(&ours.stdout)[..6],
        ["0", "0", "1", "1", "1000", "9"]
    );
}

#[test]
fn an_ordinary_user_gets_their_subordinate_ids_by_the_helpers() {
    if let Some(reason) = lacking() {
        skip!("{reason}");
    }
    let blocks = format!("{NOBODY}:100000:1000\nnobody:300000:10\nother:1:1\n");
    let me = NOBODY.to_string();
    let maps = |words: &[&str]| {
        let all = [words, &["sh", "-c", "cat /proc/self/uid_map"]].concat();
        let answer = launch_with(&blocks, &all).expect(0);
        words_of(&answer.stdout).join(" ")
    };
    assert_eq!(maps(&["--map-auto"]), "0 100000 1000");
    assert_eq!(
        maps(&["--map-users", "auto", "--map-groups", "auto"]),
        "0 100000 1000"
    );
    assert_eq!(
        maps(&["-r", "--map-auto"]),
        format!("0 {me} 1 1 100000 999")
    );
    assert_eq!(
        maps(&["-c", "--map-subids"]),
        format!("{me} {me} 1 100000 100000 1000 300000 300000 10")
    );
    assert_eq!(
        maps(&[
            "--map-users",
            "0:100000:5",
            "--map-users",
            "7:300000:1",
            "--map-groups",
            "0:100000:5"
        ]),
        "0 100000 5 7 300000 1"
    );
    // With them the program becomes any of these, and out here it is the subordinate one.
    let answer = launch_with(&blocks, &["-r", "--map-auto", "-S", "7", "-G", "8", "id"]).expect(0);
    assert_eq!(answer.stdout, "uid=7(lp) gid=8(mail) groups=8(mail)\n");
}

#[test]
fn ranges_that_nobody_gave_are_refused_with_what_was_given() {
    if let Some(reason) = lacking() {
        skip!("{reason}");
    }
    let blocks = format!("{NOBODY}:100000:1000\n");
    let words = [
        "--map-users",
        "0:5:10",
        "--map-groups",
        "0:100000:10",
        "true",
    ];
    let answer = launch_with(&blocks, &words).expect(125);
    assert_eq!(
        answer.stderr,
        format!(
            "nsinspect: cannot write uid_map (newuidmap)\n  newuidmap: uid range [0-10) -> \
             [5-15) not allowed; /etc/subuid gives uid {NOBODY} 1000 from 100000 on\n"
        )
    );
    let answer = launch_with("other:1:1\n", &["--map-auto", "true"]).expect(125);
    assert_eq!(
        answer.stderr,
        format!(
            "nsinspect: cannot write uid_map (newuidmap)\n  /etc/subuid gives no ids to uid \
             {NOBODY}: a line such as {NOBODY}:100000:65536 in it would\n"
        )
    );
}

#[test]
fn a_machine_without_a_file_of_subordinate_ids_gives_none() {
    needs_root!();
    let script = format!(
        "mount -t tmpfs none /etc && exec {} run --map-auto true",
        program_for_everyone()
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c", &script]);
    assert_eq!(
        run(&mut command).expect(125).stderr,
        "nsinspect: cannot write uid_map (newuidmap)\n  /etc/subuid gives no ids to uid 0: a line \
         such as 0:100000:65536 in it would\n"
    );
}

#[test]
fn the_program_runs_with_the_ids_that_are_named_and_keeps_capabilities_if_said() {
    needs_root!();
    both(&[
        "-u",
        "-S",
        "1234",
        "-G",
        "4321",
        "sh",
        "-c",
        "id; grep Cap /proc/self/status",
    ])
    .expect(0);
    both(&[
        "-c",
        "--keep-caps",
        "sh",
        "-c",
        "id; grep Cap /proc/self/status",
    ])
    .expect(0);
    let kept = launch(&[
        "-r",
        "--map-users",
        "1:1:10",
        "--map-groups",
        "1:1:10",
        "--keep-caps",
        "-S",
        "5",
        "sh",
        "-c",
        "grep CapAmb /proc/self/status",
    ])
    .expect(0);
    assert!(!kept.stdout.contains("0000000000000000"), "{}", kept.stdout);
    let unmapped = launch(&["-r", "-S", "5", "true"]).expect(125);
    assert_eq!(
        unmapped.stderr,
        "nsinspect: cannot become user 5: Invalid argument (EINVAL)\n  uid 5 is not mapped in this \
         user namespace (/proc/self/uid_map)\n"
    );
}

#[test]
fn another_user_can_make_and_own_the_user_namespace() {
    needs_root!();
    let words = ["--owner", "1234:4321", "-r", "--map-users", "1:100:5"];
    let mut running = Running::start(&words, "id -u; echo; exec sleep 1000");
    assert_eq!(running.line(), "0");
    running.line();
    // Nothing of root is left, not even a saved id.
    assert_eq!(status(running.pid(), "Uid"), ["1234"; 4]);
    assert_eq!(status(running.pid(), "Gid"), ["4321"; 4]);
    let shown = crate::support::run::nsinspect(&[
        "show",
        "-J",
        &format!("/proc/{}/ns/user", running.pid()),
    ])
    .expect(0);
    assert!(shown.stdout.contains("1234"), "{}", shown.stdout);
    let user = launch(&["--owner", "daemon:daemon", "-c", "id", "-un"]).expect(0);
    assert_eq!(user.stdout, "daemon\n");
}

#[test]
fn maps_are_ours_where_proc_knows_us_by_another_number() {
    needs_root!();
    // In a pid namespace without a /proc of its own our number there is not what getpid(2) says.
    for words in ["-r", "-r --map-users 1:1:10 --map-groups 1:1:10"] {
        let text = format!("unshare -fp $NSINSPECT run {words} id -u");
        assert_eq!(script(&text).expect(0).stdout, "0\n");
    }
}

#[test]
fn what_an_ordinary_user_may_not_write_alone_says_why() {
    needs_root!();
    // As nobody: without subordinate ids the helpers refuse even where they are installed.
    let answer = launch_as_nobody(&["--map-users", "all", "true"]).expect(125);
    assert!(
        answer
            .stderr
            .starts_with("nsinspect: cannot write uid_map (newuidmap)\n  "),
        "{answer:?}"
    );
}
