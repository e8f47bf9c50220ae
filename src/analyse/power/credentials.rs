//! Who asks: the credentials that the kernel's rules look at, as values that can be changed to ask
//! "and after setuid(1000)?".

use crate::model::process::{Capabilities, IdRange, Ids, Seccomp, Status};
use crate::model::{CapabilitySet, NsKind, Pid, Process, Seen, Snapshot, Why};

/// The credentials of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub task: Pid,
    /// Inode of its user namespace.
    pub user_ns: Seen<u64>,
    /// Ids as the reader's user namespace numbers them.
    pub uids: Ids,
    pub gids: Ids,
    pub groups: Vec<u32>,
    pub capabilities: Capabilities,
    pub no_new_privs: Option<bool>,
    pub seccomp: Option<Seccomp>,
    /// What ids inside its user namespace are to the reader.
    pub uid_map: Seen<Vec<IdRange>>,
    pub gid_map: Seen<Vec<IdRange>>,
    /// Whether the reader's numbers are the kernel's: its user namespace is the initial one.
    /// Otherwise 65534 stands for any id that the reader cannot name.
    pub ids_are_exact: bool,
}

/// What the kernel prints for an id that has no number in the reader's user namespace
/// (/proc/sys/kernel/overflowuid, by default).
const OVERFLOW: u32 = 65534;

impl Credentials {
    /// The credentials of a process that was read at least to the depth of its status.
    ///
    /// # Errors
    /// Why they are not known.
    pub fn of(snapshot: &Snapshot, process: &Process) -> Result<Credentials, Why> {
        let details = process.details.as_deref().ok_or(Why::Skipped)?;
        let status = details.status.as_ref().map_err(Clone::clone)?;
        let reader = snapshot.reader.links.own(NsKind::User);
        let user_ns = process.links.own(NsKind::User).clone();
        let is_readers = user_ns.is_known() && user_ns == *reader;
        // In the reader's own user namespace its numbers are the ids inside as well; the map
        // would tell what its parent makes of them.
        let seen_from_here = |map: &Seen<Vec<IdRange>>| match is_readers {
            true => Seen::Known(vec![WHOLE]),
            false => map.clone(),
        };
        Ok(Credentials {
            uid_map: seen_from_here(&details.uid_map),
            gid_map: seen_from_here(&details.gid_map),
            ids_are_exact: reader.get() == Some(NsKind::User.initial_inode()),
            ..Credentials::from_status(process.task(), user_ns, status)
        })
    }

    fn from_status(task: Pid, user_ns: Seen<u64>, status: &Status) -> Credentials {
        Credentials {
            task,
            user_ns,
            uids: status.uids,
            gids: status.gids,
            groups: status.groups.clone(),
            capabilities: status.capabilities,
            no_new_privs: status.no_new_privs,
            seccomp: status.seccomp,
            uid_map: Seen::Unknown(Why::Skipped),
            gid_map: Seen::Unknown(Why::Skipped),
            ids_are_exact: false,
        }
    }

    /// Whether two ids are one and the same; `None` where the reader cannot tell.
    pub fn same_id(&self, one: u32, other: u32) -> Option<bool> {
        if one == other && one == OVERFLOW && !self.ids_are_exact {
            return None;
        }
        Some(one == other)
    }

    /// What root of its user namespace is to the reader; `Known(None)`: there is no root in there.
    pub fn root_uid(&self) -> Seen<Option<u32>> {
        self.uid_map.part(|map| IdRange::outside_of(map, 0))
    }

    /// Whether an id has a number inside of its user namespace.
    pub fn maps(map: &Seen<Vec<IdRange>>, outside: u32) -> Seen<bool> {
        map.part(|map| {
            map.iter().any(|range| {
                outside
                    .checked_sub(range.outside)
                    .is_some_and(|it| it < range.count)
            })
        })
    }

    /// After it has made these its ids, as setresuid(2) and setresgid(2) do: whoever gives up root
    /// of its user namespace for another uid loses all capabilities (SECBIT_KEEP_CAPS and
    /// SECBIT_NO_SETUID_FIXUP aside, which cannot be seen).
    pub fn after_becoming(&self, uid: u32, gid: u32) -> Credentials {
        let all = |id| Ids {
            real: id,
            effective: id,
            saved: id,
            fs: id,
        };
        let keeps = uid == self.uids.effective;
        let none = CapabilitySet::default();
        let capabilities = match keeps {
            true => self.capabilities,
            false => Capabilities {
                effective: none,
                permitted: none,
                ambient: none,
                ..self.capabilities
            },
        };
        Credentials {
            uids: all(uid),
            gids: all(gid),
            capabilities,
            ..self.clone()
        }
    }

    /// The same with other effective capabilities.
    pub fn with_effective(&self, effective: CapabilitySet) -> Credentials {
        let capabilities = Capabilities {
            effective,
            ..self.capabilities
        };
        Credentials {
            capabilities,
            ..self.clone()
        }
    }
}

const WHOLE: IdRange = IdRange {
    inside: 0,
    outside: 0,
    count: u32::MAX,
};
