//! Plain data: what was seen on a machine, and what could not be seen and why.

pub mod author;
pub mod capability;
pub mod container;
pub mod coverage;
pub mod exposure;
pub mod facts;
pub mod kind;
pub mod mount;
pub mod namespace;
pub mod process;
pub mod processes;
pub mod seen;
pub mod settings;
pub mod snapshot;
pub mod text;

pub use author::Author;
pub use capability::CapabilitySet;
pub use container::{Container, Place};
pub use coverage::{Coverage, LayerState, Unreadable};
pub use kind::{LinkName, NsKind};
pub use namespace::{Holder, Namespace, NsKey};
pub use process::{Links, Pid, Process};
pub use processes::Processes;
pub use seen::{Seen, Why};
pub use settings::Settings;
pub use snapshot::Snapshot;
