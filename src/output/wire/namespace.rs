//! `nsinspect.namespaces/1` and `nsinspect.members/1`.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use super::container::ContainerRecord;
use crate::analyse::containers::identity;
use crate::analyse::find;
use crate::model::facts::{Facts, Interface, Listening, SysvCounts, UtsNames};
use crate::model::namespace::{Holder, Namespace, NsKey};
use crate::model::{NsKind, Pid, Process, Seen, Snapshot, Why};

/// Every namespace that was asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Namespaces {
    pub namespaces: Vec<NamespaceRecord>,
}

/// One namespace. `ns`, `type`, `nprocs`, `pid`, `ppid`, `uid`, `user`, `command` and `path` mean
/// what they mean in lsns(8).
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct NamespaceRecord {
    /// Inode number; reused by the kernel at once when the namespace dies
    pub ns: u64,
    /// Device number of nsfs
    pub dev: Option<u64>,
    /// The kind: cgroup, ipc, mnt, net, pid, time, user or uts
    #[serde(rename = "type")]
    pub kind: String,
    /// The kernel's id that is never reused (Linux 6.18; for mnt 6.11)
    pub ns_id: Option<u64>,
    /// Whether it is the one that the kernel booted with
    pub initial: Option<bool>,
    /// Number of processes in it
    pub nprocs: Option<usize>,
    /// Number of threads of these processes
    pub nthreads: Option<usize>,
    /// Lowest PID in it
    pub pid: Option<Pid>,
    /// Parent of that process
    pub ppid: Option<Pid>,
    /// Effective uid of that process
    pub uid: Option<u32>,
    /// Login name of that uid, or the number as text
    pub user: Option<String>,
    /// Command line of that process, or its name where it has none
    pub command: Option<String>,
    /// Where it can be opened: the link of that process, else a mount or a descriptor
    pub path: Option<String>,
    /// Inode of the user namespace that governs it
    pub owner: Option<u64>,
    /// Uid of the creator, of user namespaces only
    pub owner_uid: Option<u32>,
    /// Inode of the enclosing namespace, of user and pid namespaces only
    pub parent: Option<u64>,
    /// What keeps it alive, as far as it was looked for
    pub holders: Vec<HolderRecord>,
    /// Container of that process
    pub container: Option<ContainerRecord>,
    /// What is inside; only where the question was about that
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<InsideRecord>,
    pub unknown: Unknown,
}

/// One holder: `by` says what it is, and which of the other fields apply.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct HolderRecord {
    /// `process` (all members: the lowest PID and how many), `thread`, `for_children` (a task whose
    /// next child will be in it), `fd`, `mount`, `socket`, `child` (a namespace that it owns or
    /// encloses) or `kernel` (which lists it, while nothing that was looked at explains why)
    pub by: String,
    pub pid: Option<Pid>,
    /// The thread; the same as `pid` for the first
    pub tid: Option<Pid>,
    /// How many member processes
    pub count: Option<usize>,
    /// Number of the file descriptor
    pub fd: Option<i32>,
    /// Where it is mounted, below the root of `mnt_ns`
    pub path: Option<String>,
    /// Inode of the mount namespace in which it is mounted
    pub mnt_ns: Option<u64>,
    /// Inode of the socket
    pub socket: Option<u64>,
    /// The child namespace
    pub ns: Option<u64>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The init of the pid namespace is dead, so that every fork of the task fails
    pub broken: Option<bool>,
    /// The id under which the kernel lists it
    pub ns_id: Option<u64>,
}

/// What is inside a namespace; only the fields for its kind apply.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct InsideRecord {
    pub hostname: Option<String>,
    pub domainname: Option<String>,
    pub interfaces: Option<Vec<Interface>>,
    pub listening: Option<Vec<Listening>>,
    pub shared_memory: Option<u64>,
    pub semaphores: Option<u64>,
    pub message_queues: Option<u64>,
    pub posix_queues: Option<u64>,
    /// PID here of the init of a pid namespace
    pub init: Option<Pid>,
    /// Number of processes that can be seen in a pid namespace
    pub processes: Option<u64>,
    pub unknown: Unknown,
}

impl NamespaceRecord {
    /// The record of a namespace, its lowest process included. Where the question was about one
    /// process, nobody has counted the others.
    pub fn new(snapshot: &Snapshot, namespace: &Namespace) -> NamespaceRecord {
        let mut unknown = Unknown::default();
        let key = namespace.key;
        let mut record = NamespaceRecord {
            ns: key.inode,
            dev: unknown.note("dev", snapshot.nsfs_dev.clone()),
            kind: key.kind.to_string(),
            ns_id: unknown.note("ns_id", namespace.ns_id.clone()),
            initial: unknown.note("initial", namespace.initial.clone()),
            nprocs: Some(namespace.nprocs),
            nthreads: Some(namespace.nthreads),
            pid: namespace.lowest,
            ppid: None,
            uid: None,
            user: None,
            command: None,
            path: None,
            owner: unknown.note("owner", namespace.owner.clone()).flatten(),
            owner_uid: unknown
                .note("owner_uid", namespace.owner_uid.clone())
                .flatten(),
            parent: unknown.note("parent", namespace.parent.clone()).flatten(),
            holders: namespace.holders.iter().map(HolderRecord::from).collect(),
            container: None,
            inside: None,
            unknown,
        };
        if snapshot.has_all_processes() {
            record.path = find::path(snapshot, namespace);
            record.name_lowest(snapshot);
        } else {
            record.forget_members();
        }
        record
    }

    /// The same with what is inside, where somebody has looked.
    pub fn with_inside(mut self, namespace: &Namespace) -> NamespaceRecord {
        self.inside = InsideRecord::new(namespace.key.kind, &namespace.facts);
        self
    }

    fn name_lowest(&mut self, snapshot: &Snapshot) {
        let Some(process) = self.pid.and_then(|pid| snapshot.processes.get(pid)) else {
            return;
        };
        let unknown = &mut self.unknown;
        self.ppid = unknown.note("ppid", process.stat.part(|stat| stat.ppid));
        self.uid = unknown.note("uid", process.uid.clone());
        self.user = self.uid.map(|uid| snapshot.user(uid));
        self.command = process.command();
        if self.command.is_none() {
            unknown.note("command", process.stat.part(|_| ()));
        }
        self.container = identity(snapshot, process).map(ContainerRecord::from);
    }

    fn forget_members(&mut self) {
        self.nprocs = None;
        self.nthreads = None;
        self.pid = None;
        self.holders.retain(|holder| holder.by != "process");
        let fields = [
            "nprocs",
            "nthreads",
            "pid",
            "ppid",
            "uid",
            "user",
            "command",
            "path",
            "holders",
            "container",
        ];
        for field in fields {
            self.unknown.note(field, Seen::<()>::Unknown(Why::Skipped));
        }
    }

    /// The namespace of a saved snapshot.
    pub fn into_model(self) -> Result<Namespace, String> {
        let kind: NsKind = self.kind.parse().map_err(|error| format!("{error}"))?;
        let key = NsKey {
            kind,
            inode: self.ns,
        };
        let unknown = &self.unknown;
        Ok(Namespace {
            ns_id: unknown.seen("ns_id", self.ns_id),
            initial: unknown.seen("initial", self.initial),
            owner: unknown.seen_or_none("owner", self.owner),
            owner_uid: unknown.seen_or_none("owner_uid", self.owner_uid),
            parent: unknown.seen_or_none("parent", self.parent),
            nprocs: self.nprocs.unwrap_or(0),
            nthreads: self.nthreads.unwrap_or(0),
            lowest: self.pid,
            holders: self
                .holders
                .into_iter()
                .map(HolderRecord::into_model)
                .collect::<Result<_, _>>()?,
            facts: self
                .inside
                .map_or_else(Facts::default, |inside| inside.into_model(kind)),
            key,
        })
    }
}

impl From<&Holder> for HolderRecord {
    fn from(holder: &Holder) -> HolderRecord {
        let record = |by: &str| HolderRecord {
            by: by.to_owned(),
            ..HolderRecord::default()
        };
        match holder {
            Holder::Processes { count, lowest } => HolderRecord {
                pid: Some(*lowest),
                count: Some(*count),
                ..record("process")
            },
            Holder::Thread { pid, tid } => HolderRecord {
                pid: Some(*pid),
                tid: Some(*tid),
                ..record("thread")
            },
            Holder::ForChildren { pid, tid, broken } => HolderRecord {
                pid: Some(*pid),
                tid: Some(*tid),
                broken: Some(*broken),
                ..record("for_children")
            },
            Holder::Fd { pid, tid, fd } => HolderRecord {
                pid: Some(*pid),
                tid: Some(*tid),
                fd: Some(*fd),
                ..record("fd")
            },
            Holder::Mount { path, mnt_ns } => HolderRecord {
                path: Some(path.clone()),
                mnt_ns: Some(*mnt_ns),
                ..record("mount")
            },
            Holder::Socket {
                pid,
                tid,
                fd,
                inode,
            } => HolderRecord {
                pid: Some(*pid),
                tid: Some(*tid),
                fd: Some(*fd),
                socket: Some(*inode),
                ..record("socket")
            },
            Holder::Child { namespace } => HolderRecord {
                ns: Some(namespace.inode),
                kind: Some(namespace.kind.to_string()),
                ..record("child")
            },
            Holder::Kernel { ns_id } => HolderRecord {
                ns_id: Some(*ns_id),
                ..record("kernel")
            },
        }
    }
}

impl HolderRecord {
    fn into_model(self) -> Result<Holder, String> {
        let by = self.by.clone();
        self.read()
            .ok_or_else(|| format!("a holder by {by:?} is not known or lacks a field"))
    }

    fn read(self) -> Option<Holder> {
        Some(match self.by.as_str() {
            "process" => Holder::Processes {
                count: self.count?,
                lowest: self.pid?,
            },
            "thread" => Holder::Thread {
                pid: self.pid?,
                tid: self.tid?,
            },
            "for_children" => Holder::ForChildren {
                pid: self.pid?,
                tid: self.tid?,
                broken: self.broken?,
            },
            "fd" => Holder::Fd {
                pid: self.pid?,
                tid: self.tid?,
                fd: self.fd?,
            },
            "mount" => Holder::Mount {
                path: self.path?,
                mnt_ns: self.mnt_ns?,
            },
            "socket" => Holder::Socket {
                pid: self.pid?,
                tid: self.tid.or(self.pid)?,
                fd: self.fd?,
                inode: self.socket?,
            },
            "child" => Holder::Child {
                namespace: NsKey {
                    kind: self.kind?.parse().ok()?,
                    inode: self.ns?,
                },
            },
            "kernel" => Holder::Kernel { ns_id: self.ns_id? },
            _ => return None,
        })
    }
}

impl InsideRecord {
    /// `None` where nobody looked.
    fn new(kind: NsKind, facts: &Facts) -> Option<InsideRecord> {
        if *facts == Facts::default() {
            return None;
        }
        let mut unknown = Unknown::default();
        let mut record = InsideRecord {
            hostname: None,
            domainname: None,
            interfaces: None,
            listening: None,
            shared_memory: None,
            semaphores: None,
            message_queues: None,
            posix_queues: None,
            init: None,
            processes: None,
            unknown: Unknown::default(),
        };
        match kind {
            NsKind::Uts => {
                let names = &facts.uts;
                record.hostname = unknown.note("hostname", names.part(|n| n.hostname.clone()));
                record.domainname =
                    unknown.note("domainname", names.part(|n| n.domainname.clone()));
            }
            NsKind::Net => {
                record.interfaces = unknown.note("interfaces", facts.interfaces.clone());
                record.listening = unknown.note("listening", facts.listening.clone());
            }
            NsKind::Ipc => {
                let sysv = &facts.sysv;
                record.shared_memory =
                    unknown.note("shared_memory", sysv.part(|n| n.shared_memory));
                record.semaphores = unknown.note("semaphores", sysv.part(|n| n.semaphores));
                record.message_queues = unknown.note("message_queues", sysv.part(|n| n.queues));
                record.posix_queues = unknown.note("posix_queues", facts.mqueues.clone());
            }
            NsKind::Pid => {
                record.init = unknown.note("init", facts.init.clone());
                record.processes = unknown.note("processes", facts.processes.clone());
            }
            NsKind::Cgroup | NsKind::Mnt | NsKind::Time | NsKind::User => return None,
        }
        record.unknown = unknown;
        Some(record)
    }

    fn into_model(self, kind: NsKind) -> Facts {
        let unknown = &self.unknown;
        let mut facts = Facts::default();
        match kind {
            NsKind::Uts => {
                let names = self.hostname.zip(self.domainname);
                let names = names.map(|(hostname, domainname)| UtsNames {
                    hostname,
                    domainname,
                });
                facts.uts = unknown.seen("hostname", names);
            }
            NsKind::Net => {
                facts.interfaces = unknown.seen("interfaces", self.interfaces);
                facts.listening = unknown.seen("listening", self.listening);
            }
            NsKind::Ipc => {
                let counts = self
                    .shared_memory
                    .zip(self.semaphores)
                    .zip(self.message_queues);
                let counts = counts.map(|((shared_memory, semaphores), queues)| SysvCounts {
                    shared_memory,
                    semaphores,
                    queues,
                });
                facts.sysv = unknown.seen("shared_memory", counts);
                facts.mqueues = unknown.seen("posix_queues", self.posix_queues);
            }
            NsKind::Pid => {
                facts.init = unknown.seen("init", self.init);
                facts.processes = unknown.seen("processes", self.processes);
            }
            NsKind::Cgroup | NsKind::Mnt | NsKind::Time | NsKind::User => {}
        }
        facts
    }
}

/// The members of one namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct Members {
    pub namespace: NamespaceRecord,
    pub processes: Vec<MemberRecord>,
}

/// One process in the namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct MemberRecord {
    pub pid: Pid,
    pub ppid: Option<Pid>,
    pub uid: Option<u32>,
    pub user: Option<String>,
    pub command: Option<String>,
    pub unknown: Unknown,
}

impl MemberRecord {
    pub fn new(snapshot: &Snapshot, process: &Process) -> MemberRecord {
        let mut unknown = Unknown::default();
        let uid = unknown.note("uid", process.uid.clone());
        MemberRecord {
            pid: process.pid,
            ppid: unknown.note("ppid", process.stat.part(|stat| stat.ppid)),
            uid,
            user: uid.map(|uid| snapshot.user(uid)),
            command: process.command(),
            unknown,
        }
    }
}
