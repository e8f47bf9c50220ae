//! A small init: PID 1 of a pid namespace that starts the program, passes signals on to it and
//! reaps what is orphaned.

use nix::sys::signal::Signal;
use nix::unistd::{Pid, setpgid};

use super::birth::{Birth, start};
use super::failure::{During, Failure, Step};
use super::held_signals::HeldSignals;
use super::session::Session;
use super::supervise::{Role, Supervisor, Tell};
use crate::sys::child;
use crate::sys::procfs::ProcRoot;

/// Starts the program as a child, stands over it, and ends as it did: everything else in the pid
/// namespace ends with us. Returns only if the program could not be started.
pub fn become_init(
    birth: &mut Birth,
    kill_signal: Signal,
    session: Session,
    become_program: impl FnOnce() -> Failure,
    tell: Tell,
) -> Failure {
    let attempt = || {
        let held = HeldSignals::hold()?;
        birth.end_with_supervisor(kill_signal)?;
        // When we end, the kernel ends all that is in the pid namespace: the program needs no more.
        let started = start(
            &held,
            |_| of_its_own_group(session, become_program),
            || Ok(()),
        )?;
        birth.succeeded();
        let proc = ProcRoot::open("/proc".as_ref()).ok();
        let supervisor = Supervisor {
            held: &held,
            init_in: None,
            proc: proc.as_ref(),
            stops: None,
            cgroups: &[],
            role: Role::Init(birth.line()),
            session,
            tell,
        };
        supervisor.wait(started.process)
    };
    match attempt() {
        Ok(ended) => child::exit_at_once(ended.exit_code().into()),
        Err(failure) => failure,
    }
}

/// In a new session of ours the program is a job of ours, so that SIGTSTP can stop it (setpgid(2) on
/// orphaned groups).
fn of_its_own_group(session: Session, become_program: impl FnOnce() -> Failure) -> Failure {
    let own = Pid::from_raw(0);
    let done = match session {
        Session::New => setpgid(own, own).during(|| Step::Prepare),
        Session::Ours | Session::OfLeader(_) => Ok(()),
    };
    match done {
        Ok(()) => become_program(),
        Err(failure) => failure,
    }
}
