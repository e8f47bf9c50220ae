//! A child of the test itself that arranges something by system calls, tells numbers of what it has
//! made, and then waits to be killed.

use std::io::{PipeReader, Read, Write, pipe};

use super::forked::{Forked, wait_for_ever};

/// A child that waits, and holds on to whatever its work left open.
pub struct Telling {
    child: Forked,
    /// The numbers that the work returned.
    pub told: Vec<u64>,
}

impl Telling {
    pub fn pid(&self) -> i32 {
        self.child.pid()
    }
}

/// Runs the work in a child.
pub fn telling(work: impl FnOnce() -> Vec<u64>) -> Telling {
    telling_and_then(work, || ())
}

/// The same, with something more that the first thread does once it has told its numbers.
pub fn telling_and_then(work: impl FnOnce() -> Vec<u64>, last: impl FnOnce()) -> Telling {
    let (answer, mut sender) = pipe().expect("a pipe");
    let child = Forked::start_unannounced(|| {
        let told = work();
        for number in std::iter::once(told.len() as u64).chain(told) {
            let _ = sender.write_all(&number.to_ne_bytes());
        }
        last();
        wait_for_ever()
    });
    drop(sender);
    Telling {
        child,
        told: numbers(answer),
    }
}

/// The numbers, behind how many they are: the end of the pipe says nothing, since children that
/// other tests fork meanwhile have it open too.
fn numbers(mut answer: PipeReader) -> Vec<u64> {
    let mut number = || {
        let mut bytes = [0; 8];
        answer
            .read_exact(&mut bytes)
            .expect("the child's work succeeds");
        u64::from_ne_bytes(bytes)
    };
    (0..number()).map(|_| number()).collect()
}
