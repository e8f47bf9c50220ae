//! What rules need to be collected: a rule declares it, and who collects for an audit reads what the
//! rules of its question need.

/// A fact, or facts that are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Of every process, with the owners and parents of namespaces.
    Namespaces,
    Credentials,
    /// The same of every process, its own too.
    EveryCredentials,
    Label,
    Root,
    Program,
    Threads,
    Mounts,
    HostMounts,
    /// Which container each process is in; of the inits of containers also label and mounts.
    Containers,
    Sysctls,
    Lockdown,
    Accounts,
    MountPoints,
    Procfs,
    KernelFiles,
    Devices,
    DeviceRules,
    SocketFiles,
    AbstractSockets,
    HiddenMounts,
    Handles,
    /// Where the process shares the host's.
    HostListeners,
    HostIpcObjects,
}

impl Need {
    pub const ALL: [Need; 24] = [
        Need::Namespaces,
        Need::Credentials,
        Need::EveryCredentials,
        Need::Label,
        Need::Root,
        Need::Program,
        Need::Threads,
        Need::Mounts,
        Need::HostMounts,
        Need::Containers,
        Need::Sysctls,
        Need::Lockdown,
        Need::Accounts,
        Need::MountPoints,
        Need::Procfs,
        Need::KernelFiles,
        Need::Devices,
        Need::DeviceRules,
        Need::SocketFiles,
        Need::AbstractSockets,
        Need::HiddenMounts,
        Need::Handles,
        Need::HostListeners,
        Need::HostIpcObjects,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Need::Namespaces => "namespaces",
            Need::Credentials => "credentials",
            Need::EveryCredentials => "every_credentials",
            Need::Label => "label",
            Need::Root => "root",
            Need::Program => "program",
            Need::Threads => "threads",
            Need::Mounts => "mounts",
            Need::HostMounts => "host_mounts",
            Need::Containers => "containers",
            Need::Sysctls => "sysctls",
            Need::Lockdown => "lockdown",
            Need::Accounts => "accounts",
            Need::MountPoints => "mount_points",
            Need::Procfs => "procfs",
            Need::KernelFiles => "kernel_files",
            Need::Devices => "devices",
            Need::DeviceRules => "device_rules",
            Need::SocketFiles => "socket_files",
            Need::AbstractSockets => "abstract_sockets",
            Need::HiddenMounts => "hidden_mounts",
            Need::Handles => "handles",
            Need::HostListeners => "host_listeners",
            Need::HostIpcObjects => "host_ipc_objects",
        }
    }

    /// What is read, in words.
    pub const fn says(self) -> &'static str {
        match self {
            Need::Namespaces => "its namespaces, who is in them and who owns them",
            Need::Credentials => "its ids, id maps, capabilities and seccomp mode",
            Need::EveryCredentials => "ids and capabilities of every process",
            Need::Label => "the label of its security module",
            Need::Root => "its root directory",
            Need::Program => "the file of its program",
            Need::Threads => "which of its threads are in other namespaces",
            Need::Mounts => "its mount table",
            Need::HostMounts => "the mount table of the host",
            Need::Containers => "which container every process is in, and what its init may do",
            Need::Sysctls => "settings below /proc/sys",
            Need::Lockdown => "whether the kernel is locked down",
            Need::Accounts => "the users of the host",
            Need::MountPoints => "what stands at its mount points",
            Need::Procfs => "which pid namespaces its procfs mounts show",
            Need::KernelFiles => "files in /proc and /sys that control the kernel",
            Need::Devices => "its device nodes",
            Need::DeviceRules => "its device cgroup",
            Need::SocketFiles => "socket files that its mounts lead to, and who listens there",
            Need::AbstractSockets => "who listens on abstract sockets in its network namespace",
            Need::HiddenMounts => "mounts in its mount namespace that no path leads to",
            Need::Handles => "what it holds open",
            Need::HostListeners => "who listens in the host's network namespace",
            Need::HostIpcObjects => "System V objects in the host's ipc namespace",
        }
    }

    /// Whether it is read by going through what is within reach of a process.
    pub const fn is_of_exposure(self) -> bool {
        matches!(
            self,
            Need::MountPoints
                | Need::Procfs
                | Need::KernelFiles
                | Need::Devices
                | Need::DeviceRules
                | Need::SocketFiles
                | Need::AbstractSockets
                | Need::HiddenMounts
                | Need::Handles
        )
    }
}
