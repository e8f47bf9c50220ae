//! `verify` where nsinspect itself is in namespaces of its own: PID 1 there is not the host's init, and
//! what is shared with it need not be shared with the host.

use serde_json::Value;

use super::{claims, path};
use crate::support::facts::{inode, kinds, own_pid};
use crate::support::nsinspect::{Answer, NOBODY, Run};
use crate::support::run::program_for_everyone;
use crate::support::skip::is_root;

/// Everything that new namespaces can be had for, with a procfs of their own.
const ALL: &[&str] = &[
    "unshare",
    "-UrmpfniuCT",
    "--boottime",
    "100",
    "--mount-proc",
];

/// A run around which unshare(1) puts namespaces; `None`: it cannot.
fn inside(around: &[&str], args: &[&str]) -> Option<Answer> {
    let run = |script: &str, args: &[&str]| {
        let args = args.iter().copied();
        let run = Run::script(around, script, args);
        match is_root() {
            true => run.as_user(NOBODY).run(),
            false => run.run(),
        }
    };
    let program = program_for_everyone();
    let made = run("exit 0", &[]);
    (made.code == Some(0)).then(|| run(&format!("{program} \"$@\"; exit $?"), args))
}

/// Each claim with its verdict, in the order of the document.
fn verdicts(answer: &Answer) -> Vec<(String, String)> {
    let document = answer.document_at_any_rate();
    let claims = document["claims"].as_array().unwrap().iter();
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let mut all: Vec<(String, String)> = claims
        .map(|it| (text(it, "claim"), text(it, "verdict")))
        .collect();
    all.sort_unstable();
    all
}

fn expected(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(claim, verdict): &(&str, &str)| ((*claim).to_owned(), (*verdict).to_owned());
    let mut all: Vec<(String, String)> = all.iter().map(owned).collect();
    all.sort_unstable();
    all
}

/// Whether this kernel fixes the numbers of the initial network and mount namespace, and we are in the
/// initial ones ourselves.
fn has_fixed_numbers() -> bool {
    inode(own_pid(), "net") == 4_026_531_833 && inode(own_pid(), "mnt") == 4_026_531_832
}

#[test]
fn in_namespaces_of_its_own_nothing_is_the_hosts() {
    let all = "user,pid,mnt,net,ipc,uts,cgroup,time";
    let args = ["verify", "self", "--json", "--require", all];
    let Some(answer) = inside(ALL, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    if !has_fixed_numbers() {
        skip!("this kernel has no fixed numbers for net and mnt");
    }
    let holds = kinds().into_iter().map(|kind| format!("{kind} isolated"));
    let holds: Vec<String> = holds.collect();
    let holds: Vec<(&str, &str)> = holds.iter().map(|it| (it.as_str(), "holds")).collect();
    assert_eq!(verdicts(&answer), expected(&holds), "{}", answer.stdout);
    assert_eq!(answer.code, Some(0));
    // By numbers alone: nobody outside is there to try anything with.
    let document = answer.document_at_any_rate();
    for claim in document["claims"].as_array().unwrap() {
        let reason = claim["reason"].as_str().unwrap();
        let kind = claim["kind"].as_str().unwrap();
        assert_eq!(claim["proof"], "static");
        let why = format!("not tried: nsinspect itself is not in the host's {kind} namespace");
        assert_eq!(reason, why);
    }
}

#[test]
fn what_is_the_hosts_is_still_told_to_be_so() {
    let around = ["unshare", "-Urpf", "--mount-proc"];
    let args = ["verify", "self", "--require", "pid,net,uts"];
    let Some(answer) = inside(&around, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    if !has_fixed_numbers() {
        skip!("this kernel has no fixed numbers for net and mnt");
    }
    let lines: Vec<&str> = answer.stdout.lines().skip(1).collect();
    let (net, uts) = (inode(own_pid(), "net"), inode(own_pid(), "uts"));
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(
        lines[..2],
        [
            format!("FAILS  net isolated  read: it is in net:[{net}], the host's"),
            format!("FAILS  uts isolated  read: it is in uts:[{uts}], the host's"),
        ]
    );
    assert!(
        lines[2].starts_with("holds  pid isolated  read: it is in pid:[")
            && lines[2].ends_with(
                "], the host's is 4026531836; not tried: nsinspect itself is not in the host's \
                 pid namespace"
            ),
        "{}",
        lines[2]
    );
}

#[test]
fn sharing_with_the_host_is_not_claimed_of_what_is_shared_with_pid_1_there() {
    let file = claims("version: 1\nclaims: {shared: [user, pid, uts]}\n");
    open_to_all(&file);
    let around = ["unshare", "-Urpf", "--mount-proc"];
    let args = ["verify", "self", "--json", "--claims", path(&file)];
    let Some(answer) = inside(&around, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    let rows = [
        ("user shared", "fails"),
        ("pid shared", "fails"),
        ("uts shared", "holds"),
    ];
    assert_eq!(verdicts(&answer), expected(&rows), "{}", answer.stdout);
}

#[test]
fn what_only_the_host_could_tell_is_undecided_and_what_is_its_own_is_told() {
    let text = "version: 1\nclaims:\n  user: {root_on_host: false}\n  process: {uid: 0, root: false}\n  \
                processes: {of_others: false}\n  time: {boottime: 100}\n  \
                propagation: [{path: /, is: not-to-host}]\n";
    let file = claims(text);
    open_to_all(&file);
    let args = ["verify", "self", "--json", "--claims", path(&file)];
    let Some(answer) = inside(ALL, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    let rows = [
        ("root is not the host's root", "undecided"),
        ("uid 0", "holds"),
        ("not root", "fails"),
        ("sees no processes of others", "holds"),
        ("clock offsets +0 s monotonic, +100 s boottime", "holds"),
        // unshare(1) makes all mounts private: none is a peer of anybody's.
        ("mounts below / do not reach the host", "holds"),
    ];
    assert_eq!(verdicts(&answer), expected(&rows), "{}", answer.stdout);
}

#[test]
fn who_is_no_root_inside_may_be_root_on_the_host_and_that_is_undecided() {
    let file = claims("version: 1\nclaims: {process: {uid: 7, root: false}}\n");
    open_to_all(&file);
    let around = ["unshare", "-U", "--map-user=7"];
    let args = ["verify", "self", "--json", "--claims", path(&file)];
    let Some(answer) = inside(&around, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    let rows = [("uid 7", "holds"), ("not root", "undecided")];
    assert_eq!(verdicts(&answer), expected(&rows), "{}", answer.stdout);
}

#[test]
fn a_launch_is_proven_against_the_caller_where_that_is_not_on_the_host() {
    let args = [
        "run",
        "-pmn",
        "--verify",
        "-v",
        "--",
        "/bin/echo",
        "started",
    ];
    let Some(answer) = inside(ALL, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (Some(0), "started\n"),
        "{}",
        answer.stderr
    );
    for kind in ["pid", "mnt", "net"] {
        let claim = format!("{kind} isolated from the caller");
        assert!(answer.stderr.contains(&claim), "{}", answer.stderr);
    }
}

#[test]
fn ids_that_cannot_be_those_of_the_host_are_not_said_to_be_shared_with_its_users() {
    let args = ["audit", "self", "--json"];
    let Some(answer) = inside(ALL, &args) else {
        skip!("an ordinary user gets no such namespaces here");
    };
    let document = answer.document();
    let findings = document["subjects"][0]["findings"].as_array().unwrap();
    let ids: Vec<&str> = findings.iter().filter_map(|it| it["id"].as_str()).collect();
    assert!(!ids.contains(&"NSA-003"), "{ids:?}");
}

/// An ordinary user reads it too.
fn open_to_all(file: &tempfile::NamedTempFile) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(file.path(), mode).unwrap();
}
