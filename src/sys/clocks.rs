//! The two clocks that a time namespace shifts (time_namespaces(7)).

use std::time::Duration;

use nix::errno::Errno;

/// CLOCK_MONOTONIC and CLOCK_BOOTTIME of the caller's time namespace.
pub fn read() -> Result<[Duration; 2], Errno> {
    Ok([
        read_one(libc::CLOCK_MONOTONIC)?,
        read_one(libc::CLOCK_BOOTTIME)?,
    ])
}

fn read_one(clock: libc::clockid_t) -> Result<Duration, Errno> {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one timespec.
    Errno::result(unsafe { libc::clock_gettime(clock, &raw mut now) })?;
    let seconds = u64::try_from(now.tv_sec).map_err(|_| Errno::EOVERFLOW)?;
    let nanoseconds = u32::try_from(now.tv_nsec).map_err(|_| Errno::EOVERFLOW)?;
    Ok(Duration::new(seconds, nanoseconds))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_clocks_run_forward_and_boottime_is_not_behind() {
        let [before, _] = super::read().unwrap();
        let [after, boot] = super::read().unwrap();
        assert!(before <= after && after <= boot + std::time::Duration::from_secs(1));
    }
}
