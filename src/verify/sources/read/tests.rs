use super::*;
use crate::verify::probes::Target;

fn error(text: &str) -> String {
    parse(text).map(|_| ()).unwrap_err().to_string()
}

fn claims(text: &str) -> Vec<String> {
    let text = format!("version: 1\nclaims:\n  {}\n", text.replace('\n', "\n  "));
    let file = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let against = |name: &str| -> Result<Against, ()> {
        let (pid, start_time, name) = (7, None, name.to_owned());
        let target = Target { pid, start_time };
        Ok(Against::Task { target, name })
    };
    let found = file.claims.unwrap().claims(&mut { against }).unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_wrong_is_said_with_line_and_column() {
    for (text, expected) in [
        (
            "version: 1\nclaims:\n  isolate: [pid]\n",
            "claims: unknown field `isolate`",
        ),
        (
            "version: 1\nclaims:\n  isolated: [pid, nosuch]\n",
            "claims.isolated[1]: \"nosuch\" is not a kind of namespace",
        ),
        (
            "version: 2\nclaims: {isolated: [pid]}\n",
            "version: version 2 is not known here: 1 is",
        ),
        (
            "version: 1\nclaims:\n  isolated: [pid]\n  isolated: [net]\n",
            "claims: duplicate field `isolated`",
        ),
        (
            "version: 1\nclaims:\n  user: {root_on_host: true}\n",
            "claims.user.root_on_host: only `false` can be claimed here",
        ),
        (
            "version: 1\nclaims:\n  paths: {masked: [proc]}\n",
            "claims.paths.masked[0]: \"proc\" is no path from the root directory on",
        ),
        (
            "version: 1\nclaims:\n  sockets: {unreachable: ['tcp:0']}\n",
            "claims.sockets.unreachable[0]: \"tcp:0\" is none of",
        ),
        (
            "version: 1\nclaims:\n  capabilities: {effective: {at_most: [sys_god]}}\n",
            "claims.capabilities.effective.at_most[0]: \"SYS_GOD\" is not a capability",
        ),
        (
            "version: 1\nclaims:\n  no_new_privs: yes please\n",
            "claims.no_new_privs: invalid type: string \"yes please\"",
        ),
    ] {
        let error = error(text);
        assert!(error.starts_with(expected), "{text}: {error}");
        let has_place = error.contains(" at line ") && error.contains(" column ");
        assert!(has_place, "{error}");
    }
    // What is not there at all has no place.
    assert_eq!(error("description: x\n"), "missing field `version`");
}

#[test]
fn the_place_is_that_of_the_word() {
    let text = "version: 1\nclaims:\n  isolated: [pid, nosuch]\n";
    assert!(
        error(text).ends_with(" at line 3 column 19"),
        "{}",
        error(text)
    );
}

#[test]
fn a_file_that_claims_nothing_is_refused() {
    for (text, expected) in [
        ("version: 1\n", "it claims nothing"),
        ("version: 1\nclaims: {}\n", "`claims` is empty"),
        ("version: 1\nclaims: {isolated: []}\n", "`claims` is empty"),
        (
            "version: 1\ntargets: [{target: 7}]\n",
            "targets[0] claims nothing",
        ),
        (
            "version: 1\ntargets: [{profile: sandbox}]\n",
            "targets[0] wants one of",
        ),
        (
            "version: 1\ntargets: [{target: 7, select: {}, profile: sandbox}]\n",
            "targets[0] wants one of",
        ),
    ] {
        assert!(error(text).starts_with(expected), "{text}: {}", error(text));
    }
}

#[test]
fn a_target_is_a_number_or_a_word() {
    let text = "version: 1\ntargets:\n- {target: 7, profile: sandbox}\n\
                - {target: 'docker:web', profile: sandbox}\n";
    let names = parse(text).unwrap().targets.into_iter();
    let names: Vec<String> = names.filter_map(|entry| Some(entry.target?.0)).collect();
    assert_eq!(names, ["7", "docker:web"]);
}

#[test]
fn every_kind_of_claim_can_be_written() {
    let text = "\
isolated: [net, pid]
isolated_from: [{target: 9, kinds: [ipc]}]
shared: [user]
shared_with: [{target: 'docker:db', kinds: [network]}]
user: {root_on_host: false, uid_map: [{inside: 0, outside: 9, count: 1}], setgroups: deny}
process: {uid: 3, root: false}
hostname: web
capabilities: {effective: {at_most: [CAP_CHOWN, kill]}, ambient: {exactly: []}}
no_new_privs: true
seccomp: filter
lsm: '*'
paths: {absent: [/a], unreadable: [/b], masked: [/c], read_only: [/d], not_writable: [/e],
  nosuid: [/f], mounted: [/g], not_mounted: [/h]}
propagation: [{path: /, is: not-to-host}, {path: /x, is: slave}]
processes: {of_others: false, at_most: 4}
interfaces: [lo]
sockets: {unreachable: [/s, '@a', 'tcp:22'], reachable: ['tcp:80']}
devices: [{path: /dev/mem, access: read, allowed: false}]
cgroup: {path: /, writable_above: false}
time: {boottime: -5}
no_finding_above: low";
    assert_eq!(
        claims(text),
        [
            "pid isolated",
            "net isolated",
            "ipc isolated from 9",
            "net shared with docker:db",
            "user shared",
            "root is not the host's root",
            "uid map 0 9 1",
            "setgroups denied",
            "uid 3",
            "not root",
            "hostname web",
            "effective capabilities at most chown kill",
            "no ambient capabilities",
            "no_new_privs on",
            "seccomp filter",
            "confined by a security module",
            "/a absent",
            "/b unreadable",
            "/c masked",
            "/d read-only",
            "/e not writable",
            "/f nosuid",
            "/g a mount point",
            "/h no mount point",
            "mounts below / do not reach the host",
            "propagation of /x slave",
            "sees no processes of others",
            "sees at most 4 processes",
            "interfaces lo",
            "/s unreachable",
            "@a unreachable",
            "tcp:22 unreachable",
            "tcp:80 reachable",
            "/dev/mem does not open to read",
            "cgroup path /",
            "cgroups above its own not writable",
            "clock offsets +0 s monotonic, -5 s boottime",
            "no finding above low",
        ]
    );
}

#[test]
fn the_claims_in_readme_are_read() {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme
        .split_once("read by the tests -->\n```yaml\n")
        .unwrap();
    let (text, _) = rest.split_once("```\n").unwrap();
    let file = parse(text).unwrap();
    assert_eq!(file.targets.len(), 2);
    assert!(file.targets[1].select.is_some());
}
