//! The end where no memory is to be had: said, with the exit code for it, instead of an abort.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI32, Ordering};

use super::child::exit_at_once;

/// The exit code of a run that has no answer, or of one that set nothing up.
static CODE: AtomicI32 = AtomicI32::new(2);

/// Has this process, and any child that is forked later, end with another code.
pub fn end_with(code: i32) {
    CODE.store(code, Ordering::Relaxed);
}

/// malloc(3), without which nothing goes on. It is for our own program: of a library, whoever uses it
/// decides.
pub struct OrEnd;

// SAFETY: every call is handed on to System, under the conditions under which it came.
unsafe impl GlobalAlloc for OrEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        or_end(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        or_end(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: see above.
        or_end(unsafe { System.realloc(place, layout, size) })
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: see above.
        unsafe { System.dealloc(place, layout) }
    }
}

fn or_end(place: *mut u8) -> *mut u8 {
    if place.is_null() {
        end();
    }
    place
}

#[cold]
fn end() -> ! {
    const WORDS: &[u8] = b"nsinspect: there is no memory left for it\n  a limit may be too low: \
                           `ulimit -v`, memory.max of its cgroup\n";
    // Nobody is left to tell of an error.
    let _ = nix::unistd::write(std::io::stderr(), WORDS);
    exit_at_once(CODE.load(Ordering::Relaxed))
}
