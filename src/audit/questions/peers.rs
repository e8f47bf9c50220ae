//! Processes of the host and of containers, gathered into kinds that are the same to whoever would
//! read them (rule R4), so that one of each kind has to be judged.

use std::collections::HashMap;

use crate::audit::case::Case;
use crate::audit::machine::Machine;
use crate::model::process::Ids;
use crate::model::{CapabilitySet, NsKey, NsKind, Pid, Process, Seen};

/// What decides whether a process can be read by another that sees it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    user_ns: Option<u64>,
    uids: Ids,
    gids: Ids,
    permitted: CapabilitySet,
    /// Who owns its files in /proc, which tells whether it is dumpable.
    files_owner: Option<u32>,
    of_host: bool,
}

/// Processes of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub of_host: bool,
    /// The first few, in the order of their numbers, with their mount namespaces.
    pub first: Vec<(Pid, Option<u64>)>,
    /// How many there are.
    pub count: usize,
}

/// So many of a kind are named.
const NAMED: usize = 3;

/// All kinds, in the order of their first processes.
#[derive(Default)]
pub struct Peers(pub Vec<Peer>);

impl Peers {
    pub fn new(machine: &Machine<'_>) -> Peers {
        let mut index: HashMap<Kind, usize> = HashMap::new();
        let mut peers: Vec<Peer> = Vec::new();
        for process in machine.snapshot.processes.iter() {
            let Some(kind) = Kind::of(machine, process) else {
                continue;
            };
            let at = *index.entry(kind).or_insert(peers.len());
            if at == peers.len() {
                peers.push(Peer {
                    of_host: machine.is_of_host(process),
                    first: Vec::new(),
                    count: 0,
                });
            }
            peers[at].add(process);
        }
        Peers(peers)
    }
}

impl Peer {
    fn add(&mut self, process: &Process) {
        self.count += 1;
        let mount_ns = process.links.own(NsKind::Mnt).get();
        // Processes of several mount namespaces, so that one is another than whoever asks is in.
        let is_new = self.first.iter().all(|(_, known)| *known != mount_ns);
        if self.first.len() < NAMED || is_new && self.first.len() < 2 * NAMED {
            self.first.push((process.pid, mount_ns));
        }
    }
}

impl Kind {
    /// `None` for threads of the kernel, which have no files of their own, for the dead, and for
    /// those that could not be read.
    fn of(machine: &Machine<'_>, process: &Process) -> Option<Kind> {
        let details = process.details.as_deref()?;
        let status = details.status.known()?;
        if process.is_kernel_thread() || process.is_zombie() {
            return None;
        }
        Some(Kind {
            user_ns: match process.links.own(NsKind::User) {
                Seen::Known(inode) => Some(*inode),
                Seen::Unknown(_) => None,
            },
            uids: status.uids,
            gids: status.gids,
            permitted: status.capabilities.permitted,
            files_owner: details.files_owner.get(),
            of_host: machine.is_of_host(process),
        })
    }
}

/// Whether it is root of the host, or has a capability over the host: those over a user namespace that
/// an ordinary user has made open no more than that user's files.
pub fn is_mighty(case: &Case<'_>, process: &Process) -> bool {
    let kind = NsKind::User;
    let inode = process.links.own(kind);
    let is_hosts = inode.part(|inode| {
        case.snapshot.is_initial(NsKey {
            kind,
            inode: *inode,
        })
    });
    let is_elsewhere = is_hosts.and_then(|it| it) == Seen::Known(false);
    let details = process.details.as_deref();
    details
        .and_then(|details| details.status.known())
        .is_some_and(|status| {
            let has_some = !status.capabilities.permitted.is_empty();
            status.uids.effective == 0 || has_some && !is_elsewhere
        })
}
