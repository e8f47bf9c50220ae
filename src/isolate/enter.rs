//! Running a program in namespaces that exist.
//!
//! What is in there may be hostile, so that nothing of ours gets in: the supervisor stays outside;
//! the process that joins is not dumpable and never in the pid namespace; that which is born there
//! is born of the sealed stub ([`crate::sys::stub`]) with the program's own rights, and inherits
//! nothing but standard input, output and error.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, chdir, fchdir, pipe2, write};

use super::cgroups::Joinable;
use super::credentials::Credentials;
use super::failure::{During, Failure, Step};
use super::join::{self, Wanted};
use super::program::Program;
use super::root::enter_root;
use super::supervise::{Ended, HeldSignals, Role, Supervisor, Tell, start};
use crate::model::NsKind;
use crate::sys::child;
use crate::sys::pidfd::PidFd;

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
    pub credentials: Credentials,
    /// Not to fork leaves the program itself out of a pid namespace that is joined.
    pub fork: bool,
    pub program: Program,
    pub tell: Tell,
}

impl Entry {
    /// Joins and runs the program. Without a fork this becomes the program and does not return.
    pub fn run(mut self) -> Result<Ended, Failure> {
        let is_born_inside = self.wanted.iter().any(|it| it.key.kind == NsKind::Pid);
        if !(self.fork && is_born_inside) {
            child::hide();
            self.enter()?;
            return Err(self.program.replace_us_by_stub());
        }
        let held = HeldSignals::hold()?;
        let (tells, teller) = pipe2(OFlag::O_CLOEXEC).during(|| Step::Prepare)?;
        let (gate, opener) = pipe2(OFlag::O_CLOEXEC).during(|| Step::Prepare)?;
        let program = self.program.clone();
        let name = program.name();
        let tell = self.tell;
        let midwife = start(
            &held,
            // The other ends are closed by execve.
            move |_| {
                child::hide();
                match self.enter() {
                    Ok(()) => program.spawn_by_stub(teller, gate),
                    Err(failure) => failure,
                }
            },
            || Ok(()),
        )?;
        let mut tells = File::from(tells);
        let born = said_by_stub(&mut tells);
        let _ = waitpid(midwife.process, None);
        let program = match born {
            Some(Ok(number)) => Pid::from_raw(number),
            Some(Err(errno)) => return Err(errno).during(|| Step::Fork),
            None => return Err(Failure::new(Step::Fork, Errno::EPIPE)),
        };
        write(&opener, b"g").during(|| Step::Prepare)?;
        let supervisor = Supervisor {
            held: &held,
            init_in: None,
            stops: None,
            role: Role::Outer,
            tell,
        };
        // Nothing said: execve has closed the descriptor.
        let refused = said_by_stub(&mut tells).and_then(Result::err);
        let ended = supervisor.wait(program)?;
        match refused {
            Some(errno) => Err(Failure::to_execute(name, errno)),
            None => Ok(ended),
        }
    }

    fn enter(&mut self) -> Result<(), Failure> {
        for cgroup in &self.cgroups {
            cgroup.join()?;
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
                // getcwd(3) finds no path to a directory that lies below no mount in here.
                if view_changed && std::env::current_dir().is_err() {
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
