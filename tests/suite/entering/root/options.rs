//! Every option under its letter, held against nsenter where that has it.

use std::fs;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns, unshare};

use crate::entering::{OWN_NAMESPACES, enter};
use crate::runtimes::started;
use crate::support::facts::{inode, kinds, own_pid, proc_file};
use crate::support::forked::Forked;
use crate::support::nsinspect::{Answer, Run, nsinspect};
use crate::support::process::Spawned;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::{find_program, has_program};

use super::sandbox;

/// The same options and script for nsenter.
fn nsenter(target: i32, options: &[&str], script: &str) -> Answer {
    let mut command = Command::new("nsenter");
    command.args(["-t", &target.to_string()]).args(options);
    command.args(["--", "sh", "-c", script]);
    Run::of(command).run()
}

/// The answer of both, which must agree.
fn both(target: &Sandbox, options: &[&str], script: &str) -> Answer {
    let ours = enter(&target.pid.to_string(), options, script);
    if has_program("nsenter") {
        let theirs = nsenter(target.pid, options, script);
        assert_eq!(
            (ours.code, &ours.stdout),
            (theirs.code, &theirs.stdout),
            "{options:?}: {} / {}",
            ours.stderr,
            theirs.stderr
        );
    }
    ours
}

/// The links of a process as `readlink` prints them, those of some kinds being another's.
fn links(mixed: &[(&str, i32)]) -> String {
    let of = |kind: &&str| {
        let taken = mixed.iter().find(|(taken, _)| taken == kind);
        taken.map_or_else(own_pid, |(_, pid)| *pid)
    };
    let line = |kind: &&str| format!("{kind}:[{}]\n", inode(of(kind), kind));
    ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
        .iter()
        .map(line)
        .collect()
}

#[test]
fn each_kind_is_joined_by_its_letter_and_by_its_name_and_no_other_is() {
    needs_root!();
    let it = started!(sandbox());
    for (letter, name, kind) in [
        ("-m", "--mount", "mnt"),
        ("-u", "--uts", "uts"),
        ("-i", "--ipc", "ipc"),
        ("-n", "--net", "net"),
        ("-p", "--pid", "pid"),
        ("-C", "--cgroup", "cgroup"),
        ("-T", "--time", "time"),
    ] {
        for option in [letter, name] {
            let answer = both(&it, &[option], OWN_NAMESPACES);
            let inside = kind == "mnt";
            // The procfs inside has no process of a number that is not in there.
            match inside {
                true => assert_eq!(answer.code, Some(2), "{answer:?}"),
                false => assert_eq!(answer.stdout, links(&[(kind, it.pid)])),
            }
        }
    }
    let mount = both(&it, &["-m", "-p"], OWN_NAMESPACES);
    assert_eq!(mount.stdout, links(&[("mnt", it.pid), ("pid", it.pid)]));
}

#[test]
fn all_are_joined_when_all_or_none_is_asked_for_and_the_shared_are_left_out() {
    needs_root!();
    let it = started!(sandbox());
    let all: Vec<(&str, i32)> = kinds().into_iter().map(|kind| (kind, it.pid)).collect();
    assert_eq!(both(&it, &["-a"], OWN_NAMESPACES).stdout, links(&all));
    let pid = it.pid.to_string();
    assert_eq!(enter(&pid, &[], OWN_NAMESPACES).stdout, links(&all));
    assert_eq!(inode(it.pid, "user"), inode(own_pid(), "user"));
    assert_eq!(both(&it, &["-a"], "hostname").stdout, "inside\n");
    let uptime = "read up rest </proc/uptime; test ${up%.*} -gt 86400 && echo a day ahead";
    assert_eq!(both(&it, &["-T"], uptime).stdout, "a day ahead\n");
}

#[test]
fn a_kind_is_joined_by_a_file_or_by_an_id_in_the_place_of_the_targets() {
    needs_root!();
    let (it, other) = (started!(sandbox()), started!(sandbox()));
    let file = format!("-u=/proc/{}/ns/uts", other.pid);
    let answer = enter(&it.pid.to_string(), &["-n", &file], OWN_NAMESPACES);
    assert_eq!(answer.stdout, links(&[("net", it.pid), ("uts", other.pid)]));
    let shown = nsinspect(["list", "-J", "-t", "uts", "-p", &other.pid.to_string()]).run();
    let rows = &shown.document()["namespaces"];
    let Some(id) = rows[0]["ns_id"].as_u64() else {
        skip!("this kernel gives namespaces no ids");
    };
    let by_id = format!("--uts=:{id}");
    let answer = enter(&it.pid.to_string(), &["-n", &by_id], OWN_NAMESPACES);
    assert_eq!(answer.stdout, links(&[("net", it.pid), ("uts", other.pid)]));

    let wrong = format!("-u=/proc/{}/ns/net", other.pid);
    let answer = enter(&it.pid.to_string(), &[&wrong], "echo not run");
    assert_eq!((answer.code, &*answer.stdout), (Some(125), ""));
    let reason = "is a net namespace, and --uts takes a uts namespace";
    assert!(answer.stderr.contains(reason), "{}", answer.stderr);
}

#[test]
fn the_root_and_the_working_directory_are_the_targets_or_those_that_are_named() {
    needs_root!();
    let script = "mount -t tmpfs none /mnt; mkdir /mnt/deep; cd /mnt/deep";
    let it = started!(Sandbox::start(&["-m"], script));
    let there = both(&it, &["-m", "-w"], "pwd");
    assert_eq!(all(&there), (Some(0), "/mnt/deep\n", ""));
    assert_eq!(both(&it, &["-m"], "pwd").stdout, "/\n");
    let inside = both(&it, &["-m", "-W", "/mnt/deep"], "pwd");
    assert_eq!(all(&inside), (Some(0), "/mnt/deep\n", ""));
    let moved = enter(&it.pid.to_string(), &["-m", "-r", "-W", "/mnt"], "ls");
    assert_eq!(all(&moved), (Some(0), "deep\n", ""));
}

fn all(answer: &Answer) -> (Option<i32>, &str, &str) {
    crate::entering::all_of(answer)
}

#[test]
fn the_root_of_a_target_in_a_chroot_is_entered_when_it_is_asked_for() {
    needs_root!();
    if !has_program("busybox") {
        skip!("busybox is not installed");
    }
    let jail = tempfile::tempdir().unwrap();
    fs::copy(
        find_program("busybox").unwrap(),
        jail.path().join("busybox"),
    )
    .unwrap();
    fs::write(jail.path().join("mark"), "in the jail\n").unwrap();
    let mut chroot = Command::new("chroot");
    chroot.arg(jail.path());
    chroot.args(["/busybox", "sh", "-c", "echo ready; read forever"]);
    chroot.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut it = Spawned::start(&mut chroot).unwrap();
    let stdout = it.child().stdout.as_mut().unwrap();
    stdout.read_exact(&mut [0; 6]).unwrap();
    let pid = it.pid().to_string();
    let named = format!("--root={}", jail.path().display());
    for (target, root) in [(&*pid, "-r"), ("self", &*named)] {
        let script = "read x </mark; echo $x; pwd";
        let words = ["enter", target, root, "--", "/busybox", "sh", "-c", script];
        let answer = nsinspect(words).run();
        assert_eq!(all(&answer), (Some(0), "in the jail\n/\n", ""));
    }
    // Without being asked nobody is put into a root.
    let answer = enter(&pid, &["-u"], "test -e /mark || echo outside");
    assert_eq!(answer.stdout, "outside\n");
}

#[test]
fn a_working_directory_from_outside_is_a_way_out_and_that_is_said() {
    needs_root!();
    let it = started!(busybox_root());
    let outside = tempfile::tempdir().unwrap();
    let wd = format!("-w={}", outside.path().display());
    let words = [
        "enter",
        &it.pid.to_string(),
        "-m",
        &wd,
        "--",
        "/busybox",
        "true",
    ]
    .map(str::to_owned);
    let answer = nsinspect(words.iter().map(String::as_str)).run();
    let warning = format!(
        "nsinspect: the working directory {} cannot be reached from inside: what runs in there can \
         walk out by it (-W names one inside)\n",
        outside.path().display()
    );
    assert_eq!(all(&answer), (Some(0), "", &*warning));
}

/// A process whose root is a tmpfs with nothing but busybox on it.
fn busybox_root() -> Result<Sandbox, String> {
    let busybox = find_program("busybox").ok_or("no busybox")?;
    let script = format!(
        "mount -t tmpfs none /mnt\nmkdir /mnt/old\ncp {} /mnt/busybox\nln -s busybox /mnt/sleep\n\
         cd /mnt\npivot_root . old\nPATH=/\nexport PATH\n/busybox umount -l /old",
        busybox.display()
    );
    Sandbox::start(&["-m", "--propagation", "private"], &script)
}

#[test]
fn a_user_namespace_makes_us_root_in_there_unless_ids_are_given_or_preserved() {
    needs_root!();
    let it = started!(Sandbox::start_mapped(&["--net"], "0 1000 10"));
    let ids = "id -u; id -g; id -G";
    assert_eq!(both(&it, &["-U"], ids).stdout, "0\n0\n0\n");
    assert_eq!(
        both(&it, &["-U", "-S", "3", "-G", "4"], ids).stdout,
        "3\n4\n4\n"
    );
    assert_eq!(
        both(&it, &["-U", "--preserve-credentials"], "id -u; id -g").stdout,
        "65534\n65534\n"
    );
    let answer = enter(&it.pid.to_string(), &["-U", "-S", "50"], "true");
    let refusal = "nsinspect: cannot become user 50: Invalid argument (EINVAL)\n  uid 50 is not \
                   mapped in this user namespace (/proc/self/uid_map)\n";
    assert_eq!(all(&answer), (Some(125), "", refusal));
}

#[test]
fn the_targets_user_and_groups_are_followed() {
    needs_root!();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=1234", "--regid=2345", "--groups=7,8", "sh", "-c"]);
    command.arg(then_sleep(""));
    let it = started!(Sandbox::run(&mut command));
    let pid = it.pid.to_string();
    let ids = "id -u; id -g; id -G";
    assert_eq!(enter(&pid, &["-S", "follow"], "id -u").stdout, "1234\n");
    let both = enter(&pid, &["-S", "follow", "-G", "follow"], ids);
    assert_eq!(both.stdout, "1234\n2345\n2345 7 8\n");
    let group = enter(&pid, &["-G", "99"], ids);
    assert_eq!(group.stdout, "0\n99\n99\n");
}

#[test]
fn capabilities_can_be_kept_by_a_user_and_dropped_for_good() {
    needs_root!();
    let kept = enter("self", &["-S", "1234"], "grep CapEff /proc/self/status");
    assert_eq!(kept.stdout, "CapEff:\t0000000000000000\n");
    let own = capability_line(&proc_file(own_pid(), "status"), "CapPrm");
    let kept = enter(
        "self",
        &["-S", "1234", "--keep-caps"],
        "cat /proc/self/status",
    );
    for set in ["CapEff", "CapPrm", "CapAmb"] {
        assert_eq!(capability_line(&kept.stdout, set), own, "{set}");
    }
    let dropped = enter(
        "self",
        &["--cap-drop", "net_raw,sys_admin"],
        "cat /proc/self/status",
    );
    let lost = 1 << 13 | 1 << 21;
    for set in ["CapEff", "CapPrm", "CapBnd"] {
        assert_eq!(capability_line(&dropped.stdout, set), own & !lost, "{set}");
    }
    let unknown = enter("self", &["--cap-drop", "sys_amin"], "true");
    assert_eq!((unknown.code, &*unknown.stdout), (Some(125), ""));
    assert!(unknown.stderr.contains("sys_amin"), "{}", unknown.stderr);
}

fn capability_line(status: &str, set: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(set));
    u64::from_str_radix(line.unwrap().trim_start_matches(':').trim(), 16).unwrap()
}

#[test]
fn the_environment_is_ours_or_the_targets() {
    needs_root!();
    let it = started!(Sandbox::run(
        Command::new("env")
            .args(["-i", "PATH=/usr/bin:/bin", "MARK=theirs", "sh", "-c"])
            .arg(then_sleep(""))
    ));
    let pid = it.pid.to_string();
    let words = |option: &[&str]| -> Vec<String> {
        let before = ["enter", &pid].into_iter().chain(option.iter().copied());
        before
            .chain(["--", "/usr/bin/env"])
            .map(str::to_owned)
            .collect()
    };
    let theirs = nsinspect(words(&["-e"]).iter().map(String::as_str))
        .env("MARK", "ours")
        .run();
    let mut lines: Vec<&str> = theirs
        .stdout
        .lines()
        .filter(|it| !it.starts_with("PWD="))
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, ["MARK=theirs", "PATH=/usr/bin:/bin"]);
    let ours = nsinspect(words(&[]).iter().map(String::as_str))
        .env("MARK", "ours")
        .run();
    assert!(ours.stdout.contains("MARK=ours\n"), "{}", ours.stdout);
}

#[test]
fn without_a_fork_the_program_stays_out_of_the_pid_namespace_and_its_children_do_not() {
    needs_root!();
    let it = started!(sandbox());
    let script = "test $PPID -gt 1 && echo outside; sh -c 'test $PPID = 0 && echo inside'";
    let both = both(&it, &["-p", "-F"], script);
    assert_eq!(both.stdout, "outside\ninside\n");
}

#[test]
fn the_parent_user_namespace_is_entered_in_the_place_of_the_targets() {
    needs_root!();
    let nested = [
        "-U",
        "--map-root-user",
        "unshare",
        "-U",
        "--map-root-user",
        "-n",
    ];
    let it = started!(Sandbox::start(&nested, ""));
    let pid = it.pid.to_string();
    let shown = nsinspect(["show", "-J", &format!("user:[{}]", inode(it.pid, "user"))]).run();
    let parent = &shown.document()["namespaces"][0]["parent"];
    let namespaces = "readlink /proc/self/ns/user; readlink /proc/self/ns/net";
    let around = enter(&pid, &["-U", "--user-parent"], namespaces);
    let expected = format!("user:[{parent}]\nnet:[{}]\n", inode(own_pid(), "net"));
    assert_eq!(all(&around), (Some(0), &*expected, ""));
    // Without -U it is that which governs what is entered.
    let (user, net) = (inode(it.pid, "user"), inode(it.pid, "net"));
    let owner = enter(&pid, &["-n", "--user-parent"], namespaces);
    let expected = format!("user:[{user}]\nnet:[{net}]\n");
    assert_eq!(all(&owner), (Some(0), &*expected, ""));
}

#[test]
fn the_network_namespace_of_a_socket_of_the_target_is_entered() {
    needs_root!();
    let it = with_socket_of_elsewhere();
    let pid = it.pid().to_string();
    let answer = enter(&pid, &["-N", "70"], "readlink /proc/self/ns/net");
    let own = format!("net:[{}]\n", inode(own_pid(), "net"));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_ne!(answer.stdout, own);
    assert_eq!(own, format!("net:[{}]\n", inode(it.pid(), "net")));
    for (number, errno) in [("0", "ENOTTY"), ("99", "EBADF")] {
        let refused = enter(&pid, &["-N", number], "true");
        assert_eq!((refused.code, &*refused.stdout), (Some(125), ""));
        let step = format!("nsinspect: cannot open /proc/{pid}/fd/{number}: ");
        assert!(refused.stderr.starts_with(&step), "{}", refused.stderr);
        assert!(refused.stderr.contains(errno), "{}", refused.stderr);
    }
}

/// A process with a socket under the number 70 (which nothing else has) of a network namespace in which it is not any more.
fn with_socket_of_elsewhere() -> Forked {
    Forked::start(|| {
        let home = std::fs::File::open("/proc/self/ns/net").unwrap();
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        // SAFETY: nobody else in this child knows the number.
        assert_eq!(unsafe { libc::dup2(socket.as_raw_fd(), 70) }, 70);
        setns(home, CloneFlags::CLONE_NEWNET).unwrap();
    })
}

#[test]
fn the_words_behind_a_target_are_read_as_nsenter_reads_them() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    for words in [
        vec!["enter", &pid, "-u", "--", "hostname"],
        vec!["enter", &pid, "-u", "hostname"],
        vec!["enter", "-u", &pid, "hostname"],
        vec!["enter", "-u", "--", &pid, "hostname"],
        vec!["enter", "-t", &pid, "-u", "hostname"],
        vec!["enter", "-t", &pid, "-u", "--", "hostname"],
        vec!["enter", "--target", &pid, "--uts", "--", "hostname"],
    ] {
        let answer = nsinspect(words.iter().copied()).run();
        assert_eq!(all(&answer), (Some(0), "inside\n", ""), "{words:?}");
    }
    // Options of the command are the command's, with and without -t.
    for words in [
        vec!["enter", "-t", &pid, "-u", "echo", "-u", "-t", "--", "-a"],
        vec!["enter", &pid, "-u", "echo", "-u", "-t", "--", "-a"],
    ] {
        let answer = nsinspect(words.iter().copied()).run();
        assert_eq!(all(&answer), (Some(0), "-u -t -- -a\n", ""), "{words:?}");
    }
}

#[test]
fn without_a_command_a_login_shell_runs_and_it_is_one_that_is_there() {
    needs_root!();
    let it = started!(sandbox());
    let pid = it.pid.to_string();
    for (shell, name) in [
        ("/bin/bash", "-bash"),
        ("/no/such/shell", "-sh"),
        ("", "-sh"),
    ] {
        let run = nsinspect(["enter", &pid])
            .env("SHELL", shell)
            .env("HOME", "/nowhere");
        let answer = run.stdin("echo $0; exit 3\n").run();
        assert_eq!(
            (answer.code, answer.stdout.lines().last()),
            (Some(3), Some(name))
        );
    }
}

#[test]
fn a_program_is_found_where_another_root_does_not_fit_our_path() {
    needs_root!();
    let it = started!(sandbox());
    let run = nsinspect(["enter", "-t", &it.pid.to_string(), "-a", "hostname"]);
    let answer = run.env("PATH", "/no/such/folder").run();
    assert_eq!(all(&answer), (Some(0), "inside\n", ""));
}
