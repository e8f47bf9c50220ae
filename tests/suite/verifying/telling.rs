//! What takes no privilege: how claims are given, refused and told.

use super::{claims, path};
use crate::support::run::nsinspect;

/// The first line of a refusal.
fn refused(args: &[&str]) -> String {
    let answer = nsinspect(args).expect(2);
    assert_eq!(answer.stdout, "");
    let line = answer.stderr.lines().next().unwrap_or_default();
    line.trim_start_matches("nsinspect: ").to_owned()
}

#[test]
fn without_a_claim_or_a_target_nothing_is_proven() {
    let own = std::process::id().to_string();
    for (args, expected) in [
        (
            vec!["verify", &own],
            "nothing is claimed: say what, by --claims, --oci, --profile or --require",
        ),
        (
            vec!["verify", "--require", "pid"],
            "a TARGET is wanted, or a claims file that names some",
        ),
        (
            vec!["verify", "--profile", "nosuch", &own],
            "there is no profile \"nosuch\"; there are docker-default, pss-baseline, \
             pss-restricted, rootless, sandbox",
        ),
        (
            vec!["verify", "--require", "pid", "--format", "sarif", &own],
            "--format sarif is for findings, which only `nsinspect audit` has",
        ),
        (
            vec!["list", "--format", "junit"],
            "--format junit is for claims, which only `nsinspect verify` tries",
        ),
        (
            vec!["verify", &own, "--oci", "/nosuch"],
            "cannot take claims from /nosuch: No such file or directory",
        ),
        (
            vec!["verify", &own, "--oci", "/etc/passwd"],
            "cannot take claims from /etc/passwd: expected value at line 1 column 1",
        ),
    ] {
        assert_eq!(refused(&args), expected);
    }
}

#[test]
fn a_mistake_in_a_claims_file_is_told_with_its_place() {
    let file = claims("version: 1\ntargets:\n- target: 1\n  claims:\n    isolated: [pid, nit]\n");
    assert_eq!(
        refused(&["verify", "--claims", path(&file)]),
        format!(
            "cannot take claims from {}: targets[0].claims.isolated[1]: \"nit\" is not a kind of \
             namespace; the kinds are cgroup, ipc, mnt, net, pid, time, user and uts at line 5 \
             column 21",
            path(&file)
        )
    );
}

#[test]
fn how_a_claim_would_be_tried_is_told_and_nothing_done() {
    let own = std::process::id().to_string();
    let file = claims("version: 1\nclaims: {isolated: [uts], uts: 1}\n");
    assert!(refused(&["verify", &own, "--claims", path(&file)]).contains("unknown field `uts`"));
    let file = claims("version: 1\nclaims: {isolated: [uts], no_new_privs: true, hostname: x}\n");
    let answer = nsinspect(&["verify", &own, "--claims", path(&file), "--explain"]).expect(0);
    assert_eq!(
        answer.stdout,
        format!(
            "{own} (process {own})\n  \
             uts isolated: reads /proc/PID/ns/uts on both sides; tries: to read both names on \
             both sides\n  \
             hostname x: reads its uts namespace; tries uname(2) in there\n  \
             no_new_privs on: reads NoNewPrivs in /proc/PID/status\n"
        )
    );
}

#[test]
fn without_claims_all_that_can_be_claimed_is_told() {
    let answer = nsinspect(&["verify", "--explain"]).expect(0);
    let start = "isolated\n  Kinds of namespace in which it is not where the host is\n  \
                 as in isolated: [pid, net, uts]\nisolated_from\n";
    assert!(answer.stdout.starts_with(start), "{}", answer.stdout);
    let page = include_str!("../../../docs/claims.md");
    let heads = page.lines().filter_map(|line| line.strip_prefix("## "));
    let keys: Vec<&str> = heads.filter(|head| *head != "Not in a file").collect();
    let told: Vec<&str> = answer
        .stdout
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(told, keys);
}

#[test]
fn what_is_shared_fails_and_by_the_exit_code_too() {
    let own = std::process::id().to_string();
    // Of ourselves everything is shared with ourselves.
    let text = format!(
        "version: 1\ntargets:\n- target: {own}\n  claims:\n    isolated_from: \
         [{{target: {own}, kinds: [uts, ipc]}}]\n    shared_with: [{{target: {own}, kinds: \
         [uts]}}]\n"
    );
    let file = claims(&text);
    let answer = nsinspect(&["verify", "--claims", path(&file), "--static-only"]).expect(1);
    let inode = |kind: &str| {
        let link = std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        link.to_str().unwrap().to_owned()
    };
    let (ipc, uts) = (inode("ipc"), inode("uts"));
    let expected = format!(
        "FAILS                          ipc isolated from {own}\n\
         {0:31}read: it is in {ipc}, that of {own}\n\
         FAILS                          uts isolated from {own}\n",
        ""
    );
    // The width of the first column is that of the longest claim that fits beside the rest.
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = squeezed(&answer.stdout);
    assert!(said.contains(&squeezed(&expected)), "{}", answer.stdout);
    assert!(
        said.ends_with(&format!(
            "holds uts shared with {own} read: it is in {uts}, that of {own} 2 fail, 1 holds"
        )),
        "{}",
        answer.stdout
    );
}

#[test]
fn junit_tells_a_failure_from_what_could_not_be_decided() {
    let own = std::process::id().to_string();
    let text = format!(
        "version: 1\ntargets:\n- target: {own}\n  claims:\n    shared_with: \
         [{{target: {own}, kinds: [uts]}}]\n    sockets: {{unreachable: [/]}}\n"
    );
    let file = claims(&text);
    let args = [
        "verify",
        "--claims",
        path(&file),
        "--static-only",
        "--format",
        "junit",
    ];
    let answer = nsinspect(&args).expect(2);
    assert_eq!(
        answer.stdout,
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nsinspect verify" tests="2" skipped="0" failures="0" errors="1">
    <testsuite name="{own}" tests="2" skipped="0" errors="1" failures="0">
        <testcase name="uts shared with {own}" classname="{own}"/>
        <testcase name="/ unreachable" classname="{own}">
            <error message="only an experiment tells whether it can connect; not tried: an experiment was not allowed"></error>
        </testcase>
    </testsuite>
</testsuites>
"#
        )
    );
}

#[test]
fn a_saved_snapshot_is_judged_by_what_is_in_it() {
    let own = std::process::id().to_string();
    let snapshot = nsinspect(&["snapshot"]).expect(0);
    let saved = claims(&snapshot.stdout);
    let file = claims("version: 1\nclaims: {no_new_privs: false, paths: {absent: [/nosuch]}}\n");
    let args = [
        "verify",
        &own,
        "--from",
        path(&saved),
        "--claims",
        path(&file),
        "--json",
    ];
    let answer = nsinspect(&args).expect(2);
    let document = answer.json();
    let verdicts: Vec<_> = document["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["claim"].as_str().unwrap(),
                it["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("/nosuch absent", "undecided"),
            ("no_new_privs off", "holds")
        ]
    );
}

#[test]
fn profiles_are_listed_and_printed_as_claims_files() {
    let names = nsinspect(&["verify", "--show-profile"]).expect(0).stdout;
    assert_eq!(
        names,
        "docker-default\npss-baseline\npss-restricted\nrootless\nsandbox\n"
    );
    let text = nsinspect(&["verify", "--show-profile", "rootless"])
        .expect(0)
        .stdout;
    assert_eq!(
        text,
        include_str!("../../../src/verify/sources/profiles/rootless.yaml")
    );
}
