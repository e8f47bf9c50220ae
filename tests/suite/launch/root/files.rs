//! Namespaces kept on files, propagation, roots, /proc and descriptors.

use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::launch::beside::{launch, script};
use crate::support::facts::kinds;
use crate::support::skip::find_program;

/// In a mount namespace of its own with a private tmpfs on `$T`.
fn with_tmpfs(dir: &Path, text: &str) -> String {
    format!(
        "T={}\nexport T NSINSPECT\nunshare -m --propagation private sh -ec 'mount -t tmpfs it $T\n{text}'",
        dir.display()
    )
}

#[test]
fn each_kind_is_kept_by_a_bind_mount_on_its_file() {
    needs_root!();
    let dir = TempDir::new().unwrap();
    let long = |kind: &str| match kind {
        "mnt" => "mount".to_owned(),
        other => other.to_owned(),
    };
    let kinds = kinds();
    let options: Vec<String> = kinds
        .iter()
        .map(|kind| format!("--{}=$T/{kind}", long(kind)))
        .collect();
    let text = format!(
        "cd $T; touch {kinds}\n\
         $NSINSPECT run {} sh -c \"for kind in {kinds}; do stat -Lc %i /proc/self/ns/\\$kind; done\" >in\n\
         for kind in {kinds}; do stat -c %i $kind; done >kept\n\
         cmp in kept; stat -fc %T {kinds} | sort -u; wc -l <in",
        options.join(" "),
        kinds = kinds.join(" "),
    );
    let answer = script(&with_tmpfs(dir.path(), &text)).expect(0);
    assert_eq!(answer.stdout, format!("nsfs\n{}\n", kinds.len()));
}

/// Each processor may number namespaces on its own, and the kernel binds by number.
#[test]
fn a_mount_namespace_is_kept_whichever_processors_made_it_and_the_old_one() {
    needs_root!();
    let dir = TempDir::new().unwrap();
    let ourselves = nix::unistd::Pid::from_raw(0);
    let allowed = nix::sched::sched_getaffinity(ourselves).unwrap();
    let allowed = (0..nix::sched::CpuSet::count()).filter(|it| allowed.is_set(*it) == Ok(true));
    let allowed: Vec<usize> = allowed.take(4).collect();
    for (old, new) in allowed
        .iter()
        .flat_map(|old| allowed.iter().map(move |new| (old, new)))
    {
        let text = format!(
            "touch $T/mnt\n\
             taskset -c {new} $NSINSPECT run -m=$T/mnt sh -c \\
             \"readlink /proc/self/ns/mnt; taskset -cp \\$\\$\"\n\
             stat -fc %T $T/mnt; echo mnt:[$(stat -c %i $T/mnt)]"
        );
        let text =
            with_tmpfs(dir.path(), &text).replace("unshare", &format!("taskset -c {old} unshare"));
        let answer = script(&text).expect(0);
        let lines: Vec<&str> = answer.stdout.lines().collect();
        assert_eq!(lines[0], lines[3], "{old} {new} {answer:?}");
        // Its processors are not changed for it.
        assert!(lines[1].ends_with(&format!(": {new}")), "{answer:?}");
        assert_eq!(lines[2], "nsfs");
    }
}

#[test]
fn short_options_take_files_and_can_be_joined() {
    needs_root!();
    let dir = TempDir::new().unwrap();
    let text = "touch $T/uts $T/pid; $NSINSPECT run -fp=$T/pid -iu=$T/uts hostname KANS\n\
                nsenter --uts=$T/uts hostname; stat -fc %T $T/pid";
    let answer = script(&with_tmpfs(dir.path(), text)).expect(0);
    assert_eq!(answer.stdout, "KANS\nnsfs\n");
}

#[test]
fn mounts_propagate_as_is_said() {
    needs_root!();
    let dir = TempDir::new().unwrap();
    let text = "mount --make-shared $T\n\
        for how in private slave shared unchanged; do\n\
        mkdir $T/$how $T/late-$how; mkfifo $T/go-$how\n\
        $NSINSPECT run -m --propagation $how sh -c \"mount -t tmpfs in-$how $T/$how; echo >$T/go-$how; read go <$T/go-$how; grep -c late-$how /proc/self/mountinfo >$T/seen || true\" &\n\
        read go <$T/go-$how; mount -t tmpfs late-$how $T/late-$how; echo >$T/go-$how; wait\n\
        echo $how $(grep -c in-$how /proc/self/mountinfo) $(cat $T/seen)\n\
        done";
    let answer = script(&with_tmpfs(dir.path(), text)).expect(0);
    // What is mounted inside is seen outside; what is mounted outside is seen inside.
    assert_eq!(
        answer.stdout,
        "private 0 0\nslave 0 1\nshared 1 1\nunchanged 1 1\n"
    );
}

#[test]
fn a_fresh_proc_does_not_show_up_outside_however_mounts_propagate() {
    needs_root!();
    let text = "unshare -m --propagation private sh -ec '\n\
        mount --make-rshared /\n\
        before=$(grep -c \" /proc \" /proc/self/mountinfo)\n\
        for how in shared unchanged slave; do $NSINSPECT run -pm --propagation $how sh -c \"echo \\$\\$; ps -e -o pid= | wc -l\"; done\n\
        test $before = $(grep -c \" /proc \" /proc/self/mountinfo)'";
    let answer = script(&format!("export NSINSPECT\n{text}")).expect(0);
    assert_eq!(answer.stdout, "1\n3\n".repeat(3));
}

#[test]
fn proc_is_fresh_with_pid_and_mnt_elsewhere_if_said_and_left_alone_if_said() {
    needs_root!();
    let count = |words: &[&str], proc: &str| {
        let script = format!("ls {proc} | grep -c '^[0-9]'");
        let answer = launch(&[words, &["sh", "-c", &script]].concat()).expect(0);
        answer.stdout.trim().parse::<usize>().unwrap()
    };
    assert!(count(&["-pm"], "/proc") <= 3);
    assert!(
        count(&["-p"], "/proc") > 3,
        "no mount namespace, no fresh /proc"
    );
    assert!(count(&["-pm", "--no-mount-proc"], "/proc") > 3);
    let dir = TempDir::new().unwrap();
    let at = dir.path().to_str().unwrap();
    assert!(count(&["-p", &format!("--mount-proc={at}")], at) <= 3);
    assert_eq!(std::fs::read_dir(at).unwrap().count(), 0);
}

/// A root directory with busybox alone.
fn small_root() -> Option<TempDir> {
    let busybox = find_program("busybox")?;
    let dir = TempDir::new().unwrap();
    for name in ["bin", "proc"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    std::fs::copy(busybox, dir.path().join("bin/busybox")).unwrap();
    for name in ["sh", "ls", "cat", "pwd", "touch", "readlink"] {
        symlink("busybox", dir.path().join("bin").join(name)).unwrap();
    }
    Some(dir)
}

#[test]
fn another_root_is_all_that_there_is_and_can_be_read_only() {
    needs_root!();
    let Some(root) = small_root() else {
        skip!("busybox is not installed");
    };
    let root = root.path().to_str().unwrap();
    let look = [
        "sh",
        "-c",
        "pwd; ls /; echo /proc/[0-9]*; touch /new && echo new",
    ];
    for option in ["--rootfs", "-R"] {
        let words = [&["-pm", "-w", "/bin", option, root], &look[..]].concat();
        let answer = launch(&words).expect(0);
        assert_eq!(answer.stdout, "/bin\nbin\nproc\n/proc/1\nnew\n");
        std::fs::remove_file(Path::new(root).join("new")).unwrap();
    }
    let new = Path::new(root).join("new");
    let script = "touch /new; echo 100 > /proc/self/oom_score_adj && cat /proc/self/oom_score_adj; readlink /proc/1/exe";
    let answer = launch(&["-p", "--rootfs", root, "--read-only", "sh", "-c", script]).expect(0);
    assert_eq!(
        answer.stdout, "100\n/bin/busybox\n",
        "its /proc can be written"
    );
    assert_eq!(answer.stderr, "touch: /new: Read-only file system\n");
    assert!(!new.exists());
    // No way back by which a chroot is left.
    let answer = launch(&["--rootfs", root, "sh", "-c", "cd ../../..; pwd; ls"]).expect(0);
    assert_eq!(answer.stdout, "/\nbin\nproc\n");
    // The shell of out here need not be in there.
    let answer = launch(&["-R", root]).expect(0);
    assert_eq!(answer.stdout, "");
}

#[test]
fn a_root_may_be_named_from_the_directory_that_we_are_in() {
    needs_root!();
    let Some(root) = small_root() else {
        skip!("busybox is not installed");
    };
    let (root, name) = (
        root.path().display(),
        root.path().file_name().unwrap().display(),
    );
    let text = format!(
        "cd {root}; $NSINSPECT run --rootfs . ls /; cd ..; $NSINSPECT run -R {name} ls /; \
         $NSINSPECT run --rootfs {name}/bin/.. pwd"
    );
    assert_eq!(script(&text).expect(0).stdout, "bin\nproc\nbin\nproc\n/\n");
}

#[test]
fn a_program_of_another_root_is_never_given_our_executable() {
    needs_root!();
    let Some(root) = small_root() else {
        skip!("busybox is not installed");
    };
    use std::os::unix::fs::PermissionsExt;
    let evil = root.path().join("evil");
    std::fs::write(&evil, "#!/proc/self/exe\n").unwrap();
    std::fs::set_permissions(&evil, PermissionsExt::from_mode(0o755)).unwrap();
    // What it is given is a sealed file of a few instructions, which refuses to go round.
    let answer = launch(&["-pm", "--rootfs", root.path().to_str().unwrap(), "/evil"]);
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (126, ""),
        "{answer:?}"
    );
}

#[test]
fn only_the_descriptors_that_are_named_are_inherited() {
    needs_root!();
    let text = |option: &str| {
        format!(
            "exec 7</etc/passwd; $NSINSPECT run -u {option} readlink /proc/self/fd/7 || echo no"
        )
    };
    assert_eq!(script(&text("")).expect(0).stdout, "no\n");
    let named = script(&text("--preserve-fd 7")).expect(0);
    assert_eq!(named.stdout, "/etc/passwd\n");
    let refused = script("$NSINSPECT run --preserve-fd 9 true 9<&-").expect(125);
    assert_eq!(
        refused.stderr,
        "nsinspect: --preserve-fd wants open descriptors, and 9 is not open\n"
    );
    // Descriptors 0 to 2 are there also where the caller has closed them.
    assert_eq!(
        script("$NSINSPECT run -u sh -c 'readlink /proc/self/fd/0' <&-").stdout,
        "/dev/null\n"
    );
}

#[test]
fn the_environment_is_kept_or_cleared_and_the_directory_stays() {
    needs_root!();
    let text = "cd /usr; A=1 $NSINSPECT run -u sh -c 'pwd; echo $A'; A=1 $NSINSPECT run -u --clear-env /usr/bin/env; \
                $NSINSPECT run -u -w /etc pwd; $NSINSPECT run -u -w bin pwd";
    assert_eq!(script(text).expect(0).stdout, "/usr\n1\n/etc\n/usr/bin\n");
}

#[test]
fn a_pipe_that_is_closed_ends_the_program_as_everywhere() {
    needs_root!();
    let text = "trap '' CHLD; { $NSINSPECT run -u yes; echo $? >&2; } | head -1; { $NSINSPECT run -f yes; echo $? >&2; } | head -1";
    let answer = script(&format!("set +e\n{text}"));
    assert_eq!(answer.stdout, "y\ny\n");
    assert_eq!(
        answer.stderr,
        "141\nnsinspect: the program was killed by SIGPIPE\n141\n"
    );
}
