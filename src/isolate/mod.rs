//! Creating namespaces and joining them, so that isolation can be tried and not only read.
//!
//! `launch` makes new ones, `enter` joins those that exist. Both resolve everything first, then
//! change this process, and end either by becoming the program or, where the program has to be a
//! child, by standing over it until it ends (`supervise`).

/// Mount namespaces that can be bound.
mod bindable;
/// Forking the child that becomes the program.
mod birth;
/// Cgroups to join.
pub mod cgroups;
/// Ids, groups and capabilities with which the program runs.
pub mod credentials;
/// Whom signals do not reach.
mod deaf;
/// Joining existing namespaces.
pub mod enter;
/// What is handed over of an environment.
pub mod environment;
/// Likely causes of refusals.
mod explain;
/// What failed, on what, and why.
pub mod failure;
/// Whether a cgroup is frozen.
mod freezer;
/// A gate before the program.
pub mod gate;
/// What the end of the terminal means.
mod hang_up;
/// Our own signals, held back.
mod held_signals;
/// What keeps a program from its signals.
mod held_up;
/// Maps of ids for user namespaces.
pub mod id_map;
/// A small init for pid namespaces.
mod init;
/// What the end of an init means, tried.
pub mod init_end;
/// Joining namespaces in an order in which each step has the right to the next.
pub mod join;
/// Making new namespaces.
pub mod launch;
/// Whether a cgroup runs out of memory.
mod out_of_memory;
/// What is done from outside the new namespaces.
pub mod outside;
/// The program, and becoming it.
pub mod program;
/// A terminal of its own for the program.
pub mod pty;
/// Root directory, /proc and how mounts propagate.
pub mod root;
/// The session in which the program runs.
pub mod session;
/// Stopping as the program has been stopped.
mod stops;
/// Standing over the program until it ends.
pub mod supervise;
/// The rights of another process.
pub mod target_user;
/// The terminal as it was before the program had it.
mod terminal;
/// Being where another process is, with its rights.
pub mod visit;

pub use failure::{Failure, Step};
