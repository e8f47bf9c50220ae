//! The ids, groups and capabilities with which the program runs.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::failure::{During, Failure, Step};
use crate::model::CapabilitySet;
use crate::model::process::Capabilities;
use crate::sys::capabilities::{self, Sets};

/// What becomes of the capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// As the kernel has it: a change from root to another user loses them.
    #[default]
    Usual,
    /// All that are permitted now stay, in the ambient set, also for a user that is not root.
    Ambient,
    /// The sets of another process, bounding set included.
    Exactly(Box<Capabilities>),
}

/// With what the program runs; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// Real ids that differ from these, the effective ones.
    pub real_uid: Option<u32>,
    pub real_gid: Option<u32>,
    pub groups: Option<Vec<u32>>,
    pub keep: Keep,
    /// Capabilities to lose for good, out of the bounding set too.
    pub drop: CapabilitySet,
    pub no_new_privs: bool,
}

impl Credentials {
    /// Takes them on. A step that needs a capability comes before the step that may lose it.
    ///
    /// # Errors
    /// The first step that the kernel refuses.
    pub fn take_on(&self) -> Result<(), Failure> {
        self.limit_bounding().during(|| Step::Capabilities)?;
        let exact_or_ambient = self.keep != Keep::Usual;
        prctl::set_keepcaps(exact_or_ambient).during(|| Step::Capabilities)?;
        self.change_ids()?;
        self.set_capabilities().during(|| Step::Capabilities)?;
        if self.no_new_privs {
            prctl::set_no_new_privs().during(|| Step::NoNewPrivs)?;
        }
        Ok(())
    }

    fn limit_bounding(&self) -> Result<(), Errno> {
        let keep = match &self.keep {
            Keep::Exactly(sets) => sets.bounding,
            Keep::Usual | Keep::Ambient => CapabilitySet(u64::MAX),
        };
        let keep = CapabilitySet(keep.0 & !self.drop.0);
        match keep.0 == u64::MAX {
            true => Ok(()),
            false => capabilities::limit_bounding(keep),
        }
    }

    fn change_ids(&self) -> Result<(), Failure> {
        if let Some(groups) = &self.groups {
            match set_groups(groups) {
                // Where a user namespace forbids it, nobody in there can change them.
                Err(Errno::EPERM) if has_right_to_groups() => {}
                result => result.during(|| Step::Groups)?,
            }
        }
        if let Some(gid) = self.gid {
            let id = Gid::from_raw(gid);
            let real = self.real_gid.map_or(id, Gid::from_raw);
            setresgid(real, id, id).during(|| Step::Gid(gid))?;
        }
        if let Some(uid) = self.uid {
            let id = Uid::from_raw(uid);
            let real = self.real_uid.map_or(id, Uid::from_raw);
            setresuid(real, id, id).during(|| Step::Uid(uid))?;
        }
        Ok(())
    }

    fn set_capabilities(&self) -> Result<(), Errno> {
        let without = |set: CapabilitySet| CapabilitySet(set.0 & !self.drop.0);
        let (sets, ambient) = match &self.keep {
            Keep::Usual if self.drop.is_empty() => return Ok(()),
            Keep::Usual => (capabilities::get()?, None),
            Keep::Ambient => {
                let permitted = without(capabilities::get()?.permitted);
                let all = Sets {
                    effective: permitted,
                    permitted,
                    inheritable: permitted,
                };
                (all, Some(permitted))
            }
            Keep::Exactly(sets) => {
                let exact = Sets {
                    effective: sets.effective,
                    permitted: sets.permitted,
                    inheritable: sets.inheritable,
                };
                (exact, Some(without(sets.ambient)))
            }
        };
        capabilities::set(&Sets {
            effective: without(sets.effective),
            permitted: without(sets.permitted),
            inheritable: without(sets.inheritable),
        })?;
        ambient.map_or(Ok(()), capabilities::set_ambient)
    }
}

/// Makes these the supplementary groups.
pub fn set_groups(groups: &[u32]) -> Result<(), Errno> {
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    setgroups(&groups)
}

/// Whether we have the capability that it takes, so that only the user namespace can be what forbids
/// it (may_setgroups in kernel/groups.c). Its `setgroups` file is not asked: /proc may be foreign.
fn has_right_to_groups() -> bool {
    capabilities::get().is_ok_and(|sets| sets.effective.contains(CapabilitySet::SETGID))
}
