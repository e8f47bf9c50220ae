//! NSA-003: its user namespace maps ids that others have too.

use super::nsa_002_user_namespace_maps_root;
use crate::audit::case::Case;
use crate::audit::finding::{Finding, Severity, Verdict};
use crate::audit::need::Need;
use crate::audit::questions::ids::map_text;
use crate::audit::rule::found;
use crate::audit::rule::{Asks, Check, ESCAPE, GivesWay, How, Rule};
use crate::model::{NsKind, Seen};

pub static RULE: Rule = Rule {
    id: "NSA-003",
    title: "ids shared with others on the host",
    worst: Severity::Medium,
    why: "Two containers whose maps overlap, or a container and a user of the host, are the same user \
          to the kernel. Where one gets to a file or a process of the other, by a shared volume, a \
          shared pid namespace or an escape, no permission bit stands between them.",
    remedy: "give every container a range of ids of its own",
    remedies: &[
        (
            "docker",
            "userns-remap gives all containers one range: a daemon, or podman, for each group that must not meet",
        ),
        (
            "podman",
            "--userns=auto, which picks ranges that nobody has",
        ),
        (
            "kubernetes",
            "hostUsers: false, which picks ranges that nobody has",
        ),
        ("systemd-nspawn", "--private-users=pick"),
    ],
    references: &[ESCAPE],
    needs: &[Need::Namespaces, Need::EveryCredentials, Need::Accounts],
    asks: Asks::Held,
    gives_way: &[
        // Whoever maps the host's root maps most others as well: it is said once.
        GivesWay {
            to: &nsa_002_user_namespace_maps_root::RULE,
            how: How::Dropped,
            when: found,
        },
    ],
    check: Check::One(check),
};

fn check(case: &Case<'_>) -> Option<Finding> {
    // The map of the reader's own user namespace tells what its parent makes of ids, and that need not
    // be the host.
    if !case.credentials().is_ok_and(|it| it.ids_are_exact) {
        return None;
    }
    let own = case.process.links.own(NsKind::User).get()?;
    let others = case.machine.ranges.others(case.snapshot, own);
    let accounts = case.machine.ranges.accounts(case.snapshot, own);
    if others.is_empty() && accounts.is_empty() {
        return None;
    }
    let names: Vec<String> = others
        .iter()
        .map(|other| format!("user:[{}] of process {}", other.user_ns, other.task))
        .chain(accounts.iter().cloned())
        .collect();
    let details = case.details()?;
    let why = format!(
        "it shares ids of the host with {}: their files are open to each other where they can be \
         reached",
        names.join(", ")
    );
    let mut finding = Finding::new(&RULE, Severity::Medium, Verdict::Conditional, why)
        .seen(case.file("uid_map"), map_text(&details.uid_map))
        .provided("a file or a process of the other is in sight");
    for other in &others {
        let map = [other.range];
        finding = finding.seen(
            format!("/proc/{}/uid_map", other.task),
            map_text(&Seen::Known(map.to_vec())),
        );
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

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
}
