//! `run --verify`: proven before the program starts, or it does not start.

use super::{claims, path};
use crate::support::run::{nsinspect, nsinspect_as_nobody};

const WHOLE: [&str; 3] = ["run", "--all", "--verify"];

#[test]
fn an_ordinary_user_has_all_eight_kinds_proven_before_the_program_starts() {
    let args = [&WHOLE[..], &["--", "/bin/echo", "started"]].concat();
    let answer = nsinspect_as_nobody(&args);
    // Where user namespaces are refused there is nothing to prove.
    if answer.stderr.contains("cannot make") {
        skip!(
            "an ordinary user may make no user namespace here: {}",
            answer.stderr
        );
    }
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(answer.stdout, "started\n");
    assert_eq!(
        answer.stderr,
        "nsinspect: proven before the start: 15 claims\n"
    );
}

#[test]
fn the_report_names_every_claim_and_what_was_done_for_it() {
    let args = [&WHOLE[..], &["-v", "--hostname", "inside", "--", "true"]].concat();
    let answer = nsinspect_as_nobody(&args);
    if answer.stderr.contains("cannot make") {
        skip!(
            "an ordinary user may make no user namespace here: {}",
            answer.stderr
        );
    }
    assert_eq!(answer.code, 0, "{answer:?}");
    let said = answer
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for part in [
        "holds hostname inside",
        "holds its host name stays inside tried: set the host name nsi-",
        "holds its mounts stay inside tried: mounted nsi-",
        "holds all ends with its PID 1 tried: killed PID 1 of a pid namespace made for that; \
         the other process ended with it",
    ] {
        assert!(said.contains(part), "{part}: {}", answer.stderr);
    }
}

#[test]
fn a_program_is_not_started_where_a_claim_fails() {
    let file = claims("version: 1\nclaims: {isolated: [net], interfaces: [lo]}\n");
    let args = [
        "run",
        "--map-root-user",
        "--uts",
        "--claims",
        path(&file),
        "--",
        "/bin/echo",
        "started",
    ];
    let answer = nsinspect(&args).expect(125);
    assert_eq!(answer.stdout, "", "the program was not started");
    let lines: Vec<&str> = answer.stderr.lines().collect();
    assert!(lines[1].starts_with("FAILS  net isolated"), "{answer:?}");
    assert_eq!(
        lines[lines.len() - 2..],
        [
            "nsinspect: not all that is claimed of it could be proven",
            "  what was found out stands above; the program was not started",
        ]
    );
}

#[test]
fn a_claims_file_for_a_launch_names_nobody_else() {
    let file = claims("version: 1\ntargets: [{target: 1, profile: sandbox}]\n");
    let answer = nsinspect(&["run", "--uts", "--claims", path(&file), "--", "true"]).expect(125);
    let expected = "has targets of its own, and `run` proves only what it launches";
    assert!(answer.stderr.contains(expected), "{answer:?}");
}
