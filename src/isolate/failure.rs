//! What failed while namespaces were made or joined: the step, on what, the kernel's word, and the
//! likely cause with what to do about it.

use std::fmt;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::explain;

/// One step of launching or entering, with what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// unshare(2) of these kinds.
    Unshare(Vec<String>),
    /// Writing an offset of a clock.
    TimeOffset(String),
    /// Writing `uid_map`, `gid_map` or `setgroups`, by whom.
    WriteMap {
        file: String,
        writer: String,
    },
    /// Bind-mounting a namespace of a kind on a file.
    Bind {
        kind: String,
        file: String,
    },
    Fork,
    /// Changing how mounts propagate.
    Propagation,
    MountProc(String),
    /// Making a directory the root: by pivot_root(2), or by chroot(2).
    PivotRoot(String),
    Chroot(String),
    WorkingDirectory(String),
    Hostname(String),
    Loopback,
    Groups,
    Gid(u32),
    Uid(u32),
    Capabilities,
    NoNewPrivs,
    /// Opening something of the target.
    Open(String),
    /// setns(2) into a namespace of a kind.
    Join {
        kind: String,
        namespace: String,
    },
    JoinCgroup(String),
    /// Telling a process from its successor.
    Pin(i32),
    /// Sealing the stub by which programs of a foreign root are executed.
    Seal,
    /// Finding and executing the program.
    Execute(String),
    /// Executing a program that is there, by an interpreter that is not.
    Interpret(String),
    /// Proving what is claimed of the new namespaces.
    Prove,
    /// Giving the program a terminal of its own.
    Terminal,
    /// Preparing our own means: pipes, signals.
    Prepare,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Unshare(kinds) if kinds.len() == 1 => {
                write!(f, "cannot make a new {} namespace", kinds[0])
            }
            Step::Unshare(kinds) => write!(f, "cannot make new {} namespaces", kinds.join(", ")),
            Step::TimeOffset(clock) => write!(f, "cannot set the {clock} offset"),
            Step::WriteMap { file, writer } => write!(f, "cannot write {file} ({writer})"),
            Step::Bind { kind, file } => {
                write!(
                    f,
                    "cannot keep the {kind} namespace by a bind mount on {file}"
                )
            }
            Step::Fork => write!(f, "cannot start a process"),
            Step::Propagation => write!(f, "cannot change how mounts propagate"),
            Step::MountProc(dir) => write!(f, "cannot mount a procfs on {dir}"),
            Step::PivotRoot(dir) => write!(f, "cannot make {dir} the root by pivot_root"),
            Step::Chroot(dir) => write!(f, "cannot make {dir} the root by chroot"),
            Step::WorkingDirectory(dir) => write!(f, "cannot change the directory to {dir}"),
            Step::Hostname(name) => write!(f, "cannot set the host name {name:?}"),
            Step::Loopback => write!(f, "cannot bring up the loopback interface"),
            Step::Groups => write!(f, "cannot set the supplementary groups"),
            Step::Gid(gid) => write!(f, "cannot become group {gid}"),
            Step::Uid(uid) => write!(f, "cannot become user {uid}"),
            Step::Capabilities => write!(f, "cannot set the capabilities"),
            Step::NoNewPrivs => write!(f, "cannot set no_new_privs"),
            Step::Open(what) => write!(f, "cannot open {what}"),
            Step::Join { kind, namespace } => {
                write!(f, "cannot join the {kind} namespace {namespace}")
            }
            Step::JoinCgroup(path) => write!(f, "cannot join the cgroup {path}"),
            Step::Pin(pid) => write!(f, "cannot pin process {pid}"),
            Step::Seal => write!(f, "cannot seal the stub that executes the program"),
            Step::Execute(program) => write!(f, "cannot execute {program}"),
            Step::Interpret(program) => write!(f, "cannot execute {program}, which is there"),
            Step::Prove => write!(f, "not all that is claimed of it could be proven"),
            Step::Terminal => write!(f, "cannot give the program a terminal of its own"),
            Step::Prepare => write!(f, "cannot prepare the launch"),
        }
    }
}

/// Why there is no program that runs in these namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub step: Step,
    /// The kernel's word, as a number; `None` where we refused ourselves.
    errno: Option<i32>,
    /// The likely cause and what would help, where there is more to say than the errno says.
    pub cause: Option<String>,
}

impl Failure {
    /// A refusal by the kernel. The cause is looked for at once, in the process that was refused.
    pub fn new(step: Step, errno: Errno) -> Failure {
        let cause = explain::cause(&step, errno);
        Failure {
            step,
            errno: Some(errno as i32),
            cause,
        }
    }

    /// A refusal of our own.
    pub fn because(step: Step, cause: impl Into<String>) -> Failure {
        Failure {
            step,
            errno: None,
            cause: Some(cause.into()),
        }
    }

    /// A program that was found, and that execve(2) refuses.
    pub fn to_execute(program: String, errno: Errno) -> Failure {
        let step = match errno {
            Errno::ENOENT => Step::Interpret(program),
            _ => Step::Execute(program),
        };
        Failure::new(step, errno)
    }

    /// The same refusal for a cause that is known better.
    pub fn caused_by(mut self, cause: impl Into<String>) -> Failure {
        self.cause = Some(cause.into());
        self
    }

    pub fn errno(&self) -> Option<Errno> {
        self.errno.map(Errno::from_raw)
    }

    /// The code to exit with, as env(1) and shells have it: 127 for a program that is not there,
    /// 126 for one that cannot be executed, 125 for everything before.
    pub fn exit_code(&self) -> u8 {
        match (&self.step, self.errno()) {
            (Step::Execute(_), Some(Errno::ENOENT)) => 127,
            (Step::Execute(_) | Step::Interpret(_), _) => 126,
            _ => 125,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.step)?;
        match self.errno() {
            Some(errno) => write!(f, ": {} ({errno:?})", errno.desc()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// Names a step where the kernel refuses it.
pub trait During<T> {
    /// The same result, with the step that it belongs to.
    fn during(self, step: impl FnOnce() -> Step) -> Result<T, Failure>;
}

impl<T> During<T> for Result<T, Errno> {
    fn during(self, step: impl FnOnce() -> Step) -> Result<T, Failure> {
        self.map_err(|errno| Failure::new(step(), errno))
    }
}

impl<T> During<T> for Result<T, std::io::Error> {
    fn during(self, step: impl FnOnce() -> Step) -> Result<T, Failure> {
        self.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
            .during(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_env_and_shells() {
        let execute = |errno| Failure::new(Step::Execute("x".into()), errno).exit_code();
        assert_eq!(execute(Errno::ENOENT), 127);
        assert_eq!(execute(Errno::EACCES), 126);
        assert_eq!(Failure::new(Step::Loopback, Errno::EPERM).exit_code(), 125);
    }

    #[test]
    fn a_failure_says_the_step_and_the_kernels_word() {
        let failure = Failure::new(Step::Uid(7), Errno::EINVAL);
        assert_eq!(
            failure.to_string(),
            "cannot become user 7: Invalid argument (EINVAL)"
        );
    }
}
