//! What this program needs of Rust's own start of programs: the rest of that, such as reading
//! /proc/self/maps for a message on stack overflow, takes a tenth of the time of a launch
//! (benches/README.md).

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::{exec, signals};

/// Opens those of descriptors 0 to 2 that are closed, so that nothing that is opened later is taken
/// for one of them; has writing to a closed pipe be an error and not the end; and returns the command
/// line.
///
/// # Safety
/// The arguments are those that the C runtime calls `main` with.
pub unsafe fn begin(count: c_int, words: *const *const c_char) -> Vec<OsString> {
    for _ in 0..exec::closed_among_the_first_three() {
        // The kernel gives the lowest number that is free.
        let _ = open(c"/dev/null", OFlag::O_RDWR, Mode::empty()).map(IntoRawFd::into_raw_fd);
    }
    // It cannot fail for this signal (sigaction(2)).
    let _ = signals::ignore_pipe();
    let words = (0..usize::try_from(count).unwrap_or(0)).map(|at| {
        // SAFETY: by the caller's word there are so many strings, which live as long as we do.
        let word = unsafe { CStr::from_ptr(*words.add(at)) };
        OsStr::from_bytes(word.to_bytes()).to_owned()
    });
    words.collect()
}

/// Defines the `main` that the C runtime calls: it begins, has the command line run by a function, and
/// returns the exit code which that returns.
#[macro_export]
macro_rules! begin_with {
    ($run:path) => {
        /// The C runtime finds it by its name.
        #[unsafe(no_mangle)]
        extern "C" fn main(
            count: ::std::ffi::c_int,
            words: *const *const ::std::ffi::c_char,
        ) -> ::std::ffi::c_int {
            // SAFETY: they are handed on as they come.
            let line = unsafe { $crate::sys::start::begin(count, words) };
            $run(&line).into()
        }
    };
}
