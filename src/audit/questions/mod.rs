//! Questions that several rules ask, answered once.

/// Whether a process could do something, and what it takes.
pub mod ability;
/// Devices, and whether they can be opened.
pub mod devices;
/// What was read of the exposure of a process.
pub mod exposed;
/// Descriptors, working directories and programs.
pub mod handles;
/// Files and directories of the host.
pub mod host_files;
/// Ids of the host in user namespaces.
pub mod ids;
/// Listeners on unix sockets.
pub mod listeners;
/// Namespaces of the host.
pub mod namespaces;
/// Capabilities over the host.
pub mod over_host;
/// Processes that are the same to whoever would read them.
pub mod peers;
/// Procfs instances of other pid namespaces.
pub mod procfs;
/// Signs that something has happened.
pub mod traces;
