//! What a claim is: a statement about one process that says itself how it is read and how it is tried.
//! Each is a file below `claims`.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use super::probes::{Experiment, Target};
use super::reading::{Context, Reading};
use crate::model::{NsKind, Pid, Process};

/// A claim, whatever it is.
pub type AnyClaim = Rc<dyn Claim>;

/// One statement about a process. As text it is the sentence that people read.
pub trait Claim: Any + fmt::Debug + fmt::Display {
    /// The kind of namespace that it is about, where it is about one.
    fn kind(&self) -> Option<NsKind> {
        None
    }

    /// What has to be looked at beside the process itself.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// In a few words what is read and what is tried, before anything is done.
    fn explain(&self) -> String;

    /// What was read of a process says so.
    fn read(&self, context: &Context<'_>, process: &Process) -> Reading;

    /// What it says, claimed of a container, of those in there beside its init, which may have less;
    /// `None`: nothing.
    fn of_others(&self) -> Option<AnyClaim> {
        None
    }

    /// What can be tried; `None`: reading says all.
    fn experiment(&self) -> Option<Experiment> {
        None
    }
}

/// What a claim needs beside the process that it is about.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Paths to be looked at, as the process names them.
    pub paths: Vec<String>,
    /// Processes that it is compared with.
    pub others: Vec<Pid>,
    /// What an audit finds.
    pub audit: bool,
    /// The security labels of all in the container.
    pub labels: bool,
}

impl Needs {
    /// One path to be looked at.
    pub fn path(path: &str) -> Needs {
        Needs {
            paths: vec![path.to_owned()],
            ..Needs::default()
        }
    }
}

/// With whom a kind of namespace is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The host: PID 1, or what stands in for it.
    Host,
    /// Where nsinspect itself is: whoever launches something.
    Caller,
    /// Another process, and what it was called by.
    Task { target: Target, name: String },
}

impl Against {
    /// As the end of a sentence.
    pub fn words(&self, preposition: &str) -> String {
        match self {
            Against::Host => String::new(),
            Against::Caller => format!(" {preposition} the caller"),
            Against::Task { name, .. } => format!(" {preposition} {name}"),
        }
    }

    /// The process that has to be read for it.
    pub fn needs(&self) -> Needs {
        let others = match self {
            Against::Task { target, .. } => vec![target.pid],
            Against::Host | Against::Caller => Vec::new(),
        };
        Needs {
            others,
            ..Needs::default()
        }
    }
}
