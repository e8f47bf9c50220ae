//! Rule R3: what an operation takes, and over which user namespace.

use super::capable::{capable, capable_over};
use super::{Answer, Credentials};
use crate::model::{CapabilitySet, NsKey, NsKind, Process, Seen, Snapshot};

/// Operations whose permission depends on more than a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// sethostname(2), setdomainname(2).
    SetHostname,
    /// AF_PACKET and SOCK_RAW: to listen to, and to forge, the packets of its network namespace.
    RawSocket,
    /// Interfaces, routes and packet filters of its network namespace.
    ConfigureNetwork,
    /// mount(2) of what user namespaces may mount (FS_USERNS_MOUNT), umount(2), remount, move.
    Mount,
    /// mount(2) of a file system that only the host's root may mount: ext4, nfs …
    MountDevice,
    /// mount(2) of a version 1 cgroup hierarchy that is not there yet.
    MountNewCgroupHierarchy,
    /// Setting a release_agent, the program that the kernel runs as the host's root.
    WriteReleaseAgent,
    /// mknod(2) of a block or character device.
    MakeDeviceNode,
    /// open_by_handle_at(2): a file by its inode number, past all directories.
    OpenByHandle,
    LoadModule,
    /// Rebooting the machine, where its pid namespace is the host's; its own else.
    Reboot,
    /// kexec_load(2).
    LoadKernel,
    /// iopl(2), /dev/mem, /dev/port.
    RawIo,
    /// bpf(2) commands that list the objects of others, and all of tracing.
    BpfAdmin,
    /// syslog(2): the kernel's log.
    KernelLog,
    /// settimeofday(2).
    SetTime,
}

impl Operation {
    pub const ALL: [Operation; 16] = [
        Operation::SetHostname,
        Operation::RawSocket,
        Operation::ConfigureNetwork,
        Operation::Mount,
        Operation::MountDevice,
        Operation::MountNewCgroupHierarchy,
        Operation::WriteReleaseAgent,
        Operation::MakeDeviceNode,
        Operation::OpenByHandle,
        Operation::LoadModule,
        Operation::Reboot,
        Operation::LoadKernel,
        Operation::RawIo,
        Operation::BpfAdmin,
        Operation::KernelLog,
        Operation::SetTime,
    ];

    /// The capability that it takes.
    pub const fn capability(self) -> u32 {
        match self {
            Operation::RawSocket => CapabilitySet::NET_RAW,
            Operation::ConfigureNetwork => CapabilitySet::NET_ADMIN,
            Operation::MakeDeviceNode => CapabilitySet::MKNOD,
            Operation::OpenByHandle => CapabilitySet::DAC_READ_SEARCH,
            Operation::LoadModule => CapabilitySet::SYS_MODULE,
            Operation::Reboot | Operation::LoadKernel => CapabilitySet::SYS_BOOT,
            Operation::RawIo => CapabilitySet::SYS_RAWIO,
            Operation::KernelLog => CapabilitySet::SYSLOG,
            Operation::SetTime => CapabilitySet::SYS_TIME,
            Operation::SetHostname
            | Operation::Mount
            | Operation::MountDevice
            | Operation::MountNewCgroupHierarchy
            | Operation::WriteReleaseAgent
            | Operation::BpfAdmin => CapabilitySet::SYS_ADMIN,
        }
    }

    /// The kind of the process's own namespace whose owner has to be asked; `None`: the host's user
    /// namespace.
    pub const fn governed_by(self) -> Option<NsKind> {
        match self {
            Operation::SetHostname => Some(NsKind::Uts),
            Operation::RawSocket | Operation::ConfigureNetwork => Some(NsKind::Net),
            Operation::Mount => Some(NsKind::Mnt),
            Operation::Reboot => Some(NsKind::Pid),
            _ => None,
        }
    }
}

/// Whether a process with these credentials may do it. Seccomp, security modules, lockdown and the
/// state of devices can stand in the way all the same.
pub fn may(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    operation: Operation,
) -> Answer {
    let capability = operation.capability();
    let mut answer = match operation.governed_by() {
        Some(kind) => over_own(snapshot, credentials, process, kind, capability),
        None => capable(snapshot, credentials, capability),
    };
    if matches!(
        operation,
        Operation::MountNewCgroupHierarchy | Operation::WriteReleaseAgent
    ) {
        answer = answer.and(|| in_initial_cgroup(snapshot, process));
    }
    // A mount changes the mount namespace, whatever the file system takes.
    if matches!(
        operation,
        Operation::MountDevice | Operation::MountNewCgroupHierarchy
    ) {
        answer = answer.and(|| {
            let admin = CapabilitySet::SYS_ADMIN;
            over_own(snapshot, credentials, process, NsKind::Mnt, admin)
        });
    }
    answer.barriers.extend(seccomp(credentials));
    answer
}

/// That a seccomp filter is in force: what it holds cannot be seen without tracing the process.
pub fn seccomp(credentials: &Credentials) -> Option<String> {
    use crate::model::process::Seccomp;
    let filters = matches!(credentials.seccomp, Some(Seccomp::Filter | Seccomp::Strict));
    filters.then(|| "its seccomp filter, whose rules cannot be seen".to_owned())
}

/// A capability over the owner of the namespace of one kind that the process is in.
pub fn over_own(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    kind: NsKind,
    capability: u32,
) -> Answer {
    match process.links.own(kind) {
        Seen::Known(inode) => {
            let inode = *inode;
            capable_over(snapshot, credentials, NsKey { kind, inode }, capability)
        }
        Seen::Unknown(why) => Answer::unknown("R3", format!("its {kind} namespace"), why),
    }
}

/// cgroup1_get_tree and cgroup_release_agent_write (kernel/cgroup/cgroup-v1.c).
fn in_initial_cgroup(snapshot: &Snapshot, process: &Process) -> Answer {
    let kind = NsKind::Cgroup;
    let Seen::Known(inode) = *process.links.own(kind) else {
        return Answer::new(
            super::Verdict::Unknown,
            "R3",
            "its cgroup namespace is not known",
            "",
        );
    };
    let initial = snapshot.is_initial(NsKey { kind, inode }) == Seen::Known(true);
    let says = match initial {
        true => "it is in the host's cgroup namespace",
        false => "it is in a cgroup namespace of its own, where no new hierarchy can be made",
    };
    let evidence = format!("/proc/{}/ns/cgroup cgroup:[{inode}]", process.task());
    Answer::new(initial, "R3", says, evidence)
}

/// kill(2): the same real or effective uid as the other's real or saved one, or CAP_KILL over its
/// user namespace (check_kill_permission in kernel/signal.c).
pub fn may_kill(
    snapshot: &Snapshot,
    credentials: &Credentials,
    process: &Process,
    other: &Process,
) -> Answer {
    let sees = super::ptrace::may_see(snapshot, process, other);
    let theirs = match Credentials::of(snapshot, other) {
        Ok(theirs) => theirs,
        Err(why) => return sees.and(|| Answer::unknown("R3", "the other's credentials", &why)),
    };
    let own = [credentials.uids.effective, credentials.uids.real];
    let other = [theirs.uids.real, theirs.uids.saved];
    let pairs = own
        .iter()
        .flat_map(|one| other.map(|it| credentials.same_id(*one, it)));
    let same = pairs.max().flatten();
    let by_uid = || {
        let says = match same {
            Some(true) => "they have a uid in common",
            _ => "they have no uid in common",
        };
        Answer::new(same == Some(true), "R3", says, "")
    };
    let by_capability = || match theirs.user_ns {
        Seen::Known(user_ns) => {
            super::capable::ns_capable(snapshot, credentials, user_ns, CapabilitySet::KILL)
        }
        Seen::Unknown(ref why) => Answer::unknown("R3", "the other's user namespace", why),
    };
    sees.and(|| by_uid().or(by_capability))
}
