//! What is so for all rules.

use std::collections::BTreeSet;

use super::case::Case;
use super::finding::Finding;
use super::machine::Machine;
use super::need::Need;
use super::rule::Rule;
use super::rules;
use super::testing::*;
use crate::analyse::containers::identity;
use crate::model::exposure::{Exposure, Part};
use crate::model::facts::Facts;
use crate::model::processes::Processes;

#[test]
fn ids_are_the_word_and_three_digits_and_no_two_rules_have_one() {
    let all = rules::by_id();
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id));
    for rule in all {
        let digits = rule.id.strip_prefix("NSA-").unwrap();
        assert!(digits.len() == 3 && digits.bytes().all(|it| it.is_ascii_digit()));
    }
}

#[test]
fn every_rule_says_why_it_matters_in_sentences_and_what_to_do() {
    for rule in rules::ALL {
        let is_paragraph = rule.why.len() > 150 && rule.why.ends_with('.');
        assert!(is_paragraph && !rule.why.contains("  "), "{}", rule.id);
        assert!(
            !rule.remedy.is_empty() && !rule.needs.is_empty(),
            "{}",
            rule.id
        );
        let runtimes: BTreeSet<&str> = rule.remedies.iter().map(|it| it.0).collect();
        assert_eq!(runtimes.len(), rule.remedies.len(), "{}", rule.id);
    }
}

/// One file and one line: what is in the folder is in the registry, and is called after its id.
#[test]
fn a_rule_is_one_file_below_rules_and_one_line_of_the_registry() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/rules");
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names.filter(|name| name != "mod.rs").collect();
    assert_eq!(files.len(), rules::ALL.len());
    for rule in rules::ALL {
        let prefix = rule.id.to_lowercase().replace('-', "_") + "_";
        let own: Vec<&String> = files.iter().filter(|it| it.starts_with(&prefix)).collect();
        assert_eq!(own.len(), 1, "{prefix}");
        // The registry and documents are all that may name it beside its own file and its tests.
        let text = std::fs::read_to_string(format!("{folder}/{}", own[0])).unwrap();
        assert!(text.starts_with(&format!("//! {}:", rule.id)), "{prefix}");
    }
}

/// Their numbers change between versions, and the secondary sources disagree.
#[test]
fn no_rule_gives_a_number_of_the_cis_benchmark_for_kubernetes() {
    let mut references = rules::ALL.iter().flat_map(|rule| rule.references);
    assert!(references.all(|it| !it.starts_with("CIS Kubernetes")));
}

#[test]
fn a_rule_is_named_by_its_id_in_any_case_or_by_its_number() {
    let id = |text| rules::named(text).map(|rule| rule.id);
    for text in ["NSA-001", "nsa-001", "Nsa_001", "nsa001", "001", "1"] {
        assert_eq!(id(text), Some("NSA-001"), "{text}");
    }
    for text in [
        "",
        "NSA-",
        "NSA-999",
        "0001",
        "-1",
        "+1",
        "NSA-1O5",
        "NSB-001",
        "nsa-nsa-1",
    ] {
        assert_eq!(id(text), None, "{text}");
    }
    let nearest = |text| -> Vec<&str> { rules::nearest(text).iter().map(|it| it.id).collect() };
    assert_eq!(nearest("NSA-109"), ["NSA-108", "NSA-107", "NSA-106"]);
    assert_eq!(nearest("NSA-1O5"), ["NSA-105", "NSA-100", "NSA-101"]);
    assert_eq!(nearest("socket"), ["NSA-021", "NSA-200"]);
    assert_eq!(nearest("nothing like it"), [""; 0]);
}

#[test]
fn what_follows_from_a_finding_that_says_all_is_folded_and_what_is_said_already_is_dropped() {
    let machines = wrong_machines();
    let found = look_at(&machines[0], 10);
    let folded = found.findings.iter().filter(|it| it.folded_into.is_some());
    let mut folded: Vec<(&str, &str)> = folded
        .map(|it| (it.rule.id, it.folded_into.unwrap().id))
        .collect();
    folded.sort_unstable();
    let parts = [
        "NSA-100", "NSA-102", "NSA-103", "NSA-104", "NSA-106", "NSA-107", "NSA-108",
    ];
    let expected: Vec<(&str, &str)> = parts.map(|part| (part, "NSA-110")).to_vec();
    // Lockdown is in the way of NSA-101: that follows from nothing. NSA-104 likewise.
    let expected: Vec<(&str, &str)> = expected
        .into_iter()
        .filter(|(part, _)| *part != "NSA-104")
        .collect();
    assert_eq!(folded, expected);
    let ids: Vec<&str> = found.findings.iter().map(|it| it.rule.id).collect();
    for dropped in ["NSA-105", "NSA-210", "NSA-403"] {
        assert!(!ids.contains(&dropped), "{dropped}");
    }
    let chrooted = look_at(&machines[4], 10);
    let privileged = chrooted.findings.iter().find(|it| it.rule.id == "NSA-110");
    let into = privileged.and_then(|it| it.folded_into);
    assert_eq!(into.map(|rule| rule.id), Some("NSA-040"));
}

#[test]
fn what_could_not_be_read_is_unknown_and_never_silence() {
    let mut it = container(10, ID, &[]);
    details(&mut it).status = Seen::Unknown(Why::Denied);
    let snapshot = machine([it]);
    for (id, severity) in [
        ("NSA-100", Severity::Critical),
        ("NSA-400", Severity::Medium),
        ("NSA-401", Severity::Low),
    ] {
        assert_eq!(
            judged(&snapshot, 10, id),
            Some((severity, Verdict::Unknown)),
            "{id}"
        );
    }
    let mut it = container(10, ID, &[]);
    it.links = Links::unknown(&Why::Denied);
    let snapshot = machine([it]);
    for (id, severity) in [
        ("NSA-001", Severity::Low),
        ("NSA-010", Severity::Medium),
        ("NSA-020", Severity::Medium),
        ("NSA-030", Severity::Medium),
        ("NSA-031", Severity::Low),
        ("NSA-032", Severity::Low),
    ] {
        assert_eq!(
            judged(&snapshot, 10, id),
            Some((severity, Verdict::Unknown)),
            "{id}"
        );
    }
    assert_eq!(
        judged(&snapshot, 10, "NSA-100"),
        Some((Severity::Critical, Verdict::Unknown))
    );
}

#[test]
fn nobody_of_the_host_is_a_subject_and_whoever_shows_nothing_is_not_told_of() {
    let mut private_tmp = process(40);
    let links = private_tmp.links.clone();
    private_tmp.links = Links::read(|link| match link.kind() {
        NsKind::Mnt => Seen::Known(4_026_570_000),
        _ => links.get(link).clone(),
    });
    let snapshot = machine([process(30), private_tmp]);
    assert_eq!(choose(&snapshot, Scope::Isolated), []);
    let all = choose(&snapshot, Scope::Everything);
    let found = audit(&snapshot, &all);
    assert!(found.audited.is_empty());
    // PID 1 and the two; kthreadd is a thread of the kernel.
    assert_eq!(found.unsuspicious, 3);
}

fn check(snapshot: &Snapshot, task: Pid, rule: &Rule) -> Vec<Finding> {
    let machine = Machine::new(snapshot);
    let process = &snapshot.processes[task];
    let case = Case::new(&machine, process, identity(snapshot, process));
    rule.check(&case)
}

#[test]
fn each_rule_finds_something_on_one_of_the_machines_on_which_all_is_wrong() {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for snapshot in wrong_machines() {
        for task in snapshot.processes.tasks() {
            let of_rules = rules::ALL.iter().filter(|rule| {
                check(&snapshot, task, rule)
                    .iter()
                    .any(|it| it.verdict != Verdict::Unknown)
            });
            found.extend(of_rules.map(|rule| rule.id));
        }
    }
    let all: BTreeSet<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(found, all);
}

/// A rule reads nothing that it does not declare: without any other fact it finds the same. And each
/// fact that can be declared changes what some rule finds.
#[test]
fn what_a_rule_finds_depends_on_what_it_says_that_it_needs_and_on_nothing_else() {
    let machines = wrong_machines();
    let mut decisive: BTreeSet<Need> = BTreeSet::new();
    for rule in rules::ALL {
        for snapshot in &machines {
            for task in snapshot.processes.tasks() {
                let found = check(snapshot, task, rule);
                let told = check(&only(snapshot, task, rule.needs), task, rule);
                assert_eq!(told, found, "{} needs more than it says", rule.id);
                decisive.extend(rule.needs.iter().filter(|need| {
                    let others: Vec<Need> = rule
                        .needs
                        .iter()
                        .copied()
                        .filter(|it| it != *need)
                        .collect();
                    check(&only(snapshot, task, &others), task, rule) != found
                }));
            }
        }
    }
    assert_eq!(decisive, BTreeSet::from(Need::ALL));
}

/// The same machine, of which nothing was read but these facts.
fn only(snapshot: &Snapshot, task: Pid, needs: &[Need]) -> Snapshot {
    const SKIPPED: Why = Why::Skipped;
    let has = |need: Need| needs.contains(&need);
    let inits: BTreeSet<Pid> = Machine::new(snapshot)
        .containers
        .iter()
        .map(|known| known.init.task())
        .collect();
    let mut left = snapshot.clone();
    left.processes = Processes::default();
    for process in snapshot.processes.iter() {
        let mut it = process.clone();
        let is_own = it.task() == task;
        let is_init = has(Need::Containers) && inits.contains(&it.task()) && !is_own;
        if !has(Need::Namespaces) {
            it.links = Links::unknown(&SKIPPED);
        }
        if !has(Need::Containers) {
            it.cgroups = Seen::Unknown(SKIPPED);
        }
        let details = details(&mut it);
        let has_status = is_own && has(Need::Credentials) || is_init || has(Need::EveryCredentials);
        if !has_status {
            details.status = Seen::Unknown(SKIPPED);
            details.uid_map = Seen::Unknown(SKIPPED);
            details.gid_map = Seen::Unknown(SKIPPED);
            details.files_owner = Seen::Unknown(SKIPPED);
        }
        let keeps = |need: Need| is_own && has(need);
        if !keeps(Need::Label) && !is_init {
            details.lsm = Seen::Unknown(SKIPPED);
        }
        if !keeps(Need::Mounts) && !is_init {
            details.mounts = Seen::Unknown(SKIPPED);
        }
        if !keeps(Need::Root) {
            details.root = Seen::Unknown(SKIPPED);
        }
        if !keeps(Need::Program) {
            details.exe = Seen::Unknown(SKIPPED);
        }
        if !keeps(Need::Threads) {
            details.threads = Seen::Unknown(SKIPPED);
        }
        left.processes.add(vec![vec![it]]);
    }
    if !has(Need::Namespaces) {
        left.namespaces.clear();
    }
    for namespace in left.namespaces.values_mut() {
        let facts = namespace.facts.clone();
        namespace.facts = Facts::default();
        if has(Need::HostListeners) {
            namespace.facts.listening = facts.listening;
        }
        if has(Need::HostIpcObjects) {
            namespace.facts.sysv = facts.sysv;
        }
    }
    let none = Settings::unknown(&SKIPPED);
    if !has(Need::Sysctls) {
        left.settings.sysctls = none.sysctls;
    }
    if !has(Need::Lockdown) {
        left.settings.lockdown = none.lockdown;
    }
    if !has(Need::Accounts) {
        left.settings.accounts = none.accounts;
    }
    if !has(Need::HostMounts) {
        left.host_mounts = Seen::Unknown(SKIPPED);
    }
    if !has(Need::AbstractSockets) {
        left.listeners.clear();
    }
    for exposure in left.exposures.values_mut() {
        strip(exposure, has);
    }
    if !needs.iter().any(|need| need.is_of_exposure()) {
        left.exposures.clear();
    }
    left
}

fn strip(exposure: &mut Exposure, has: impl Fn(Need) -> bool) {
    fn take<T>(part: &mut Part<T>, is_kept: bool) {
        if !is_kept {
            *part = Part::unknown(Why::Skipped);
        }
    }
    take(&mut exposure.mount_points, has(Need::MountPoints));
    take(&mut exposure.procfs, has(Need::Procfs));
    take(&mut exposure.kernel_files, has(Need::KernelFiles));
    take(&mut exposure.devices, has(Need::Devices));
    take(&mut exposure.sockets, has(Need::SocketFiles));
    take(&mut exposure.handles, has(Need::Handles));
    if !has(Need::DeviceRules) {
        exposure.device_rules = Seen::Unknown(Why::Skipped);
    }
    if !has(Need::HiddenMounts) {
        exposure.hidden_mounts = Seen::Unknown(Why::Skipped);
    }
}
