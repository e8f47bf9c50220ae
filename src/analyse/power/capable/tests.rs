//! Rule R1 over a tree of user namespaces:
//!
//! ```text
//! initial
//! ├─ a, made by uid 1000          identity-mapped: uid_map "0 0 4294967295"
//! │  └─ b, made by uid 1000
//! │     └─ c, made by uid 0
//! └─ d, made by uid 0
//! ```

use super::*;
use crate::analyse::power::Verdict::{No, Unknown, Yes};
use crate::analyse::power::sample::{ALL, who};
use crate::model::Namespace;

const INITIAL: u64 = 0xEFFF_FFFD;
const A: u64 = 0xF000_000A;
const B: u64 = 0xF000_000B;
const C: u64 = 0xF000_000C;
const D: u64 = 0xF000_000D;
const ADMIN: u32 = CapabilitySet::SYS_ADMIN;

fn tree(known: &[(u64, Seen<u64>, u32)]) -> Snapshot {
    let mut snapshot = crate::model::snapshot::empty_for_tests();
    let kind = NsKind::User;
    for (inode, parent, creator) in known {
        let key = NsKey {
            kind,
            inode: *inode,
        };
        let mut namespace = Namespace::new(key);
        namespace.parent = parent.clone().map(Some);
        namespace.owner = parent.clone().map(Some);
        namespace.owner_uid = Seen::Known(Some(*creator));
        snapshot.namespaces.insert(key, namespace);
    }
    snapshot
}

fn whole() -> Snapshot {
    tree(&[
        (A, Seen::Known(INITIAL), 1000),
        (B, Seen::Known(A), 1000),
        (C, Seen::Known(B), 0),
        (D, Seen::Known(INITIAL), 0),
    ])
}

#[test]
fn a_capability_counts_in_ones_own_user_namespace_and_below_and_nowhere_else() {
    let snapshot = whole();
    for (user_ns, uid, effective, target, expected) in [
        // Root of the host has everything everywhere, without capabilities nothing …
        (INITIAL, 0, ALL, INITIAL, Yes),
        (INITIAL, 0, ALL, C, Yes),
        (INITIAL, 0, 0, INITIAL, No),
        (INITIAL, 0, 0, A, No),
        // … but over what uid 0 made itself: d, which is its child.
        (INITIAL, 0, 0, D, Yes),
        // Full capabilities in a child user namespace are nothing to the host, identity map or not.
        (A, 0, ALL, INITIAL, No),
        (A, 0, ALL, A, Yes),
        (A, 0, ALL, C, Yes),
        // A sibling, though on the same level.
        (A, 0, ALL, D, No),
        (D, 0, ALL, A, No),
        // Deeper than the target.
        (C, 0, ALL, A, No),
        (C, 0, ALL, D, No),
        // The rule of the creator: uid 1000 made a, uid 1001 did not.
        (INITIAL, 1000, 0, A, Yes),
        (INITIAL, 1001, 0, A, No),
        // It reaches all that is below what one made, by way of the direct child.
        (INITIAL, 1000, 0, B, Yes),
        (INITIAL, 1000, 0, C, Yes),
        (INITIAL, 1001, 0, C, No),
        // It counts for the direct child of one's own user namespace only.
        (A, 1000, 0, B, Yes),
        (A, 0, 0, B, No),
        (A, 0, 0, C, No),
        (B, 0, 0, C, Yes),
        // Nor does it count for the one that the creator sits in.
        (A, 1000, 0, A, No),
        (INITIAL, 1000, 0, D, No),
    ] {
        let answer = ns_capable(&snapshot, &who(user_ns, uid, effective), target, ADMIN);
        let question = format!("uid {uid} in {user_ns:x} with {effective:x} over {target:x}");
        assert_eq!(answer.verdict, expected, "{question}: {:#?}", answer.steps);
        assert!(!answer.reason().is_empty(), "{question}");
    }
}

#[test]
fn one_capability_is_not_another() {
    let snapshot = whole();
    let only_admin = who(INITIAL, 0, 1 << ADMIN);
    assert!(ns_capable(&snapshot, &only_admin, B, ADMIN).is_yes());
    let net = ns_capable(&snapshot, &only_admin, B, CapabilitySet::NET_ADMIN);
    assert!(net.is_no());
}

#[test]
fn what_is_above_sight_is_unknown_unless_the_rest_decides() {
    // The reader sits in a: what a's parent is, it may not see.
    let hidden = || Seen::Unknown(Why::Denied);
    let snapshot = tree(&[
        (A, hidden(), 1000),
        (B, Seen::Known(A), 0),
        (D, hidden(), 0),
    ]);
    for (user_ns, target, expected) in [
        (A, A, Yes),
        (A, B, Yes),
        // b is below a, so it is not above it, whatever is above a.
        (B, A, No),
        // The host is above everything: who is not in it has nothing over it.
        (A, INITIAL, No),
        // Whether d is below a, or a below d, cannot be seen.
        (A, D, Unknown),
        (D, B, Unknown),
        // Root of the host is above both.
        (INITIAL, B, Yes),
    ] {
        let answer = ns_capable(&snapshot, &who(user_ns, 5, ALL), target, ADMIN);
        assert_eq!(
            answer.verdict, expected,
            "{user_ns:x} over {target:x}: {:#?}",
            answer.steps
        );
    }
}

#[test]
fn ids_without_a_number_here_are_not_taken_for_one_another() {
    let snapshot = tree(&[
        (B, Seen::Known(A), 65534),
        (A, Seen::Unknown(Why::Denied), 0),
    ]);
    let mut nobody = who(A, 65534, 0);
    assert!(ns_capable(&snapshot, &nobody, B, ADMIN).is_yes());
    nobody.ids_are_exact = false;
    assert_eq!(ns_capable(&snapshot, &nobody, B, ADMIN).verdict, Unknown);
    nobody.capabilities.effective = CapabilitySet(ALL);
    assert!(ns_capable(&snapshot, &nobody, B, ADMIN).is_yes());
}

#[test]
fn a_tree_that_is_forged_into_a_circle_is_unknown_and_ends() {
    let snapshot = tree(&[(A, Seen::Known(B), 0), (B, Seen::Known(A), 0)]);
    assert_eq!(
        ns_capable(&snapshot, &who(D, 0, ALL), A, ADMIN).verdict,
        Unknown
    );
}

#[test]
fn the_owner_of_a_namespace_decides_for_it() {
    let mut snapshot = whole();
    let net = NsKey {
        kind: NsKind::Net,
        inode: 0xF000_0100,
    };
    let mut namespace = Namespace::new(net);
    namespace.owner = Seen::Known(Some(A));
    snapshot.namespaces.insert(net, namespace);
    assert!(capable_over(&snapshot, &who(A, 0, ALL), net, ADMIN).is_yes());
    assert!(capable_over(&snapshot, &who(D, 0, ALL), net, ADMIN).is_no());
    // The host's own belongs to the host, seen or not.
    let host = NsKey {
        kind: NsKind::Uts,
        inode: NsKind::Uts.initial_inode(),
    };
    assert!(capable_over(&snapshot, &who(A, 0, ALL), host, ADMIN).is_no());
    let unseen = NsKey {
        kind: NsKind::Uts,
        inode: 0xF000_0200,
    };
    assert_eq!(
        capable_over(&snapshot, &who(A, 0, ALL), unseen, ADMIN).verdict,
        Unknown
    );
}
