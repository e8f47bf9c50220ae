//! What an ordinary user can launch. Root becomes one for it.

use serde_json::json;

use crate::launch::beside::{both_as_nobody, launch_as_nobody, script_as_nobody};
use crate::launch::running::Running;
use crate::live::diffed::Diffed;
use crate::support::facts::{inode, kinds, own_pid, status};
use crate::support::run::{NOBODY, as_nobody, nsinspect_as_nobody, program_for_everyone, run};
use crate::support::skip::is_root;

/// The sentence that goes with a user namespace that was not asked for.
const ADDED: &str = "nsinspect: without CAP_SYS_ADMIN new namespaces need a user namespace: one is \
                     made, with the same ids inside and all capabilities over what is new\n";

fn own_uid() -> u32 {
    match is_root() {
        true => NOBODY,
        false => nix::unistd::geteuid().as_raw(),
    }
}

/// Ends the test here where nobody but root may make user namespaces.
macro_rules! needs_user_namespaces {
    () => {
        let unshare = run(as_nobody(
            std::process::Command::new("unshare").args(["-r", "true"]),
        ));
        if unshare.code != 0 {
            skip!("no user namespaces here: {}", unshare.stderr);
        }
    };
}

#[test]
fn an_ordinary_user_is_root_inside_and_themselves_outside() {
    needs_user_namespaces!();
    let answer = both_as_nobody(&[
        "-U",
        "--map-root-user",
        "sh",
        "-c",
        "id -u; id -g; cat /proc/self/setgroups",
    ])
    .expect(0);
    assert_eq!(answer.stdout, "0\n0\ndeny\n");
    let mut command = std::process::Command::new(program_for_everyone());
    command.args([
        "run",
        "-U",
        "--map-root-user",
        "sh",
        "-c",
        "echo up; exec sleep 1000",
    ]);
    let mut running = Running::of(as_nobody(&mut command));
    running.line();
    let pid = running.pid();
    assert_eq!(status(pid, "Uid"), vec![own_uid().to_string(); 4]);
    let diff = nsinspect_as_nobody(&["diff", "--json", &pid.to_string()])
        .expect(0)
        .json();
    let diff = Diffed(diff);
    assert_eq!(diff.inside("user", "root_uid").0, own_uid());
    let shown = nsinspect_as_nobody(&["show", "--json", &pid.to_string()])
        .expect(0)
        .json();
    let map = json!([{"inside": 0, "outside": own_uid(), "count": 1}]);
    assert_eq!(shown["process"]["uid_map"], map);
}

#[test]
fn everything_works_with_a_user_namespace_that_is_asked_for() {
    needs_user_namespaces!();
    for words in [
        &["-r", "-u", "sh", "-c", "hostname KANS; hostname"][..],
        &["-rn", "cat", "/proc/net/dev"],
        &["-rm", "sh", "-c", "mount -t tmpfs x /tmp; ls /tmp"],
        &[
            "-rfp",
            "--mount-proc",
            "sh",
            "-c",
            "echo $$; ps -e -o pid=,comm=",
        ],
        &["-ri", "ipcs", "-q"],
        &["-c", "id"],
        &["-U", "id"],
        &[
            "-c",
            "--keep-caps",
            "sh",
            "-c",
            "grep Cap /proc/self/status",
        ],
    ] {
        let answer = match words[0] {
            // The loopback interface is up in ours.
            "-rn" => launch_as_nobody(words),
            _ => both_as_nobody(words),
        };
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{words:?}");
    }
}

#[test]
fn a_user_namespace_is_added_where_there_is_no_other_way_and_that_is_said() {
    needs_user_namespaces!();
    let answer = launch_as_nobody(&["-u", "sh", "-c", "hostname KANS; hostname; id -u"]).expect(0);
    assert_eq!(answer.stdout, format!("KANS\n{}\n", own_uid()));
    assert_eq!(answer.stderr, ADDED);
    let answer = launch_as_nobody(&[
        "-pm",
        "sh",
        "-c",
        "echo $$; mount -t tmpfs x /mnt; ps -e -o pid= | wc -l",
    ])
    .expect(0);
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("1\n3\n", ADDED)
    );
    // Nothing to make, nothing to add.
    let answer = launch_as_nobody(&["id", "-u"]).expect(0);
    assert_eq!(
        (answer.stdout, answer.stderr),
        (format!("{}\n", own_uid()), String::new())
    );
}

#[test]
fn all_kinds_at_once_need_no_privilege() {
    needs_user_namespaces!();
    let answer = launch_as_nobody(&["-a", "sh", "-c", "readlink /proc/self/ns/*; id -u"]).expect(0);
    for kind in kinds() {
        let same = format!("{kind}:[{}]\n", inode(own_pid(), kind));
        assert!(!answer.stdout.contains(&same), "{kind} is shared");
    }
    assert!(answer.stdout.ends_with("\n0\n"), "{}", answer.stdout);
    assert_eq!(answer.stderr, "");
}

#[test]
fn what_takes_privilege_outside_says_so() {
    needs_user_namespaces!();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("uts");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(
        dir.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let answer = launch_as_nobody(&["-r", &format!("-u={file}"), "true"]).expect(125);
    assert_eq!(
        answer.stderr,
        format!(
            "nsinspect: cannot keep the uts namespace by a bind mount on {file}: Operation not \
             permitted (EPERM)\n  bind mounts take CAP_SYS_ADMIN outside of the new namespaces\n"
        )
    );
    let answer = launch_as_nobody(&["-R", "/usr", "true"]).expect(125);
    assert!(
        answer
            .stderr
            .contains("changing the root takes CAP_SYS_CHROOT"),
        "{answer:?}"
    );
}

#[test]
fn one_launch_runs_within_another() {
    needs_user_namespaces!();
    let text = "$NSINSPECT run -a $NSINSPECT run -a sh -c 'echo $$; id -u; exit 4'";
    let answer = script_as_nobody(&format!("{text} || echo $?")).expect(0);
    assert_eq!(answer.stdout, "1\n0\n4\n");
}
