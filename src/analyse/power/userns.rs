//! The tree of user namespaces, as far as it is in sight.

use crate::model::{NsKey, NsKind, Seen, Snapshot, Why};

/// The line of user namespaces from one upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The namespace itself first, then its parent, and so on.
    pub upwards: Vec<u64>,
    /// Why the line breaks off below the initial user namespace; `None`: it ends there.
    pub broken: Option<Why>,
}

/// User namespaces nest 32 deep (user_namespaces(7)): a longer line is a forged one.
const DEEPEST: usize = 64;

/// Follows the parents of a user namespace.
pub fn line(snapshot: &Snapshot, from: u64) -> Line {
    let mut upwards = vec![from];
    let mut at = from;
    while upwards.len() <= DEEPEST {
        match parent(snapshot, at) {
            Seen::Known(Some(above)) => {
                upwards.push(above);
                at = above;
            }
            Seen::Known(None) => {
                return Line {
                    upwards,
                    broken: None,
                };
            }
            Seen::Unknown(why) => {
                return Line {
                    upwards,
                    broken: Some(why),
                };
            }
        }
    }
    Line {
        upwards,
        broken: Some(Why::failed("the line of parents has no end")),
    }
}

/// Parent of a user namespace; `Known(None)` for the initial one, which has the same number on
/// every kernel, so that it is known where it cannot be opened.
pub fn parent(snapshot: &Snapshot, inode: u64) -> Seen<Option<u64>> {
    if inode == NsKind::User.initial_inode() {
        return Seen::Known(None);
    }
    let kind = NsKind::User;
    match snapshot.namespaces.get(&NsKey { kind, inode }) {
        // NS_GET_PARENT and NS_GET_USERNS are one question for a user namespace.
        Some(namespace) => match &namespace.parent {
            Seen::Known(Some(above)) => Seen::Known(Some(*above)),
            Seen::Known(None) => Seen::Unknown(Why::failed("it has no parent, yet is not initial")),
            Seen::Unknown(why) => Seen::Unknown(why.clone()),
        },
        None => Seen::Unknown(Why::Skipped),
    }
}

/// Uid of the creator of a user namespace, as the reader numbers it.
pub fn creator(snapshot: &Snapshot, inode: u64) -> Seen<u32> {
    let kind = NsKind::User;
    match snapshot.namespaces.get(&NsKey { kind, inode }) {
        Some(namespace) => match namespace.owner_uid {
            Seen::Known(Some(uid)) => Seen::Known(uid),
            Seen::Known(None) => Seen::Unknown(Why::Unsupported),
            Seen::Unknown(ref why) => Seen::Unknown(why.clone()),
        },
        None => Seen::Unknown(Why::Skipped),
    }
}

/// The user namespace that governs a namespace: itself for a user namespace, its owner else.
pub fn governing(snapshot: &Snapshot, key: NsKey) -> Seen<u64> {
    if key.kind == NsKind::User {
        return Seen::Known(key.inode);
    }
    // All initial namespaces belong to the initial user namespace (init/*.c, kernel/user.c).
    if snapshot.is_initial(key) == Seen::Known(true) {
        return Seen::Known(NsKind::User.initial_inode());
    }
    match snapshot.namespaces.get(&key).map(|it| &it.owner) {
        Some(Seen::Known(Some(owner))) => Seen::Known(*owner),
        Some(Seen::Known(None)) => Seen::Unknown(Why::failed("it has no owner")),
        Some(Seen::Unknown(why)) => Seen::Unknown(why.clone()),
        None => Seen::Unknown(Why::Skipped),
    }
}

/// `user:[INODE]`, with a word where it is the host's.
pub fn name(inode: u64) -> String {
    let kind = NsKind::User;
    let key = NsKey { kind, inode };
    if inode == kind.initial_inode() {
        format!("{key} (the host's)")
    } else {
        key.to_string()
    }
}
