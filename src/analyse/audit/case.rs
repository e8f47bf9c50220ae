//! One process under audit, with what all rules ask about it.

use crate::analyse::containers::Identity;
use crate::model::namespace::NsKey;
use crate::model::process::Details;
use crate::model::{NsKind, Process, Seen, Snapshot};

/// A process, the machine around it, and the container that it is in.
pub struct Case<'a> {
    pub snapshot: &'a Snapshot,
    pub process: &'a Process,
    pub container: Option<Identity>,
}

impl<'a> Case<'a> {
    pub fn details(&self) -> Option<&'a Details> {
        self.process.details.as_deref()
    }

    /// Its namespace of a kind.
    pub fn key(&self, kind: NsKind) -> Seen<NsKey> {
        let inode = self.process.links.own(kind);
        inode.part(|inode| NsKey {
            kind,
            inode: *inode,
        })
    }

    /// Whether it is in the namespace of a kind that the kernel booted with: the host's.
    pub fn shares_host(&self, kind: NsKind) -> Seen<bool> {
        self.key(kind).and_then(|key| self.snapshot.is_initial(key))
    }

    /// A file of the process as evidence names it.
    pub fn file(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.process.task())
    }
}
