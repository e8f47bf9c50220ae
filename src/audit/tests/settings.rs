//! Settings of the host, and facts that could not be read.

use super::*;

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
fn settings_of_the_host_stand_in_the_way_of_capabilities() {
    let mut it = container(10, ID, &[]);
    set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_MODULE);
    let mut snapshot = machine([it]);
    let judged = |snapshot: &Snapshot| judged(snapshot, 10, "NSA-101").unwrap();
    set(&mut snapshot, "kernel/modules_disabled", "0");
    assert_eq!(judged(&snapshot), (Severity::Critical, EXPLOITABLE));
    snapshot.settings.lockdown = Seen::Known("integrity".to_owned());
    assert_eq!(judged(&snapshot), (Severity::Critical, Verdict::Mitigated));
    snapshot.settings.lockdown = Seen::Known("none".to_owned());
    set(&mut snapshot, "kernel/modules_disabled", "1");
    assert_eq!(judged(&snapshot), (Severity::Critical, Verdict::Mitigated));
    let unread = Seen::Unknown(Why::Denied);
    snapshot
        .settings
        .sysctls
        .insert("kernel/modules_disabled", unread);
    assert_eq!(
        judged(&snapshot),
        (Severity::Critical, Verdict::Conditional)
    );
}

#[test]
fn nsa_403_a_host_that_allows_no_user_namespaces() {
    let mut it = container(10, ID, &[]);
    status(&mut it).seccomp = Some(Seccomp::Disabled);
    let mut snapshot = machine([it]);
    let judged = |snapshot: &Snapshot| judged(snapshot, 10, "NSA-403");
    assert_eq!(judged(&snapshot), Some((Severity::Medium, EXPLOITABLE)));
    set(
        &mut snapshot,
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
    );
    assert_eq!(
        judged(&snapshot),
        Some((Severity::Medium, Verdict::Conditional))
    );
    set(&mut snapshot, "user/max_user_namespaces", "0");
    assert_eq!(
        judged(&snapshot),
        Some((Severity::Medium, Verdict::Mitigated))
    );
}

#[test]
fn nsa_405_names_the_settings_that_are_lax_and_is_silent_where_none_is() {
    let mut snapshot = machine([container(10, ID, &[])]);
    set(&mut snapshot, "kernel/yama/ptrace_scope", "1");
    assert_eq!(judged(&snapshot, 10, "NSA-405"), None);
    set(&mut snapshot, "kernel/dmesg_restrict", "0");
    assert_eq!(
        judged(&snapshot, 10, "NSA-405"),
        Some((Severity::Info, EXPLOITABLE))
    );
}
