//! The program that is to run, and becoming it.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{SFlag, stat};
use nix::unistd::{AccessFlags, execve, faccessat};

use super::environment::{self, USUAL_PATH};
use super::failure::{During, Failure, Step};
use crate::sys::{exec, signals, stub};

/// The shell that is there where the user's own is not.
const USUAL_SHELL: &str = "/bin/sh";

/// A program with its arguments and environment.
#[derive(Clone, Debug)]
pub struct Program {
    /// As they were typed, the name first; none stand for a shell.
    words: Vec<OsString>,
    /// `NAME=value` each.
    environment: Vec<OsString>,
    /// Our user's shell, whatever the program is handed over.
    own_shell: Option<OsString>,
    /// Descriptors that it inherits beside standard input, output and error.
    pub descriptors: Vec<RawFd>,
    /// To look in the usual directories too when no directory of PATH has it: the PATH may be made
    /// for another root.
    pub usual_path_too: bool,
}

impl Program {
    /// The words that were typed, or a login shell where there are none: that of our environment, or
    /// where that is not there, /bin/sh.
    pub fn new(words: &[OsString], environment: Vec<OsString>) -> Program {
        Program {
            words: words.to_vec(),
            environment,
            own_shell: std::env::var_os("SHELL"),
            descriptors: Vec::new(),
            usual_path_too: false,
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> String {
        let name = self.words.first().cloned();
        let name = name.unwrap_or_else(|| self.shell());
        name.to_string_lossy().into_owned()
    }

    fn shell(&self) -> OsString {
        let own = self.own_shell.clone();
        own.unwrap_or_else(|| USUAL_SHELL.into())
    }

    fn step(&self) -> Step {
        Step::Execute(self.name())
    }

    /// Becomes the program. Nothing else is inherited than what is said.
    pub fn replace_us(&self) -> Failure {
        let attempt = || {
            let ready = self.ready()?;
            exec::close_on_exec_from(3).during(|| Step::Prepare)?;
            for descriptor in &self.descriptors {
                exec::keep_on_exec(*descriptor).during(|| Step::Prepare)?;
            }
            execve(&ready.path, &ready.arguments, &ready.environment)
                .map_err(|errno| Failure::to_execute(self.name(), errno))
        };
        failure_of(attempt())
    }

    /// The same for a program of a foreign root: through the sealed stub ([`stub`]).
    pub fn replace_us_by_stub(&self) -> Failure {
        let attempt = || {
            let ready = self.ready()?;
            let image = stub::sealed(stub::Entry::Replace).during(|| Step::Seal)?;
            ready.execute_stub(&image, &[&image]).during(|| Step::Seal)
        };
        failure_of(attempt())
    }

    /// Becomes the stub, which makes a sibling that becomes the program: it tells by one
    /// descriptor and waits on the other ([`stub::Entry::Spawn`]).
    pub fn spawn_by_stub(&self, tells: &OwnedFd, gate: &OwnedFd) -> Failure {
        let attempt = || {
            let ready = self.ready()?;
            let image = stub::sealed(stub::Entry::Spawn).during(|| Step::Seal)?;
            let executed = ready.execute_stub(&image, &[tells, gate]);
            executed.during(|| Step::Seal)
        };
        failure_of(attempt())
    }

    fn ready(&self) -> Result<Ready, Failure> {
        let (path, arguments) = match self.words.first() {
            Some(name) => (self.find(name).during(|| self.step())?, self.words.clone()),
            None => self.find_shell().during(|| self.step())?,
        };
        signals::default_pipe().during(|| Step::Prepare)?;
        let as_kernel_takes =
            |texts: &[OsString]| texts.iter().filter_map(|it| c_string(it)).collect();
        Ok(Ready {
            path,
            arguments: as_kernel_takes(&arguments),
            environment: as_kernel_takes(&self.environment),
        })
    }

    /// The file to execute: a name with a slash as it is, any other by the program's own PATH.
    fn find(&self, name: &OsStr) -> Result<CString, Errno> {
        if name.as_bytes().contains(&b'/') {
            may_execute(name)?;
            return c_string(name).ok_or(Errno::ENOENT);
        }
        let path =
            environment::value(&self.environment, "PATH").unwrap_or_else(|| USUAL_PATH.into());
        match find_in(&path, name) {
            Err(Errno::ENOENT) if self.usual_path_too => find_in(USUAL_PATH.as_ref(), name),
            result => result,
        }
    }

    /// The shell, and the name by which it knows that it is a login shell (bash(1)): it reads the
    /// profile of where it runs, and so gets the PATH of that.
    fn find_shell(&self) -> Result<(CString, Vec<OsString>), Errno> {
        let own = self.shell();
        let (path, shell) = match self.find(&own) {
            Ok(path) => (path, own),
            Err(_) => (self.find(USUAL_SHELL.as_ref())?, USUAL_SHELL.into()),
        };
        let mut name = OsString::from("-");
        name.push(Path::new(&shell).file_name().unwrap_or(&shell));
        Ok((path, vec![name]))
    }
}

/// The first file of this name in the directories of a PATH that may be executed.
fn find_in(path: &OsStr, name: &OsStr) -> Result<CString, Errno> {
    let mut reason = Errno::ENOENT;
    for directory in path.as_bytes().split(|byte| *byte == b':') {
        let directory = if directory.is_empty() {
            b"."
        } else {
            directory
        };
        let file = Path::new(OsStr::from_bytes(directory)).join(name);
        match may_execute(file.as_os_str()) {
            Ok(()) => return c_string(file.as_os_str()).ok_or(Errno::ENOENT),
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            // A directory that we may not search: whether it is there is not known.
            Err(Errno::EACCES) if stat(file.as_path()).is_err() => {}
            Err(errno) => reason = errno,
        }
    }
    Err(reason)
}

fn failure_of(attempt: Result<std::convert::Infallible, Failure>) -> Failure {
    match attempt {
        Ok(never) => match never {},
        Err(failure) => failure,
    }
}

/// A program with all that execve(2) takes.
struct Ready {
    path: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Ready {
    /// Becomes the stub, with these descriptors for it ([`stub::execute`]).
    fn execute_stub(
        &self,
        image: &OwnedFd,
        under: &[&OwnedFd],
    ) -> Result<std::convert::Infallible, Errno> {
        let mut arguments = vec![c"nsinspect-exec".to_owned(), self.path.clone()];
        arguments.extend(self.arguments.iter().cloned());
        stub::execute(image, under, &arguments, &self.environment)
    }
}

fn may_execute(path: &OsStr) -> Result<(), Errno> {
    faccessat(AT_FDCWD, path, AccessFlags::X_OK, AtFlags::AT_EACCESS)?;
    let kind = SFlag::from_bits_truncate(stat(path)?.st_mode) & SFlag::S_IFMT;
    match kind == SFlag::S_IFREG {
        true => Ok(()),
        false => Err(Errno::EACCES),
    }
}

/// A string as the kernel takes it; none if it holds a NUL, which no argument can.
fn c_string(text: &OsStr) -> Option<CString> {
    CString::new(text.as_bytes()).ok()
}
