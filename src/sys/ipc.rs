//! System V objects and POSIX message queues: made, looked for by their names, removed, and counted.

use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::owned::owned;

/// A shared memory segment that is removed with this.
pub struct Segment(libc::c_int);

impl Segment {
    /// Makes one of this key, for our user alone.
    ///
    /// # Errors
    /// EEXIST: there is one of this key.
    pub fn make(key: i32) -> Result<Segment, Errno> {
        let flags = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
        // SAFETY: plain numbers.
        Errno::result(unsafe { libc::shmget(key, 4096, flags) }).map(Segment)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: no buffer goes with this command, and nobody has attached the segment.
        unsafe { libc::shmctl(self.0, libc::IPC_RMID, std::ptr::null_mut()) };
    }
}

/// Whether there is a segment of this key, for whomever (shmget(2): no permission is asked for).
///
/// # Errors
/// ENOSYS: this kernel has no System V shared memory.
pub fn has_segment(key: i32) -> Result<bool, Errno> {
    // SAFETY: plain numbers.
    match Errno::result(unsafe { libc::shmget(key, 0, 0) }) {
        Ok(_) | Err(Errno::EACCES) => Ok(true),
        Err(Errno::ENOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// A message queue that is removed with this.
pub struct Queue(CString);

/// A message queue of this name, without a leading slash, as the system call takes it. ENOSYS: this
/// kernel has no POSIX queues.
fn open_queue(name: &CStr, flags: libc::c_int) -> Result<OwnedFd, Errno> {
    let none = std::ptr::null::<libc::mq_attr>();
    // SAFETY: the name ends in NUL, and no attributes go with it; the result is a new descriptor.
    unsafe {
        owned(libc::syscall(
            libc::SYS_mq_open,
            name.as_ptr(),
            flags | libc::O_CLOEXEC,
            0o600,
            none,
        ))
    }
}

impl Queue {
    /// Makes one, for our user alone.
    pub fn make(name: &CStr) -> Result<Queue, Errno> {
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_RDONLY | libc::O_NONBLOCK;
        drop(open_queue(name, flags)?);
        Ok(Queue(name.to_owned()))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the name ends in NUL.
        unsafe { libc::syscall(libc::SYS_mq_unlink, self.0.as_ptr()) };
    }
}

/// Whether there is a queue of this name, for whomever.
pub fn has_queue(name: &CStr) -> Result<bool, Errno> {
    match open_queue(name, libc::O_RDONLY | libc::O_NONBLOCK) {
        Ok(_) | Err(Errno::EACCES) => Ok(true),
        Err(Errno::ENOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// What the kernel says of all segments (SHM_INFO, shmctl(2)).
#[repr(C)]
#[derive(Default)]
struct SegmentsInfo {
    used_ids: libc::c_int,
    pages: [libc::c_ulong; 3],
    swaps: [libc::c_ulong; 2],
}

const SHM_INFO: libc::c_int = 14;

/// How many segments, semaphore sets and message queues there are in our own ipc namespace.
///
/// # Errors
/// ENOSYS: this kernel has no System V objects.
pub fn counts() -> Result<[u64; 3], Errno> {
    let mut segments = SegmentsInfo::default();
    let mut sets = [0 as libc::c_int; 10];
    // SAFETY: all-zero is a valid `msginfo`.
    let mut queues: libc::msginfo = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one `shm_info`, one `seminfo` of ten numbers and one `msginfo`, and
    // reads nothing.
    unsafe {
        Errno::result(libc::shmctl(0, SHM_INFO, (&raw mut segments).cast()))?;
        Errno::result(libc::semctl(0, 0, libc::SEM_INFO, sets.as_mut_ptr()))?;
        Errno::result(libc::msgctl(0, libc::MSG_INFO, (&raw mut queues).cast()))?;
    }
    // As the manual pages have it: `used_ids`, `semusz`, `msgpool`.
    let counts = [segments.used_ids, sets[7], queues.msgpool];
    Ok(counts.map(|count| u64::try_from(count).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_more_counts_one_more() {
        // Others make and remove some meanwhile.
        let is_counted = (0..20).any(|number| {
            let [before, ..] = counts().unwrap();
            let key = 0x6e74_0000 | ((std::process::id() + number) & 0xffff).cast_signed();
            let segment = Segment::make(key).unwrap();
            let [with, ..] = counts().unwrap();
            drop(segment);
            let [after, ..] = counts().unwrap();
            with == before + 1 && after == before
        });
        assert!(is_counted);
    }

    #[test]
    fn objects_are_found_by_their_names_until_they_are_removed() {
        let key = 0x6e73_0000 | (std::process::id() & 0xffff).cast_signed();
        let segment = Segment::make(key).unwrap();
        assert_eq!(has_segment(key), Ok(true));
        drop(segment);
        assert_eq!(has_segment(key), Ok(false));
        let queue = Queue::make(c"nsinspect-test-queue").unwrap();
        assert_eq!(has_queue(c"nsinspect-test-queue"), Ok(true));
        drop(queue);
        assert_eq!(has_queue(c"nsinspect-test-queue"), Ok(false));
    }
}
