//! What is so for all rules.

use super::testing::*;

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
