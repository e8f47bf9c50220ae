//! The two clocks that a time namespace shifts (time_namespaces(7)).

use std::time::Duration;

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

/// CLOCK_MONOTONIC and CLOCK_BOOTTIME of the caller's time namespace.
pub fn read() -> Result<[Duration; 2], Errno> {
    Ok([
        clock_gettime(ClockId::CLOCK_MONOTONIC)?.into(),
        clock_gettime(ClockId::CLOCK_BOOTTIME)?.into(),
    ])
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
