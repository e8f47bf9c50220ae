//! What can go wrong, what to do about it, and the one mapping to exit codes.

use std::borrow::Cow;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::isolate::Failure;
use crate::model::namespace::NsKey;
use crate::model::{Pid, Why};

/// How a run ends (the table is in README.md and in the man page).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Answered, and what was asked for holds.
    Yes,
    /// Answered, and the answer is no.
    No,
    /// Could not answer.
    Unanswered,
    /// The code of the program that ran in other namespaces, or why none did: 125 where these could
    /// not be set up, 126 and 127 where the program could not be executed.
    Program(u8),
}

impl Exit {
    /// Nothing ran: the namespaces could not be set up.
    pub const NOT_SET_UP: Exit = Exit::Program(125);

    /// The number that the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Unanswered => 2,
            Exit::Program(code) => code,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        exit.code().into()
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open {} as a procfs: {}", path.display(), errno.desc())]
    Proc { path: PathBuf, errno: Errno },
    #[error("cannot list the processes of this procfs: {}", .0.desc())]
    Listing(Errno),
    #[error("there is not one process here")]
    NotOneProcess,
    #[error("this procfs does not show nsinspect itself: {}", .0.desc())]
    NoSelf(Errno),
    #[error("there is no process or thread {0} here")]
    NoProcess(Pid),
    #[error("there is no process or thread {0} in the snapshot")]
    NotInSnapshot(Pid),
    #[error("there is no namespace {0} among the {1} that were found")]
    NoNamespace(String, usize),
    #[error("no process is in {0}, so there is nobody to look at")]
    NoMember(NsKey),
    #[error("{} is not a namespace", .0.display())]
    NotANamespace(PathBuf),
    #[error("cannot look at {}: {}", path.display(), errno.desc())]
    Path { path: PathBuf, errno: Errno },
    #[error(
        "no container is called {text:?}; looked at cgroups, monitors, mounts and records of \
         {looked_at} processes"
    )]
    NoContainer { text: String, looked_at: usize },
    #[error("{text:?} fits more than one: {}", candidates.join(", "))]
    Ambiguous {
        text: String,
        candidates: Vec<String>,
    },
    #[error("no process of the host can be read here")]
    NoHost,
    #[error("{0:?} is no target")]
    BadTarget(String),
    #[error("there is no rule {text:?}")]
    NoRule { text: String, nearest: Vec<String> },
    #[error("cannot read the namespaces of process {pid}: {why}")]
    Unreadable { pid: Pid, why: Why },
    #[error("process {pid} is in no pid namespace that could be read: {why}")]
    NoPidNamespace { pid: Pid, why: Why },
    #[error("cannot read the snapshot {from}: {reason}")]
    Snapshot { from: String, reason: String },
    #[error("cannot take claims from {from}: {reason}")]
    Claims { from: String, reason: String },
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Isolate(#[from] Failure),
    /// Anything that kept `run` or `enter` from setting up what was asked for.
    #[error("{0}")]
    NotSetUp(Box<Error>),
    #[error("cannot write the answer: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// What the user can do, where that is not plain from the message.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self {
            Error::Isolate(failure) => return failure.cause.as_deref().map(Cow::Borrowed),
            Error::NotSetUp(error) => return error.hint(),
            Error::NoRule { nearest, .. } if !nearest.is_empty() => {
                let nearest = nearest.join(", ");
                return Some(
                    format!("the nearest: {nearest}; `nsinspect explain` lists all").into(),
                );
            }
            Error::NoRule { .. } => "`nsinspect explain` lists all rules with their ids",
            Error::Proc { .. } | Error::NotOneProcess => {
                "--proc wants the directory of a mounted procfs, such as /host/proc"
            }
            Error::NoProcess(_) => {
                "it may have ended, be hidden by hidepid=, or have this number in another pid \
                 namespace only: `nsinspect pid` translates"
            }
            Error::NotInSnapshot(_) => {
                "a snapshot knows the processes that ran when it was taken, and no threads"
            }
            Error::NoNamespace(..) => {
                "`nsinspect list` shows those that have processes; `nsinspect doctor` says what \
                 cannot be seen from here"
            }
            Error::NoMember(_) => "`nsinspect show` tells what is known of the namespace itself",
            Error::NotANamespace(_) => {
                "an nsfs file is wanted, such as /proc/1/ns/net or /run/netns/NAME"
            }
            Error::NoContainer { .. } => {
                "name it as `nsinspect tree` shows it: by its name, by the start of its id, or with \
                 RUNTIME: before either"
            }
            Error::NoHost => {
                "from inside a container the host's processes are not seen; as an ordinary user try \
                 as root"
            }
            Error::Ambiguous { .. } => "give the whole id, or the PID",
            Error::BadTarget(_) => {
                "a target is a PID or TID, `self`, `host`, ns:INODE, net:[INODE], the path of an nsfs file, \
                 or a container's name or id, as in docker:web"
            }
            Error::Unreadable {
                why: Why::Denied, ..
            }
            | Error::NoPidNamespace {
                why: Why::Denied, ..
            } => "reading another user's namespaces takes CAP_SYS_PTRACE: try as root",
            Error::Snapshot { .. } => "`nsinspect snapshot > FILE` writes what --from reads",
            Error::Claims { .. } => {
                "README.md has examples, and `nsinspect schema claims` prints the schema of the file"
            }
            _ => return None,
        };
        Some(Cow::Borrowed(hint))
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Error::NoNamespace(..) => Exit::No,
            Error::Isolate(failure) => Exit::Program(failure.exit_code()),
            Error::NotSetUp(_) => Exit::NOT_SET_UP,
            // Whoever reads our answer has had enough of it: `nsinspect list | head -1`.
            Error::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Yes,
            _ => Exit::Unanswered,
        }
    }

    /// Whether there is anybody left to tell.
    pub fn is_worth_telling(&self) -> bool {
        self.exit() != Exit::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_are_the_documented_ones() {
        let broken_pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let disk_full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Error::Output(broken_pipe).exit().code(), 0);
        assert_eq!(Error::NoNamespace("net:[1]".into(), 8).exit().code(), 1);
        assert_eq!(Error::NoProcess(1).exit().code(), 2);
        assert_eq!(Error::Output(disk_full).exit().code(), 2);
        assert_eq!(Error::Usage(String::new()).exit().code(), 2);
    }
}
