//! A small init: PID 1 of a pid namespace that starts the program, passes signals on to it and
//! reaps what is orphaned.

use nix::sys::signal::Signal;

use super::failure::Failure;
use super::supervise::{Birth, HeldSignals, Role, Supervisor, Tell, start};
use crate::sys::child;
use crate::sys::procfs::ProcRoot;

/// Starts the program as a child, stands over it, and ends as it did: everything else in the pid
/// namespace ends with us. Returns only if the program could not be started.
pub fn become_init(
    birth: &mut Birth,
    kill_signal: Signal,
    become_program: impl FnOnce() -> Failure,
    tell: Tell,
) -> Failure {
    let attempt = || {
        let held = HeldSignals::hold()?;
        birth.end_with_supervisor(kill_signal)?;
        // When we end, the kernel ends all that is in the pid namespace: the program needs no more.
        let started = start(&held, |_| become_program(), || Ok(()))?;
        birth.succeeded();
        let proc = ProcRoot::open("/proc".as_ref()).ok();
        let supervisor = Supervisor {
            held: &held,
            init_in: None,
            proc: proc.as_ref(),
            stops: None,
            cgroups: &[],
            role: Role::Init(birth.line()),
            tell,
        };
        supervisor.wait(started.process)
    };
    match attempt() {
        Ok(ended) => child::exit_at_once(ended.exit_code().into()),
        Err(failure) => failure,
    }
}
