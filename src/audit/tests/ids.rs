//! Which ids of the host user namespaces map.

use super::*;

fn within_user_namespace(process: &mut Process, inode: u64, outside: u32) {
    let links = process.links.clone();
    process.links = Links::read(|link| match link {
        LinkName::Own(NsKind::User) => Seen::Known(inode),
        other => links.get(other).clone(),
    });
    let map = Seen::Known(vec![IdRange {
        inside: 0,
        outside,
        count: 65536,
    }]);
    details(process).uid_map = map.clone();
    details(process).gid_map = map;
}

#[test]
fn nsa_002_a_reader_that_does_not_see_the_hosts_ids_cannot_tell_who_uid_0_is() {
    let mut it = container(10, ID, &[]);
    within_user_namespace(&mut it, 4_026_550_000, 0);
    let mut snapshot = machine([it]);
    let critical = |verdict| Some((Severity::High, verdict));
    assert_eq!(
        judged(&snapshot, 10, "NSA-002"),
        critical(Verdict::Conditional)
    );
    snapshot.reader.links = Links::read(|link| match link.kind() {
        NsKind::User => Seen::Known(4_026_560_000),
        kind => Seen::Known(kind.initial_inode()),
    });
    let unknown = Some((Severity::Critical, Verdict::Unknown));
    assert_eq!(judged(&snapshot, 10, "NSA-002"), unknown);
}

#[test]
fn nsa_003_whoever_makes_a_user_namespace_may_map_themselves() {
    let user_ns = |inode| NsKey {
        kind: NsKind::User,
        inode,
    };
    for (creator, expected) in [
        (1000, None),
        (0, Some((Severity::Medium, Verdict::Conditional))),
    ] {
        let mut it = container(10, ID, &[]);
        within_user_namespace(&mut it, 4_026_550_000, 1000);
        let one = Seen::Known(vec![IdRange {
            inside: 0,
            outside: 1000,
            count: 1,
        }]);
        details(&mut it).uid_map = one;
        let mut snapshot = machine([it]);
        let namespace = snapshot
            .namespaces
            .get_mut(&user_ns(4_026_550_000))
            .unwrap();
        namespace.owner_uid = Seen::Known(Some(creator));
        snapshot.settings.accounts = Seen::Known(vec![crate::model::settings::Account {
            name: "ann".to_owned(),
            uid: 1000,
        }]);
        assert_eq!(judged(&snapshot, 10, "NSA-003"), expected, "{creator}");
    }
}

#[test]
fn nsa_003_a_process_that_waits_to_be_reaped_shares_ids_with_nobody() {
    for is_dead in [false, true] {
        let (mut one, mut other) = (container(10, ID, &[]), container(11, OTHER_ID, &[]));
        within_user_namespace(&mut one, 4_026_550_000, 100_000);
        within_user_namespace(&mut other, 4_026_550_001, 100_000);
        if is_dead {
            let links = other.links.clone();
            // It keeps the user and the pid namespace only.
            other.links = Links::read(|link| match link.kind() {
                NsKind::User | NsKind::Pid => links.own(link.kind()).clone(),
                _ => Seen::Unknown(Why::Gone),
            });
            let mut stat = other.stat.known().unwrap().clone();
            stat.state = 'Z';
            other.stat = Seen::Known(stat);
        }
        let expected = (!is_dead).then_some((Severity::Medium, Verdict::Conditional));
        assert_eq!(judged(&machine([one, other]), 10, "NSA-003"), expected);
    }
}

#[test]
fn an_id_that_others_have_is_looked_for_among_thousands_of_ranges_without_comparing_all() {
    let many = (0..3000).map(|number| {
        let mut it = container(100 + number, &format!("{number:064x}"), &[]);
        let inode = 4_026_600_000 + u64::from(number.unsigned_abs());
        // All with one range, as with userns-remap.
        within_user_namespace(&mut it, inode, 100_000);
        it
    });
    let snapshot = machine(many);
    let subjects = choose(&snapshot, Scope::Isolated);
    assert_eq!(subjects.len(), 3000);
    let found = audit(&snapshot, &subjects);
    let overlaps = found.audited.iter().flat_map(|it| &it.findings);
    assert_eq!(overlaps.filter(|it| it.rule.id == "NSA-003").count(), 3000);
}
