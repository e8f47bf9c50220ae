//! The exercises by which people learn what namespaces do.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::launch::beside::{both, launch, script};
use crate::launch::running::{End, Running, members, send, wait_gone};
use crate::live::diffed::Diffed;
use crate::support::facts::{inode, kinds};
use crate::support::process::children;
use crate::support::run::nsinspect;

#[test]
fn in_a_pid_namespace_the_shell_is_process_one_and_sees_two_processes() {
    needs_root!();
    let words = [
        "-fp",
        "--mount-proc",
        "sh",
        "-c",
        "echo $$; ps -e -o pid= -o comm=; exit 7",
    ];
    let answer = both(&words);
    assert_eq!(answer.code, 7);
    assert_eq!(answer.stdout, "1\n      1 sh\n      2 ps\n");
    assert_eq!(answer.stderr, "");
}

#[test]
fn killing_that_shell_from_the_host_ends_all_in_there_and_is_told() {
    needs_root!();
    let script = "sleep 1000 & readlink /proc/self/ns/pid; wait";
    let mut running = Running::start(&["-fp", "--mount-proc"], script);
    let inside = running.line();
    let init = children(running.pid())[0];
    let number = inode(init, "pid");
    assert_eq!(inside, format!("pid:[{number}]"));
    let list = ["list", "--json", "-t", "pid", "-p", &init.to_string()];
    let seen = nsinspect(&list).expect(0).json();
    assert_eq!(seen["namespaces"][0]["ns"], json!(number));
    let sleeper = children(init)[0];

    send(init, Signal::SIGKILL);
    let (end, stderr) = running.end();
    assert_eq!(end, End::Code(137));
    assert_eq!(
        stderr,
        "nsinspect: the program was killed by SIGKILL, and with it all that was in its pid \
         namespace\n"
    );
    wait_gone(sleeper);
    assert_eq!(members("pid", number), [0; 0]);
}

#[test]
fn of_a_mount_namespace_diff_says_that_it_alone_is_isolated() {
    needs_root!();
    let mut running = Running::start(&["-m"], "mount -t tmpfs it /tmp; echo; exec sleep 1000");
    running.line();
    // Nothing is forked for it.
    Diffed::of_pid(running.pid()).assert_isolated(running.pid(), &["mnt"]);
    let out_here = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!out_here.contains(" - tmpfs it "), "{out_here}");
}

#[test]
fn a_new_host_name_stays_inside_and_diff_shows_both() {
    needs_root!();
    let host = launch(&["hostname"]).expect(0).stdout;
    let answer = both(&["-u", "sh", "-c", "hostname KANS; hostname"]).expect(0);
    assert_eq!(answer.stdout, "KANS\n");
    let mut running = Running::start(&["-u"], "hostname KANS; echo; exec sleep 1000");
    running.line();
    assert_eq!(launch(&["hostname"]).stdout, host);
    let diff = Diffed::of_pid(running.pid());
    diff.assert_isolated(running.pid(), &["uts"]);
    let (inside, outside) = diff.inside("uts", "hostname");
    assert_eq!((inside, outside), (json!("KANS"), json!(host.trim_end())));
    // The same by an option.
    let named = launch(&["--hostname", "KANS", "hostname"]).expect(0);
    assert_eq!(named.stdout, "KANS\n");
}

#[test]
fn the_clocks_of_a_time_namespace_are_off_and_those_of_the_host_are_not() {
    needs_root!();
    if !kinds().contains(&"time") {
        skip!("no time namespaces");
    }
    let days = 86_400;
    let uptime = |words: &[&str]| {
        let mut all = words.to_vec();
        all.extend([
            "sh",
            "-c",
            "cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets",
        ]);
        let answer = launch(&all).expect(0);
        let (seconds, offsets) = answer.stdout.split_once('\n').unwrap();
        (seconds.parse::<i64>().unwrap(), offsets.to_owned())
    };
    let (before, _) = uptime(&[]);
    let offsets = ["--boottime", "8640000", "--monotonic", "-1"];
    let (inside, told) = uptime(&[&["-T"], &offsets[..]].concat());
    let (after, of_host) = uptime(&[]);
    assert!(
        (before + 100 * days..=after + 100 * days).contains(&inside),
        "{inside}"
    );
    assert!(after - before < 60, "the host's clock runs on");
    assert_eq!(
        told.split_whitespace().collect::<Vec<_>>(),
        ["monotonic", "-1", "0", "boottime", "8640000", "0"]
    );
    assert!(
        of_host
            .split_whitespace()
            .all(|word| word.parse() != Ok(8_640_000))
    );
    // The offsets alone imply the namespace, and unshare(1) has the same ones.
    let words = [
        "-T",
        "-f",
        "--boottime",
        "8640000",
        "cat",
        "/proc/self/timens_offsets",
    ];
    assert_eq!(both(&words).code, 0);
    assert_eq!(
        launch(&["--boottime", "8640000", "cat", "/proc/self/timens_offsets"]).stdout,
        both(&words).stdout
    );
}

#[test]
fn all_eight_are_new_at_once_with_their_own_proc_loopback_and_root() {
    needs_root!();
    let script = "readlink /proc/self/ns/*; id -u; ps -e -o pid= | wc -l; cat /sys/class/net/lo/operstate; ip -o addr show lo | grep -c 127.0.0.1";
    let answer = launch(&["--all", "sh", "-c", script]).expect(0);
    let mut lines: Vec<&str> = answer.stdout.lines().collect();
    let rest = lines.split_off(lines.len() - 4);
    assert_eq!(rest[0], "0");
    assert_eq!(rest[1].trim(), "3", "sh, ps and wc");
    assert_eq!(rest[3], "1");
    let own = std::process::id() as i32;
    for kind in kinds() {
        let same = format!("{kind}:[{}]", inode(own, kind));
        assert!(
            !lines.contains(&same.as_str()),
            "{kind} is shared: {lines:?}"
        );
    }
    let down = launch(&["-n", "--no-lo", "ip", "-o", "addr", "show", "lo"]).expect(0);
    assert!(!down.stdout.contains("127.0.0.1"), "{}", down.stdout);
}

#[test]
fn without_a_command_the_shell_of_the_environment_starts_with_what_stdin_says() {
    needs_root!();
    let answer = script("echo 'echo $0 $$' | SHELL=/bin/sh $NSINSPECT run -fp").expect(0);
    assert_eq!(answer.stdout, "-sh 1\n");
    let bare = script("echo 'echo $0' | SHELL= $NSINSPECT run -u").expect(0);
    assert_eq!(bare.stdout, "-sh\n");
}
