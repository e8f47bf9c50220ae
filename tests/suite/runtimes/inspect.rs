//! nsinspect on containers of real runtimes, with lsns(8) as the oracle of what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use crate::live::diffed::Diffed;
use crate::support::facts::{inode, kinds, own_pid, proc_file, stat};
use crate::support::run::{Answer, as_nobody, nsinspect, nsinspect_as_nobody, run};
use crate::support::sandbox::{Sandbox, then_sleep};
use crate::support::skip::{has_program, is_root};

use super::{Container, bwrap, containerd, docker, lxc, nspawn, podman, runc, started};

/// Processes come and go while two programs look: so many tries for a moment of peace.
const TRIES: usize = 10;

/// A namespace, and what both programs say of it.
type Rows = BTreeMap<(u64, String), (u64, Named)>;

/// The lowest process, its user and its command.
type Named = (u64, String, String);

fn rows(answer: &Answer) -> Rows {
    let row = |row: &Value| {
        let text = |field: &str| row[field].as_str().map(str::to_owned);
        let command = text("command")?.to_owned();
        let named = (row["pid"].as_u64()?, text("user")?, command);
        let key = (row["ns"].as_u64()?, text("type")?);
        Some((key, (row["nprocs"].as_u64()?, named)))
    };
    let document = answer.json();
    let all = document["namespaces"].as_array().expect("namespaces");
    all.iter().filter_map(row).collect()
}

/// One row per namespace; without `--list`, lsns prints a tree.
fn lsns() -> Answer {
    let columns = "NS,TYPE,NPROCS,PID,USER,COMMAND";
    let mut lsns = Command::new("lsns");
    lsns.args(["--json", "--list", "--notruncate", "--output", columns]);
    run(&mut lsns).expect(0)
}

#[test]
fn list_is_a_superset_of_lsns_with_containers_of_all_runtimes_up() {
    if !has_program("lsns") {
        skip!("lsns is not installed");
    }
    let containers = [
        started!(docker::run(&["--name", "oracle"])),
        started!(podman::run(&["--name", "oracle", "--userns=auto"])),
        started!(runc::run(|_| ())),
        started!(containerd::run(&[])),
        started!(lxc::run(&[])),
        started!(nspawn::run(&[])),
        started!(bwrap::run(&[])),
    ];
    let mut agreed = BTreeSet::new();
    let mut open = Vec::new();
    for _ in 0..TRIES {
        let before = rows(&lsns());
        let answer = nsinspect(&["list", "--json"]).expect(0);
        let after = rows(&lsns());
        let known = rows(&answer);
        let still_there = before.iter().filter(|(key, _)| after.contains_key(key));
        open = still_there
            .filter(|(key, _)| !agreed.contains(*key))
            .filter(|(key, row)| !agree(row, &after[key], known.get(key)))
            .map(|(key, row)| format!("{key:?}: {row:?}, and not {:?}", known.get(key)))
            .collect();
        agreed.extend(
            before
                .keys()
                .filter(|key| {
                    let row = &before[*key];
                    after
                        .get(key)
                        .is_some_and(|after| agree(row, after, known.get(key)))
                })
                .cloned(),
        );
        if open.is_empty() {
            let document = answer.json();
            for container in &containers {
                assert_lists(&document, container);
            }
            return;
        }
    }
    panic!("lsns knows better: {open:#?}");
}

/// Whether we say what lsns says, up to what it does not agree on with itself: processes come and
/// go. Either program counts itself once.
fn agree(before: &(u64, Named), after: &(u64, Named), ours: Option<&(u64, Named)>) -> bool {
    let counts = before.0.min(after.0)..=before.0.max(after.0);
    ours.is_some_and(|ours| counts.contains(&ours.0) && (ours.1 == before.1 || ours.1 == after.1))
}

/// Each of the container's own namespaces has a row, with its lowest process.
fn assert_lists(document: &Value, container: &Container) {
    for kind in kinds() {
        let ns = inode(container.pid, kind);
        let mut rows = document["namespaces"].as_array().unwrap().iter();
        let row = rows.find(|row| row["ns"] == ns && row["type"] == kind);
        let row = row.unwrap_or_else(|| panic!("no {kind} of {}", container.runtime));
        if ns != inode(own_pid(), kind) {
            let lowest = row["pid"].as_i64().unwrap();
            assert!(lowest <= i64::from(container.pid), "{row:#}");
            assert_eq!(inode(i32::try_from(lowest).unwrap(), kind), ns);
        }
    }
}

#[test]
fn coverage_names_each_process_that_refused() {
    let _container = started!(docker::run(&["--name", "coverage"]));
    let mut last = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..TRIES {
        let before = refused();
        let document = nsinspect(&["list", "--json"]).expect(0).json();
        let coverage = &document["coverage"];
        let unreadable = coverage["unreadable"].as_array().unwrap();
        let named = unreadable
            .iter()
            .map(|it| it["pid"].as_i64().unwrap())
            .collect();
        last = (before, named);
        if last.0 == last.1 && last.0 == refused() {
            assert_eq!(coverage["complete"], last.0.is_empty());
            assert_eq!(coverage["processes"]["denied"], last.0.len());
            for it in unreadable {
                assert_eq!(it["reason"], "denied");
            }
            return;
        }
    }
    panic!("refused: {:?}, named: {:?}", last.0, last.1);
}

/// Processes whose namespaces we may not read.
fn refused() -> BTreeSet<i64> {
    let names = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = names.filter_map(|it| it.file_name().to_str()?.parse::<i64>().ok());
    pids.filter(|pid| {
        let read = std::fs::read_link(format!("/proc/{pid}/ns/user"));
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    })
    .collect()
}

/// The set of namespaces that a process is in, with the one above it.
fn set_of<'a>(
    branches: &'a Value,
    above: Option<&'a Value>,
    pid: i32,
) -> Option<(&'a Value, Option<&'a Value>)> {
    branches.as_array()?.iter().find_map(|branch| {
        match branch["processes"].as_array()?.contains(&json!(pid)) {
            true => Some((branch, above)),
            false => set_of(&branch["children"], Some(branch), pid),
        }
    })
}

/// Kinds in which a process is in another namespace than we are.
fn own_kinds(pid: i32) -> BTreeSet<&'static str> {
    let differs = |kind: &&str| inode(pid, kind) != inode(own_pid(), kind);
    kinds().into_iter().filter(differs).collect()
}

#[test]
fn the_tree_calls_each_container_by_runtime_and_id_and_places_it_below_the_host() {
    let containers = [
        started!(docker::run(&["--name", "tree"])),
        started!(podman::run(&["--name", "tree"])),
        started!(containerd::run(&[])),
        started!(lxc::run(&[])),
    ];
    let document = nsinspect(&["tree", "--json"]).expect(0).json();
    let text = nsinspect(&["tree"]).expect(0).stdout;
    for it in &containers {
        let (set, above) = set_of(&document["roots"], None, it.pid).expect("a set");
        let container = &set["container"];
        assert_eq!(container["runtime"], it.runtime, "{set:#}");
        assert_eq!(container["id"], it.id, "{set:#}");
        let own: BTreeSet<&str> = words(&set["own"]).collect();
        let shared: BTreeSet<&str> = words(&set["shared"]).collect();
        assert_eq!(own, own_kinds(it.pid), "{set:#}");
        let rest: BTreeSet<&str> = kinds()
            .into_iter()
            .filter(|kind| !own.contains(kind))
            .collect();
        assert_eq!(shared, rest, "{set:#}");
        let above = above.expect("a set above");
        // That of its runtime on the host, whose network the daemons of the tests have not.
        let parent = stat(it.pid, 4).parse().unwrap();
        for kind in kinds() {
            let of_parent = inode(parent, kind);
            assert_eq!(above["namespaces"][kind], of_parent, "{kind}: {above:#}");
            assert!(kind == "net" || of_parent == inode(own_pid(), kind));
        }
        let short: String = it.id.chars().take(12).collect();
        let label = text.lines().find(|line| line.contains(&short));
        let label = label.unwrap_or_else(|| panic!("no {short} in {text}"));
        assert!(label.contains(it.runtime), "{label}");
    }
}

fn words(array: &Value) -> impl Iterator<Item = &str> {
    array
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
}

#[test]
fn a_docker_container_shares_user_and_its_root_is_the_root_of_the_host() {
    let it = started!(docker::run(&["--name", "diff"]));
    let pid = it.pid.to_string();
    let diff = Diffed::of_pid(it.pid);
    let isolated: Vec<&str> = own_kinds(it.pid).into_iter().collect();
    diff.assert_isolated(it.pid, &isolated);
    assert_eq!(diff.state("user"), "shared");
    for kind in ["pid", "net", "mnt", "ipc", "uts"] {
        assert_eq!(diff.state(kind), "isolated", "{kind}");
    }
    assert_eq!(diff.0["subject"]["container"]["runtime"], "docker");
    assert_eq!(diff.0["subject"]["container"]["id"], it.id);
    assert_eq!(diff.inside("pid", "pid").0, 1);
    assert_eq!(diff.inside("pid", "processes").0, 1);
    assert_eq!(diff.inside("uts", "hostname").0, it.id[..12]);
    assert_eq!(diff.beyond("uid")["subject"], json!([0, 0, 0, 0]));
    assert_eq!(diff.beyond("root")["same"], false);
    assert_eq!(diff.beyond("capabilities.effective")["same"], false);
    assert_eq!(diff.beyond("seccomp")["subject"], "filter");

    let text = nsinspect(&["diff", &pid]).expect(0).stdout;
    let user = text
        .lines()
        .find(|line| line.starts_with("user"))
        .expect("a line");
    assert!(
        user.contains("SHARED") && user.contains("root in here is root on the host"),
        "{user}"
    );

    nsinspect(&["diff", &pid, "--require", "user"]).expect(1);
    nsinspect(&["diff", &pid, "--require", "pid,net,mnt"]).expect(0);
    nsinspect(&["diff", &pid, "--exit-code"]).expect(1);
}

#[test]
fn a_container_is_named_by_its_id_the_start_of_it_or_with_its_runtime() {
    let it = started!(docker::run(&["--name", "target"]));
    let short = &it.id[..12];
    for target in [
        it.id.clone(),
        short.to_owned(),
        format!("docker:{short}"),
        format!("docker:{}", it.id),
    ] {
        let diff = Diffed::of(&[&target]);
        assert_eq!(diff.0["subject"]["pid"], it.pid, "{target}");
    }
    let wrong = nsinspect(&["diff", &format!("podman:{short}")]).expect(2);
    assert!(wrong.stderr.contains(short), "{wrong:?}");
}

#[test]
fn the_start_of_two_ids_is_ambiguous_and_both_are_named() {
    // LXC's ids are names, so that two can begin alike.
    let one = started!(lxc::run(&[]));
    let other = started!(lxc::run(&[]));
    let common = one
        .id
        .bytes()
        .zip(other.id.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let answer = nsinspect(&["diff", &one.id[..common]]).expect(2);
    for id in [&one.id, &other.id] {
        assert!(answer.stderr.contains(id.as_str()), "{answer:?}");
        nsinspect(&["diff", id]).expect(0);
    }
    assert_eq!(answer.stdout, "");
}

#[test]
fn podman_with_userns_auto_isolates_user_and_its_root_is_a_subordinate_id() {
    let it = started!(podman::run(&["--name", "auto", "--userns=auto"]));
    let diff = Diffed::of_pid(it.pid);
    assert_eq!(diff.state("user"), "isolated");
    let map = proc_file(it.pid, "uid_map");
    let first: Vec<u64> = map
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    assert_eq!(first[0], 0, "{map}");
    assert!(first[1] >= 1_000_000, "{map}");
    assert_eq!(diff.inside("user", "root_uid").0, first[1]);
    assert_eq!(diff.beyond("uid")["subject"][0], first[1]);
    let pid = it.pid.to_string();
    nsinspect(&["diff", &pid, "--require", "user"]).expect(0);
    let text = nsinspect(&["diff", &pid]).expect(0).stdout;
    assert!(
        text.contains(&format!("its root is uid {}", first[1])),
        "{text}"
    );
}

#[test]
fn a_container_that_shares_pid_and_net_is_said_to_share_them_and_what_that_grants() {
    let powers = [
        "--name",
        "shares",
        "--pid=host",
        "--network=host",
        "--cap-add=ALL",
        "--cap-drop=SYS_RESOURCE",
    ];
    let it = started!(podman::run(&powers));
    let pid = it.pid.to_string();
    let diff = Diffed::of_pid(it.pid);
    for kind in ["user", "pid", "net"] {
        assert_eq!(diff.state(kind), "shared", "{kind}");
        assert_ne!(diff.kind(kind)["grants"], json!([]), "{kind}");
    }
    for kind in ["mnt", "ipc", "uts"] {
        assert_eq!(diff.state(kind), "isolated", "{kind}");
    }
    nsinspect(&["diff", &pid, "--require", "pid"]).expect(1);
    nsinspect(&["diff", &pid, "--require", "net"]).expect(1);
    nsinspect(&["diff", &pid, "--require", "mnt"]).expect(0);
}

#[test]
fn an_ordinary_user_is_told_about_their_own_bubblewrap() {
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"]);
    bwrap.args(["--proc", "/proc", "--dev", "/dev"]);
    bwrap.args(["sh", "-c", &then_sleep("")]);
    let it = started!(Sandbox::run(as_nobody(&mut bwrap)));
    let reference = started!(Sandbox::start_as_nobody(&[], ""));
    let (pid, other) = (it.pid.to_string(), reference.pid.to_string());
    let answer = nsinspect_as_nobody(&["diff", "--json", &pid, &other]).expect(0);
    let diff = Diffed(answer.json());
    let isolated: Vec<&str> = ["user", "pid", "mnt", "net", "ipc", "uts"].to_vec();
    for kind in &isolated {
        assert_eq!(diff.state(kind), "isolated", "{kind}");
    }
    // bwrap itself is PID 1 in there.
    assert_eq!(diff.inside("pid", "pid").0, 2);
    assert_eq!(
        diff.beyond("uid")["subject"],
        diff.beyond("uid")["reference"]
    );
    assert_eq!(diff.beyond("no_new_privs")["subject"], true);
    let require = isolated.join(",");
    nsinspect_as_nobody(&["diff", &pid, &other, "--require", &require]).expect(0);
}

#[test]
fn bubblewrap_isolates_what_it_says_and_refuses_others_who_ask() {
    let it = started!(bwrap::run(&[]));
    let pid = it.pid.to_string();
    let isolated: Vec<&str> = own_kinds(it.pid).into_iter().collect();
    for kind in ["user", "pid", "mnt", "net", "ipc", "uts"] {
        assert!(isolated.contains(&kind), "{kind} {isolated:?}");
    }
    let own = own_pid().to_string();
    let diff = Diffed::of(&[&pid, &own]);
    diff.assert_isolated(it.pid, &isolated);
    assert_eq!(diff.inside("pid", "pid").0, 1);
    let (init, _) = diff.inside("pid", "init");
    assert!(init == it.pid || init.is_null(), "{init}");
    let require = "user,pid,mnt,net,ipc,uts";
    nsinspect(&["diff", &pid, &own, "--require", require]).expect(0);
    if is_root() {
        nsinspect_as_nobody(&["diff", &pid]).expect(2);
    }
}

#[test]
fn a_snapshot_answers_as_the_machine_did() {
    let docker = started!(docker::run(&["--name", "snapshot"]));
    let podman = started!(podman::run(&["--name", "snapshot", "--userns=auto"]));
    let (one, two) = (docker.pid.to_string(), podman.pid.to_string());
    let user = format!("user:[{}]", inode(podman.pid, "user"));
    let questions: [&[&str]; 8] = [
        &["tree"],
        &["list", &user],
        &["show", &one],
        &["show", &user],
        &["diff", &one],
        &["diff", &two, &one],
        &["diff", &docker.id[..12]],
        &["pid", &one],
    ];
    let mut open = questions.to_vec();
    let mut last = String::new();
    for _ in 0..TRIES {
        let before = answers(&[], &open);
        let snapshot = nsinspect(&["snapshot"]).expect(0);
        let after = answers(&[], &open);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), snapshot.stdout).unwrap();
        let saved = answers(&["--from", file.path().to_str().unwrap()], &open);
        // Only where the machine said the same before and after can its snapshot be asked for it.
        let mut still_open = Vec::new();
        for (at, question) in open.iter().enumerate() {
            if before[at] != after[at] || before[at] != saved[at] {
                still_open.push(*question);
                last = format!("live: {}\nsnapshot: {}", before[at], saved[at]);
            }
        }
        open = still_open;
        if open.is_empty() {
            return;
        }
    }
    panic!("never the same: {open:?}, as in\n{last}");
}

/// The text of each answer, but for the line of the tree that counts all processes of the host.
fn answers(options: &[&str], questions: &[&[&str]]) -> Vec<String> {
    let answer = |question: &&[&str]| {
        let text = nsinspect(&[options, question].concat()).expect(0).stdout;
        let lines = text.lines().filter(|line| !line.starts_with("host "));
        lines.collect::<Vec<_>>().join("\n")
    };
    questions.iter().map(answer).collect()
}
