//! What a plain `enter` lets the program do that the target could not.

use std::process::Command;

use crate::entering::enter;
use crate::runtimes::started;
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::has_program;

fn with_bounding_set(set: &str) -> Result<Sandbox, String> {
    let mut command = Command::new("unshare");
    command.args(["-m", "setpriv", "--bounding-set", set, "sh", "-c"]);
    Sandbox::run(command.arg(then_sleep("")))
}

#[test]
fn what_the_target_lacks_is_said_once_and_how_to_do_without() {
    needs_root!();
    if !has_program("setpriv") {
        skip!("setpriv is not installed");
    }
    let it = started!(with_bounding_set(
        "-sys_admin,-sys_ptrace,-chown,-fowner,-setgid"
    ));
    let pid = it.pid.to_string();
    let said = "nsinspect: the program gets our own capabilities, 5 more than the target has \
                (sys_ptrace, sys_admin, chown, fowner, setgid): --as-target gives it the \
                target's rights\n";
    for options in [&[] as &[&str], &["-a"], &["-m"], &["-r"]] {
        let answer = enter(&pid, options, "true");
        assert_eq!(
            (answer.code, &*answer.stderr),
            (Some(0), said),
            "{options:?}"
        );
    }
    for options in [
        // The target's, a program of our own file system, or nothing left of it.
        &["--as-target"] as &[&str],
        &["-u"],
        &[
            "-m",
            "--cap-drop",
            "sys_admin,sys_ptrace,chown,fowner,setgid",
        ],
        &["-m", "-S", "1234"],
    ] {
        let answer = enter(&pid, options, "true");
        assert_eq!((answer.code, &*answer.stderr), (Some(0), ""), "{options:?}");
    }
    let one = started!(with_bounding_set("-sys_module"));
    let answer = enter(&one.pid.to_string(), &[], "true");
    let said = "nsinspect: the program gets our own capabilities, 1 more than the target has \
                (sys_module): --as-target gives it the target's rights\n";
    assert_eq!(answer.stderr, said);
}

#[test]
fn all_over_another_user_namespace_are_none_over_ours() {
    needs_root!();
    let it = started!(Sandbox::start(&["-Urm"], ""));
    let pid = it.pid.to_string();
    // In its own, whatever the program does it does there.
    assert_eq!(enter(&pid, &[], "true").stderr, "");
    let answer = enter(&pid, &["-m"], "true");
    let begin = "nsinspect: the program gets our own capabilities, ";
    assert!(answer.stderr.starts_with(begin), "{answer:?}");
}
