//! Capability sets (capabilities(7), capget(2), prctl(2)), of the calling thread but where it says
//! whose.

use nix::errno::Errno;

use crate::model::CapabilitySet;

/// `_LINUX_CAPABILITY_VERSION_3`: two words of 32 bits for each set.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The three sets that a thread can write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    pub effective: CapabilitySet,
    pub permitted: CapabilitySet,
    pub inheritable: CapabilitySet,
}

static HEADER: Header = Header {
    version: VERSION,
    pid: 0,
};

/// The sets of the calling thread.
pub fn get() -> Result<Sets, Errno> {
    of(0)
}

/// The sets of a thread by its number in our pid namespace; 0 is the calling one.
pub fn of(pid: i32) -> Result<Sets, Errno> {
    let header = Header {
        version: VERSION,
        pid,
    };
    let mut words = [Word::default(); 2];
    // SAFETY: the kernel reads one header and, of this version, writes two words.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw const header, words.as_mut_ptr()) };
    Errno::result(result)?;
    let join = |half: fn(&Word) -> u32| {
        CapabilitySet(u64::from(half(&words[0])) | u64::from(half(&words[1])) << 32)
    };
    Ok(Sets {
        effective: join(|word| word.effective),
        permitted: join(|word| word.permitted),
        inheritable: join(|word| word.inheritable),
    })
}

/// Sets them.
///
/// # Errors
/// EPERM: something would be permitted that is not now.
pub fn set(sets: &Sets) -> Result<(), Errno> {
    let half = |set: CapabilitySet, shift: u32| (set.0 >> shift & 0xffff_ffff) as u32;
    let word = |shift| Word {
        effective: half(sets.effective, shift),
        permitted: half(sets.permitted, shift),
        inheritable: half(sets.inheritable, shift),
    };
    let words = [word(0), word(32)];
    // SAFETY: the kernel reads one header and, of this version, two words.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const HEADER, words.as_ptr()) };
    Errno::result(result).map(drop)
}

/// Takes everything out of the bounding set that is not to stay, for good; takes CAP_SETPCAP.
pub fn limit_bounding(keep: CapabilitySet) -> Result<(), Errno> {
    for number in 0..64 {
        // EINVAL ends the list: the kernel does not know this capability.
        match prctl(libc::PR_CAPBSET_READ, number, 0) {
            Err(Errno::EINVAL) => return Ok(()),
            Ok(1) if !keep.contains(number) => drop(prctl(libc::PR_CAPBSET_DROP, number, 0)?),
            Ok(_) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Makes the ambient set this one; each must be permitted and inheritable (Linux 4.3).
pub fn set_ambient(set: CapabilitySet) -> Result<(), Errno> {
    prctl(
        libc::PR_CAP_AMBIENT,
        libc::PR_CAP_AMBIENT_CLEAR_ALL as u32,
        0,
    )?;
    for number in (0..64).filter(|number| set.contains(*number)) {
        prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_RAISE as u32,
            number,
        )?;
    }
    Ok(())
}

fn prctl(option: i32, second: u32, third: u32) -> Result<i32, Errno> {
    let [second, third] = [second, third].map(libc::c_ulong::from);
    let nothing: libc::c_ulong = 0;
    // SAFETY: these options take plain numbers.
    Errno::result(unsafe { libc::prctl(option, second, third, nothing, nothing) })
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
