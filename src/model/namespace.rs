//! One namespace: what it is, who governs it and what keeps it alive.

use super::facts::Facts;
use super::kind::NsKind;
use super::process::Pid;
use super::seen::Seen;

/// What tells two namespaces of one moment apart. The kernel numbers all kinds from one space,
/// in one nsfs file system whose device number is in [`super::Snapshot::nsfs_dev`]; the kind is
/// in the key so that the order is by kind and a forged tree cannot mix two kinds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NsKey {
    pub kind: NsKind,
    /// The inode number, as in `net:[4026531833]`. Reused by the kernel at once when the
    /// namespace dies.
    pub inode: u64,
}

/// Anything that keeps a namespace alive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Its member processes: how many, and the lowest PID among them.
    Processes { count: usize, lowest: Pid },
    /// A thread that is in it while its process is not, or whose process has ended.
    Thread { pid: Pid, tid: Pid },
    /// A task whose next child will be in it (`pid_for_children`, `time_for_children`).
    ForChildren {
        pid: Pid,
        tid: Pid,
        /// The init of the pid namespace is dead: every fork of that task fails with ENOMEM.
        broken: bool,
    },
    /// A bind mount of the namespace on a file.
    Mount {
        /// Where, below the root of the mount namespace.
        path: String,
        /// Inode of the mount namespace in which it is mounted.
        mnt_ns: u64,
    },
    /// An open file descriptor; `tid` is not `pid` where the thread has a table of its own.
    Fd { pid: Pid, tid: Pid, fd: i32 },
    /// A socket that was made in it, by a descriptor of a process that need not be in it; `tid` is
    /// not `pid` where the thread has a table of its own.
    Socket {
        pid: Pid,
        tid: Pid,
        fd: i32,
        inode: u64,
    },
    /// A namespace below it, which it owns or is the parent of.
    Child { namespace: NsKey },
    /// The kernel lists it under this id, and nothing that was looked at explains why it lives: a
    /// descriptor in flight between two sockets, for one.
    Kernel { ns_id: u64 },
}

/// One namespace and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub key: NsKey,
    /// The kernel's 64-bit id that is never reused (`NS_GET_ID`, Linux 6.18).
    pub ns_id: Seen<u64>,
    /// Whether it is the one that the kernel booted with.
    pub initial: Seen<bool>,
    /// Inode of the user namespace that governs it (`NS_GET_USERNS`); for a user namespace that
    /// is its parent. `None`: nothing does, it is the initial user namespace.
    pub owner: Seen<Option<u64>>,
    /// Uid of the creator of a user namespace, as the reader's user namespace numbers it
    /// (`NS_GET_OWNER_UID`). `None` for the other kinds.
    pub owner_uid: Seen<Option<u32>>,
    /// Inode of the enclosing namespace (`NS_GET_PARENT`). `None` for kinds that do not nest and
    /// for the initial ones.
    pub parent: Seen<Option<u64>>,
    /// Number of processes in it.
    pub nprocs: usize,
    /// Number of threads of these processes.
    pub nthreads: usize,
    /// The lowest PID in it, if any process is.
    pub lowest: Option<Pid>,
    pub holders: Vec<Holder>,
    /// What is inside, where the question asked for it.
    pub facts: Facts,
}

impl Namespace {
    /// A namespace of which nothing but its existence is known yet.
    pub fn new(key: NsKey) -> Namespace {
        use super::seen::Why;
        Namespace {
            key,
            ns_id: Seen::Unknown(Why::Skipped),
            initial: Seen::Unknown(Why::Skipped),
            owner: Seen::Unknown(Why::Skipped),
            owner_uid: Seen::Unknown(Why::Skipped),
            parent: Seen::Unknown(Why::Skipped),
            nprocs: 0,
            nthreads: 0,
            lowest: None,
            holders: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// A thread that is in it while its process is not: the PID, and the thread's own number.
    pub fn thread(&self) -> Option<(Pid, Pid)> {
        self.holders.iter().find_map(|holder| match holder {
            Holder::Thread { pid, tid } => Some((*pid, *tid)),
            _ => None,
        })
    }

    /// Takes over id, owner and parent, which a namespace has for good, from what was known of it.
    pub fn relate_as(&mut self, known: &Namespace) {
        self.ns_id = known.ns_id.clone();
        self.owner = known.owner.clone();
        self.owner_uid = known.owner_uid.clone();
        self.parent = known.parent.clone();
    }
}

impl NsKey {
    /// Reads `net:[4026531833]`, the way in which `/proc` and mountinfo name a namespace.
    pub fn parse(text: &str) -> Option<NsKey> {
        let (kind, rest) = text.split_once(":[")?;
        // Kernels print `pid:[…]` for pid_for_children too: the name is that of the kind.
        let kind = NsKind::ALL.into_iter().find(|known| known.name() == kind)?;
        let inode = rest.strip_suffix(']')?.parse().ok()?;
        Some(NsKey { kind, inode })
    }
}

impl std::fmt::Display for NsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:[{}]", self.kind, self.inode)
    }
}
