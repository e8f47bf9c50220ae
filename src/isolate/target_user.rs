//! The rights of another process, as far as one of ours can take them on.

use nix::unistd::{Gid, getegid, geteuid, getgroups};

use super::credentials::{Credentials, Keep};
use super::failure::{Failure, Step};
use super::id_map::Ids;
use crate::model::CapabilitySet;
use crate::model::process::{IdRange, Status};

/// Who a process is, as we number ids, and the maps by which they are numbered in its user namespace.
pub struct TargetUser {
    /// The directory of the process, for messages.
    pub name: String,
    pub status: Status,
    /// Of uids and of gids; `None` where the numbers are ours.
    pub maps: Option<[Vec<IdRange>; 2]>,
}

impl TargetUser {
    /// Its effective uid, as numbered in there.
    pub fn uid(&self) -> Result<u32, Failure> {
        self.inside(Ids::Users, self.status.uids.effective)
    }

    /// Its effective gid, as numbered in there.
    pub fn gid(&self) -> Result<u32, Failure> {
        self.inside(Ids::Groups, self.status.gids.effective)
    }

    /// The number in there of an id that we number so.
    fn inside(&self, ids: Ids, id: u32) -> Result<u32, Failure> {
        let Some(maps) = &self.maps else {
            return Ok(id);
        };
        let map = match ids {
            Ids::Users => &maps[0],
            Ids::Groups => &maps[1],
        };
        IdRange::inside_of(map, id).ok_or_else(|| {
            Failure::because(
                Step::Open(format!("{}/{}", self.name, ids.file())),
                format!("{id} of the target has no number in there: nobody in there can become it"),
            )
        })
    }

    /// Its supplementary groups. One that has no number in there is none that it could use.
    pub fn groups(&self) -> Vec<u32> {
        let groups = self.status.groups.iter();
        groups
            .filter_map(|id| self.inside(Ids::Groups, *id).ok())
            .collect()
    }

    /// Whether its supplementary groups are those that we have now.
    pub fn has_our_groups(&self) -> bool {
        let ours = getgroups().unwrap_or_default();
        let mut ours: Vec<u32> = ours.into_iter().map(Gid::as_raw).collect();
        let mut theirs = self.status.groups.clone();
        ours.sort_unstable();
        theirs.sort_unstable();
        ours == theirs
    }

    /// The groups to have before its user namespace is joined, in which nobody may be allowed to
    /// change them.
    pub fn groups_before(&self) -> Option<Vec<u32>> {
        self.maps.is_some().then(|| self.status.groups.clone())
    }

    /// All of its rights that can be taken on, without these capabilities.
    ///
    /// # Errors
    /// One of its ids has no number in its own user namespace.
    pub fn credentials(&self, drop: CapabilitySet) -> Result<Credentials, Failure> {
        let (uids, gids) = (self.status.uids, self.status.gids);
        // An id that has no number in there can be brought along, and not taken on.
        let has_our_uid = [uids.real, uids.effective] == [geteuid().as_raw(); 2];
        let has_our_gid = [gids.real, gids.effective] == [getegid().as_raw(); 2];
        let number = |ids, id, is_ours| match self.inside(ids, id) {
            Err(_) if is_ours => Ok(None),
            number => number.map(Some),
        };
        Ok(Credentials {
            uid: number(Ids::Users, uids.effective, has_our_uid)?,
            gid: number(Ids::Groups, gids.effective, has_our_gid)?,
            real_uid: number(Ids::Users, uids.real, has_our_uid)?,
            real_gid: number(Ids::Groups, gids.real, has_our_gid)?,
            groups: Some(self.groups()),
            keep: Keep::Exactly(Box::new(self.status.capabilities)),
            drop,
            no_new_privs: self.status.no_new_privs == Some(true),
        })
    }
}
