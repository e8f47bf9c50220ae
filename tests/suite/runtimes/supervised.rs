//! Containers whose runtime stays as our child for as long as they run: bubblewrap and nspawn.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::process::Spawned;

use super::workdir::Workdir;

/// What a runtime needs to tidy up once its container is gone.
const TIDY: Duration = Duration::from_secs(10);

/// Ends the container by its init, then lets the runtime see that and end by itself: killing the
/// runtime first would leave the init to run on.
pub struct Supervised {
    pub runtime: Spawned,
    pub init: i32,
    pub _files: Workdir,
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // While the runtime, the parent, has not ended, the init's pid is not given to another.
        if self.runtime.ended().is_none() {
            let _ = kill(Pid::from_raw(self.init), Signal::SIGKILL);
        }
        if let Err(late) = self.runtime.wait_ended(TIDY) {
            eprintln!("killed, as it did not end: {late}");
        }
    }
}
