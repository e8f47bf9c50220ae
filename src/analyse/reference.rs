//! What a process is compared with when nobody says: PID 1, and what stands in for it when it
//! cannot be read.

use crate::model::namespace::NsKey;
use crate::model::{Links, NsKind, Process, Seen, Snapshot, Why};

/// Where the reference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The user named it.
    Given,
    /// PID 1 of this procfs.
    Pid1,
    /// PID 1 was refused, so the kernel thread that stays in the initial namespaces.
    Kthreadd,
    /// Neither could be read, so the fixed inode numbers of the initial namespaces alone.
    InitialInodes,
}

impl Source {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Given => "pid",
            Source::Pid1 => "pid1",
            Source::Kthreadd => "kthreadd",
            Source::InitialInodes => "initial-inodes",
        }
    }
}

/// What a process is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// `None` where only the numbers of the initial namespaces are known.
    pub process: Option<&'a Process>,
    pub links: Links,
    pub source: Source,
    /// Whether PID 1 here is the init of the host, and not of a pid namespace of its own.
    pub host_init: Option<bool>,
}

impl<'a> Reference<'a> {
    /// A reference that the user named.
    pub fn given(process: &'a Process, snapshot: &Snapshot) -> Reference<'a> {
        Reference {
            process: Some(process),
            links: process.links.clone(),
            source: Source::Given,
            host_init: (process.pid == Process::INIT)
                .then(|| in_initial_pid(process, snapshot))
                .flatten(),
        }
    }

    /// What a process is compared with. The init of a pid namespace of its own cannot be compared
    /// with PID 1, which it is: for it the numbers of the initial namespaces say more.
    pub fn of(subject: &Process, snapshot: &'a Snapshot) -> Reference<'a> {
        let usual = Reference::choose(snapshot);
        match usual.host_init == Some(false) && subject.pid == Process::INIT {
            true => Reference {
                process: None,
                links: initial_links(snapshot),
                source: Source::InitialInodes,
                ..usual
            },
            false => usual,
        }
    }

    /// The host: what is chosen, or, where that is the init of a pid namespace of its own, the numbers
    /// of the initial namespaces alone.
    pub fn host(snapshot: &'a Snapshot) -> Reference<'a> {
        let usual = Reference::choose(snapshot);
        match usual.is_host() {
            true => usual,
            false => Reference {
                process: None,
                links: initial_links(snapshot),
                source: Source::InitialInodes,
                ..usual
            },
        }
    }

    /// PID 1, or the best that stands in for it.
    pub fn choose(snapshot: &'a Snapshot) -> Reference<'a> {
        let readable = |process: &&Process| process.links.own_keys().next().is_some();
        let init = snapshot.processes.get(Process::INIT).filter(readable);
        let kthreadd = snapshot
            .processes
            .get(Process::KTHREADD)
            .filter(|process| process.is_kernel_thread())
            .filter(readable);
        match (init, kthreadd) {
            (Some(process), _) => Reference {
                process: Some(process),
                links: process.links.clone(),
                source: Source::Pid1,
                host_init: in_initial_pid(process, snapshot),
            },
            (None, Some(process)) => Reference {
                process: Some(process),
                links: process.links.clone(),
                source: Source::Kthreadd,
                // A procfs that shows kthreadd is that of the initial pid namespace.
                host_init: Some(true),
            },
            (None, None) => Reference {
                process: None,
                links: initial_links(snapshot),
                source: Source::InitialInodes,
                host_init: snapshot
                    .processes
                    .get(Process::KTHREADD)
                    .map(Process::is_kernel_thread)
                    .filter(|is_kernel_thread| *is_kernel_thread),
            },
        }
    }

    /// Whether what is shared with it is shared with the host, and not just with some process.
    pub fn is_host(&self) -> bool {
        match self.source {
            Source::Given => false,
            Source::Pid1 => self.host_init == Some(true),
            Source::Kthreadd | Source::InitialInodes => true,
        }
    }

    /// How sentences call it.
    pub fn noun(&self) -> String {
        match self.process {
            Some(process) if !self.is_host() => format!("PID {}", process.task()),
            _ => "the host".to_owned(),
        }
    }
}

/// Kinds in which a process is surely not where the kernel booted.
pub fn kinds_apart_from_boot(snapshot: &Snapshot, links: &Links) -> Vec<NsKind> {
    let is_apart = |kind: &NsKind| {
        let inode = links.own(*kind).get();
        let key = inode.map(|inode| NsKey { kind: *kind, inode });
        key.is_some_and(|key| snapshot.is_initial(key) == Seen::Known(false))
    };
    NsKind::BY_WEIGHT.into_iter().filter(is_apart).collect()
}

fn in_initial_pid(process: &Process, snapshot: &Snapshot) -> Option<bool> {
    match process.links.own(NsKind::Pid) {
        Seen::Known(inode) => Some(snapshot.initial_inode(NsKind::Pid) == &Seen::Known(*inode)),
        // A kernel without pid namespaces has one for all.
        Seen::Unknown(Why::Unsupported) => Some(true),
        Seen::Unknown(_) => None,
    }
}

fn initial_links(snapshot: &Snapshot) -> Links {
    Links::read(|link| snapshot.initial_inode(link.kind()).clone())
}
