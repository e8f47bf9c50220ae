//! Capability sets (capabilities(7), capget(2), prctl(2)), of the calling thread but where it says
//! whose.

use nix::errno::Errno;
use rustix::thread::{self, CapabilitySets, Pid};

use super::errno_of;
use crate::model::CapabilitySet;

/// The three sets that a thread can write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    pub effective: CapabilitySet,
    pub permitted: CapabilitySet,
    pub inheritable: CapabilitySet,
}

/// The sets of the calling thread.
pub fn get() -> Result<Sets, Errno> {
    of(0)
}

/// The sets of a thread by its number in our pid namespace; 0 is the calling one.
pub fn of(pid: i32) -> Result<Sets, Errno> {
    let sets = thread::capabilities(Pid::from_raw(pid)).map_err(errno_of)?;
    Ok(Sets {
        effective: CapabilitySet(sets.effective.bits()),
        permitted: CapabilitySet(sets.permitted.bits()),
        inheritable: CapabilitySet(sets.inheritable.bits()),
    })
}

/// Sets them.
///
/// # Errors
/// EPERM: something would be permitted that is not now.
pub fn set(sets: &Sets) -> Result<(), Errno> {
    let of = |set: CapabilitySet| thread::CapabilitySet::from_bits_retain(set.0);
    let sets = CapabilitySets {
        effective: of(sets.effective),
        permitted: of(sets.permitted),
        inheritable: of(sets.inheritable),
    };
    thread::set_capabilities(None, sets).map_err(errno_of)
}

/// Takes everything out of the bounding set that is not to stay, for good; takes CAP_SETPCAP.
pub fn limit_bounding(keep: CapabilitySet) -> Result<(), Errno> {
    for number in 0..64 {
        match thread::capability_is_in_bounding_set(one(number)).map_err(errno_of) {
            // The kernel does not know this capability, nor any that comes after it.
            Err(Errno::EINVAL) => return Ok(()),
            Ok(true) if !keep.contains(number) => {
                thread::remove_capability_from_bounding_set(one(number)).map_err(errno_of)?;
            }
            Ok(_) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Makes the ambient set this one; each must be permitted and inheritable (Linux 4.3).
pub fn set_ambient(set: CapabilitySet) -> Result<(), Errno> {
    thread::clear_ambient_capability_set().map_err(errno_of)?;
    for number in (0..64).filter(|number| set.contains(*number)) {
        thread::configure_capability_in_ambient_set(one(number), true).map_err(errno_of)?;
    }
    Ok(())
}

fn one(number: u32) -> thread::CapabilitySet {
    thread::CapabilitySet::from_bits_retain(1 << number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_of_a_thread_can_be_written_back_as_they_were_read() {
        let sets = get().unwrap();
        assert_eq!(set(&sets), Ok(()));
        assert_eq!(get(), Ok(sets));
    }
}
