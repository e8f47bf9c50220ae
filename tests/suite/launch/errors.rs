//! What cannot be launched: each refusal provoked for real, each sentence read.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::launch::beside::{launch_as_nobody, refused, script_as_nobody};
use crate::support::run::{Answer, as_nobody, program_for_everyone, run};
use crate::support::skip::is_root;

/// Ends the test here where nobody but root may make user namespaces.
macro_rules! needs_user_namespaces {
    () => {
        if script_as_nobody("unshare -r true").code != 0 {
            skip!("no user namespaces here");
        }
    };
}

#[test]
fn a_limit_of_zero_user_namespaces_is_named() {
    needs_user_namespaces!();
    // Each user namespace has limits of its own: only this one's is changed.
    let text = "unshare -r sh -c \"echo 0 >/proc/sys/user/max_user_namespaces; exec $NSINSPECT run -U true\"";
    refused(
        script_as_nobody(text),
        125,
        "nsinspect: cannot make a new user namespace: No space left on device (ENOSPC)\n  \
         user.max_user_namespaces is 0: sysctl -w user.max_user_namespaces=10000 allows some\n",
    );
    let text = "unshare -r sh -c \"echo 1 >/proc/sys/user/max_uts_namespaces; unshare -u $NSINSPECT run -u true\"";
    let answer = script_as_nobody(text);
    assert!(
        answer
            .stderr
            .contains("a limit is reached: user.max_*_namespaces"),
        "{answer:?}"
    );
}

#[test]
fn a_chroot_is_named() {
    needs_user_namespaces!();
    if !std::fs::symlink_metadata("/lib").is_ok_and(|lib| lib.is_symlink()) {
        skip!("/lib is not below /usr");
    }
    let text = "T=$(mktemp -d); trap 'rm -r $T' EXIT; mkdir $T/usr $T/proc; for d in lib lib64 bin; do ln -s usr/$d $T/$d; done\n\
                unshare -rm sh -ec \"mount --rbind /usr $T/usr; mount --rbind /proc $T/proc; exec chroot $T $NSINSPECT run -U true\"";
    refused(
        script_as_nobody(text),
        125,
        "nsinspect: cannot make a new user namespace: Operation not permitted (EPERM)\n  \
         we run in a chroot, and the kernel makes no user namespace there\n",
    );
}

/// Runs it under a filter that answers unshare(2) with an error.
fn under_filter(command: &mut Command) -> Answer {
    let filter = move || {
        let word = |code: u32, jt, jf, k| libc::sock_filter {
            code: code as u16,
            jt,
            jf,
            k,
        };
        let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
        let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let give = libc::BPF_RET | libc::BPF_K;
        let mut program = [
            word(load, 0, 0, 0),
            word(equal, 0, 1, libc::SYS_unshare as u32),
            word(give, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
            word(give, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog {
            len: program.len() as u16,
            filter: program.as_mut_ptr(),
        };
        nix::sys::prctl::set_no_new_privs()?;
        // SAFETY: the kernel copies the program.
        let result = unsafe {
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            )
        };
        match result {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: two system calls between fork and exec.
    run(unsafe { command.pre_exec(filter) })
}

const FILTERED: &str = "a seccomp filter may forbid it, as those of container runtimes do";

#[test]
fn a_seccomp_filter_is_named() {
    let mut command = Command::new(program_for_everyone());
    let answer = under_filter(as_nobody(command.args(["run", "-U", "true"])));
    refused(
        answer,
        125,
        &format!(
            "nsinspect: cannot make a new user namespace: Operation not permitted (EPERM)\n  {FILTERED}\n"
        ),
    );
    if is_root() {
        let mut command = Command::new(program_for_everyone());
        refused(
            under_filter(command.args(["run", "-u", "true"])),
            125,
            &format!(
                "nsinspect: cannot make a new uts namespace: Operation not permitted (EPERM)\n  {FILTERED}\n"
            ),
        );
    }
}

#[test]
fn a_masked_proc_is_named_with_its_masks() {
    needs_user_namespaces!();
    let text = "unshare -rm sh -ec \"mount --bind /dev/null /proc/kallsyms; exec $NSINSPECT run -rpm true\"";
    let answer = script_as_nobody(text).expect(125);
    let (first, second) = answer.stderr.split_once('\n').unwrap();
    assert_eq!(
        first,
        "nsinspect: cannot mount a procfs on /proc: Operation not permitted (EPERM)"
    );
    assert!(
        second.starts_with("  parts of the /proc out here are masked (")
            && second.contains("/proc/kallsyms")
            && second.ends_with(
                "), and in a user namespace the kernel mounts no procfs that shows more; \
                 --no-mount-proc goes without\n"
            ),
        "{second}"
    );
    let text = text.replace("-rpm", "-rpm --no-mount-proc");
    script_as_nobody(&text).expect(0);
}

#[test]
fn a_pid_namespace_whose_init_has_ended_is_named() {
    needs_user_namespaces!();
    let cause = "nsinspect: cannot start a process: Out of memory (ENOMEM)\n  the init of \
                 the pid namespace has ended, and nobody can be born into it any more \
                 (pid_namespaces(7))\n";
    // Its first child is the init, and ends at once.
    let text = "unshare -rp sh -c \"/bin/true; exec $NSINSPECT run -f true\"";
    refused(script_as_nobody(text), 125, cause);
    let text = "unshare -rp sh -c \"/bin/true; exec $NSINSPECT run --map-users 0:0:1 --setgroups deny -T true\"";
    refused(script_as_nobody(text), 125, cause);
}

#[test]
fn maps_that_may_not_be_written_say_why() {
    needs_user_namespaces!();
    refused(
        script_as_nobody("unshare -r $NSINSPECT run --map-users 0:5:10 true"),
        125,
        "nsinspect: cannot write uid_map (by hand): Operation not permitted (EPERM)\n  ids other \
         than one's own take CAP_SETUID (CAP_SETGID) over the outer user namespace, where they \
         must be mapped too\n",
    );
    refused(
        script_as_nobody("unshare -r $NSINSPECT run -r --setgroups allow true"),
        125,
        "nsinspect: cannot write setgroups (by hand): Operation not permitted (EPERM)\n  \
         setgroups(2) is denied in the user namespace that we are in, and so in all below it\n",
    );
    refused(
        script_as_nobody("unshare -r $NSINSPECT run --map-users 0:0:1 --map-users 0:0:1 true"),
        125,
        "nsinspect: cannot write uid_map (by hand): Invalid argument (EINVAL)\n  the ranges \
         overlap, or there are more than 340\n",
    );
}

/// Where AppArmor is not at hand, its switch is: the refusal of the map is real in any case.
#[test]
fn the_switch_of_apparmor_is_named_where_a_map_is_refused() {
    needs_user_namespaces!();
    let text = "unshare -rm sh -ec \"mount -t tmpfs it /proc/sys/kernel; \
                echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns; \
                exec $NSINSPECT run --map-users 0:5:10 true\"";
    refused(
        script_as_nobody(text),
        125,
        "nsinspect: cannot write uid_map (by hand): Operation not permitted (EPERM)\n  \
         kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor lets programs without a \
         profile make user namespaces, and gives them no rights there; sysctl -w \
         kernel.apparmor_restrict_unprivileged_userns=0, or a profile for nsinspect\n",
    );
}

#[test]
fn a_helper_that_is_not_installed_is_named_with_its_package() {
    needs_user_namespaces!();
    refused(
        script_as_nobody("PATH=/nonexistent; $NSINSPECT run --map-users 0:5:10 /bin/true"),
        125,
        "nsinspect: cannot write uid_map (newuidmap)\n  newuidmap is not installed: it comes with \
         the package uidmap (or shadow-utils)\n",
    );
}

#[test]
fn a_program_that_cannot_be_executed_has_the_codes_of_shells() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(
        dir.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let file = |name: &str, contents: &[u8], mode| {
        let path = dir.path().join(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .unwrap();
        path.to_str().unwrap().to_owned()
    };
    let garbage = file("garbage", b"\x7fnothing", 0o755);
    let closed = file("closed", b"#!/bin/sh\n", 0o644);
    let script = file("script", b"#!/nonexistent/interpreter\n", 0o755);
    for options in [&[][..], &["-f"], &["-r", "--init"]] {
        let says = |program: &str, code, error: &str| {
            let said = format!("nsinspect: cannot execute {program}{error}\n");
            refused(
                launch_as_nobody(&[options, &[program]].concat()),
                code,
                &said,
            );
        };
        if options.contains(&"-r") && !is_root() && launch_as_nobody(&["-r", "true"]).code != 0 {
            continue;
        }
        says(
            "nonexistent",
            127,
            ": No such file or directory (ENOENT)\n  no such file in there, in no directory of PATH",
        );
        says(
            "/nonexistent",
            127,
            ": No such file or directory (ENOENT)\n  no such file in there",
        );
        says(
            &closed,
            126,
            ": Permission denied (EACCES)\n  it is no file that may be executed there",
        );
        says(
            "/usr",
            126,
            ": Permission denied (EACCES)\n  it is no file that may be executed there",
        );
        says(
            &garbage,
            126,
            ": Exec format error (ENOEXEC)\n  it is no program for this machine, or a script without #! in its first line",
        );
        says(
            &script,
            126,
            ", which is there: No such file or directory (ENOENT)\n  the interpreter that its first line names, or its loader and libraries, are not in there",
        );
    }
}

#[test]
fn wrong_words_end_with_125_and_never_like_the_program() {
    for words in [
        &["--nonsense"][..],
        &["--map-users", "0:0"],
        &["--map-users", "0:0:0"],
        &["--kill-child=NOPE", "true"],
        &["--owner", "1", "true"],
        &["--owner", "nobody-at-all:0", "true"],
        &["--map-user", "nobody-at-all", "true"],
        &["--setgroups", "perhaps"],
        &["--propagation", "sideways"],
        &["--read-only", "true"],
        &["--mount-proc", "--no-mount-proc", "true"],
        &["--rootfs", "/", "-R", "/", "true"],
        &["--rootfs", "/usr", "--propagation", "shared", "true"],
        &["--preserve-fd", "1", "true"],
        &["-S", "-1", "true"],
        &["-S", "4294967295", "true"],
        &["--owner", "4294967295:0", "true"],
    ] {
        let answer = launch_as_nobody(words);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (125, ""),
            "{words:?}"
        );
        assert!(!answer.stderr.is_empty(), "{words:?}");
    }
    launch_as_nobody(&["--help"]).expect(0);
}
