//! Running a program in namespaces that exist.
//!
//! What is in there may be hostile, so that nothing of ours gets in: the supervisor stays outside;
//! the process that joins is not dumpable and never in the pid namespace; that which is born there
//! is born of the sealed stub ([`crate::sys::stub`]) with the program's own rights, and inherits
//! nothing but standard input, output and error.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{Pid, chdir, close, fchdir, pipe2, write};

use super::cgroups::{self, Joinable};
use super::credentials::{self, Credentials};
use super::failure::{During, Failure, Step};
use super::held_signals::HeldSignals;
use super::held_up::end_out_of;
use super::join::{self, Wanted};
use super::program::Program;
use super::root::enter_root;
use super::session::Session;
use super::supervise::{Ended, Role, Supervisor, Tell};
use crate::model::NsKind;
use crate::sys::pidfd::PidFd;
use crate::sys::procfs::ProcRoot;
use crate::sys::{child, environ, exec};

/// A directory that was opened before anything was joined, and how it was named.
pub struct Opened {
    pub fd: OwnedFd,
    pub name: String,
}

/// Where the program starts.
pub enum WorkingDirectory {
    /// Opened out here.
    Opened(Opened),
    /// To be looked up in there.
    Inside(PathBuf),
}

/// Everything that was asked for, opened as far as it can be.
pub struct Entry {
    /// The process whose namespaces these are, where they are all of one.
    pub of: Option<PidFd>,
    pub wanted: Vec<Wanted>,
    pub cgroups: Vec<Joinable>,
    pub root: Option<Opened>,
    pub working_directory: Option<WorkingDirectory>,
    /// Supplementary groups to have before a user namespace is joined, in which they may have to
    /// stay what they are.
    pub groups_before: Option<Vec<u32>>,
    pub credentials: Credentials,
    /// Not to fork leaves the program itself out of a pid namespace that is joined.
    pub fork: bool,
    pub program: Program,
    pub session: Session,
    pub tell: Tell,
}

impl Entry {
    /// Whether the program will be in another view of the machine than whoever has started it, and so
    /// is not to reach the terminal of that.
    pub fn is_elsewhere(&self) -> bool {
        let kinds = [NsKind::User, NsKind::Mnt, NsKind::Pid];
        let joins = |it: &Wanted| kinds.contains(&it.key.kind);
        self.wanted.iter().any(joins) || self.root.is_some()
    }

    /// Joins and runs the program. Without a fork this becomes the program and does not return.
    pub fn run(mut self) -> Result<Ended, Failure> {
        let is_born_inside = self.wanted.iter().any(|it| it.key.kind == NsKind::Pid);
        // Out of a cgroup that is frozen only somebody outside can take it again.
        if self.fork && (is_born_inside || !self.cgroups.is_empty()) {
            return self.stand_over_birth();
        }
        // A scan may have had threads, and setns(2) wants none for some kinds.
        child::wait_until_alone();
        child::hide();
        self.session.begin_ourselves().during(|| Step::Prepare)?;
        self.cgroups.iter().try_for_each(Joinable::join)?;
        self.enter()?;
        self.session.end_with_leader().during(|| Step::Prepare)?;
        Err(self.program.replace_us_by_stub())
    }

    fn stand_over_birth(mut self) -> Result<Ended, Failure> {
        let held = HeldSignals::hold()?;
        let (tells, teller) = pipe2(OFlag::O_CLOEXEC).during(|| Step::Prepare)?;
        let (gate, opener) = pipe2(OFlag::O_CLOEXEC).during(|| Step::Prepare)?;
        let name = self.program.name();
        let tell = self.tell;
        let midwife = child::spawn(|| {
            // The read end of the gate is all that it has of it: it ends with the supervisor.
            let _ = close(opener.as_raw_fd());
            let failure = self.give_birth(&held, &teller, &gate);
            tell_failure(&teller, &failure);
            failure.exit_code().into()
        });
        let midwife = midwife.during(|| Step::Fork)?;
        drop((teller, gate));
        let mut tells = File::from(tells);
        let wait = held.wait_readable(&tells, midwife);
        wait.during(|| Step::Prepare)?;
        exec::make_nonblocking(&tells).during(|| Step::Prepare)?;
        let program = match said_by_stub(&mut tells) {
            Some(Ok(number)) if number == midwife.as_raw() => Err(tampered()),
            Some(Ok(number)) => our_child(number),
            Some(Err(A_FAILURE_FOLLOWS)) => Err(told_failure(&mut tells, &held, midwife)),
            Some(Err(errno)) => Err(errno).during(|| Step::Fork),
            None => return never_born(midwife),
        };
        // It has done its work. Who may trace it in there could keep it from its end.
        let _ = kill(midwife, Signal::SIGKILL);
        let _ = child::reap(midwife);
        let program = program?;
        // Not before it waits at the gate: what stands still in a cgroup that has been frozen since is
        // no more than the stub.
        if let Err(failure) = cgroups::move_in(&self.cgroups, program) {
            let _ = end_out_of(&self.cgroups, program);
            return Err(failure);
        }
        // One that has been killed meanwhile does not read it, and its end is told below.
        let _ = write(&opener, b"g");
        let proc = ProcRoot::open("/proc".as_ref()).ok();
        let supervisor = Supervisor {
            held: &held,
            init_in: None,
            proc: proc.as_ref(),
            stops: None,
            cgroups: &self.cgroups,
            role: Role::Outer,
            session: self.session,
            tell,
        };
        let ended = supervisor.wait(program)?;
        if ended == Ended::Killed(Signal::SIGKILL)
            && let Some(why) = self.cgroups.iter().find_map(Joinable::ran_out_of_memory)
        {
            tell(&why);
        }
        match refusal(ended, &mut tells) {
            Some(errno) => Err(Failure::to_execute(name, errno)),
            None => Ok(ended),
        }
    }

    /// Enters, and becomes the stub, by which the program is born.
    fn give_birth(&mut self, held: &HeldSignals, teller: &OwnedFd, gate: &OwnedFd) -> Failure {
        let mut attempt = || {
            // For as long as it is one of us; what is born has its own way.
            set_pdeathsig(Signal::SIGKILL).during(|| Step::Prepare)?;
            held.let_go().during(|| Step::Prepare)?;
            self.session.begin().during(|| Step::Prepare)?;
            child::hide();
            environ::forget();
            self.enter()
        };
        match attempt() {
            Ok(()) => self.program.spawn_by_stub(teller, gate),
            Err(failure) => failure,
        }
    }

    fn enter(&mut self) -> Result<(), Failure> {
        if let Some(groups) = &self.groups_before {
            // Where we may not, they are set inside, or nobody may change them.
            let _ = credentials::set_groups(groups);
        }
        let wanted = std::mem::take(&mut self.wanted);
        let changes_view = wanted.iter().any(|it| it.key.kind == NsKind::Mnt);
        join::all(self.of.as_ref(), wanted)?;
        if let Some(root) = &self.root {
            enter_root(&root.fd, &root.name)?;
        }
        self.change_directory(changes_view || self.root.is_some())?;
        self.credentials.take_on()?;
        // A change of ids makes us reachable again (commit_creds in kernel/cred.c).
        child::hide();
        Ok(())
    }

    fn change_directory(&self, view_changed: bool) -> Result<(), Failure> {
        match &self.working_directory {
            None => Ok(()),
            Some(WorkingDirectory::Inside(path)) => {
                chdir(path).during(|| Step::WorkingDirectory(path.display().to_string()))
            }
            Some(WorkingDirectory::Opened(directory)) => {
                fchdir(&directory.fd).during(|| Step::WorkingDirectory(directory.name.clone()))?;
                if view_changed && !exec::is_in_view() {
                    (self.tell)(&format!(
                        "the working directory {} cannot be reached from inside: what runs in \
                         there can walk out by it (-W names one inside)",
                        directory.name
                    ));
                }
                Ok(())
            }
        }
    }
}

/// No error: what comes next is what has failed before there was a stub.
const A_FAILURE_FOLLOWS: Errno = Errno::UnknownErrno;

fn tell_failure(teller: &OwnedFd, failure: &Failure) {
    let mut line = (A_FAILURE_FOLLOWS as i32).to_ne_bytes().to_vec();
    // Serialising plain data cannot fail.
    line.extend(serde_json::to_vec(failure).unwrap_or_default());
    // Nobody reads it if the supervisor is gone.
    let _ = write(teller, &line);
}

fn told_failure(tells: &mut File, held: &HeldSignals, midwife: Pid) -> Failure {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    // Until its end, or until whoever speaks instead of us in there has said what is none.
    let told = loop {
        let waited = held.wait_readable(&*tells, midwife);
        match waited.ok().and_then(|()| tells.read(&mut chunk).ok()) {
            Some(length @ 1..) if text.len() < LONGEST_FAILURE => text.extend(&chunk[..length]),
            _ => break serde_json::from_slice(&text).ok(),
        }
    };
    told.unwrap_or_else(|| Failure::new(Step::Prepare, Errno::EPIPE))
}

/// More is not read of what has failed (bytes).
const LONGEST_FAILURE: usize = 1 << 16;

/// The next word of the stub: the number of the process that it has made, or an error. `None` when
/// it says no more.
fn said_by_stub(tells: &mut File) -> Option<Result<i32, Errno>> {
    let mut word = [0; 4];
    tells.read_exact(&mut word).ok()?;
    let number = i32::from_ne_bytes(word);
    Some(match number > 0 {
        true => Ok(number),
        false => Err(Errno::from_raw(-number)),
    })
}

/// What the stub says goes through a pipe that a process inside may get hold of, if it may trace what
/// is born there: a number is believed where it is that of a child of ours.
pub fn our_child(number: i32) -> Result<Pid, Failure> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let child = Pid::from_raw(number);
    match waitid(Id::Pid(child), flags) {
        Ok(_) => Ok(child),
        Err(_) => Err(tampered()),
    }
}

fn tampered() -> Failure {
    Failure::because(
        Step::Fork,
        "somebody in there has tampered with what is born there",
    )
}

/// Whoever was to give birth has ended before: by a signal that was meant for us, as a rule.
fn never_born(midwife: Pid) -> Result<Ended, Failure> {
    let ended = child::reap(midwife);
    if ended.is_none() {
        let _ = kill(midwife, Signal::SIGKILL);
        let _ = child::reap(midwife);
    }
    match ended {
        Some(WaitStatus::Signaled(_, signal, _)) => Ok(Ended::Killed(signal)),
        _ => Err(Failure::new(Step::Fork, Errno::EPIPE)),
    }
}

/// The errno with which execve(2) has refused the program. The stub ends with 126 then; by any other
/// end the program has run. The pipe is not waited for: somebody inside may hold it open.
fn refusal(ended: Ended, tells: &mut File) -> Option<Errno> {
    if ended != Ended::Exited(126) {
        return None;
    }
    said_by_stub(tells).and_then(Result::err)
}
