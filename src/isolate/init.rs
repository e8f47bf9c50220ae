//! A small init: PID 1 of a pid namespace that starts the program, passes signals on to it and
//! reaps what is orphaned.

use nix::sys::signal::Signal;

use super::failure::Failure;
use super::supervise::{Birth, HeldSignals, Supervisor, Tell, start};
use crate::sys::child;

/// Starts the program as a child, stands over it, and ends as it did: everything else in the pid
/// namespace ends with us. Returns only if the program could not be started.
pub fn become_init(
    birth: &mut Birth,
    become_program: impl FnOnce() -> Failure,
    tell: Tell,
) -> Failure {
    let attempt = || {
        let held = HeldSignals::hold()?;
        let become_child = |birth: &mut Birth| match birth.end_with_supervisor(Signal::SIGKILL) {
            Ok(()) => become_program(),
            Err(failure) => failure,
        };
        let started = start(&held, become_child, || Ok(()))?;
        birth.succeeded();
        let supervisor = Supervisor {
            held: &held,
            init_in: None,
            reaps: true,
            tell,
        };
        supervisor.wait(started.process)
    };
    match attempt() {
        Ok(ended) => child::exit_at_once(ended.exit_code().into()),
        Err(failure) => failure,
    }
}
