//! Snapshot -> answers: pure functions that never look at the machine.

pub mod alike;
pub mod changes;
pub mod containers;
pub mod diff;
pub mod doctor;
pub mod find;
pub mod hierarchy;
pub mod pids;
pub mod power;
pub mod process_tree;
pub mod reference;
pub mod sets;
pub mod tree;
