//! Rules R7 and R8: permission bits, the capabilities that override them, and the files below
//! `/proc/sys`, which ask for uids and no capability.

use super::{Answer, Credentials, Verdict};
use crate::model::{CapabilitySet, Seen};

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    /// Execute a file, search a directory.
    Execute,
}

impl Access {
    const fn bit(self) -> u32 {
        match self {
            Access::Read => 4,
            Access::Write => 2,
            Access::Execute => 1,
        }
    }
}

/// What the rules look at in an inode. Ids are those that the process's mount shows: after the
/// translation of an idmapped mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    pub uid: u32,
    pub gid: u32,
    /// The lowest nine bits of its mode.
    pub mode: u32,
    pub is_directory: bool,
}

/// Rule R7: generic_permission() in fs/namei.c. Access control lists are not looked at, and mounts
/// that are read-only stand in the way whatever this says.
pub fn may_access(credentials: &Credentials, inode: Inode, access: Access) -> Answer {
    by_bits(credentials, inode, access).or(|| by_override(credentials, inode, access))
}

fn by_bits(credentials: &Credentials, inode: Inode, access: Access) -> Answer {
    let (class, shift) = match class_of(credentials, inode.uid, inode.gid) {
        Some(class) => class,
        None => {
            return Answer::new(
                Verdict::Unknown,
                "R7",
                "whether it owns the file cannot be told: an id has no number here",
                "",
            );
        }
    };
    let bits = inode.mode >> shift & 7;
    let has = bits & access.bit() != 0;
    let says = match has {
        true => format!("the bits of the {class} allow it"),
        false => format!("the bits of the {class} do not allow it"),
    };
    let (uid, gid, mode) = (inode.uid, inode.gid, inode.mode);
    Answer::new(
        has,
        "R7",
        says,
        format!("uid {uid}, gid {gid}, mode {mode:03o}"),
    )
}

/// The first class that fits decides, even where a later one would allow more.
fn class_of(credentials: &Credentials, uid: u32, gid: u32) -> Option<(&'static str, u32)> {
    if credentials.same_id(credentials.uids.fs, uid)? {
        return Some(("owner", 6));
    }
    let groups = std::iter::once(credentials.gids.fs).chain(credentials.groups.iter().copied());
    let mut same = groups.map(|own| credentials.same_id(own, gid));
    match same.try_fold(false, |any, same| Some(any || same?)) {
        Some(true) => Some(("group", 3)),
        Some(false) => Some(("others", 0)),
        None => None,
    }
}

/// CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH count only where uid *and* gid of the file have numbers
/// in the process's user namespace (capable_wrt_inode_uidgid in kernel/capability.c).
fn by_override(credentials: &Credentials, inode: Inode, access: Access) -> Answer {
    let effective = credentials.capabilities.effective;
    let any_execute = inode.is_directory || inode.mode & 0o111 != 0;
    let overrides = effective.contains(CapabilitySet::DAC_OVERRIDE)
        && (access != Access::Execute || any_execute);
    let searches = effective.contains(CapabilitySet::DAC_READ_SEARCH)
        && (access == Access::Read || access == Access::Execute && inode.is_directory);
    let name = match (overrides, searches) {
        (true, _) => CapabilitySet::name_of(CapabilitySet::DAC_OVERRIDE),
        (false, true) => CapabilitySet::name_of(CapabilitySet::DAC_READ_SEARCH),
        (false, false) => {
            let says = "no capability of its own overrides the bits";
            return Answer::new(false, "R7", says, "");
        }
    };
    let mapped = |map, id| Credentials::maps(map, id);
    let uid = mapped(&credentials.uid_map, inode.uid);
    let gid = mapped(&credentials.gid_map, inode.gid);
    match (uid, gid) {
        (Seen::Known(true), Seen::Known(true)) => {
            Answer::new(true, "R7", format!("{name} overrides the bits"), "")
        }
        (Seen::Known(false), _) | (_, Seen::Known(false)) => {
            let says = format!(
                "{name} does not count: the file's ids have no number in its user namespace"
            );
            Answer::new(false, "R7", says, "")
        }
        (Seen::Unknown(why), _) | (_, Seen::Unknown(why)) => {
            Answer::unknown("R7", "which ids its user namespace has", &why)
        }
    }
}

/// Rule R8: whether it may write a file below `/proc/sys` that belongs to the whole machine
/// (test_perm in fs/proc/proc_sysctl.c). The owner there is always the host's uid 0, and no
/// capability is asked for. A read-only mount stands in the way whatever this says; the files of
/// `/proc/sys/net` and those of ipc and user namespaces have rules of their own.
pub fn may_write_sysctl(credentials: &Credentials, mode: u32) -> Answer {
    const ROOT: u32 = 0;
    let groups =
        std::iter::once(credentials.gids.effective).chain(credentials.groups.iter().copied());
    let same = |id| credentials.same_id(id, ROOT) == Some(true);
    let (class, shift) = if same(credentials.uids.effective) {
        ("owner: it is the host's uid 0", 6)
    } else if groups.into_iter().any(same) {
        ("group: it has the host's gid 0", 3)
    } else {
        ("others: it is not the host's uid 0", 0)
    };
    if !credentials.ids_are_exact {
        let says = "the reader does not see the host's ids";
        return Answer::new(Verdict::Unknown, "R8", says, "");
    }
    let has = mode >> shift & Access::Write.bit() != 0;
    let says = format!("the bits for the {class} decide");
    let task = credentials.task;
    let uid = credentials.uids.effective;
    Answer::new(
        has,
        "R8",
        says,
        format!("/proc/{task}/status Uid {uid}; mode {mode:03o}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::power::sample::{ALL, who};
    use crate::model::NsKind;
    use crate::model::process::IdRange;

    const SHADOW: Inode = Inode {
        uid: 0,
        gid: 42,
        mode: 0o640,
        is_directory: false,
    };

    fn mapped_root(effective: u64) -> Credentials {
        let mut credentials = who(0xF000_000A, 100_000, effective);
        let map = vec![IdRange {
            inside: 0,
            outside: 100_000,
            count: 65_536,
        }];
        credentials.uid_map = Seen::Known(map.clone());
        credentials.gid_map = Seen::Known(map);
        credentials
    }

    #[test]
    fn the_first_class_that_fits_decides() {
        let initial = NsKind::User.initial_inode();
        let mut user = who(initial, 1000, 0);
        let may = |user: &Credentials, inode, access| may_access(user, inode, access).verdict;
        assert_eq!(may(&user, SHADOW, Access::Read), Verdict::No);
        user.groups = vec![42];
        assert_eq!(may(&user, SHADOW, Access::Read), Verdict::Yes);
        assert_eq!(may(&user, SHADOW, Access::Write), Verdict::No);
        // The owner is denied what everybody else may.
        let own = Inode {
            uid: 1000,
            mode: 0o077,
            ..SHADOW
        };
        assert_eq!(may(&user, own, Access::Read), Verdict::No);
        assert_eq!(
            may(&who(initial, 0, 0), SHADOW, Access::Write),
            Verdict::Yes
        );
    }

    #[test]
    fn capabilities_override_the_bits_only_where_the_ids_are_mapped() {
        let initial = NsKind::User.initial_inode();
        let overrides = who(initial, 1000, 1 << CapabilitySet::DAC_OVERRIDE);
        assert!(may_access(&overrides, SHADOW, Access::Write).is_yes());
        let searches = who(initial, 1000, 1 << CapabilitySet::DAC_READ_SEARCH);
        assert!(may_access(&searches, SHADOW, Access::Read).is_yes());
        assert!(may_access(&searches, SHADOW, Access::Write).is_no());
        // Root of a container with a map of its own has every capability, and none over this file.
        assert!(may_access(&mapped_root(ALL), SHADOW, Access::Read).is_no());
        let own = Inode {
            uid: 100_007,
            gid: 100_007,
            ..SHADOW
        };
        assert!(may_access(&mapped_root(ALL), own, Access::Write).is_yes());
        // The group counts as well.
        let half = Inode { gid: 42, ..own };
        assert!(may_access(&mapped_root(ALL), half, Access::Write).is_no());
    }

    #[test]
    fn sysctls_belong_to_uid_0_of_the_host_and_ask_for_no_capability() {
        let initial = NsKind::User.initial_inode();
        assert!(may_write_sysctl(&who(initial, 0, 0), 0o644).is_yes());
        assert!(may_write_sysctl(&who(initial, 1000, ALL), 0o644).is_no());
        assert!(may_write_sysctl(&mapped_root(ALL), 0o644).is_no());
        // An identity map makes root of a user namespace the host's uid 0.
        assert!(may_write_sysctl(&who(0xF000_000A, 0, 0), 0o644).is_yes());
    }
}
