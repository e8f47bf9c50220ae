//! Labels of security modules.

use super::*;

#[test]
fn a_label_that_is_enforced_forbids_to_reach_out_and_others_do_not() {
    for (label, verdict) in [
        ("docker-default (enforce)", Verdict::Mitigated),
        ("cri-containerd.apparmor.d (enforce)", Verdict::Mitigated),
        ("system_u:system_r:container_t:s0:c1,c2", Verdict::Mitigated),
        ("docker-default (complain)", EXPLOITABLE),
        ("unconfined", EXPLOITABLE),
        ("system_u:system_r:spc_t:s0", EXPLOITABLE),
        ("my-profile (enforce)", EXPLOITABLE),
    ] {
        let mut it = container(10, ID, &[NsKind::Pid]);
        set_capabilities(&mut it, DOCKERS | 1 << CapabilitySet::SYS_PTRACE);
        set_label(&mut it, label);
        let snapshot = machine([it]);
        let judged = |id| judged(&snapshot, 10, id);
        assert_eq!(
            judged("NSA-011"),
            Some((Severity::Critical, verdict)),
            "{label}"
        );
        assert_eq!(
            judged("NSA-102"),
            Some((Severity::Critical, verdict)),
            "{label}"
        );
    }
}

#[test]
fn nsa_402_labels_that_confine_nothing() {
    for (label, expected) in [
        ("unconfined", Some((Severity::Medium, EXPLOITABLE))),
        (
            "docker-default (complain)",
            Some((Severity::Medium, EXPLOITABLE)),
        ),
        (
            "system_u:system_r:spc_t:s0",
            Some((Severity::Medium, EXPLOITABLE)),
        ),
        ("docker-default (enforce)", None),
        ("system_u:system_r:container_t:s0:c1,c2", None),
    ] {
        let mut it = container(10, ID, &[]);
        set_label(&mut it, label);
        assert_eq!(judged(&machine([it]), 10, "NSA-402"), expected, "{label}");
    }
    let snapshot = machine([container(10, ID, &[])]);
    let without_module = Some((Severity::Info, EXPLOITABLE));
    assert_eq!(judged(&snapshot, 10, "NSA-402"), without_module);
    let mut it = container(10, ID, &[]);
    details(&mut it).lsm = Seen::Unknown(Why::Denied);
    let unread = Some((Severity::Medium, Verdict::Unknown));
    assert_eq!(judged(&machine([it]), 10, "NSA-402"), unread);
}

#[test]
fn nsa_402_two_containers_with_one_pair_of_categories_are_not_parted() {
    let label = |pair: &str| format!("system_u:system_r:container_t:s0:{pair}");
    for (pair, expected) in [
        ("c1,c2", Some((Severity::Medium, EXPLOITABLE))),
        ("c3,c4", None),
    ] {
        let mut one = container(10, ID, &[]);
        let mut other = container(20, OTHER_ID, &[]);
        set_label(&mut one, &label("c1,c2"));
        set_label(&mut other, &label(pair));
        assert_eq!(
            judged(&machine([one, other]), 10, "NSA-402"),
            expected,
            "{pair}"
        );
    }
}

#[test]
fn nsa_402_and_502_a_process_without_the_label_of_its_containers_init() {
    let mut init = container(10, ID, &[]);
    set_label(&mut init, "docker-default (enforce)");
    let mut beside = container(10, ID, &[]);
    beside.pid = 11;
    beside.stat = Seen::Known(Stat {
        start_time: 11,
        ..beside.stat.known().unwrap().clone()
    });
    set_label(&mut beside, "my-profile (enforce)");
    let snapshot = machine([init, beside]);
    let medium = Some((Severity::Medium, EXPLOITABLE));
    assert_eq!(judged(&snapshot, 11, "NSA-402"), medium);
    assert_eq!(
        judged(&snapshot, 11, "NSA-502"),
        Some((Severity::High, EXPLOITABLE))
    );
    assert_eq!(judged(&snapshot, 10, "NSA-502"), None);
}
