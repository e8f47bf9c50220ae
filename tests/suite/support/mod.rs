//! What every tier shares: skipping visibly, processes that end with their test, commands that end.

#[macro_use]
pub mod skip;

pub mod command;
pub mod facts;
pub mod forked;
pub mod process;
pub mod run;
pub mod sandbox;
