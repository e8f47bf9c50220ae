//! What was read of a process, and what that says of a claim.

use super::verdict::{Evidence, Verdict};
use crate::audit::finding::Finding;
use crate::audit::mounts::covering;
use crate::collect::paths::{Looks, There};
use crate::model::facts::Facts;
use crate::model::mount::Mount;
use crate::model::process::{Details, Status};
use crate::model::{NsKey, NsKind, Pid, Process, Seen, Snapshot, Why};

/// One process, and what its claims are about beside it.
pub struct Context<'a> {
    pub snapshot: &'a Snapshot,
    pub subject: &'a Process,
    /// The others of its container: what is claimed of a container is claimed of all in it.
    pub others: Vec<&'a Process>,
    /// Whether others may be among these that could not be read.
    pub has_unread: bool,
    pub looks: &'a Looks,
    /// What an audit finds, where one was made.
    pub findings: Option<&'a [Finding]>,
}

/// What was read says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub verdict: Verdict,
    /// No experiment could say better.
    pub sure: bool,
    /// Why, in a few words.
    pub says: String,
    pub evidence: Vec<Evidence>,
}

impl Reading {
    pub fn new(verdict: Verdict, says: impl Into<String>) -> Reading {
        Reading {
            verdict,
            sure: false,
            says: says.into(),
            evidence: Vec::new(),
        }
    }

    pub fn holds_if(holds: bool, says: impl Into<String>) -> Reading {
        let verdict = match holds {
            true => Verdict::Holds,
            false => Verdict::Fails,
        };
        Reading::new(verdict, says)
    }

    /// Nobody can tell by reading.
    pub fn untold(what: &str) -> Reading {
        Reading::new(
            Verdict::Undecided,
            format!("only an experiment tells {what}"),
        )
    }

    /// What decides could not be read.
    pub fn unknown(what: &str, why: &Why) -> Reading {
        let reason = why.words();
        Reading::new(Verdict::Undecided, format!("{what} is not known: {reason}"))
    }

    #[must_use]
    pub fn sure(self) -> Reading {
        Reading { sure: true, ..self }
    }

    /// The same of the opposite claim.
    #[must_use]
    pub fn opposite(self) -> Reading {
        Reading {
            verdict: self.verdict.of_opposite(),
            ..self
        }
    }

    /// The same with a fact that it rests on.
    #[must_use]
    pub fn seen(mut self, source: impl Into<String>, value: impl Into<String>) -> Reading {
        self.evidence.push(Evidence::new(source, value));
        self
    }
}

impl<'a> Context<'a> {
    pub fn task(&self) -> Pid {
        self.subject.task()
    }

    /// The path of a file of the subject's, as evidence names it.
    pub fn file(&self, name: &str) -> String {
        file_of(self.subject, name)
    }

    /// A fact about what is inside the subject's namespace of a kind.
    pub fn fact<T>(&self, kind: NsKind, part: fn(&Facts) -> &Seen<T>) -> Result<&'a T, Why> {
        let inode = self.subject.links.own(kind).get().ok_or(Why::Skipped)?;
        let namespace = self.snapshot.namespaces.get(&NsKey { kind, inode });
        let facts = &namespace.ok_or(Why::Skipped)?.facts;
        part(facts).as_ref().map_err(Clone::clone)
    }

    /// Whether ids that were read are those of the host.
    pub fn reads_as_host(&self) -> bool {
        let own = self.snapshot.reader.links.own(NsKind::User);
        own.get() == Some(NsKind::User.initial_inode())
    }

    /// What a path leads to; `None`: nothing is there.
    pub fn look(&self, path: &str) -> Result<Option<&'a There>, Why> {
        match self.looks.get(path) {
            Some(Seen::Known(there)) => Ok(there.as_ref()),
            Some(Seen::Unknown(why)) => Err(why.clone()),
            None => Err(Why::Skipped),
        }
    }

    /// The mount table of the subject.
    pub fn mounts(&self) -> Result<&'a [Mount], Why> {
        let table = detail(self.subject, |details| &details.mounts)?;
        match table.is_empty() {
            true => Err(Why::failed("its mount table is empty: it is in a chroot")),
            false => Ok(table),
        }
    }

    /// The mount that leads to a path: by its number, which no link in the path can hide.
    pub fn mount_of(&self, path: &str, there: &There) -> Result<&'a Mount, Why> {
        let table = self.mounts()?;
        let found = match there.mount {
            Some(id) => table.iter().find(|mount| mount.id == id),
            None => covering(table, path),
        };
        found.ok_or_else(|| Why::failed("its mount is not in the mount table"))
    }
}

/// Why ids of the host are not known where nsinspect is not in its user namespace.
pub fn only_own_ids() -> Why {
    Why::failed("nsinspect is in a user namespace of its own, and sees its ids only")
}

/// The path of a file of a process, as evidence names it.
pub fn file_of(process: &Process, name: &str) -> String {
    format!("/proc/{}/{name}", process.task())
}

pub fn details(process: &Process) -> Result<&Details, Why> {
    process.details.as_deref().ok_or(Why::Skipped)
}

pub fn detail<T>(process: &Process, part: fn(&Details) -> &Seen<T>) -> Result<&T, Why> {
    part(details(process)?).as_ref().map_err(Clone::clone)
}

pub fn status(process: &Process) -> Result<&Status, Why> {
    detail(process, |details| &details.status)
}
