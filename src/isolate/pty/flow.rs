//! Bytes on their way from one descriptor to another. No more is read before all is written: who
//! writes faster than the other side reads has to wait.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::unistd::{read, write};

/// As much as a pseudo-terminal hands out at once.
const SIZE: usize = 4096;

pub struct Flow {
    bytes: [u8; SIZE],
    /// Those between the two are still to be written.
    begin: usize,
    end: usize,
}

impl Flow {
    pub fn new() -> Flow {
        Flow {
            bytes: [0; SIZE],
            begin: 0,
            end: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.begin == self.end
    }

    pub fn discard(&mut self) {
        self.begin = self.end;
    }

    /// Reads where all before has been written: how much, none where there is nothing yet.
    ///
    /// # Errors
    /// EIO at the end, as of a pseudo-terminal whose other side is gone.
    pub fn read(&mut self, from: impl AsFd) -> Result<usize, Errno> {
        match read(from, &mut self.bytes) {
            Ok(0) => Err(Errno::EIO),
            Ok(length) => {
                (self.begin, self.end) = (0, length);
                Ok(length)
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            Err(errno) => Err(errno),
        }
    }

    /// Writes what can be written now.
    pub fn write(&mut self, to: impl AsFd) -> Result<(), Errno> {
        match write(to, &self.bytes[self.begin..self.end]) {
            Ok(length) => self.begin += length,
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
        Ok(())
    }
}
