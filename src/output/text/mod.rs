//! Answers as text for people.

pub mod coverage;
pub mod diff;
pub mod doctor;
pub mod list;
pub mod pid;
pub mod show;
pub mod tree;

use crate::analyse::containers::container_of;
use crate::model::{Container, Process, Why};

/// A container in a few words: runtime, name, short id.
pub fn container(container: &Container) -> String {
    match &container.name {
        Some(name) if *name != container.id => {
            format!("{} {name} {}", container.runtime, container.short_id())
        }
        _ => format!("{} {}", container.runtime, container.short_id()),
    }
}

/// What a process is called: its command line or name.
pub fn command(process: &Process) -> String {
    process.command().unwrap_or_else(|| "?".to_owned())
}

/// PID, command and container of a process.
pub fn process(process: &Process) -> String {
    let who = match process.tid {
        Some(tid) => format!("{tid} (thread of {}) {}", process.pid, command(process)),
        None => format!("{} {}", process.pid, command(process)),
    };
    match container_of(process) {
        Some(found) => format!("{who}, {}", container(&found)),
        None => who,
    }
}

/// A reason in words that say what would help.
pub fn reason(why: &Why) -> String {
    match why {
        Why::Denied => "permission denied".to_owned(),
        Why::Gone => "gone".to_owned(),
        Why::Unsupported => "not on this kernel".to_owned(),
        Why::Skipped => "not looked at".to_owned(),
        Why::Failed(reason) => reason.to_string(),
    }
}
