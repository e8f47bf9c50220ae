//! The environment that this process was started with, where the kernel shows it to others.

use std::ffi::c_char;

unsafe extern "C" {
    static mut environ: *mut *mut c_char;
}

/// Overwrites it, and has none from then on: for a forked child that goes where nothing of ours may
/// come. `/proc/PID/environ` shows the memory that it lay in.
pub fn forget() {
    // SAFETY: the strings of the initial environment, and those that setenv(3) made, may be written
    // as far as they reach; a forked child has no other thread that could read them meanwhile.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let text = *entry;
            std::ptr::write_bytes(text, 0, libc::strlen(text));
            entry = entry.add(1);
        }
        environ = std::ptr::null_mut();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::sys::child;

    #[test]
    fn a_child_that_forgets_shows_nothing_and_its_parent_keeps_all() {
        let before = std::env::vars_os().count();
        let shown = child::in_child(Duration::from_secs(10), || {
            super::forget();
            assert_eq!(std::env::vars_os().count(), 0);
            // Not dumpable, it may not read its own; the kernel tells the length all the same.
            let _ = nix::sys::prctl::set_dumpable(true);
            std::fs::read("/proc/self/environ").unwrap_or_else(|_| b"unread".to_vec())
        });
        assert!(before > 0);
        assert!(shown.unwrap().iter().all(|byte| *byte == 0));
        assert_eq!(std::env::vars_os().count(), before);
    }
}
